import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clusterFields } from "../../src/config/cluster-fields.ts";
import { Compiler } from "../../src/config/compiler.ts";
import { referencesOf } from "../../src/config/references.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { typeNameOf } from "../../src/schema/type-urls.ts";

const schema = new Schema(loadDescriptors());

/** `Cluster a at path (lookup)` for what the only resource of the text names. */
function found(text: string): string[] {
  const { groups, problems } = new Compiler(schema).compile([{ path: "a.yaml", text }]);
  assert.deepEqual(problems, []);
  const [resource] = groups.get("default")!.resources;
  return referencesOf(schema, resource!).map(({ typeUrl, name, path, lookup }) => {
    const type = typeNameOf(typeUrl).split(".").at(-1);
    return `${type} ${name} at ${path}${lookup === "served" ? "" : ` (${lookup})`}`;
  });
}

const ads = "{ads: {}, resource_api_version: V3}";
const filter = (type: string, config: string) => `listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 1}}
  filter_chains:
  - filters:
    - name: f
      typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.${type}, stat_prefix: x, ${config}}
`;
const inFilter = "filter_chains[0].filters[0].typed_config";
const tls = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
const route = (action: string) =>
  `routes: [{name: r, virtual_hosts: [{name: v, domains: [a], routes: [{match: {prefix: /}, route: ${action}}]}]}]`;
const inRoute = "virtual_hosts[0].routes[0].route";

