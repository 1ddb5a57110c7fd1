import type { LeastRequestPolicy } from "../../resources/load-balancing/load-balancing-config.ts";
import type { ClusterHost } from "../cluster-host.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { PickerOf } from "./picker.ts";
import { isEvenlyWeighted } from "./picker.ts";

/**
 * LEAST_REQUEST: of a few hosts drawn by lot the one with the fewest running requests, or of all. Where weights differ, hosts come as often
 * as their weight says, divided by their running requests. `random` gives numbers in [0, 1).
 */
export function leastRequest(policy: LeastRequestPolicy, random: () => number): PickerOf {
  return (hosts, turn) => {
    if (!isEvenlyWeighted(hosts)) {
      const weigh = ({ weight, stats }: ClusterHost) =>
        weight / Math.max(1, stats.rqActive + 1) ** policy.activeRequestBias;
      const scheduler = new EdfScheduler<ClusterHost>(hosts, weigh, turn.start);
      return () => scheduler.pick();
    }
    return policy.scansAll
      ? () => leastOfAll(hosts, random)
      : () => leastOfChoices(hosts, policy.choiceCount, random);
  };
}

function leastOfChoices(
  hosts: readonly ClusterHost[],
  choiceCount: number,
  random: () => number,
): ClusterHost | undefined {
  let least: ClusterHost | undefined;
  for (let choice = 0; choice < choiceCount; choice += 1) {
    const host = hosts[Math.floor(random() * hosts.length)]!;
    if (!least || host.stats.rqActive < least.stats.rqActive) least = host;
  }
  return least;
}

/** Each of the equal ones has the same chance. */
function leastOfAll(hosts: readonly ClusterHost[], random: () => number): ClusterHost | undefined {
  let least: ClusterHost | undefined;
  let equal = 0;
  for (const host of hosts) {
    const difference = least ? host.stats.rqActive - least.stats.rqActive : -1;
    if (difference > 0) continue;
    equal = difference < 0 ? 1 : equal + 1;
    if (difference < 0 || random() * equal < 1) least = host;
  }
  return least;
}
