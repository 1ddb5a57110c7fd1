import { isDeepStrictEqual } from "node:util";
import type { EndpointConfig, LoadAssignmentConfig } from "../resources/cluster-load-assignment.ts";
import { noEndpoints } from "../resources/cluster-load-assignment.ts";
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

/** True when an update of endpoints is none to load balancing: to it DRAINING and UNHEALTHY are one. */
export function isSameAssignment(
  before: LoadAssignmentConfig | undefined,
  next: LoadAssignmentConfig,
): boolean {
  const { endpoints, localityWeights, policy } = before ?? noEndpoints(next.clusterName);
  return (
    endpoints.length === next.endpoints.length &&
    endpoints.every((endpoint, index) => isSameEndpoint(endpoint, next.endpoints[index]!)) &&
    isDeepStrictEqual(localityWeights, next.localityWeights) &&
    isDeepStrictEqual(policy, next.policy)
  );
}

function isSameEndpoint(a: EndpointConfig, b: EndpointConfig): boolean {
  const aHealth = balancedHealth[a.edsHealth];
  return (
    a === b ||
    (aHealth === balancedHealth[b.edsHealth] &&
      isDeepStrictEqual({ ...a, edsHealth: aHealth }, { ...b, edsHealth: aHealth }))
  );
}

const balancedHealth = {
  healthy: "healthy",
  degraded: "degraded",
  draining: "unhealthy",
  unhealthy: "unhealthy",
} as const;
