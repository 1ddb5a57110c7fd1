import type { Resource } from "../snapshot/resource.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { TypeSet } from "../snapshot/type-set.ts";
import type { Change } from "./change.ts";
import { isWildcard, type Interest } from "./interest.ts";
import { memo } from "./memo.ts";
import { CLUSTER } from "./type-traits.ts";

/** A resource that another one names and that its client looks up with the same server. */
export interface Named {
  readonly typeUrl: string;
  readonly name: string;
}

/** What a resource names. Asked once for each resource object. */
export type ReferencesOf = (resource: Resource) => readonly Named[];

/** Names of a type and a name as one key. */
export function keyOf({ typeUrl, name }: Named): string {
  return `${typeUrl}\0${name}`;
}

/**
 * What order needs to know of sets of resources, worked out once for all sessions. Everything is held weakly by the
 * sets, resources and interests it is about.
 */
export class OrderViews {
  readonly #referencesOf: ReferencesOf;
  readonly #references = new WeakMap<Resource, readonly Named[]>();
  readonly #allNames = new WeakMap<TypeSet, ReadonlySet<string>>();
  readonly #names = new WeakMap<TypeSet, WeakMap<Interest, ReadonlySet<string>>>();
  readonly #clusters = new WeakMap<Change, WeakMap<Snapshot, readonly Resource[]>>();
  readonly #keeping = new WeakMap<TypeSet, WeakMap<TypeSet, Map<string, WeakRef<TypeSet>>>>();

  constructor(referencesOf: ReferencesOf) {
    this.#referencesOf = referencesOf;
  }

  referencesOf(resource: Resource): readonly Named[] {
    return memo(this.#references, resource, () => this.#referencesOf(resource));
  }

  /** Keys (`keyOf`) of all that the covered resources of a set name. */
  namesIn(set: TypeSet, interest: Interest): ReadonlySet<string> {
    if (isWildcard(interest)) {
      return memo(this.#allNames, set, () => this.#keysOf(set.resources.values()));
    }
    const byInterest = memo(this.#names, set, () => new WeakMap<Interest, ReadonlySet<string>>());
    return memo(byInterest, interest, () => {
      const resources = [...interest.names].flatMap((name) => set.resources.get(name) ?? []);
      return this.#keysOf(resources);
    });
  }

  #keysOf(resources: Iterable<Resource>): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const resource of resources) {
      for (const reference of this.referencesOf(resource)) keys.add(keyOf(reference));
    }
    return keys;
  }

  /** The first resource of these sets that names another one. Looks at all of them: not for a hot path. */
  userIn(sets: readonly TypeSet[], named: Named): Named | undefined {
    const key = keyOf(named);
    for (const set of sets) {
      for (const resource of set.resources.values()) {
        if (this.referencesOf(resource).some((reference) => keyOf(reference) === key))
          return { typeUrl: resource.typeUrl, name: resource.name };
      }
    }
    return undefined;
  }

  /** The clusters of the snapshot that changed resources name, directly or through others: a listener's routes' too. */
  clustersBehind(change: Change, snapshot: Snapshot): readonly Resource[] {
    const bySnapshot = memo(this.#clusters, change, () => new WeakMap<Snapshot, readonly Resource[]>());
    return memo(bySnapshot, snapshot, () => this.#findClusters(change.changed, snapshot));
  }

  #findClusters(changed: readonly Resource[], snapshot: Snapshot): readonly Resource[] {
    const clusters: Resource[] = [];
    const seen = new Set<string>();
    const rest = [...changed];
    for (let resource = rest.pop(); resource; resource = rest.pop()) {
      for (const reference of this.referencesOf(resource)) {
        const key = keyOf(reference);
        if (seen.has(key)) continue;
        seen.add(key);
        const found = snapshot.types.get(reference.typeUrl)?.resources.get(reference.name);
        if (!found) continue;
        if (found.typeUrl === CLUSTER) clusters.push(found);
        rest.push(found);
      }
    }
    return clusters;
  }

  /** The target and, beside it, these resources of the base that it lacks. The same object for the same names, the base itself if it is that. */
  keeping(base: TypeSet, target: TypeSet, names: readonly string[]): TypeSet {
    const byBase = memo(this.#keeping, target, () => new WeakMap<TypeSet, Map<string, WeakRef<TypeSet>>>());
    const byNames = memo(byBase, base, () => new Map<string, WeakRef<TypeSet>>());
    const key = JSON.stringify(names);
    const known = byNames.get(key)?.deref();
    if (known) return known;
    const kept = names.flatMap((name) => base.resources.get(name) ?? []);
    const union = target.with({ changed: kept, removed: [] });
    // A client that is there already must not be brought anywhere.
    const made = union.version === base.version ? base : union;
    byNames.set(key, new WeakRef(made));
    return made;
  }
}
