import type { Cluster, MessageTypes } from "../../src/schema/api.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";
import type { ParseContext } from "./extension.ts";
import type { Http2Config } from "./http2-options.ts";
import { http2Config, http2Support } from "./http2-options.ts";
import { asType } from "./message-type.ts";
import type { Parsed } from "./parsed.ts";
import { parsed, refuse } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, oneOf, unsupportedFields } from "./support.ts";
import { unpack } from "./typed-config.ts";
import { durationMs, wrapped } from "./values.ts";

/** How a cluster's hosts are spoken to in HTTP. */
export interface UpstreamHttpConfig {
  /** `downstream`: what the client of a request speaks. `auto`: what ALPN says of each connection. */
  readonly protocol: "HTTP/1.1" | "HTTP/2" | "downstream" | "auto";
  readonly http2: Http2Config;
  /** How long a connection may wait for its next request. 1 h when unset, 0 for ever (PP-117). */
  readonly idleTimeoutMs: number;
  /** A connection takes no more requests after so long. 0: no limit. */
  readonly maxConnectionDurationMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  /** 100 when unset. */
  readonly maxHeaders: number;
  /** 60 KiB when unset. */
  readonly maxHeadBytes: number;
  /** HTTP/1.1 trailers go through both ways; else they are dropped. */
  readonly hasTrailers: boolean;
  /** Absent: TLS is as the transport socket says, whatever the request is for. */
  readonly serverName?: ServerNameRule;
}

/** What a request's own host means to TLS: `upstream_http_protocol_options`. */
export interface ServerNameRule {
  /** It is the server name that is sent (`auto_sni`). */
  readonly isSent: boolean;
  /** The certificate must be for it (`auto_san_validation`). */
  readonly isVerified: boolean;
  /** Where this header is there it is the host; empty: none. */
  readonly header: string;
}

export const httpOptionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

export const defaultHttp: UpstreamHttpConfig = {
  protocol: "HTTP/1.1",
  http2: http2Config(undefined, { maxHeaders: 100, maxHeadBytes: 60 * 1024 }),
  idleTimeoutMs: 3_600_000,
  maxConnectionDurationMs: 0,
  maxRequestsPerConnection: 0,
  maxHeaders: 100,
  maxHeadBytes: 60 * 1024,
  hasTrailers: false,
};

const commonSupport: SupportTable = {
  idle_timeout: true,
  max_connection_duration: true,
  max_requests_per_connection: true,
  max_headers_count: true,
  max_response_headers_kb: true,
  headers_with_underscores_action: oneOf("ALLOW"),
};
const http1Support: SupportTable = { enable_trailers: true, use_balsa_parser: noEffect };

const serverNameSupport: SupportTable = {
  auto_sni: true,
  auto_san_validation: true,
  override_auto_sni_header: true,
};

const support: SupportTable = {
  upstream_http_protocol_options: serverNameSupport,
  common_http_protocol_options: commonSupport,
  explicit_http_config: {
    http_protocol_options: http1Support,
    http2_protocol_options: http2Support,
  },
  use_downstream_protocol_config: {
    http_protocol_options: http1Support,
    http2_protocol_options: http2Support,
  },
  auto_config: {
    http_protocol_options: http1Support,
    http2_protocol_options: http2Support,
  },
};

/** The fields of a cluster that came before `HttpProtocolOptions`. */
export const deprecatedHttpSupport: SupportTable = {
  max_requests_per_connection: true,
  common_http_protocol_options: commonSupport,
  http_protocol_options: http1Support,
  http2_protocol_options: http2Support,
  protocol_selection: oneOf("USE_CONFIGURED_PROTOCOL", "USE_DOWNSTREAM_PROTOCOL"),
  upstream_http_protocol_options: serverNameSupport,
};

