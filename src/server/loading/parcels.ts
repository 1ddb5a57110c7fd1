import type { Place } from "../../base/problem.ts";
import type { NodeMatch } from "../../config/node-match.ts";
import { digestOf } from "../../snapshot/content-version.ts";
import type { Resource } from "../../snapshot/resource.ts";
import type { Named, ReferencesOf } from "../../xds/order-views.ts";
import type { Loaded } from "../reconcile/attempt.ts";

/** Resources on their way from one thread to another: at most so many, and so many bytes, that taking them is short work. */
export interface Parcel {
  readonly entries: readonly PackedResource[];
  /** The bytes of the entries, one after the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface PackedResource {
  /** What the resource is called from now on. */
  readonly id: number;
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  readonly length: number;
  readonly ttlMs?: number;
  readonly place?: Place;
  readonly references: readonly Named[];
}

/** What was loaded, with resources by their ids: those of its parcels and of parcels before. */
export interface Outline extends Omit<Loaded, "groups"> {
  readonly groups: readonly {
    readonly name: string;
    readonly match: NodeMatch;
    readonly resources: Uint32Array;
  }[];
  /** Ids that nothing refers to any more. */
  readonly dropped: Uint32Array;
}

const mostEntries = 500;
const mostBytes = 1024 * 1024;

/** Packs what one thread has loaded for another one: only what that does not have yet. */
export class Packer {
  readonly #referencesOf: ReferencesOf;
  /** All that the other side knows; resources that did not change are the same objects. */
  #known: ReadonlyMap<Resource, number> = new Map();
  /** The same by what they say (`keyOf`), for those of a file of which something else has changed. */
  readonly #byKey = new Map<string, number>();
  #count = 0;

  constructor(referencesOf: ReferencesOf) {
    this.#referencesOf = referencesOf;
  }

  pack(loaded: Loaded): { readonly parcels: readonly Parcel[]; readonly outline: Outline } {
    const next = new Map<Resource, number>();
    const added: { readonly id: number; readonly resource: Resource }[] = [];
    const idOf = (resource: Resource): number => {
      let id = next.get(resource);
      if (id !== undefined) return id;
      id = this.#known.get(resource);
      if (id === undefined) {
        const key = keyOf(resource);
        id = this.#byKey.get(key);
        if (id === undefined) {
          id = this.#count;
          this.#count += 1;
          this.#byKey.set(key, id);
          added.push({ id, resource });
        }
      }
      next.set(resource, id);
      return id;
    };
    const { groups, ...rest } = loaded;
    const packed = [...groups].map(({ name, match, resources }) => ({
      name,
      match,
      resources: Uint32Array.from(resources, idOf),
    }));
    const inUse = new Set(next.values());
    const dropped = new Set<number>();
    for (const [resource, id] of this.#known) {
      if (inUse.has(id)) continue;
      dropped.add(id);
      this.#byKey.delete(keyOf(resource));
    }
    this.#known = next;
    return {
      parcels: this.#parcelsOf(added),
      outline: { ...rest, groups: packed, dropped: Uint32Array.from(dropped) },
    };
  }

  #parcelsOf(added: readonly { readonly id: number; readonly resource: Resource }[]): Parcel[] {
    const parcels: Parcel[] = [];
    let rest = added;
    while (rest.length > 0) {
      let bytes = 0;
      const count = rest.findIndex(({ resource }, index) => {
        bytes += resource.bytes.length;
        return index > 0 && (index === mostEntries || bytes > mostBytes);
      });
      const own = count < 0 ? rest : rest.slice(0, count);
      rest = rest.slice(own.length);
      parcels.push({
        entries: own.map(({ id, resource }) => this.#pack(id, resource)),
        bytes: joined(own.map(({ resource }) => resource.bytes)),
      });
    }
    return parcels;
  }

  #pack(id: number, resource: Resource): PackedResource {
    const { typeUrl, name, version, bytes, ttlMs, origin } = resource;
    return {
      id,
      typeUrl,
      name,
      version,
      length: bytes.length,
      ...(ttlMs !== undefined && { ttlMs }),
      ...(origin && { place: origin.place }),
      references: this.#referencesOf(resource),
    };
  }
}

/** Unpacks what a `Packer` has packed, in the same order. */
export class Unpacker {
  readonly #resources = new Map<number, Resource>();
  readonly #references = new WeakMap<Buffer, readonly Named[]>();

  take({ entries, bytes }: Parcel): void {
    let offset = 0;
    for (const { id, typeUrl, name, version, length, ttlMs, place, references } of entries) {
      const own = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length);
      offset += length;
      this.#references.set(own, references);
      const resource = {
        typeUrl,
        name,
        version,
        bytes: own,
        ...(ttlMs !== undefined && { ttlMs }),
        ...(place && { origin: { place } }),
      };
      // Now, a parcel at a time, rather than for all of them when they come together in a snapshot.
      digestOf(resource);
      this.#resources.set(id, resource);
    }
  }

  /** What was loaded. Throws when a parcel is missing. */
  unpack({ groups, dropped, ...rest }: Outline): Loaded {
    const loaded = {
      ...rest,
      groups: groups.map(({ name, match, resources }) => ({
        name,
        match,
        resources: Array.from(resources, (id) => this.#resourceOf(id)),
      })),
    };
    for (const id of dropped) this.#resources.delete(id);
    return loaded;
  }

  /** What a resource names that came in a parcel; undefined for others. */
  referencesOf({ bytes }: Resource): readonly Named[] | undefined {
    return this.#references.get(bytes);
  }

  #resourceOf(id: number): Resource {
    const resource = this.#resources.get(id);
    if (!resource) throw new Error(`resource ${id} did not come`);
    return resource;
  }
}

/** A resource that only moved in its text goes over again: where it stands is told when a node refuses it. */
function keyOf({ typeUrl, name, version, origin }: Resource): string {
  const place = origin?.place;
  return `${typeUrl}\0${name}\0${version}\0${place?.file}\0${place?.line}\0${place?.column}`;
}

function joined(parts: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
