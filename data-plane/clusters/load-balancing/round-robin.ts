import type { ClusterHost } from "../cluster-host.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { PickerOf } from "./picker.ts";
import { isEvenlyWeighted } from "./picker.ts";

/** ROUND_ROBIN: hosts in turn, each as often as its weight says. Where weights do not differ, an update goes on at the same turn. */
export const roundRobin: PickerOf = (hosts, turn) => {
  if (!isEvenlyWeighted(hosts)) {
    const scheduler = new EdfScheduler<ClusterHost>(hosts, (host) => host.weight, turn.start);
    return () => scheduler.pick();
  }
  return () => {
    const host = hosts[turn.next % hosts.length];
    turn.next += 1;
    return host;
  };
};
