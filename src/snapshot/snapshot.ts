import { finish, type Steps, thingsPerStep } from "../base/steps.ts";
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
    return finish(Snapshot.inSteps(resources, previous));
  }

  /** `of`, step by step, for who must not be kept from other work for as long as that takes. */
  static *inSteps(resources: Iterable<Resource | ResourceInput>, previous?: Snapshot): Steps<Snapshot> {
    const byType = new Map<string, Resource[]>();
    let seen = 0;
    for (const input of resources) {
      if (seen++ % thingsPerStep === 0) yield;
      add(byType, input);
    }
    const types = new Map<string, TypeSet>();
    for (const [typeUrl, list] of byType) {
      types.set(typeUrl, yield* TypeSet.inSteps(typeUrl, list, previous?.types.get(typeUrl)));
    }
    return new Snapshot(types);
  }

  /**
   * This snapshot with these resources, in place of those of their type and name or beside what there is, and without
   * those that are `removed`: for a change of few among many, since it costs what changes. Throws a RangeError for an empty name.
   */
  with(
    changed: Iterable<Resource | ResourceInput>,
    removed: Iterable<Pick<Resource, "typeUrl" | "name">> = [],
  ): Snapshot {
    const changedByType = new Map<string, Resource[]>();
    for (const input of changed) add(changedByType, input);
    const removedByType = new Map<string, string[]>();
    for (const { typeUrl, name } of removed) {
      const names = removedByType.get(typeUrl);
      if (names) names.push(name);
      else removedByType.set(typeUrl, [name]);
    }
    const types = new Map(this.types);
    for (const typeUrl of new Set([...changedByType.keys(), ...removedByType.keys()])) {
      const change = { changed: changedByType.get(typeUrl) ?? [], removed: removedByType.get(typeUrl) ?? [] };
      const set = this.typeSet(typeUrl).with(change);
      if (set.resources.size === 0) types.delete(typeUrl);
      else types.set(typeUrl, set);
    }
    return new Snapshot(types);
  }

  /** A snapshot of whole sets, one a type. */
  static ofSets(sets: Iterable<TypeSet>): Snapshot {
    return new Snapshot(new Map(Array.from(sets, (set) => [set.typeUrl, set])));
  }

  /** The set of one type; an empty one when there is no resource of it. */
  typeSet(typeUrl: string): TypeSet {
    return this.types.get(typeUrl) ?? TypeSet.empty(typeUrl);
  }
}

function add(byType: Map<string, Resource[]>, input: Resource | ResourceInput): void {
  const resource = "version" in input ? input : makeResource(input);
  const list = byType.get(resource.typeUrl);
  if (list) list.push(resource);
  else byType.set(resource.typeUrl, [resource]);
}
