import { addDigest, digestOf, emptySum, formatSum, subtractDigest } from "../snapshot/content-version.ts";
import { diff } from "../snapshot/diff.ts";
import type { Resource } from "../snapshot/resource.ts";
import { TypeSet } from "../snapshot/type-set.ts";
import { edsNameOf } from "./eds-name.ts";
import { isWildcard, type Interest } from "./interest.ts";
import type { Change, Plan } from "./change.ts";
import { type Collections, collectionsOf } from "./collections.ts";
import { memo } from "./memo.ts";
import { isIndirect, reachOf, type SetNames } from "./reach.ts";
import { splitPlan } from "./split-plan.ts";
import type { TypeTraits } from "./type-traits.ts";
import { type HostNames, hostNamesOf } from "./virtual-host-names.ts";

const nothing: Change = { changed: [], removed: [] };

/** What an interest covers of a set, as a sum of digests and as the version that clients are told. */
interface Sum {
  readonly sum: bigint;
  readonly version: string;
}

/**
 * What sets of resources look like through the interests of clients, each worked out once for all sessions that ask
 * the same. Everything is held weakly by the sets and interests it is about. The results do not depend on what was
 * asked before, except for identity.
 */
export class Views {
  readonly #changes = new WeakMap<TypeSet, WeakMap<TypeSet, WeakMap<Interest, Change>>>();
  readonly #diffs = new WeakMap<TypeSet, WeakMap<TypeSet, Change>>();
  readonly #initial = new WeakMap<TypeSet, Change>();
  readonly #contents = new WeakMap<TypeSet, WeakMap<Interest, Plan>>();
  readonly #firstAnswers = new WeakMap<TypeSet, WeakMap<Interest, Plan>>();
  readonly #sums = new WeakMap<TypeSet, WeakMap<Interest, Sum>>();
  readonly #partialPlans = new WeakMap<Change, Plan>();
  readonly #deltaPlans = new WeakMap<Change, Plan>();
  readonly #parts = new WeakMap<Plan, readonly Plan[]>();
  readonly #empty = new Map<string, TypeSet>();
  readonly #ttls = new WeakMap<TypeSet, WeakMap<Interest, ReadonlyMap<number, readonly Resource[]>>>();
  readonly #heartbeats = new WeakMap<readonly Resource[], Plan>();
  readonly #collections = new WeakMap<TypeSet, Collections>();
  readonly #hosts = new WeakMap<TypeSet, HostNames>();
  readonly #isIndirect = new WeakMap<Interest, boolean>();
  readonly #reaches = new WeakMap<Interest, WeakMap<TypeSet, WeakMap<TypeSet, Interest>>>();
  readonly #edsNames = new WeakMap<TypeSet, ReadonlySet<string>>();
  readonly #edsNamesOf = new WeakMap<readonly Resource[], ReadonlySet<string>>();

  /** The set of a type that has no resources: always the same one, so that first answers are shared. */
  empty(typeUrl: string): TypeSet {
    const known = this.#empty.get(typeUrl) ?? TypeSet.empty(typeUrl);
    this.#empty.set(typeUrl, known);
    return known;
  }

