import type { Cluster } from "../../src/schema/api.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, oneOf } from "./support.ts";

/** How a cluster spreads its load over its hosts. */
export interface LoadBalancingConfig {
  /** `healthy_panic_threshold`, whole percent: with fewer fit hosts all are used. 50 when unset, 0 never. */
  readonly panicPercent: number;
  /** `locality_weighted_lb_config`: localities share the load of their priority by their weights. */
  readonly weighsLocalities: boolean;
  /** `fail_traffic_on_panic`: no host at all instead of all of them. */
  readonly failsTrafficOnPanic: boolean;
}

/** The fields of a cluster that say how load is balanced. */
export const loadBalancingSupport: SupportTable = {
  lb_policy: oneOf("ROUND_ROBIN"),
  common_lb_config: {
    healthy_panic_threshold: true,
    locality_weighted_lb_config: true,
    // Routing by zones needs a local cluster, which the bootstrap cannot name here; without one these have no effect in Envoy either.
    zone_aware_lb_config: {
      routing_enabled: noEffect,
      min_cluster_size: noEffect,
      fail_traffic_on_panic: true,
    },
  },
};

/** Envoy's default of `healthy_panic_threshold`. */
const DEFAULT_PANIC_PERCENT = 50;

/** `lb_policy` and what belongs to it. */
export function loadBalancing(cluster: Cluster): LoadBalancingConfig {
  const common = cluster.common_lb_config;
  const panic = common?.healthy_panic_threshold;
  return {
    panicPercent: panic ? Math.round(panic.value ?? 0) : DEFAULT_PANIC_PERCENT,
    weighsLocalities: common?.locality_weighted_lb_config !== undefined,
    failsTrafficOnPanic: common?.zone_aware_lb_config?.fail_traffic_on_panic ?? false,
  };
}
