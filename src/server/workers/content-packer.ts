import { diff } from "../../snapshot/diff.ts";
import type { Resource } from "../../snapshot/resource.ts";
import type { Revision } from "../../snapshot/revision.ts";
import type { Serving } from "../../snapshot/serving.ts";
import type { Diff, TypeSet } from "../../snapshot/type-set.ts";
import type { ReferencesOf } from "../../xds/order-views.ts";
import type { ContentPart, PackedResource } from "./content.ts";

/** So much goes over at once that taking it is short work. */
const mostResources = 500;
const mostBytes = 1024 * 1024;

/** A set that the other side has, and in how many groups of its revisions it is. */
interface KnownSet {
  readonly id: number;
  uses: number;
}

/**
 * Packs what is served for another process: only what that does not have yet. Sets that it has cost nothing, and of others
 * goes over what differs from the set of the group before, or from that of another group.
 */
export class ContentPacker {
  readonly #referencesOf: ReferencesOf;
  /** In the order in which they went over. */
  readonly #sets = new Map<TypeSet, KnownSet>();
  readonly #revisions = new Map<Revision, number>();
  #count = 0;

  constructor(referencesOf: ReferencesOf) {
    this.#referencesOf = referencesOf;
  }

  /** The parts that tell it, to be taken in their order. */
  pack({ stable, candidate }: Serving): readonly ContentPart[] {
    const parts: ContentPart[] = [];
    const number = this.#addRevision(stable, parts);
    const next = candidate && {
      revision: this.#addRevision(candidate.revision, parts),
      extents: candidate.extents,
    };
    parts.push({ kind: "serve", stable: number, ...(next && { candidate: next }) });
    const dropped = this.#dropOthers(new Set([stable, candidate?.revision]));
    if (dropped) parts.push(dropped);
    return parts;
  }

  #nextId(): number {
    this.#count += 1;
    return this.#count;
  }

  #addRevision(revision: Revision, parts: ContentPart[]): number {
    const known = this.#revisions.get(revision);
    if (known !== undefined) return known;
    const { id, source, createdAtMs, authorization } = revision;
    const groups = [...revision.groups.values()].map(({ name, match, snapshot }) => {
      const sets = Array.from(snapshot.types.values(), (set) => this.#addSet(name, set, parts));
      return { name, match, sets };
    });
    const number = this.#nextId();
    this.#revisions.set(revision, number);
    const rest = { source, createdAtMs, ...(authorization && { authorization }) };
    parts.push({ kind: "revision", revision: { number, id, ...rest, groups } });
    return number;
  }

  #addSet(group: string, set: TypeSet, parts: ContentPart[]): number {
    const known = this.#sets.get(set);
    if (known) {
      known.uses += 1;
      return known.id;
    }
    const { typeUrl } = set;
    const base = this.#baseOf(group, set);
    const { changed, removed } = base?.change ?? { changed: set.resources.values(), removed: [] };
    this.#addResources(changed, parts);
    const id = this.#nextId();
    this.#sets.set(set, { id, uses: 1 });
    parts.push({ kind: "set", id, typeUrl, ...(base && { base: { id: base.id, removed } }) });
    return id;
  }

  /** The set that it is told as a change of; undefined when the whole is not more. */
  #baseOf(group: string, set: TypeSet): { readonly id: number; readonly change: Diff } | undefined {
    const last = [...this.#revisions.keys()].at(-1)?.groups.get(group)?.snapshot.types.get(set.typeUrl);
    const base = last ?? [...this.#sets.keys()].findLast(({ typeUrl }) => typeUrl === set.typeUrl);
    const known = base && this.#sets.get(base);
    if (!base || !known) return undefined;
    const change = diff(base, set);
    const isMore = change.changed.length + change.removed.length >= set.resources.size;
    return isMore ? undefined : { id: known.id, change };
  }

  #addResources(resources: Iterable<Resource>, parts: ContentPart[]): void {
    let packed: PackedResource[] = [];
    let bytes = 0;
    const flush = () => {
      if (packed.length > 0) parts.push({ kind: "resources", resources: packed });
      packed = [];
      bytes = 0;
    };
    for (const resource of resources) {
      bytes += resource.bytes.length;
      if (packed.length === mostResources || bytes > mostBytes) {
        flush();
        bytes = resource.bytes.length;
      }
      const { origin: _, ...rest } = resource;
      packed.push({ ...rest, references: this.#referencesOf(resource) });
    }
    flush();
  }

  /** Forgets all other revisions, and the sets that only they have. */
  #dropOthers(kept: ReadonlySet<Revision | undefined>): ContentPart | undefined {
    const revisions: number[] = [];
    const sets: number[] = [];
    for (const [revision, number] of this.#revisions) {
      if (kept.has(revision)) continue;
      this.#revisions.delete(revision);
      revisions.push(number);
      for (const { snapshot } of revision.groups.values()) {
        for (const set of snapshot.types.values()) {
          const known = this.#sets.get(set);
          if (!known) continue;
          known.uses -= 1;
          if (known.uses > 0) continue;
          this.#sets.delete(set);
          sets.push(known.id);
        }
      }
    }
    return revisions.length > 0 ? { kind: "drop", revisions, sets } : undefined;
  }
}
