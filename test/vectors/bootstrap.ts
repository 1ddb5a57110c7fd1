import { unreachable } from "../../src/base/unreachable.ts";
import type { JsonObject, JsonValue } from "../kit/json.ts";
import type { HttpVector, LoadVector, PoolVector, ReceiveVector, SendVector, Vector } from "./vectors.ts";

const types = "type.googleapis.com/";
const proxyProtocolFilter = `${types}envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol`;
const upstreamTransport = `${types}envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport`;
const rawBuffer = `${types}envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer`;
const tcpProxy = `${types}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`;
const connectionManager = `${types}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const router = `${types}envoy.extensions.filters.http.router.v3.Router`;
const perHostConfig = `${types}envoy.config.core.v3.PerHostConfig`;

/** The names that every bootstrap here uses. */
export const LISTENER = "vectors";
export const CLUSTER = "backend";

const passAll: JsonObject = { pass_through_tlvs: { match_type: "INCLUDE_ALL" } };

/** The bootstrap of a vector, whose one endpoint is 127.0.0.1:`backendPort`: the whole configuration, but for the admin interface. */
export function bootstrapOf(vector: Vector, backendPort: number): JsonObject {
  const { config, upstream, network } = partsOf(vector);
  const cluster = clusterOf(vector, upstream, backendPort);
  return {
    ...(vector.runtime && { layered_runtime: { layers: [{ name: "static", static_layer: vector.runtime }] } }),
    static_resources: {
      ...(network && { listeners: [listenerOf(vector, config, network)] }),
      clusters: [cluster],
    },
  };
}

/** The same for all vectors that can share a proxy: what the bootstrap is made of, without the backend's port. */
export function sceneOf(vector: Vector): string {
  return JSON.stringify(bootstrapOf(vector, 0));
}

interface Parts {
  /** The listener filter's; null: no filter. */
  readonly config: JsonObject | null;
  /** The ProxyProtocolConfig of the cluster; null: no such transport socket. */
  readonly upstream: JsonObject | null;
  /** The terminal network filter; undefined: no listener at all. */
  readonly network: JsonObject | undefined;
}

function partsOf(vector: Vector): Parts {
  switch (vector.direction) {
    case "receive":
      return { config: vector.config, upstream: { version: "V2", ...passAll }, network: tcpProxyOf(vector) };
    case "send": {
      const config = vector.downstream === null ? null : (vector.filter_config ?? passAll);
      return { config, upstream: vector.config, network: tcpProxyOf(vector) };
    }
    case "load":
      return { config: vector.config, upstream: vector.upstream ?? { version: "V2" }, network: tcpProxyOf(vector) };
    case "http":
    case "pool":
      return { config: vector.config, upstream: vector.upstream ?? null, network: connectionManagerOf(vector) };
    case "health":
      return { config: null, upstream: vector.config, network: undefined };
    default:
      return unreachable(vector);
  }
}

function tcpProxyOf(vector: ReceiveVector | SendVector | LoadVector): JsonObject {
  return {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: { "@type": tcpProxy, stat_prefix: "tcp", cluster: CLUSTER, ...vector.tcp_proxy },
  };
}

function connectionManagerOf(vector: HttpVector | PoolVector): JsonObject {
  const added = vector.direction === "http" ? (vector.request_headers_to_add ?? []) : [];
  const headers = added.map(([key, value]) => ({
    header: { key, value },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
    keep_empty_value: true,
  }));
  return {
    name: "envoy.filters.network.http_connection_manager",
    typed_config: {
      "@type": connectionManager,
      stat_prefix: "http",
      route_config: {
        request_headers_to_add: headers,
        virtual_hosts: [
          { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: CLUSTER } }] },
        ],
      },
      http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": router } }],
      ...vector.hcm,
    },
  };
}

function listenerOf(vector: Vector, config: JsonObject | null, network: JsonObject): JsonObject {
  const { _bind: bind = "127.0.0.1", ...fields } = vector.listener ?? {};
  const name = vector.filter_name ?? "envoy.filters.listener.proxy_protocol";
  const filter = { name, typed_config: { "@type": proxyProtocolFilter, ...config } };
  return {
    name: LISTENER,
    address: { socket_address: { address: bind, port_value: 0 } },
    listener_filters: [...(config ? [filter] : []), ...(vector.listener_filters ?? [])],
    filter_chains: [
      { ...(vector.filter_chain_match && { filter_chain_match: vector.filter_chain_match }), filters: [network] },
    ],
    ...fields,
  };
}

function clusterOf(vector: Vector, upstream: JsonObject | null, backendPort: number): JsonObject {
  const metadata = metadataOf(vector);
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: backendPort } } };
  return {
    name: CLUSTER,
    type: "STATIC",
    connect_timeout: "2s",
    load_assignment: {
      cluster_name: CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint, ...(metadata && { metadata }) }] }],
    },
    ...(upstream && { transport_socket: transportSocketOf(vector, upstream) }),
    ...(vector.direction === "health" && { health_checks: [vector.health_check] }),
    ...vector.cluster,
  };
}

/** A field that the vector sets to null is left out. */
function transportSocketOf(vector: Vector, config: JsonObject): JsonObject {
  const fields: Readonly<Record<string, JsonValue>> = {
    "@type": upstreamTransport,
    config,
    transport_socket: { name: "envoy.transport_sockets.raw_buffer", typed_config: { "@type": rawBuffer } },
    ...vector.transport,
  };
  return {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    typed_config: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)),
  };
}

function metadataOf(vector: Vector): JsonObject | undefined {
  if (!vector.endpoint_tlvs) return vector.endpoint_metadata;
  const perHost = { "@type": perHostConfig, added_tlvs: vector.endpoint_tlvs };
  return { typed_filter_metadata: { "envoy.transport_sockets.proxy_protocol": perHost } };
}
