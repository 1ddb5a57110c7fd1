import type { HttpConnectionManager } from "../../src/schema/api.ts";
import type { Problem } from "../../src/base/problem.ts";
import type { HostRules } from "./host-rules.ts";
import type { PathRules } from "./path-rules.ts";
import { pathRules } from "./path-rules.ts";
import { localReplySupport } from "./local-reply-config.ts";
import type { Upgrades } from "./upgrades.ts";
import { readUpgrades } from "./upgrades.ts";
import type { MessageLimits } from "../http-codec/message-reader.ts";
import type { CidrRange } from "../network/cidr-range.ts";
import { cidrRange } from "../network/cidr-range.ts";
import { configDiscoverySupport } from "../resources/config-discovery.ts";
import type { ParseContext } from "../resources/extension.ts";
import type { Http2Config } from "../resources/http2-options.ts";
import { http2Config, http2Support } from "../resources/http2-options.ts";
import { refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect, oneOf } from "../resources/support.ts";
import type { ClientCertificateRule } from "./client-certificate.ts";
import { clientCertificateRule } from "./client-certificate.ts";
import { durationMs, wrapped } from "../resources/values.ts";
import { scopedRoutesSupport } from "./routes/scoped-routes.ts";

/** What the connection manager does with addresses and headers of requests. */
export interface RequestRules {
  readonly usesRemoteAddress: boolean;
  readonly trustedHops: number;
  readonly skipsXffAppend: boolean;
  readonly internalRanges: readonly CidrRange[];
  readonly appendsForwardedPort: boolean;
  readonly httpsPorts: readonly number[];
  readonly httpPorts: readonly number[];
  readonly generatesRequestId: boolean;
  readonly preservesExternalRequestId: boolean;
  /** Empty: none. */
  readonly via: string;
  readonly clientCertificate: ClientCertificateRule;
}

export interface ManagerConfig extends RequestRules {
  /** `AUTO`: what the client begins with tells, or ALPN. */
  readonly codec: "AUTO" | "HTTP1" | "HTTP2";
  readonly http2: Http2Config;
  readonly statPrefix: string;
  readonly serverName: string;
  readonly serverHeader: "OVERWRITE" | "APPEND_IF_ABSENT" | "PASS_THROUGH";
  readonly answersRequestId: boolean;
  /** False: clusters that write a PROXY header are not told of the downstream, unless it sent one itself (PP-95). */
  readonly tellsConnection: boolean;
  /** A connection without a request; 1 h when unset, 0 for ever. */
  readonly idleTimeoutMs: number;
  /** From its beginning until it is drained; 0 for ever. */
  readonly maxConnectionDurationMs: number;
  /** A request or response in which nothing moves; 5 min when unset, 0 for ever. */
  readonly streamIdleTimeoutMs: number;
  /** From the first byte of a request to the end of its head; 0: no limit. */
  readonly headersTimeoutMs: number;
  /** A whole request; 0: no limit. */
  readonly requestTimeoutMs: number;
  /** What a client has for closing a connection that is at its end. */
  readonly delayedCloseMs: number;
  /** How long a client that was told that its connection will end may still send requests; 5 s when unset. */
  readonly drainTimeoutMs: number;
  readonly maxRequestsPerConnection: number;
  readonly limits: MessageLimits;
  readonly http1: Http1Options;
  readonly upgrades: Upgrades;
  readonly host: HostRules;
  /** Undefined: paths stay as they are. */
  readonly paths: PathRules | undefined;
  /** Of a whole request and its answer; 0: any time. */
  readonly maxStreamDurationMs: number;
  /** What becomes of headers whose names hold an underscore. */
  readonly underscores: "ALLOW" | "REJECT_REQUEST" | "DROP_HEADER";
  /** HTTP/1.1 trailers go through both ways; else they are dropped. */
  readonly hasTrailers: boolean;
  readonly hostname: string;
}

/** What the HTTP/1.1 codec takes beside what it always does. */
interface Http1Options {
  readonly allowsCustomMethods: boolean;
  readonly acceptsHttp10: boolean;
  /** Of a request in HTTP/1.0 that tells none; empty: it must tell one. */
  readonly defaultHost: string;
}

