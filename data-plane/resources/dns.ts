import type { Cluster, MessageTypes } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import { socketAddress } from "../../src/base/ip-address.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import { formatAddress } from "../network/address.ts";
import type { ParseContext } from "./extension.ts";
import { asType } from "./message-type.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { notSupported, oneOf, unsupportedFields } from "./support.ts";
import { unpack } from "./typed-config.ts";
import { durationMs } from "./values.ts";

/** `envoy.config.cluster.v3.Cluster.DnsLookupFamily`. */
export type DnsLookupFamily = "AUTO" | "V4_ONLY" | "V6_ONLY" | "V4_PREFERRED" | "ALL";

/** Who is asked: this machine's own way to look names up, the same without a TTL, or these servers (`ip:port`). */
export type DnsResolverConfig =
  | { readonly kind: "system" }
  | { readonly kind: "getaddrinfo" }
  | { readonly kind: "servers"; readonly servers: readonly string[] };

export interface DnsConfig {
  readonly lookupFamily: DnsLookupFamily;
  /** Between two look-ups. 5 s when unset. */
  readonly refreshMs: number;
  /** The answer's TTL is the time to the next look-up, where it tells one. */
  readonly respectsTtl: boolean;
  /** After failures: a random time below a limit that doubles from the base; absent, as after an answer. */
  readonly failure?: { readonly baseMs: number; readonly maxMs: number };
  /** Up to so much is added to the time after an answer. 0 when unset. */
  readonly jitterMs: number;
  readonly resolver: DnsResolverConfig;
}

const families = oneOf("AUTO", "V4_ONLY", "V6_ONLY", "V4_PREFERRED", "ALL", "UNSPECIFIED");

/** Fields that a cluster and `DnsCluster` have in common. */
const commonSupport: SupportTable = {
  dns_refresh_rate: true,
  dns_failure_refresh_rate: { base_interval: true, max_interval: true },
  respect_dns_ttl: true,
  dns_jitter: true,
  dns_lookup_family: families,
  typed_dns_resolver_config: true,
};

/** The fields of a cluster about DNS. */
export const dnsSupport: SupportTable = {
  ...commonSupport,
  dns_resolvers: true,
  dns_resolution_config: { resolvers: true },
  use_tcp_for_dns_lookups: oneOf(false),
};

/** The fields of `envoy.extensions.clusters.dns.v3.DnsCluster`. */
export const dnsClusterSupport: SupportTable = { ...commonSupport, all_addresses_in_single_endpoint: true };

type DnsFields = Pick<
  MessageTypes["envoy.extensions.clusters.dns.v3.DnsCluster"],
  | "dns_refresh_rate"
  | "dns_failure_refresh_rate"
  | "respect_dns_ttl"
  | "dns_jitter"
  | "typed_dns_resolver_config"
> & { readonly dns_lookup_family?: unknown };
type LegacyResolvers = Pick<Cluster, "dns_resolvers" | "dns_resolution_config">;

/** How names are looked up. `path` ends with a dot, or is empty. */
export function parseDns(
  fields: DnsFields & LegacyResolvers,
  context: ParseContext,
  path: string,
): Parsed<DnsConfig> {
  const refreshMs = durationMs(fields.dns_refresh_rate, 5000);
  const failure = fields.dns_failure_refresh_rate;
  const baseMs = durationMs(failure?.base_interval, 0);
  const maxMs = durationMs(failure?.max_interval, baseMs * 10);
  const resolver = parseResolver(fields, context, path);
  const problems: Problem[] = [...resolver.problems];
  if (failure && maxMs < baseMs) {
    const text = "dns_failure_refresh_rate must have max_interval greater than or equal to the base_interval";
    problems.push(refuse(`${path}dns_failure_refresh_rate`, text));
  }
  return parsed(
    {
      lookupFamily: familyOf(fields.dns_lookup_family),
      refreshMs,
      respectsTtl: fields.respect_dns_ttl ?? false,
      ...(failure && { failure: { baseMs, maxMs } }),
      jitterMs: durationMs(fields.dns_jitter, 0),
      resolver: resolver.value ?? { kind: "system" },
    },
    problems,
  );
}

function familyOf(family: unknown): DnsLookupFamily {
  const isKnown =
    family === "V4_ONLY" || family === "V6_ONLY" || family === "V4_PREFERRED" || family === "ALL";
  return isKnown ? family : "AUTO";
}

const EXTENSIONS = "envoy.extensions.network.dns_resolver.";
const CARES = `${EXTENSIONS}cares.v3.CaresDnsResolverConfig` as const;
const GETADDRINFO = `${EXTENSIONS}getaddrinfo.v3.GetAddrInfoDnsResolverConfig`;

function parseResolver(
  fields: DnsFields & LegacyResolvers,
  context: ParseContext,
  path: string,
): Parsed<DnsResolverConfig> {
  const typed = fields.typed_dns_resolver_config?.typed_config;
  if (!typed) {
    const legacy = fields.dns_resolution_config?.resolvers ?? fields.dns_resolvers ?? [];
    return resolverAt(legacy, `${path}dns_resolvers`);
  }
  const at = `${path}typed_dns_resolver_config.typed_config`;
  const typeName = typeNameOf(typed.type_url ?? "");
  if (typeName === GETADDRINFO) return parsed({ kind: "getaddrinfo" }, []);
  if (typeName !== CARES) return { problems: [notSupported(at, typeName)] };
  const message = unpack(typed, CARES, context, at);
  if (!message.value) return { problems: message.problems };
  const resolver = resolverAt(asType(CARES, message.value).resolvers ?? [], `${at}.resolvers`);
  const problems = [...unsupportedFields(message.value, { resolvers: true }, at), ...resolver.problems];
  return resolver.value ? parsed(resolver.value, problems) : { problems };
}

function resolverAt(
  addresses: readonly MessageTypes["envoy.config.core.v3.Address"][],
  path: string,
): Parsed<DnsResolverConfig> {
  const problems: Problem[] = [];
  const servers = addresses.flatMap(({ socket_address: socket }, index) => {
    const address = socketAddress(socket?.address ?? "", socket?.port_value || 53);
    if (!address) problems.push(refuse(`${path}[${index}]`, "an IP address and a port are needed"));
    return address ? [formatAddress(address)] : [];
  });
  return parsed(servers.length > 0 ? { kind: "servers", servers } : { kind: "system" }, problems);
}
