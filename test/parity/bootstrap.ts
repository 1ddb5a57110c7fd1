import type { JsonObject, JsonValue } from "../kit/json.ts";

const types = "type.googleapis.com/";

/** Pieces of bootstraps. `more` of each adds fields of the message, or replaces those that it has by itself. */
export function bootstrap(
  listeners: readonly JsonObject[],
  clusters: readonly JsonObject[],
  more: JsonObject = {},
): JsonObject {
  return { static_resources: { listeners, clusters }, ...more };
}

/** `google.protobuf.Any` as JSON; `type` such as `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`. */
export function any(type: string, fields: JsonObject = {}): JsonObject {
  return { "@type": `${types}${type}`, ...fields };
}

export function socketAddress(port: number, address = "127.0.0.1"): JsonObject {
  return { socket_address: { address, port_value: port } };
}

/** A listener on a free port with one filter chain. */
export function listener(name: string, filters: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return { name, address: socketAddress(0), filter_chains: [{ filters }], ...more };
}

/** A static cluster with one endpoint on 127.0.0.1. */
export function cluster(name: string, port: number, more: JsonObject = {}): JsonObject {
  return {
    name,
    connect_timeout: "2s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
    },
    ...more,
  };
}

export function tcpProxy(clusterName: string, more: JsonObject = {}): JsonObject {
  return {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: any("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", {
      stat_prefix: "relay",
      cluster: clusterName,
      ...more,
    }),
  };
}

/** An HTTP connection manager with one virtual host for every domain. */
export function connectionManager(routes: readonly JsonValue[], more: JsonObject = {}): JsonObject {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: any("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
      stat_prefix: "web",
      route_config: { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
      http_filters: [routerFilter],
      ...more,
    }),
  };
}

/** A route for a prefix. */
export function route(prefix: string, clusterName: string, more: JsonObject = {}): JsonObject {
  return { match: { prefix }, route: { cluster: clusterName, ...more } };
}

export const routerFilter: JsonObject = {
  name: "envoy.filters.http.router",
  typed_config: any("envoy.extensions.filters.http.router.v3.Router"),
};

/** The listener filter that reads PROXY headers. */
export function proxyProtocolFilter(more: JsonObject = {}): JsonObject {
  return {
    name: "envoy.filters.listener.proxy_protocol",
    typed_config: any("envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol", more),
  };
}

/** The transport socket that writes a PROXY header; `config` is an `envoy.config.core.v3.ProxyProtocolConfig`. */
export function upstreamProxyProtocol(config: JsonObject): JsonObject {
  return {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typed_config: any("envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport", {
      config,
      transport_socket: {
        name: "envoy.transport_sockets.raw_buffer",
        typed_config: any("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"),
      },
    }),
  };
}

/** A file access log; `format` such as `{ log_format: { text_format_source: { inline_string: "…\n" } } }`. */
export function fileLog(path: string, format: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    name: "envoy.access_loggers.file",
    typed_config: any("envoy.extensions.access_loggers.file.v3.FileAccessLog", { path, ...format }),
    ...more,
  };
}

/** A text format for `fileLog`, a newline added. */
export function textFormat(format: string): JsonObject {
  return { log_format: { text_format_source: { inline_string: `${format}\n` } } };
}
