import { loadDescriptors } from "../../src/schema/load.ts";
import type { Message } from "../../src/schema/message.ts";
import { Schema } from "../../src/schema/schema.ts";
import type { JsonObject } from "../kit/json.ts";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from "../../src/xds/type-traits.ts";

export const schema = new Schema(loadDescriptors());

export function encode(typeUrl: string, message: Message): Buffer {
  return schema.encode(typeUrl.slice(typeUrl.indexOf("/") + 1), message);
}

const ads = { ads: {}, resource_api_version: "V3" };

/** The source of types that come by services of their own. */
export function ownService(apiType: string) {
  const api_config_source = {
    api_type: apiType,
    transport_api_version: "V3",
    grpc_services: [{ envoy_grpc: { cluster_name: "chancery" } }],
  };
  return { api_config_source, resource_api_version: "V3" };
}

/** A static cluster. */
export function plain(name: string, timeoutSeconds = 1) {
  const message = { name, connect_timeout: { seconds: String(timeoutSeconds) } };
  return { typeUrl: CLUSTER, name, bytes: encode(CLUSTER, message) };
}

/** An EDS cluster whose endpoints are called after it: `a-endpoints`. */
export function cluster(name: string, timeoutSeconds = 1, source: Message = ads) {
  const message = {
    name,
    type: "EDS",
    eds_cluster_config: { eds_config: source, service_name: `${name}-endpoints` },
    connect_timeout: { seconds: String(timeoutSeconds) },
  };
  return { typeUrl: CLUSTER, name, bytes: encode(CLUSTER, message) };
}

export function endpoints(name: string, port: number) {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const message = { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
  return { typeUrl: ENDPOINTS, name, bytes: encode(ENDPOINTS, message) };
}

/** An HTTP listener on a free port, with the routes called `routes`. */
export function listener(name: string, source: Message = ads) {
  const manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  const router = "envoy.extensions.filters.http.router.v3.Router";
  const value = schema.encode(manager, {
    stat_prefix: "http",
    rds: { route_config_name: "routes", config_source: source },
    http_filters: [
      { name: "router", typed_config: { type_url: `type.googleapis.com/${router}`, value: Buffer.alloc(0) } },
    ],
  });
  const message = {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      { filters: [{ name: "http", typed_config: { type_url: `type.googleapis.com/${manager}`, value } }] },
    ],
  };
  return { typeUrl: LISTENER, name, bytes: encode(LISTENER, message) };
}

export function routes(clusterName: string) {
  const route = { match: { prefix: "/" }, route: { cluster: clusterName } };
  const message = { name: "routes", virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] };
  return { typeUrl: ROUTES, name: "routes", bytes: encode(ROUTES, message) };
}

/** An Envoy of node `envoy-1` and cluster `edge` that takes everything over ADS. */
export function bootstrap(apiType: string, port: number) {
  return bootstrapTo(apiType, { socket_address: { address: "127.0.0.1", port_value: port } });
}

/** The same, of a server at any `envoy.config.core.v3.Address`. */
export function bootstrapTo(apiType: string, address: JsonObject) {
  return {
    node: { id: "envoy-1", cluster: "edge", metadata: { role: "edge" } },
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: "chancery" } }],
      },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: "chancery",
          type: "STATIC",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "chancery",
            endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
          },
        },
      ],
    },
  };
}
