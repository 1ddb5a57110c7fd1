import { unreachable } from "../../../src/base/unreachable.ts";
import type { LoadBalancingConfig } from "../../resources/load-balancing/load-balancing-config.ts";
import type { Gauge, Gauges } from "../../stats/stats-store.ts";
import { HashBalancer } from "./hash-balancer.ts";
import { leastRequest } from "./least-request.ts";
import type { LbCounters, LoadBalancer } from "./load-balancer.ts";
import { maglev } from "./maglev.ts";
import { PriorityBalancer } from "./priority-balancer.ts";
import { randomChoice } from "./random.ts";
import { ringHash } from "./ring-hash.ts";
import { roundRobin } from "./round-robin.ts";
import type { SubsetCounters } from "./subset-balancer.ts";
import { SubsetBalancer } from "./subset-balancer.ts";

/** What load balancers are given to work with. */
export interface BalancerContext {
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly counters: LbCounters;
  readonly subsets: { readonly counters: SubsetCounters; readonly active: Gauge };
  /** Gauges of the cluster under a name of the policy's. */
  gauges<Name extends string>(prefix: string, names: readonly Name[]): Gauges<Name>;
}

/** The load balancer of a cluster, without hosts yet. */
export function loadBalancer(config: LoadBalancingConfig, context: BalancerContext): LoadBalancer {
  const { subsets } = config;
  if (!subsets) return policyBalancer(config, context);
  const { active, counters } = context.subsets;
  return new SubsetBalancer({
    config: subsets,
    balancer: () => policyBalancer(config, context),
    counters,
    active,
  });
}

function policyBalancer(config: LoadBalancingConfig, context: BalancerContext): LoadBalancer {
  const { policy } = config;
  const { random, counters } = context;
  const common = { config, random, counters };
  switch (policy.kind) {
    case "round-robin":
      return new PriorityBalancer({ ...common, pickerOf: roundRobin });
    case "least-request":
      return new PriorityBalancer({ ...common, pickerOf: leastRequest(policy, random) });
    case "random":
      return new PriorityBalancer({ ...common, pickerOf: randomChoice(random) });
    case "ring-hash": {
      const names = ["size", "min_hashes_per_host", "max_hashes_per_host"] as const;
      const gauges = context.gauges("ring_hash_lb", names);
      return new HashBalancer({ ...common, tableOf: (shares) => ringHash(policy, shares, gauges) });
    }
    case "maglev": {
      const gauges = context.gauges("maglev_lb", ["min_entries_per_host", "max_entries_per_host"] as const);
      return new HashBalancer({ ...common, tableOf: (shares) => maglev(policy, shares, gauges) });
    }
    default:
      return unreachable(policy);
  }
}
