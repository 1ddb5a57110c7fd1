import type { Address } from "../network/address.ts";
import { formatAddress } from "../network/address.ts";
import type { EndpointMetadata, Host } from "../network/upstream.ts";
import type { EndpointConfig, LocalityConfig } from "../resources/cluster-load-assignment.ts";

/** One host of a cluster, with the numbers that `/clusters` shows. It keeps them while its address stays in the cluster. */
export interface ClusterHost extends Host {
  /** Its address as text: what tells it from the other hosts of the cluster. */
  readonly key: string;
  readonly weight: number;
  readonly isHealthy: boolean;
  readonly healthStatus: string | number;
  readonly locality: LocalityConfig;
  readonly stats: HostStats;
}

interface HostStats {
  cxActive: number;
  cxTotal: number;
  cxConnectFail: number;
  rqTotal: number;
}

/** A host of an endpoint at one of its addresses. `known` is the host that had the address before, if any. */
export function clusterHost(
  endpoint: EndpointConfig,
  address: Address,
  known: ReadonlyMap<string, ClusterHost>,
): ClusterHost {
  const metadata: EndpointMetadata = endpoint.metadata;
  const name = endpoint.address.family === "name" ? endpoint.address.name : "";
  const key = formatAddress(address);
  return {
    key,
    address,
    hostname: endpoint.hostname || name,
    metadata,
    weight: endpoint.weight,
    isHealthy: endpoint.isHealthy,
    healthStatus: endpoint.healthStatus,
    locality: endpoint.locality,
    stats: known.get(key)?.stats ?? {
      cxActive: 0,
      cxTotal: 0,
      cxConnectFail: 0,
      rqTotal: 0,
    },
  };
}
