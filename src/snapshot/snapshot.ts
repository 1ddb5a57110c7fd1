import { contentHash } from "../config/content-hash.ts";
import { makeResource, type Resource, type ResourceInput } from "./resource.ts";
import { TypeSet } from "./type-set.ts";

/** The resources of all types that a group of nodes should hold: one consistent whole (XDS-105). Immutable. */
export class Snapshot {
  /** By type URL; types without a resource are absent. */
  readonly types: ReadonlyMap<string, TypeSet>;
  /** Hash of the versions of all types. */
  readonly version: string;

  private constructor(types: ReadonlyMap<string, TypeSet>) {
    this.types = types;
    const lines = [...types.values()].map((set) => `${set.typeUrl} ${set.version}\n`);
    this.version = contentHash(...lines.sort());
  }

  /**
   * A snapshot of these resources, given whole or as `{typeUrl, name, bytes}`. Types and resources that are as they
   * were in `previous` are shared with it. Throws a RangeError when a type has a name twice or a name is empty.
   */
  static of(resources: Iterable<Resource | ResourceInput>, previous?: Snapshot): Snapshot {
    const byType = new Map<string, Resource[]>();
    for (const input of resources) {
      const resource = "version" in input ? input : makeResource(input);
      const list = byType.get(resource.typeUrl);
      if (list) list.push(resource);
      else byType.set(resource.typeUrl, [resource]);
    }
    const types = new Map<string, TypeSet>();
    for (const [typeUrl, list] of byType) {
      types.set(typeUrl, TypeSet.of(typeUrl, list, previous?.types.get(typeUrl)));
    }
    return new Snapshot(types);
  }

  /** The set of one type; an empty one when there is no resource of it. */
  typeSet(typeUrl: string): TypeSet {
    return this.types.get(typeUrl) ?? TypeSet.empty(typeUrl);
  }
}