  readonly setNames: SetNames = {
    collections: (set) => memo(this.#collections, set, () => collectionsOf(set)),
    hosts: (set) => memo(this.#hosts, set, () => hostNamesOf(set)),
  };

  /** True when some of the names asked for may lead to resources of other names. */
  isIndirect(asked: Interest, traits: Pick<TypeTraits, "naming">): boolean {
    // Types may ask for the same names; only those of hosts mean something else by them.
    if (traits.naming === "hosts") return isIndirect(asked, traits);
    return memo(this.#isIndirect, asked, () => isIndirect(asked, traits));
  }

  /** What is asked for in terms of names of resources: what it leads to in what the client holds and should hold. */
  reach(asked: Interest, traits: Pick<TypeTraits, "naming">, base: TypeSet, target: TypeSet): Interest {
    const byTarget = memo(this.#reaches, asked, newWeakMap<TypeSet, WeakMap<TypeSet, Interest>>);
    const byBase = memo(byTarget, target, newWeakMap<TypeSet, Interest>);
    return memo(byBase, base, () => reachOf(asked, traits, [target, base], this.setNames));
  }

  /** What a client with this interest has to learn when the content goes from `base` to `target`. */
  change(base: TypeSet, target: TypeSet, interest: Interest): Change {
    if (base.version === target.version) return nothing;
    if (isWildcard(interest)) return this.#diff(base, target);
    if (interest.names.size === 0) return nothing;
    const byInterest = memo(
      memo(this.#changes, target, newWeakMap<TypeSet, WeakMap<Interest, Change>>),
      base,
      newWeakMap<Interest, Change>,
    );
    return memo(byInterest, interest, () => this.#namedChange(base, target, interest.names));
  }

  #diff(base: TypeSet, target: TypeSet): Change {
    if (base.resources.size === 0) {
      return memo(this.#initial, target, () => ({ changed: [...target.resources.values()], removed: [] }));
    }
    return memo(memo(this.#diffs, target, newWeakMap<TypeSet, Change>), base, () => diff(base, target));
  }

  #namedChange(base: TypeSet, target: TypeSet, names: ReadonlySet<string>): Change {
    const changed: Resource[] = [];
    const removed: string[] = [];
    if (base.resources.size > 0 && names.size > 8) {
      const all = this.#diff(base, target);
      // The smaller side decides the cost (XDS-130).
      if (all.changed.length + all.removed.length < names.size) {
        return {
          changed: all.changed.filter(({ name }) => names.has(name)),
          removed: all.removed.filter((name) => names.has(name)),
        };
      }
    }
    for (const name of names) {
      const before = base.resources.get(name);
      const now = target.resources.get(name);
      if (now && now.version !== before?.version) changed.push(now);
      if (before && !now) removed.push(name);
    }
    return { changed, removed };
  }

  /** The whole content of a SotW response: each resource that the interest covers, once (XDS-20). */
  content(set: TypeSet, interest: Interest): Plan {
    return memo(memo(this.#contents, set, newWeakMap<Interest, Plan>), interest, () => ({
      typeUrl: set.typeUrl,
      version: this.versionOf(set, interest),
      resources: isWildcard(interest) ? [...set.resources.values()] : named(set, interest.names),
      removed: [],
    }));
  }

  /** The answer to a first delta request for names: those that exist, and those that do not (XDS-70). */
  firstAnswer(set: TypeSet, interest: Interest): Plan {
    return memo(memo(this.#firstAnswers, set, newWeakMap<Interest, Plan>), interest, () => ({
      typeUrl: set.typeUrl,
      version: set.version,
      resources: isWildcard(interest) ? [...set.resources.values()] : named(set, interest.names),
      removed: [...interest.names].filter((name) => !set.resources.has(name)),
    }));
  }

  /**
   * The version of what an interest covers of a set: that of the set when it covers all of it, so that streams
   * with the same content are told the same version, whatever they asked for (XDS-34, XDS-47). `base` is a set
   * whose version for this interest is likely known already.
   */
  versionOf(set: TypeSet, interest: Interest, base?: TypeSet): string {
    if (isWildcard(interest)) return set.version;
    const sums = memo(this.#sums, set, newWeakMap<Interest, Sum>);
    return memo(sums, interest, () => {
      const sum = this.#sum(set, interest, base);
      return { sum, version: formatSum(sum) };
    }).version;
  }

  #sum(set: TypeSet, interest: Interest, base?: TypeSet): bigint {
    const before = base && this.#sums.get(base)?.get(interest);
    if (!base || before === undefined) {
      return named(set, interest.names).reduce(
        (sum, resource) => addDigest(sum, digestOf(resource)),
        emptySum,
      );
    }
    const { changed, removed } = this.change(base, set, interest);
    const gone = [...changed.map(({ name }) => name), ...removed].map((name) => base.resources.get(name));
    const rest = gone.reduce(
      (sum, resource) => (resource ? subtractDigest(sum, digestOf(resource)) : sum),
      before.sum,
    );
    return changed.reduce((sum, resource) => addDigest(sum, digestOf(resource)), rest);
  }

  /** A SotW response of what changed. */
  partialPlan(change: Change, typeUrl: string, version: string): Plan {
    const plan = memo(this.#partialPlans, change, () => ({
      typeUrl,
      version,
      resources: change.changed,
      removed: [],
    }));
    // Nothing changed is one object for all types; only a plan that fits is shared.
    return plan.version === version && plan.typeUrl === typeUrl ? plan : { ...plan, typeUrl, version };
  }

  /** A delta response of what changed. */
  deltaPlan(change: Change, { typeUrl, version }: TypeSet): Plan {
    const { changed: resources, removed } = change;
    const plan = memo(this.#deltaPlans, change, () => ({ typeUrl, version, resources, removed }));
    return plan.version === version && plan.typeUrl === typeUrl ? plan : { ...plan, typeUrl, version };
  }

  /** A delta plan in parts that any client can take (XDS-91). */
  parts(plan: Plan): readonly Plan[] {
    return memo(this.#parts, plan, () => splitPlan(plan));
  }

  /** What an interest covers of a set and has a TTL, by TTL in milliseconds. */
  ttls(set: TypeSet, interest: Interest): ReadonlyMap<number, readonly Resource[]> {
    if (!set.hasTtls) return noTtls;
    const byInterest = memo(this.#ttls, set, newWeakMap<Interest, ReadonlyMap<number, readonly Resource[]>>);
    return memo(byInterest, interest, () => {
      const resources = this.content(set, interest).resources.filter(({ ttlMs }) => ttlMs !== undefined);
      return groupByTtl(resources);
    });
  }

  /** A heartbeat for these resources, which the client holds. The same plan for the same array. */
  heartbeat(resources: readonly Resource[], typeUrl: string, version: string): Plan {
    const make = (): Plan => ({ typeUrl, version, resources, removed: [], isHeartbeat: true });
    const plan = memo(this.#heartbeats, resources, make);
    return plan.version === version ? plan : make();
  }

  /** The EDS names of these clusters, a list that many streams are sent. */
  edsNamesOf(clusters: readonly Resource[]): ReadonlySet<string> {
    return memo(this.#edsNamesOf, clusters, () => new Set(edsNamesOf(clusters)));
  }

  /** The names under which the clusters of a set ask for endpoints. */
  edsNames(clusters: TypeSet): ReadonlySet<string> {
    return memo(this.#edsNames, clusters, () => new Set(edsNamesOf(clusters.resources.values())));
  }
}

/** The EDS names of these clusters; those of another type have none. */
function edsNamesOf(clusters: Iterable<Resource>): string[] {
  const names: string[] = [];
  for (const cluster of clusters) {
    const name = edsNameOf(cluster);
    if (name !== undefined) names.push(name);
  }
  return names;
}

function named(set: TypeSet, names: ReadonlySet<string>): Resource[] {
  const found: Resource[] = [];
  for (const name of names) {
    const resource = set.resources.get(name);
    if (resource) found.push(resource);
  }
  return found;
}

const noTtls: ReadonlyMap<number, readonly Resource[]> = new Map();

function groupByTtl(resources: readonly Resource[]): ReadonlyMap<number, readonly Resource[]> {
  const groups = new Map<number, Resource[]>();
  for (const resource of resources) {
    const { ttlMs = 0 } = resource;
    const group = groups.get(ttlMs);
    if (group) group.push(resource);
    else groups.set(ttlMs, [resource]);
  }
  return groups;
}

function newWeakMap<K extends WeakKey, V>(): WeakMap<K, V> {
  return new WeakMap();
}
