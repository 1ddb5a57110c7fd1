import type { Message } from "../../schema/message.ts";
import type { Schema } from "../../schema/schema.ts";
import {
  BOOTSTRAP,
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
  SECRET,
  TYPE_URL_PREFIX,
  typeNameOf,
  VIRTUAL_HOST,
} from "../../schema/type-urls.ts";
import type { Resource } from "../../config/resource.ts";

const own = "chancery_trial";
const router = "envoy.extensions.filters.http.router.v3.Router";
const connectionManager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The types that a bootstrap can hold, in some way; Envoy is not asked about others. */
const triable: ReadonlySet<string> = new Set([
  CLUSTER,
  CLUSTER_LOAD_ASSIGNMENT,
  LISTENER,
  ROUTE_CONFIGURATION,
  SECRET,
  VIRTUAL_HOST,
]);

export function isTriable({ typeUrl }: Resource): boolean {
  return triable.has(typeUrl);
}

function staticCluster(name: string, more: Message = {}): Message {
  return { name, type: "STATIC", ...more };
}

/**
 * The bytes of a bootstrap that has Envoy look at resources which it would otherwise get over xDS: clusters, listeners and
 * secrets as they are; endpoints in a static cluster each, routes in a connection manager each. `bootstrapClusters` are
 * there by name. What refers to an ADS server finds one that is never called.
 */
export function trialBootstrap(
  schema: Schema,
  resources: readonly Resource[],
  bootstrapClusters: readonly string[],
): Buffer {
  const of = (typeUrl: string): readonly Message[] =>
    resources
      .filter((resource) => resource.typeUrl === typeUrl)
      .map(({ bytes }) => schema.decode(typeNameOf(typeUrl), bytes));
  const any = (typeName: string, message: Message) => ({
    type_url: `${TYPE_URL_PREFIX}${typeName}`,
    value: schema.encode(typeName, message),
  });
  const endpoints = of(CLUSTER_LOAD_ASSIGNMENT).map((load_assignment, index) =>
    staticCluster(`${own}-endpoints-${index}`, { load_assignment }),
  );
  const hosts = of(VIRTUAL_HOST).map((host, index) => ({ name: `${own}-${index}`, virtual_hosts: [host] }));
  const routes = [...of(ROUTE_CONFIGURATION), ...hosts].map((route, index) => ({
    name: `${own}-routes-${index}`,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: own,
            typed_config: any(connectionManager, {
              stat_prefix: own,
              // What RDS brings may name clusters that come later; their being there is checked elsewhere.
              route_config: { ...route, validate_clusters: { value: false } },
              http_filters: [{ name: "router", typed_config: any(router, {}) }],
            }),
          },
        ],
      },
    ],
  }));
  const xds = staticCluster(own, {
    typed_extension_protocol_options: {
      [httpOptions]: any(httpOptions, { explicit_http_config: { http2_protocol_options: {} } }),
    },
  });
  const known = new Set(of(CLUSTER).map(({ name }) => name));
  const named = bootstrapClusters.filter((name) => !/[*?]/.test(name) && !known.has(name));
  return schema.encode(typeNameOf(BOOTSTRAP), {
    node: { id: own, cluster: own },
    dynamic_resources: {
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: own } }],
      },
    },
    static_resources: {
      clusters: [xds, ...named.map((name) => staticCluster(name)), ...of(CLUSTER), ...endpoints],
      listeners: [...of(LISTENER), ...routes],
      secrets: of(SECRET),
    },
  });
}
