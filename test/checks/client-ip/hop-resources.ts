import type { JsonObject } from "../../kit/json.ts";

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;

/** A hop of a chain that a test makes. */
export interface HopPlan {
  /** Fields of the HTTP connection manager; absent: a TCP proxy. */
  readonly http?: JsonObject;
  /** Fields of the listener filter proxy_protocol. */
  readonly reads?: JsonObject;
  /** The listener filter original_src, before or behind proxy_protocol. */
  readonly originalSrc?: "before" | "behind";
  /** The HTTP filter original_src. */
  readonly httpOriginalSrc?: boolean;
  readonly writes?: "V1" | "V2";
}

export interface HopResources {
  readonly listener: JsonObject;
  readonly cluster: JsonObject;
}

/**
 * The listener and the cluster of a hop, both called `name`. HTTP hops tell the upstream whom they take for the client, in a header
 * of that name. `source` is what their connections are bound to.
 */
export function hopResources(
  name: string,
  plan: HopPlan,
  source: string,
  upstreamPort: number,
): HopResources {
  const readers = plan.reads
    ? [extension("proxy_protocol", "filters.listener.proxy_protocol.v3.ProxyProtocol", plan.reads)]
    : [];
  const originalSrc = extension("original_src", "filters.listener.original_src.v3.OriginalSrc");
  const route = {
    virtual_hosts: [
      {
        name: "all",
        domains: ["*"],
        request_headers_to_add: [
          {
            header: { key: `x-${name}`, value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" },
            append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
          },
        ],
        routes: [{ match: { prefix: "/" }, route: { cluster: name } }],
      },
    ],
  };
  const manager = {
    stat_prefix: name,
    route_config: route,
    http_filters: [
      ...(plan.httpOriginalSrc
        ? [extension("original_src", "filters.http.original_src.v3.OriginalSrc")]
        : []),
      extension("router", "filters.http.router.v3.Router"),
    ],
    ...plan.http,
  };
  const filter = plan.http
    ? extension("http", "filters.network.http_connection_manager.v3.HttpConnectionManager", manager)
    : extension("tcp", "filters.network.tcp_proxy.v3.TcpProxy", { stat_prefix: name, cluster: name });
  const raw = extension("raw", "transport_sockets.raw_buffer.v3.RawBuffer");
  const header = extension("header", "transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport", {
    config: { version: plan.writes ?? "V1" },
    transport_socket: raw,
  });
  return {
    listener: {
      name,
      address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
      listener_filters: [
        ...(plan.originalSrc === "before" ? [originalSrc] : []),
        ...readers,
        ...(plan.originalSrc === "behind" ? [originalSrc] : []),
      ],
      filter_chains: [{ filters: [filter] }],
    },
    cluster: {
      name,
      type: "STATIC",
      load_assignment: {
        cluster_name: name,
        endpoints: [
          {
            lb_endpoints: [
              {
                endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: upstreamPort } } },
              },
            ],
          },
        ],
      },
      upstream_bind_config: { source_address: { address: source, port_value: 0 } },
      ...(plan.writes && { transport_socket: header }),
    },
  };
}

export function extension(name: string, typeName: string, fields: JsonObject = {}): JsonObject {
  return { name, typed_config: { "@type": type(typeName), ...fields } };
}
