import type { Address } from "../network/address.ts";
import { formatAddress } from "../network/address.ts";
import type { EndpointMetadata, Host, HostOutcomes, HostRequests } from "../network/upstream.ts";
import type { HostCheck } from "../health/health-checker.ts";
import type {
  EndpointCheckConfig,
  EndpointConfig,
  LocalityConfig,
} from "../resources/cluster-load-assignment.ts";
import { HostFlags } from "./host-health.ts";

/**
 * One host of a cluster, with the numbers that `/clusters` shows. Numbers and health flags stay while its address stays in the
 * cluster; everything else is of one update.
 */
export interface ClusterHost extends Host {
  /** Its address as text: what tells it from the other hosts of the cluster. */
  readonly key: string;
  /** At least 1. */
  readonly weight: number;
  /** 0 is the first to be used. */
  readonly priority: number;
  readonly locality: LocalityConfig;
  readonly flags: HostFlags;
  readonly stats: HostStats;
  readonly check: HostCheck;
  /** Set while the cluster watches its hosts. */
  outcomes: WatchedOutcomes | undefined;
}

/** The outcomes of a host, and what outlier detection makes of them. */
export interface WatchedOutcomes extends HostOutcomes {
  /** Success rates of the last interval in percent; -1 where there is none to tell. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
}

/** Envoy's numbers of a host. `rqActive` is what LEAST_REQUEST compares. */
export interface HostStats extends HostRequests {
  cxActive: number;
  cxTotal: number;
  cxConnectFail: number;
  rqActive: number;
  rqPendingActive: number;
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
  const before = known.get(key);
  const flags = before?.flags ?? new HostFlags();
  flags.setEds(endpoint.edsHealth);
  return {
    key,
    address,
    hostname: endpoint.hostname || name,
    metadata,
    ...(endpoint.localityMetadata && { localityMetadata: endpoint.localityMetadata }),
    weight: Math.max(1, endpoint.weight),
    priority: endpoint.priority,
    locality: endpoint.locality,
    flags,
    stats: before?.stats ?? noStats(),
    check: hostCheck(endpoint.check, address),
    outcomes: before?.outcomes,
  };
}

/** Where and how a host is checked: at the address that it was found at, unless its endpoint says otherwise. */
function hostCheck({ address, port, hostname, isDisabled }: EndpointCheckConfig, own: Address): HostCheck {
  const base = address ?? own;
  const checked = port === 0 || base.family === "pipe" ? base : { ...base, port };
  return { address: checked, hostname, isDisabled };
}

function noStats(): HostStats {
  return {
    cxActive: 0,
    cxTotal: 0,
    cxConnectFail: 0,
    rqActive: 0,
    rqError: 0,
    rqPendingActive: 0,
    rqSuccess: 0,
    rqTimeout: 0,
    rqTotal: 0,
  };
}
