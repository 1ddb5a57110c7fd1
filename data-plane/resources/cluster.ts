import { socketAddress } from "../../src/base/ip-address.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { Message } from "../../src/schema/message.ts";
import { isRecord } from "../../src/schema/record.ts";
import { type ClusterHealthConfig, clusterHealthSupport, parseClusterHealth } from "./cluster-health.ts";
import type { RoutePriority } from "../network/upstream.ts";
import type { Thresholds } from "./circuit-breakers.ts";
import { circuitBreakersSupport, parseThresholds } from "./circuit-breakers.ts";
import type { Discovery } from "./discovery.ts";
import { discoverySupport, parseDiscovery } from "./discovery.ts";
import type { ParseContext } from "./extension.ts";
import type { LoadBalancingConfig } from "./load-balancing/load-balancing-config.ts";
import { loadBalancingSupport, parseLoadBalancing } from "./load-balancing/parse-load-balancing.ts";
import { asType } from "./message-type.ts";
import {
  defaultHttp,
  deprecatedHttpSupport,
  httpOptionsKey,
  parseHttpOptions,
  type UpstreamHttpConfig,
} from "./http-options.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, notSupported, oneOf, unsupportedFields } from "./support.ts";
import type { TransportSocketsConfig } from "./transport-sockets.ts";
import { parseTransportSockets, transportSocketsSupport } from "./transport-sockets.ts";
import { durationMs, wrapped } from "./values.ts";

/** A cluster, ready to run. Immutable. */
export interface ClusterConfig {
  readonly name: string;
  /** Stats are under `cluster.<statName>.`: `alt_stat_name`, or the name. */
  readonly statName: string;
  readonly discovery: Discovery;
  readonly loadBalancing: LoadBalancingConfig;
  /** 5 s when unset. */
  readonly connectTimeoutMs: number;
  /** What may wait to be written to an upstream connection before reading from the downstream stops. 1 MiB when unset. */
  readonly bufferLimitBytes: number;
  /** Of the default and of the high priority, as `/clusters` shows them. */
  readonly circuitBreakers: Readonly<Record<RoutePriority, Thresholds>>;
  /** Source address of upstream connections; absent leaves it to the system. */
  readonly bind?: { readonly address: string; readonly port: number };
  /** Idle time before TCP keepalive probes; absent switches them off. */
  readonly keepAliveMs?: number;
  readonly transportSockets: TransportSocketsConfig;
  readonly http: UpstreamHttpConfig;
  readonly health: ClusterHealthConfig;
}

const support: SupportTable = {
  ...deprecatedHttpSupport,
  ...loadBalancingSupport,
  ...discoverySupport,
  ...clusterHealthSupport,
  typed_extension_protocol_options: (value, path) =>
    Object.keys(isRecord(value) ? value : {})
      .filter((key) => key !== httpOptionsKey)
      .map((key) => notSupported(`${path}[${JSON.stringify(key)}]`)),
  name: true,
  alt_stat_name: true,
  connect_timeout: true,
  per_connection_buffer_limit_bytes: true,
  circuit_breakers: circuitBreakersSupport,
  ...transportSocketsSupport,
  metadata: noEffect,
  upstream_bind_config: { source_address: { address: true, port_value: true, protocol: oneOf("TCP") } },
  upstream_connection_options: { tcp_keepalive: { keepalive_time: true } },
};

/** Envoy's default of `tcp_keepalive` without `keepalive_time` is the system's, on Linux two hours. */
const SYSTEM_KEEPALIVE_SECONDS = 7200;
const DEFAULT_BUFFER_LIMIT_BYTES = 1024 * 1024;

/**
 * `envoy.config.cluster.v3.Cluster`, past the field rules of its top level. `path` is where it stands in a bootstrap, empty for a
 * resource of its own.
 */
export function parseCluster(message: Message, context: ParseContext, path: string): Parsed<ClusterConfig> {
  const cluster = asType("envoy.config.cluster.v3.Cluster", message);
  const at = path === "" ? "" : `${path}.`;
  const problems: Problem[] = [...unsupportedFields(message, support, path)];
  const discovery = parseDiscovery(cluster, context, at);
  const transport = parseTransportSockets(cluster, context, at);
  const http = parseHttpOptions(cluster, context, at);
  const loadBalancing = parseLoadBalancing(cluster, context, at);
  const health = parseClusterHealth(cluster, http.value?.protocol === "HTTP/2", context, at);
  for (const part of [discovery, loadBalancing, transport, http, health]) problems.push(...part.problems);
  if (!discovery.value || !loadBalancing.value || !transport.value || !health.value) return { problems };
  const source = cluster.upstream_bind_config?.source_address;
  if (source && !socketAddress(source.address ?? "", 0)) {
    problems.push(
      refuse(`${at}upstream_bind_config.source_address`, `malformed IP address: ${source.address ?? ""}`),
    );
  }
  const keepAlive = cluster.upstream_connection_options?.tcp_keepalive;
  const name = cluster.name ?? "";
  return parsed(
    {
      name,
      statName: (cluster.alt_stat_name || name).replaceAll(":", "_"),
      discovery: discovery.value,
      loadBalancing: loadBalancing.value,
      connectTimeoutMs: durationMs(cluster.connect_timeout, 5000),
      bufferLimitBytes: wrapped(cluster.per_connection_buffer_limit_bytes, 0, DEFAULT_BUFFER_LIMIT_BYTES),
      circuitBreakers: parseThresholds(cluster),
      ...(source && { bind: { address: source.address ?? "", port: source.port_value ?? 0 } }),
      ...(keepAlive && {
        keepAliveMs: wrapped(keepAlive.keepalive_time, 0, SYSTEM_KEEPALIVE_SECONDS) * 1000,
      }),
      transportSockets: transport.value,
      http: http.value ?? defaultHttp,
      health: health.value,
    },
    problems,
  );
}
