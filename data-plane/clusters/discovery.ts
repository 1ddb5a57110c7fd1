import { socketAddress } from "../../src/base/ip-address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Address } from "../network/address.ts";
import { formatAddress } from "../network/address.ts";
import type { EndpointConfig, LoadAssignmentConfig } from "../resources/cluster-load-assignment.ts";
import type { DnsConfig } from "../resources/cluster.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { clusterHost } from "./cluster-host.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import type { Resolver } from "./resolver.ts";
import { ofLookupFamily } from "./resolver.ts";

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

export interface DnsDiscovery {
  readonly assignment: LoadAssignmentConfig;
  readonly dns: DnsConfig;
  /** LOGICAL_DNS: one host only, at the first address of the latest answer. */
  readonly isLogical: boolean;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly stats: ClusterStats;
  /** The hosts so far, to carry their numbers on. */
  readonly known: () => ReadonlyMap<string, ClusterHost>;
  /** Called for each change of hosts. */
  readonly onHosts: (hosts: readonly ClusterHost[]) => void;
}

/**
 * Keeps looking the names up. A failed look-up leaves the addresses that the name had (XC-50); the promise is done when each name
 * has had its first answer, good or bad.
 */
export function startDns(discovery: DnsDiscovery): {
  readonly resolved: Promise<void>;
  readonly stop: () => void;
} {
  const answers = new Map<EndpointConfig, readonly Address[]>();
  const cancels = new Map<EndpointConfig, () => void>();
  const { endpoints } = discovery.assignment;
  let isStopped = false;

  const publish = () => {
    const known = discovery.known();
    const hosts = endpoints.flatMap((endpoint) =>
      (answers.get(endpoint) ?? []).map((address) => clusterHost(endpoint, address, known)),
    );
    discovery.onHosts(oneByAddress(hosts));
  };

  const look = async (endpoint: EndpointConfig): Promise<void> => {
    const { counters } = discovery.stats;
    counters.update_attempt += 1;
    const found = await lookUp(endpoint, discovery);
    if (isStopped) return;
    if (found) {
      counters.update_success += 1;
      if (found.length === 0) counters.update_empty += 1;
      if (isSameList(found, answers.get(endpoint))) counters.update_no_rebuild += 1;
      else {
        answers.set(endpoint, found);
        publish();
      }
    } else counters.update_failure += 1;
    cancels.set(
      endpoint,
      discovery.clock.after(discovery.dns.refreshMs, () => void look(endpoint)),
    );
  };

  const resolved = Promise.all(endpoints.map(look)).then(() => undefined);
  return {
    resolved,
    stop() {
      isStopped = true;
      for (const cancel of cancels.values()) cancel();
    },
  };
}

async function lookUp(
  { address }: EndpointConfig,
  { resolver, dns, isLogical }: DnsDiscovery,
): Promise<readonly Address[] | undefined> {
  if (address.family !== "name") return [address];
  try {
    const texts = ofLookupFamily(await resolver.resolve(address.name), dns.lookupFamily);
    const addresses = texts.flatMap((text) => socketAddress(text, address.port) ?? []);
    return isLogical ? addresses.slice(0, 1) : addresses;
  } catch {
    // No answer is not the end of the cluster: the counter tells, and the next look-up comes.
    return undefined;
  }
}

function isSameList(a: readonly Address[], b: readonly Address[] | undefined): boolean {
  return b !== undefined && sortedText(a) === sortedText(b);
}

function sortedText(addresses: readonly Address[]): string {
  return addresses.map(formatAddress).sort().join(" ");
}