export const managerSupport: SupportTable = {
  stat_prefix: true,
  codec_type: oneOf("AUTO", "HTTP1", "HTTP2"),
  route_config: true,
  rds: { route_config_name: true, config_source: true },
  scoped_routes: scopedRoutesSupport,
  http_filters: {
    name: true,
    typed_config: true,
    config_discovery: configDiscoverySupport,
    is_optional: true,
    disabled: true,
  },
  server_name: true,
  server_header_transformation: oneOf("OVERWRITE", "APPEND_IF_ABSENT", "PASS_THROUGH"),
  use_remote_address: true,
  xff_num_trusted_hops: true,
  skip_xff_append: true,
  internal_address_config: { cidr_ranges: { address_prefix: true, prefix_len: true } },
  original_ip_detection_extensions: { name: true, typed_config: true },
  via: true,
  generate_request_id: true,
  preserve_external_request_id: true,
  always_set_request_id_in_response: true,
  append_x_forwarded_port: true,
  forward_proto_config: { https_destination_ports: true, http_destination_ports: true },
  add_proxy_protocol_connection_state: true,
  access_log: true,
  stream_idle_timeout: true,
  request_headers_timeout: true,
  request_timeout: true,
  delayed_close_timeout: true,
  max_request_headers_kb: true,
  common_http_protocol_options: {
    idle_timeout: true,
    max_connection_duration: true,
    max_headers_count: true,
    max_requests_per_connection: true,
    max_stream_duration: true,
    headers_with_underscores_action: oneOf("ALLOW", "REJECT_REQUEST", "DROP_HEADER"),
  },
  http_protocol_options: {
    allow_absolute_url: oneOf(true),
    enable_trailers: true,
    allow_chunked_length: true,
    allow_custom_methods: true,
    accept_http_10: true,
    default_host_for_http_10: true,
    use_balsa_parser: noEffect,
  },
  http2_protocol_options: http2Support,
  drain_timeout: true,
  local_reply_config: localReplySupport,
  strip_matching_host_port: true,
  strip_any_host_port: true,
  strip_trailing_host_dot: true,
  upgrade_configs: { upgrade_type: true, enabled: true },
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: true,
  forward_client_cert_details: true,
  set_current_client_cert_details: { subject: true, cert: true, chain: true, dns: true, uri: true },
};

export function managerConfig(
  manager: HttpConnectionManager,
  { hostname, runtime }: Pick<ParseContext, "hostname" | "runtime">,
  path: string,
  problems: Problem[],
): ManagerConfig {
  const common = manager.common_http_protocol_options;
  const ports = manager.forward_proto_config;
  const header = manager.server_header_transformation;
  const codec = manager.codec_type;
  const http1 = manager.http_protocol_options;
  const underscores = common?.headers_with_underscores_action;
  const limits = {
    maxHeadBytes: wrapped(manager.max_request_headers_kb, 0, 60) * 1024,
    maxHeaders: wrapped(common?.max_headers_count, 0, 100),
    allowsChunkedLength: http1?.allow_chunked_length ?? false,
  };
  return {
    codec: codec === "HTTP1" || codec === "HTTP2" ? codec : "AUTO",
    http2: http2Config(manager.http2_protocol_options, limits),
    statPrefix: manager.stat_prefix ?? "",
    serverName: manager.server_name || "envoy",
    serverHeader: header === "APPEND_IF_ABSENT" || header === "PASS_THROUGH" ? header : "OVERWRITE",
    usesRemoteAddress: wrapped(manager.use_remote_address, false, false),
    trustedHops: manager.xff_num_trusted_hops ?? 0,
    skipsXffAppend: manager.skip_xff_append ?? false,
    internalRanges: internalRanges(manager, path, problems),
    appendsForwardedPort: manager.append_x_forwarded_port ?? false,
    httpsPorts: ports?.https_destination_ports ?? [],
    httpPorts: ports?.http_destination_ports ?? [],
    generatesRequestId: wrapped(manager.generate_request_id, false, true),
    preservesExternalRequestId: manager.preserve_external_request_id ?? false,
    answersRequestId: manager.always_set_request_id_in_response ?? false,
    via: manager.via ?? "",
    clientCertificate: clientCertificateRule(manager),
    tellsConnection: wrapped(manager.add_proxy_protocol_connection_state, false, true),
    idleTimeoutMs: durationMs(common?.idle_timeout, 3_600_000),
    maxConnectionDurationMs: durationMs(common?.max_connection_duration, 0),
    streamIdleTimeoutMs: durationMs(manager.stream_idle_timeout, 300_000),
    headersTimeoutMs: durationMs(manager.request_headers_timeout, 0),
    requestTimeoutMs: durationMs(manager.request_timeout, 0),
    delayedCloseMs: durationMs(manager.delayed_close_timeout, 1000),
    maxRequestsPerConnection: wrapped(common?.max_requests_per_connection, 0, 0),
    drainTimeoutMs: durationMs(manager.drain_timeout, 5000),
    limits,
    http1: {
      allowsCustomMethods: http1?.allow_custom_methods ?? false,
      acceptsHttp10: http1?.accept_http_10 ?? false,
      defaultHost: http1?.default_host_for_http_10 ?? "",
    },
    upgrades: readUpgrades(manager.upgrade_configs),
    host: {
      stripsPort: manager.strip_any_host_port
        ? "any"
        : manager.strip_matching_host_port
          ? "matching"
          : "never",
      stripsTrailingDot: manager.strip_trailing_host_dot ?? false,
    },
    paths: pathRules(manager, runtime, path, problems),
    maxStreamDurationMs: durationMs(common?.max_stream_duration, 0),
    underscores: underscores === "REJECT_REQUEST" || underscores === "DROP_HEADER" ? underscores : "ALLOW",
    hasTrailers: http1?.enable_trailers ?? false,
    hostname,
  };
}

function internalRanges(manager: HttpConnectionManager, path: string, problems: Problem[]): CidrRange[] {
  return (manager.internal_address_config?.cidr_ranges ?? []).flatMap((cidr, index) => {
    const range = cidrRange(cidr.address_prefix ?? "", wrapped(cidr.prefix_len, 0, 0));
    const where = `${path}.internal_address_config.cidr_ranges[${index}]`;
    if (!range) problems.push(refuse(where, `malformed IP address: ${cidr.address_prefix ?? ""}`));
    return range ?? [];
  });
}
