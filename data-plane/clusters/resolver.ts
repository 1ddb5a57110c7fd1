import { lookup, Resolver as DnsClient } from "node:dns/promises";
import { unreachable } from "../../src/base/unreachable.ts";
import type { DnsLookupFamily, DnsResolverConfig } from "../resources/dns.ts";

/** What a name has. No addresses at all is an answer too: there is no such name. */
export interface DnsAnswer {
  /** In order of preference, of the families that were asked for. */
  readonly addresses: readonly string[];
  /** How long the answer is good for; undefined when nobody says. */
  readonly ttlMs: number | undefined;
}

export interface DnsQuestion {
  readonly name: string;
  readonly family: DnsLookupFamily;
  readonly resolver: DnsResolverConfig;
  /** The TTL is wanted. */
  readonly wantsTtl: boolean;
}

/** Turns a name into IP addresses. */
export interface Resolver {
  /** Rejects when nobody can tell. */
  resolve(question: DnsQuestion): Promise<DnsAnswer>;
}

/** What Envoy takes for the TTL of an answer of getaddrinfo, which tells none. */
const GETADDRINFO_TTL_MS = 60_000;

/** The resolver of this machine, /etc/hosts included, or the DNS servers that a cluster names. */
export const systemResolver: Resolver = {
  async resolve(question) {
    const { name, family, resolver, wantsTtl } = question;
    switch (resolver.kind) {
      case "servers":
        return name === "localhost"
          ? systemAnswer(name, family, undefined)
          : serverAnswer(name, family, resolver.servers);
      case "getaddrinfo":
        return systemAnswer(name, family, GETADDRINFO_TTL_MS);
      case "system": {
        const answer = await systemAnswer(name, family, undefined);
        return wantsTtl && answer.addresses.length > 0 ? withTtl(name, family, answer) : answer;
      }
      default:
        return unreachable(resolver);
    }
  },
};

async function systemAnswer(
  name: string,
  family: DnsLookupFamily,
  ttlMs: number | undefined,
): Promise<DnsAnswer> {
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return {
      addresses: ofLookupFamily(
        found.map(({ address }) => address),
        family,
      ),
      ttlMs,
    };
  } catch (error) {
    if (isNoSuchName(error)) return { addresses: [], ttlMs };
    throw error;
  }
}

/** The system tells no TTL: the DNS servers are asked for it. Where they know other addresses, as for names of /etc/hosts, none counts. */
async function withTtl(name: string, family: DnsLookupFamily, answer: DnsAnswer): Promise<DnsAnswer> {
  try {
    const { addresses, ttlMs } = await serverAnswer(name, family, []);
    return addresses.some((address) => answer.addresses.includes(address)) ? { ...answer, ttlMs } : answer;
  } catch {
    // The addresses are there all the same.
    return answer;
  }
}

/** Asks DNS servers, those of this machine when none are given. */
async function serverAnswer(
  name: string,
  family: DnsLookupFamily,
  servers: readonly string[],
): Promise<DnsAnswer> {
  const client = new DnsClient({ timeout: 5000, tries: 4 });
  if (servers.length > 0) client.setServers(servers);
  const [v4, v6] = await Promise.all([
    family === "V6_ONLY" ? [] : records(client.resolve4(name, { ttl: true })),
    family === "V4_ONLY" ? [] : records(client.resolve6(name, { ttl: true })),
  ]);
  const all = [...v4, ...v6];
  const addresses = ofLookupFamily(
    all.map(({ address }) => address),
    family,
  );
  const ttls = all.filter(({ address }) => addresses.includes(address)).map(({ ttl }) => ttl);
  const ttlSeconds = ttls.length === 0 ? 0 : Math.min(...ttls);
  // Zero says nothing, as in Envoy.
  return { addresses, ttlMs: ttlSeconds > 0 ? ttlSeconds * 1000 : undefined };
}

interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

async function records(answer: Promise<readonly AddressRecord[]>): Promise<readonly AddressRecord[]> {
  try {
    return await answer;
  } catch (error) {
    if (isNoSuchName(error)) return [];
    throw error;
  }
}

/** A name without records, or none at all, is an answer; no answer is none. */
function isNoSuchName(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && (error.code === "ENOTFOUND" || error.code === "ENODATA")
  );
}

/**
 * Those addresses of a name that `dns_lookup_family` asks for. AUTO takes IPv6 when there is any, else IPv4; V4_PREFERRED is the
 * reverse.
 */
export function ofLookupFamily(addresses: readonly string[], family: DnsLookupFamily): readonly string[] {
  const v6 = addresses.filter((address) => address.includes(":"));
  const v4 = addresses.filter((address) => !address.includes(":"));
  switch (family) {
    case "V4_ONLY":
      return v4;
    case "V6_ONLY":
      return v6;
    case "V4_PREFERRED":
      return v4.length > 0 ? v4 : v6;
    case "ALL":
      return addresses;
    case "AUTO":
      return v6.length > 0 ? v6 : v4;
    default:
      return unreachable(family);
  }
}
