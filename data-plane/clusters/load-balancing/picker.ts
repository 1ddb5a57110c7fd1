import type { ClusterHost } from "../cluster-host.ts";

/** Where a round over the hosts of one source stands. It outlives updates of the hosts. */
export interface Turn {
  /** Counts picks. */
  next: number;
  /** In [0, 1): where in the round to begin, different in each proxy. */
  readonly start: number;
}

/** Picks one of the hosts that it was made for; undefined when there are none. */
export type Picker = () => ClusterHost | undefined;

/** A policy that does not look at the request: how to pick among hosts that may all be used. */
export type PickerOf = (hosts: readonly ClusterHost[], turn: Turn) => Picker;

/** Weights need no regard: they are all the same. */
export function isEvenlyWeighted(hosts: readonly ClusterHost[]): boolean {
  return hosts.every((host) => host.weight === hosts[0]?.weight);
}
