import { socketAddress } from "../../src/base/ip-address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Address } from "../network/address.ts";
import { formatAddress } from "../network/address.ts";
import type { EndpointConfig, LoadAssignmentConfig } from "../resources/cluster-load-assignment.ts";
import type { DnsConfig } from "../resources/dns.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { clusterHost } from "./cluster-host.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import { oneByAddress } from "./discovery.ts";
import type { Resolver } from "./resolver.ts";

export interface DnsDiscovery {
  readonly assignment: LoadAssignmentConfig;
  readonly dns: DnsConfig;
  /** LOGICAL_DNS: one host only, at the first address of the latest answer; an answer without addresses is a failure. */
  readonly isLogical: boolean;
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly stats: ClusterStats;
  /** The hosts so far, to carry their numbers on. */
  readonly known: () => ReadonlyMap<string, ClusterHost>;
  /** Called for each change of hosts. */
  readonly onHosts: (hosts: readonly ClusterHost[]) => void;
}

/** What a look-up found; `ttlMs` is undefined when nobody says how long it holds. */
interface Found {
  readonly addresses: readonly Address[];
  readonly ttlMs: number | undefined;
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
  const { dns, random } = discovery;
  const { endpoints } = discovery.assignment;
  let isStopped = false;

  const publish = () => {
    const known = discovery.known();
    const hosts = endpoints.flatMap((endpoint) =>
      (answers.get(endpoint) ?? []).map((address) => clusterHost(endpoint, address, known)),
    );
    discovery.onHosts(oneByAddress(hosts));
  };

  const look = async (endpoint: EndpointConfig, failures: number): Promise<void> => {
    const { counters } = discovery.stats;
    counters.update_attempt += 1;
    const found = await lookUp(endpoint, discovery);
    if (isStopped) return;
    if (found) {
      counters.update_success += 1;
      if (isSameList(found.addresses, answers.get(endpoint) ?? [])) counters.update_no_rebuild += 1;
      else {
        answers.set(endpoint, found.addresses);
        publish();
      }
    } else counters.update_failure += 1;
    const delayMs = found ? refreshDelay(dns, found, random) : failureDelay(dns, failures, random);
    cancels.set(
      endpoint,
      discovery.clock.after(delayMs, () => void look(endpoint, found ? 0 : failures + 1)),
    );
  };

  const resolved = Promise.all(endpoints.map((endpoint) => look(endpoint, 0))).then(() => undefined);
  return {
    resolved,
    stop() {
      isStopped = true;
      for (const cancel of cancels.values()) cancel();
    },
  };
}

function refreshDelay(
  { respectsTtl, refreshMs, jitterMs }: DnsConfig,
  found: Found,
  random: () => number,
): number {
  const delayMs = (respectsTtl ? found.ttlMs : undefined) ?? refreshMs;
  return jitterMs > 0 ? delayMs + Math.floor(random() * jitterMs) : delayMs;
}

/** A random time below a limit that doubles with each failure in a row. */
function failureDelay({ failure, refreshMs }: DnsConfig, failures: number, random: () => number): number {
  if (!failure) return refreshMs;
  return Math.floor(random() * Math.min(failure.maxMs, failure.baseMs * 2 ** failures));
}

async function lookUp(
  { address }: EndpointConfig,
  { resolver, dns, isLogical }: DnsDiscovery,
): Promise<Found | undefined> {
  if (address.family !== "name") return { addresses: [address], ttlMs: undefined };
  const { lookupFamily: family, respectsTtl: wantsTtl } = dns;
  try {
    const answer = await resolver.resolve({ name: address.name, family, resolver: dns.resolver, wantsTtl });
    const addresses = answer.addresses.flatMap((text) => socketAddress(text, address.port) ?? []);
    if (!isLogical) return { addresses, ttlMs: answer.ttlMs };
    return addresses.length > 0 ? { addresses: addresses.slice(0, 1), ttlMs: answer.ttlMs } : undefined;
  } catch {
    // No answer is not the end of the cluster: the counter tells, and the next look-up comes.
    return undefined;
  }
}

function isSameList(a: readonly Address[], b: readonly Address[]): boolean {
  return sortedText(a) === sortedText(b);
}

function sortedText(addresses: readonly Address[]): string {
  return addresses.map(formatAddress).sort().join(" ");
}
