import type { ClusterHost } from "./cluster-host.ts";

/** Chooses the host of the next connection. */
export type LoadBalancer = () => ClusterHost | undefined;

/** Below this percentage of healthy hosts all of them are used: Envoy's default panic threshold. */
const PANIC_PERCENT = 50;

/**
 * Hosts in turn, each as often as its weight says, evenly spread (smooth weighted round robin). Unhealthy hosts are passed over
 * unless too few are healthy.
 */
export function roundRobin(hosts: readonly ClusterHost[]): LoadBalancer {
  const healthy = hosts.filter((host) => host.isHealthy);
  const isPanic = healthy.length * 100 < hosts.length * PANIC_PERCENT;
  const candidates = isPanic ? hosts : healthy;
  const first = candidates[0];
  if (candidates.every((host) => host.weight === first?.weight)) {
    let next = 0;
    return () => {
      const host = candidates[next];
      next = next + 1 < candidates.length ? next + 1 : 0;
      return host;
    };
  }
  const total = candidates.reduce((sum, host) => sum + host.weight, 0);
  const turns = candidates.map((host) => ({ host, credit: 0 }));
  return () => {
    let best = turns[0]!;
    for (const turn of turns) {
      turn.credit += turn.host.weight;
      if (turn.credit > best.credit) best = turn;
    }
    best.credit -= total;
    return best.host;
  };
}
