import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";

/** Chooses the host of the next connection or request. */
export interface LoadBalancer {
  /** Takes over the hosts as they stand now, by priority; called at every change of hosts or of their health. */
  update(sets: readonly HostSet[]): void;
  /** Undefined: there is nobody to choose. */
  choose(): ClusterHost | undefined;
}

/** Counters that choosing moves: `cluster.<name>.lb_…`. */
export interface LbCounters {
  lb_healthy_panic: number;
}
