import type { Cluster, MessageTypes } from "../../src/schema/api.ts";
import type { ParseContext } from "./extension.ts";
import { asType } from "./message-type.ts";
import type { Parsed } from "./parsed.ts";
import { parsed } from "./parsed.ts";
import type { SupportTable } from "./support.ts";
import { noEffect, oneOf, unsupportedFields } from "./support.ts";
import { unpack } from "./typed-config.ts";
import { durationMs, wrapped } from "./values.ts";

/** How a cluster's hosts are spoken to in HTTP. */
export interface UpstreamHttpConfig {
  /** The upstream wants HTTP/2, as a control plane does; requests of HTTP routes cannot be sent to it. */
  readonly isHttp2: boolean;
  /** How long a connection may wait for its next request. 1 h when unset, 0 for ever (PP-117). */
  readonly idleTimeoutMs: number;
  /** 0: no limit. */
  readonly maxRequestsPerConnection: number;
  /** 100 when unset. */
  readonly maxHeaders: number;
  /** 60 KiB when unset. */
  readonly maxHeadBytes: number;
  /** HTTP/1.1 trailers go through both ways; else they are dropped. */
  readonly hasTrailers: boolean;
}

export const httpOptionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

export const defaultHttp: UpstreamHttpConfig = {
  isHttp2: false,
  idleTimeoutMs: 3_600_000,
  maxRequestsPerConnection: 0,
  maxHeaders: 100,
  maxHeadBytes: 60 * 1024,
  hasTrailers: false,
};

const commonSupport: SupportTable = {
  idle_timeout: true,
  max_requests_per_connection: true,
  max_headers_count: true,
  max_response_headers_kb: true,
  headers_with_underscores_action: oneOf("ALLOW"),
};
const http1Support: SupportTable = { enable_trailers: true, use_balsa_parser: noEffect };

const support: SupportTable = {
  common_http_protocol_options: commonSupport,
  explicit_http_config: {
    http_protocol_options: http1Support,
    // The xDS client reads its keepalive; on TCP it has no effect.
    http2_protocol_options: true,
  },
  // Clients speak HTTP/1.1, and so it is passed on.
  use_downstream_protocol_config: { http_protocol_options: http1Support, http2_protocol_options: noEffect },
};

/** The fields of a cluster that came before `HttpProtocolOptions`. */
export const deprecatedHttpSupport: SupportTable = {
  common_http_protocol_options: commonSupport,
  http_protocol_options: http1Support,
  http2_protocol_options: true,
  protocol_selection: oneOf("USE_CONFIGURED_PROTOCOL", "USE_DOWNSTREAM_PROTOCOL"),
  // Server names are TLS's.
  upstream_http_protocol_options: noEffect,
};

/** `typed_extension_protocol_options` of a cluster: `envoy.extensions.upstreams.http.v3.HttpProtocolOptions`. */
export function parseHttpOptions(
  cluster: Cluster,
  context: ParseContext,
  at: string,
): Parsed<UpstreamHttpConfig> {
  const any = cluster.typed_extension_protocol_options?.[httpOptionsKey];
  if (!any) {
    const common = cluster.common_http_protocol_options;
    const isHttp2 = cluster.http2_protocol_options !== undefined;
    return { value: httpConfig(common, cluster.http_protocol_options, isHttp2), problems: [] };
  }
  const path = `${at}typed_extension_protocol_options[${JSON.stringify(httpOptionsKey)}]`;
  const message = unpack(any, httpOptionsKey, context, path);
  if (!message.value) return { problems: message.problems };
  const options = asType(httpOptionsKey, message.value);
  const http1 =
    options.explicit_http_config?.http_protocol_options ??
    options.use_downstream_protocol_config?.http_protocol_options;
  return parsed(
    httpConfig(
      options.common_http_protocol_options,
      http1,
      options.explicit_http_config?.http2_protocol_options !== undefined,
    ),
    unsupportedFields(message.value, support, path),
  );
}

function httpConfig(
  common: MessageTypes["envoy.config.core.v3.HttpProtocolOptions"] | null | undefined,
  http1: MessageTypes["envoy.config.core.v3.Http1ProtocolOptions"] | null | undefined,
  isHttp2: boolean,
): UpstreamHttpConfig {
  return {
    isHttp2,
    idleTimeoutMs: durationMs(common?.idle_timeout, defaultHttp.idleTimeoutMs),
    maxRequestsPerConnection: wrapped(common?.max_requests_per_connection, 0, 0),
    maxHeaders: wrapped(common?.max_headers_count, 0, defaultHttp.maxHeaders),
    maxHeadBytes: wrapped(common?.max_response_headers_kb, 0, 60) * 1024,
    hasTrailers: http1?.enable_trailers ?? false,
  };
}
