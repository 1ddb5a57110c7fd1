import type { HostCriteria } from "../../network/upstream.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";

/** Chooses the host of the next connection or request. */
export interface LoadBalancer {
  /** Takes over the hosts as they stand now, by priority; called at every change of hosts or of their health. */
  update(sets: readonly HostSet[]): void;
  /** Undefined: there is nobody to choose. */
  choose(criteria: HostCriteria): ClusterHost | undefined;
}

/** Counters that choosing moves: `cluster.<name>.lb_…`. */
export interface LbCounters {
  lb_healthy_panic: number;
}

/** Chooses until a host is wanted, or for as many times as the criteria allow; the last one is taken then. */
export function chooseWanted(
  criteria: HostCriteria,
  chooseOnce: (choice: number) => ClusterHost | undefined,
): ClusterHost | undefined {
  const { isUnwanted, maxChoices = 1 } = criteria;
  let host = chooseOnce(0);
  if (!isUnwanted) return host;
  for (let choice = 1; choice < maxChoices && host && isUnwanted(host); choice += 1)
    host = chooseOnce(choice);
  return host;
}
