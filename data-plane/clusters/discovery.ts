import type { LoadAssignmentConfig } from "../resources/cluster-load-assignment.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { clusterHost } from "./cluster-host.ts";

/** Hosts of the endpoints whose addresses are known, one an endpoint; those with a name are left out. */
export function hostsOf(
  assignment: LoadAssignmentConfig,
  known: ReadonlyMap<string, ClusterHost>,
): readonly ClusterHost[] {
  return assignment.endpoints.flatMap((endpoint) =>
    endpoint.address.family === "name" ? [] : [clusterHost(endpoint, endpoint.address, known)],
  );
}

/** The first of the hosts at each address: what EDS and STRICT_DNS make of an address that is named twice. */
export function oneByAddress(hosts: readonly ClusterHost[]): readonly ClusterHost[] {
  const keys = new Set<string>();
  return hosts.filter(({ key }) => !keys.has(key) && keys.add(key));
}