/** `typed_extension_protocol_options` of a cluster: `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`. */
export function parseHttpOptions(
  cluster: Cluster,
  context: ParseContext,
  at: string,
): Parsed<UpstreamHttpConfig> {
  const any = cluster.typed_extension_protocol_options?.[httpOptionsKey];
  if (!any) {
    const { common_http_protocol_options: common, http_protocol_options: http1 } = cluster;
    const http2 = cluster.http2_protocol_options;
    const isDownstream = cluster.protocol_selection === "USE_DOWNSTREAM_PROTOCOL";
    const protocol = isDownstream ? "downstream" : http2 ? "HTTP/2" : "HTTP/1.1";
    const names = cluster.upstream_http_protocol_options;
    return { value: httpConfig(protocol, withOldLimit(common, cluster), http1, http2, names), problems: [] };
  }
  const path = `${at}typed_extension_protocol_options[${JSON.stringify(httpOptionsKey)}]`;
  const message = unpack(any, httpOptionsKey, context, path);
  if (!message.value) return { problems: message.problems };
  const options = asType(httpOptionsKey, message.value);
  const {
    explicit_http_config: explicit,
    use_downstream_protocol_config: downstream,
    auto_config: auto,
  } = options;
  const chosen = explicit ?? downstream ?? auto;
  const problems = [...unsupportedFields(message.value, support, path)];
  if (auto && !isSecure(cluster.transport_socket, context)) {
    const rule = `ALPN configured for cluster ${cluster.name ?? ""} which has a non-ALPN transport socket`;
    problems.push(refuse(`${path}.auto_config`, rule));
  }
  return parsed(
    httpConfig(
      auto ? "auto" : downstream ? "downstream" : explicit?.http2_protocol_options ? "HTTP/2" : "HTTP/1.1",
      withOldLimit(options.common_http_protocol_options, cluster),
      chosen?.http_protocol_options,
      chosen?.http2_protocol_options,
      options.upstream_http_protocol_options,
    ),
    problems,
  );
}

const tlsType = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const proxyProtocolType =
  "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";

/** TLS is spoken, be it behind a PROXY header: ALPN can tell the protocol. */
function isSecure(socket: Cluster["transport_socket"], { schema }: Pick<ParseContext, "schema">): boolean {
  const { type_url: url, value } = socket?.typed_config ?? {};
  const type = typeNameOf(url ?? "");
  if (type === tlsType) return true;
  if (type !== proxyProtocolType || !value) return false;
  return isSecure(asType(proxyProtocolType, schema.decode(type, value)).transport_socket, { schema });
}

type CommonOptions = MessageTypes["envoy.config.core.v3.HttpProtocolOptions"];

/** The cluster's own `max_requests_per_connection`, which is older, counts where the options say nothing of it. */
function withOldLimit(common: CommonOptions | null | undefined, cluster: Cluster): CommonOptions {
  const limit = common?.max_requests_per_connection ?? cluster.max_requests_per_connection;
  return { ...common, ...(limit && { max_requests_per_connection: limit }) };
}

function httpConfig(
  protocol: UpstreamHttpConfig["protocol"],
  common: MessageTypes["envoy.config.core.v3.HttpProtocolOptions"] | null | undefined,
  http1: MessageTypes["envoy.config.core.v3.Http1ProtocolOptions"] | null | undefined,
  http2: MessageTypes["envoy.config.core.v3.Http2ProtocolOptions"] | null | undefined,
  names: MessageTypes["envoy.config.core.v3.UpstreamHttpProtocolOptions"] | null | undefined,
): UpstreamHttpConfig {
  const serverName = {
    isSent: names?.auto_sni ?? false,
    isVerified: names?.auto_san_validation ?? false,
    header: (names?.override_auto_sni_header ?? "").toLowerCase(),
  };
  const heads = {
    maxHeaders: wrapped(common?.max_headers_count, 0, defaultHttp.maxHeaders),
    maxHeadBytes: wrapped(common?.max_response_headers_kb, 0, 60) * 1024,
  };
  return {
    protocol,
    http2: http2Config(http2, heads),
    ...heads,
    idleTimeoutMs: durationMs(common?.idle_timeout, defaultHttp.idleTimeoutMs),
    maxConnectionDurationMs: durationMs(common?.max_connection_duration, 0),
    maxRequestsPerConnection: wrapped(common?.max_requests_per_connection, 0, 0),
    hasTrailers: http1?.enable_trailers ?? false,
    ...((serverName.isSent || serverName.isVerified) && { serverName }),
  };
}
