import type { MetadataMatch } from "../../network/metadata-match.ts";
import type { HostCriteria } from "../../network/upstream.ts";
import type {
  SubsetConfig,
  SubsetFallback,
  SubsetSelector,
} from "../../resources/load-balancing/subset-config.ts";
import type { Gauge } from "../../stats/stats-store.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { hasFields, subsetSets, subsetsOf } from "./subset-hosts.ts";

export interface SubsetCounters {
  lb_subsets_created: number;
  lb_subsets_fallback: number;
  lb_subsets_fallback_panic: number;
  lb_subsets_removed: number;
  lb_subsets_selected: number;
}

export interface SubsetBalancerOptions {
  readonly config: SubsetConfig;
  /** A balancer of the cluster's policy for one subset. */
  readonly balancer: () => LoadBalancer;
  readonly counters: SubsetCounters;
  readonly active: Gauge;
}

/**
 * Load balancing inside of subsets: hosts that have the same values for the keys of a selector. A request that asks for metadata is served
 * by the hosts of exactly that subset, if there is one with hosts; what happens otherwise the fallbacks say.
 */
export class SubsetBalancer implements LoadBalancer {
  readonly #options: SubsetBalancerOptions;
  readonly #subsets = new Map<string, LoadBalancer>();
  readonly #any: LoadBalancer;
  readonly #default: LoadBalancer;
  /** The fallbacks of selectors by their keys. */
  readonly #selectorFallbacks: ReadonlyMap<string, NonNullable<SubsetSelector["fallback"]>>;

  constructor(options: SubsetBalancerOptions) {
    this.#options = options;
    this.#any = options.balancer();
    this.#default = options.balancer();
    this.#selectorFallbacks = selectorFallbacks(options.config.selectors);
  }

  update(sets: readonly HostSet[]): void {
    const { config, counters, active, balancer } = this.#options;
    const membership = new Map<ClusterHost, ReadonlySet<string>>();
    const wanted = new Set<string>();
    for (const host of sets.flatMap((set) => set.hosts)) {
      const keys = subsetsOf(host, config);
      membership.set(host, keys);
      for (const key of keys) wanted.add(key);
    }
    for (const key of this.#subsets.keys()) {
      if (wanted.has(key)) continue;
      this.#subsets.delete(key);
      counters.lb_subsets_removed += 1;
    }
    for (const key of wanted) {
      let subset = this.#subsets.get(key);
      if (!subset) {
        subset = balancer();
        this.#subsets.set(key, subset);
        counters.lb_subsets_created += 1;
      }
      subset.update(subsetSets(sets, (host) => membership.get(host)?.has(key) === true, config));
    }
    active.set(this.#subsets.size);
    this.#any.update(subsetSets(sets, () => true, config));
    const { defaultSubset, takesListAsAny } = config;
    this.#default.update(subsetSets(sets, (host) => hasFields(host, defaultSubset, takesListAsAny), config));
  }

  choose(criteria: HostCriteria): ClusterHost | undefined {
    return this.#chooseFor(criteria.metadataMatch, criteria);
  }

  #chooseFor(asked: MetadataMatch | undefined, criteria: HostCriteria): ClusterHost | undefined {
    const { config, counters } = this.#options;
    const match = config.allowsRedundantKeys ? this.#withoutRedundant(asked) : asked;
    if (match) {
      const subset = this.#subsets.get(match.key);
      if (subset) {
        counters.lb_subsets_selected += 1;
        return subset.choose(criteria);
      }
      const fallback = this.#selectorFallbacks.get(match.names.join("\0"));
      if (typeof fallback === "object") return this.#chooseFor(match.only(fallback.keys), criteria);
      if (fallback !== undefined) return this.#fallback(fallback)?.choose(criteria);
    }
    const host = this.#fallback(config.fallback)?.choose(criteria);
    if (host) counters.lb_subsets_fallback += 1;
    if (host || config.fallback === "none" || !config.usesAnyInPanic) return host;
    const any = this.#any.choose(criteria);
    if (any) counters.lb_subsets_fallback_panic += 1;
    return any;
  }

  /** What is asked for, by the keys of the first selector all of whose keys are in it. */
  #withoutRedundant(match: MetadataMatch | undefined): MetadataMatch | undefined {
    for (const { keys } of match ? this.#options.config.selectors : []) {
      const narrowed = match?.only(keys);
      if (narrowed) return narrowed;
    }
    return match;
  }

  #fallback(fallback: SubsetFallback): LoadBalancer | undefined {
    if (fallback === "none") return undefined;
    return fallback === "any" ? this.#any : this.#default;
  }
}

/** As in Envoy, a selector whose keys another one before it begins with has no fallback of its own. */
function selectorFallbacks(
  selectors: readonly SubsetSelector[],
): ReadonlyMap<string, NonNullable<SubsetSelector["fallback"]>> {
  const fallbacks = new Map<string, NonNullable<SubsetSelector["fallback"]>>();
  for (const [index, { keys, fallback }] of selectors.entries()) {
    const isShadowed = selectors
      .slice(0, index)
      .some((before) => keys.every((key, at) => before.keys[at] === key));
    if (fallback !== undefined && !isShadowed) fallbacks.set(keys.join("\0"), fallback);
  }
  return fallbacks;
}