describe("referencesOf()", () => {
  const rows: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    "a tcp_proxy's cluster": [
      filter("tcp_proxy.v3.TcpProxy", "cluster: c"),
      [`Cluster c at ${inFilter}.cluster`],
    ],
    "a tcp_proxy's weighted clusters": [
      filter(
        "tcp_proxy.v3.TcpProxy",
        "weighted_clusters: {clusters: [{name: a, weight: 1}, {name: b, weight: 1}]}",
      ),
      [
        `Cluster a at ${inFilter}.weighted_clusters.clusters[0].name`,
        `Cluster b at ${inFilter}.weighted_clusters.clusters[1].name`,
      ],
    ],
    "a connection manager's route configuration over RDS": [
      filter(
        "http_connection_manager.v3.HttpConnectionManager",
        `rds: {route_config_name: r, config_source: ${ads}}`,
      ),
      [`RouteConfiguration r at ${inFilter}.rds.route_config_name`],
    ],
    "one that another server gives, and that server's cluster": [
      filter(
        "http_connection_manager.v3.HttpConnectionManager",
        "rds: {route_config_name: r, config_source: {api_config_source: {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}}}",
      ),
      [
        `RouteConfiguration r at ${inFilter}.rds.route_config_name (another-api)`,
        `Cluster xds at ${inFilter}.rds.config_source.api_config_source.grpc_services[0].envoy_grpc.cluster_name (bootstrap)`,
      ],
    ],
    "not one that a file on the node gives": [
      filter(
        "http_connection_manager.v3.HttpConnectionManager",
        "rds: {route_config_name: r, config_source: {path_config_source: {path: /a}}}",
      ),
      [],
    ],
    "clusters of routes inside a listener, of mirrors and of filters' services": [
      filter(
        "http_connection_manager.v3.HttpConnectionManager",
        `route_config: {virtual_hosts: [{name: v, domains: [a], routes: [{match: {prefix: /}, route: {cluster: c, request_mirror_policies: [{cluster: m}]}}]}]}, http_filters: [{name: authz, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz, grpc_service: {envoy_grpc: {cluster_name: authz}}}}]`,
      ),
      [
        `Cluster c at ${inFilter}.route_config.${inRoute}.cluster`,
        `Cluster m at ${inFilter}.route_config.${inRoute}.request_mirror_policies[0].cluster`,
        `Cluster authz at ${inFilter}.http_filters[0].typed_config.grpc_service.envoy_grpc.cluster_name`,
      ],
    ],
    "a filter that comes over ECDS": [
      `listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 1}}
  listener_filters: [{name: pp, config_discovery: {config_source: ${ads}, type_urls: [type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol]}}]`,
      ["TypedExtensionConfig pp at listener_filters[0].name"],
    ],
    "weighted clusters of a route": [
      route("{weighted_clusters: {clusters: [{name: a, weight: 1}, {name: b, weight: 1}]}}"),
      [
        `Cluster a at ${inRoute}.weighted_clusters.clusters[0].name`,
        `Cluster b at ${inRoute}.weighted_clusters.clusters[1].name`,
      ],
    ],
    "no cluster where a request header names it": [route("{cluster_header: x-cluster}"), []],
    "the route configuration of a scope": [
      "scoped_routes: [{name: s, route_configuration_name: r, key: {fragments: [{string_key: x}]}}]",
      ["RouteConfiguration r at route_configuration_name"],
    ],
    "a cluster's endpoints under its own name": [
      `clusters: [{name: c, type: EDS, eds_cluster_config: {eds_config: ${ads}}}]`,
      ["ClusterLoadAssignment c at name"],
    ],
    "a cluster's endpoints under a service name": [
      `clusters: [{name: c, type: EDS, eds_cluster_config: {service_name: s, eds_config: ${ads}}}]`,
      ["ClusterLoadAssignment s at eds_cluster_config.service_name"],
    ],
    "clusters of an aggregate cluster": [
      `clusters: [{name: c, lb_policy: CLUSTER_PROVIDED, cluster_type: {name: envoy.clusters.aggregate, typed_config: {"@type": type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig, clusters: [a, b]}}}]`,
      [
        "Cluster a at cluster_type.typed_config.clusters[0]",
        "Cluster b at cluster_type.typed_config.clusters[1]",
      ],
    ],
    "secrets, also within the inner socket of upstream_proxy_protocol": [
      `clusters:
- name: c
  transport_socket:
    name: pp
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
      transport_socket:
        name: tls
        typed_config:
          "@type": type.googleapis.com/${tls}
          common_tls_context:
            tls_certificate_sds_secret_configs: [{name: cert, sds_config: ${ads}}]
            validation_context_sds_secret_config: {name: ca, sds_config: ${ads}}`,
      [
        "Secret cert at transport_socket.typed_config.transport_socket.typed_config.common_tls_context.tls_certificate_sds_secret_configs[0].name",
        "Secret ca at transport_socket.typed_config.transport_socket.typed_config.common_tls_context.validation_context_sds_secret_config.name",
      ],
    ],
    "a secret that the node has in its own bootstrap": [
      `clusters: [{name: c, transport_socket: {name: tls, typed_config: {"@type": type.googleapis.com/${tls}, common_tls_context: {tls_certificate_sds_secret_configs: [{name: cert}]}}}}]`,
      [
        "Secret cert at transport_socket.typed_config.common_tls_context.tls_certificate_sds_secret_configs[0].name (bootstrap)",
      ],
    ],
    "the internal listener of an endpoint": [
      "endpoints: [{cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: {envoy_internal_address: {server_listener_name: l}}}}]}]}]",
      [
        "Listener l at endpoints[0].lb_endpoints[0].endpoint.address.envoy_internal_address.server_listener_name",
      ],
    ],
  };
  for (const [name, [text, expected]] of Object.entries(rows)) {
    it(`finds ${name}`, () => assert.deepEqual(found(text), expected));
  }

  it("knows only fields that the schema has, and that hold names", () => {
    for (const [typeName, name] of clusterFields) {
      const field = schema.descriptors.messages
        .get(typeName)
        ?.fields.find((candidate) => candidate.name === name);
      assert.deepEqual(field?.type, { kind: "scalar", scalar: "string" }, `${typeName}.${name}`);
    }
  });

  it("finds the references of the same bytes once", () => {
    const text = filter("tcp_proxy.v3.TcpProxy", "cluster: c");
    const [resource] = new Compiler(schema)
      .compile([{ path: "a.yaml", text }])
      .groups.get("default")!.resources;
    assert.equal(referencesOf(schema, resource!), referencesOf(schema, { ...resource! }));
  });
});
