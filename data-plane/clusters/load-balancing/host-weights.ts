import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";

/** A host and its share of the load; all shares together are 1. */
export interface HostShare {
  readonly host: ClusterHost;
  readonly share: number;
}

/**
 * The shares of the hosts of a priority that a policy which hashes builds its table from: healthy ones, in panic all. Weights of localities
 * count where the cluster asks for it; here they are not lessened by hosts that are down.
 */
export function hostShares(
  set: HostSet,
  isInPanic: boolean,
  weighsLocalities: boolean,
): readonly HostShare[] {
  const partition = isInPanic ? "hosts" : "healthy";
  if (!weighsLocalities || set.localities.length === 0) return sharesOf(set[partition], 1);
  const total = set.localities.reduce((sum, { weight }) => sum + weight, 0);
  return set.localities.flatMap((locality) =>
    locality.weight === 0 ? [] : sharesOf(locality[partition], locality.weight / total),
  );
}

function sharesOf(hosts: readonly ClusterHost[], whole: number): readonly HostShare[] {
  const total = hosts.reduce((sum, { weight }) => sum + weight, 0);
  return hosts.map((host) => ({ host, share: (host.weight * whole) / total }));
}
