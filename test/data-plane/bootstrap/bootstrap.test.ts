import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import type { Message } from "../../../src/schema/message.ts";
import {
  accepted,
  apiSource,
  bootstrap,
  grpcServices,
  http2,
  parse,
  refusals,
  xdsCluster,
} from "./bootstrap-kit.ts";

const ads = { ads_config: apiSource(), cds_config: { ads: {} }, lds_config: { ads: {} } };
const nodeRule =
  "node 'id' and 'cluster' are required. Set it either in 'node' config or via --service-node and --service-cluster options.";
const kind = "envoy.config.core.v3.ApiConfigSource";

const withClusters = (...clusters: Message[]) => bootstrap(ads, { static_resources: { clusters } });
const adsOnly = (more: Message) => bootstrap({ ads_config: apiSource(more) });
const cdsOnly = (more: Message) => bootstrap({ cds_config: { api_config_source: apiSource(more) } });
const endpointsAt = (address: Message) => ({
  cluster_name: "xds",
  endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
});
const targetsOf = (cluster: Message) => accepted(withClusters(cluster)).ads?.target.addresses;

describe("a bootstrap that is taken", () => {
  it("XC-1 gives the ADS source, its target and its node", () => {
    const config = accepted(bootstrap(ads));
    assert.deepEqual(config.ads?.target.addresses, ["ipv4:127.0.0.1:18000"]);
    assert.equal(config.ads?.mode, "sotw");
    assert.equal(config.ads?.target.authority, "xds");
    assert.equal(config.ads?.target.connectTimeoutMs, 1_000);
    assert.deepEqual(config.cds, { kind: "ads", timeoutMs: 15_000 });
    assert.equal(config.node["id"], "n1");
    assert.equal(config.node["user_agent_name"], "chancery");
  });

  it("XC-1 may leave out CDS and LDS", () => {
    const config = accepted(bootstrap({}));
    assert.deepEqual([config.ads, config.cds, config.lds], [undefined, undefined, undefined]);
  });

  it("XC-1 lets the command line win over the node", () => {
    const { node } = accepted(bootstrap(ads), { id: "n2", cluster: "core", zone: "z" });
    assert.deepEqual([node["id"], node["cluster"], node["locality"]], ["n2", "core", { zone: "z" }]);
  });

  it("XC-4 takes DELTA_GRPC, and a source of a type's own", () => {
    const delta = apiSource({ api_type: "DELTA_GRPC", set_node_on_first_message_only: true });
    const config = accepted(bootstrap({ cds_config: { api_config_source: delta } }));
    assert.equal(config.cds?.kind === "api" && config.cds.api.mode, "delta");
    assert.equal(config.cds?.kind === "api" && config.cds.api.isNodeOnFirstOnly, true);
  });

  it("XC-6 takes google_grpc without a cluster", () => {
    const services = [{ google_grpc: { target_uri: "127.0.0.1:1", stat_prefix: "xds" } }];
    const config = accepted(bootstrap({ ads_config: apiSource({ grpc_services: services }) }));
    assert.deepEqual(config.ads?.target.addresses, ["127.0.0.1:1"]);
  });

  it("XC-9 takes resource_api_version V2 with a warning", () => {
    const source = { ads: {}, resource_api_version: "V2" };
    const { value, problems } = parse(bootstrap({ ...ads, cds_config: source }));
    assert.equal(value?.cds?.kind, "ads");
    assert.deepEqual(
      problems.map(({ severity, path }) => [severity, path]),
      [["warning", "dynamic_resources.cds_config.resource_api_version"]],
    );
  });

  it("XC-13 takes initial_fetch_timeout, 0 included", () => {
    const source = { ads: {}, initial_fetch_timeout: { nanos: 500_000_000 } };
    assert.equal(accepted(bootstrap({ ...ads, cds_config: source })).cds?.timeoutMs, 500);
    const forever = { ads: {}, initial_fetch_timeout: {} };
    assert.equal(accepted(bootstrap({ ...ads, cds_config: forever })).cds?.timeoutMs, 0);
  });

  it("XC-17 takes the backoff of envoy_grpc, and Envoy's without it", () => {
    assert.deepEqual(accepted(bootstrap(ads)).ads?.backoff, { baseMs: 500, maxMs: 30_000 });
    const envoyGrpc = {
      cluster_name: "xds",
      retry_policy: { retry_back_off: { base_interval: { seconds: "1" }, max_interval: { seconds: "2" } } },
    };
    const services = [{ envoy_grpc: envoyGrpc, initial_metadata: [{ key: "X-Token", value: "t" }] }];
    const config = accepted(bootstrap({ ads_config: apiSource({ grpc_services: services }) }));
    assert.deepEqual(config.ads?.backoff, { baseMs: 1_000, maxMs: 2_000 });
    assert.deepEqual(config.ads?.target.metadata, [["x-token", "t"]]);
  });

  it("XC-25 takes the keepalive of the cluster, and pings every 30 s without one", () => {
    assert.deepEqual(accepted(bootstrap(ads)).ads?.target.keepalive, {
      intervalMs: 30_000,
      timeoutMs: 10_000,
    });
    const pings = { connection_keepalive: { interval: { seconds: "5" }, timeout: { seconds: "2" } } };
    const cluster = xdsCluster({ typed_extension_protocol_options: http2(pings) });
    const config = accepted(bootstrap(ads, { static_resources: { clusters: [cluster] } }));
    assert.deepEqual(config.ads?.target.keepalive, { intervalMs: 5_000, timeoutMs: 2_000 });
  });

  it("XC-7 takes HTTP/2 from the deprecated field too", () => {
    const cluster = xdsCluster({ typed_extension_protocol_options: {}, http2_protocol_options: {} });
    assert.ok(accepted(bootstrap(ads, { static_resources: { clusters: [cluster] } })).ads);
  });

  it("takes a name of a DNS cluster and a unix socket as gRPC targets", () => {
    const byName = xdsCluster({
      type: "STRICT_DNS",
      load_assignment: endpointsAt({ socket_address: { address: "xds.example", port_value: 443 } }),
    });
    const byPath = xdsCluster({ load_assignment: endpointsAt({ pipe: { path: "/run/xds.sock" } }) });
    assert.deepEqual(targetsOf(byName), ["dns:xds.example:443"]);
    assert.deepEqual(targetsOf(byPath), ["unix:/run/xds.sock"]);
  });
});

describe("a bootstrap that is refused", () => {
  const cases: readonly (readonly [title: string, message: Message, refusal: string])[] = [
    ["XC-2 without a node, ADS", bootstrap(ads, { node: { id: "n1" } }), `node: ads: ${nodeRule}`],
    [
      "XC-2 without a node, own source",
      { ...cdsOnly({}), node: {} },
      `node: type.googleapis.com/envoy.config.cluster.v3.Cluster: ${nodeRule}`,
    ],
    [
      "XC-3 with self",
      bootstrap({ cds_config: { self: {} } }),
      "dynamic_resources.cds_config: Missing config source specifier in envoy::config::core::v3::ConfigSource",
    ],
    [
      "XC-4 with an aggregated type in ads_config",
      adsOnly({ api_type: "AGGREGATED_GRPC" }),
      `dynamic_resources.ads_config.api_type: ${kind} type must be of non-aggregated gRPC`,
    ],
    [
      "XC-4 with an aggregated type elsewhere",
      cdsOnly({ api_type: "AGGREGATED_DELTA_GRPC" }),
      "dynamic_resources.cds_config.api_config_source.api_type: Unsupported config source AGGREGATED_DELTA_GRPC",
    ],
    [
      "XC-4 with REST and gRPC services",
      cdsOnly({ api_type: "REST" }),
      `dynamic_resources.cds_config.api_config_source.api_type: ${kind}, if not a gRPC type, must not have a gRPC service specified`,
    ],
    [
      "XC-4 with REST and no refresh_delay",
      bootstrap({ cds_config: { api_config_source: { api_type: "REST", cluster_names: ["xds"] } } }),
      "dynamic_resources.cds_config.api_config_source.api_type: refresh_delay is required for REST API configuration sources",
    ],
    [
      "XC-4 with REST as Envoy takes it",
      bootstrap({
        cds_config: {
          api_config_source: { api_type: "REST", cluster_names: ["xds"], refresh_delay: { seconds: "1" } },
        },
      }),
      "dynamic_resources.cds_config.api_config_source.api_type: api_type REST is not supported by the bundled data plane",
    ],
    [
      "XC-5 without a service",
      bootstrap({ ads_config: { api_type: "GRPC" } }),
      "dynamic_resources.ads_config: API configs must have either a gRPC service or a cluster name defined",
    ],
    [
      "XC-5 XC-26 with two services",
      adsOnly({ grpc_services: [...grpcServices, ...grpcServices] }),
      `dynamic_resources.ads_config.grpc_services: ${kind}::(AGGREGATED_)(DELTA_)GRPC must have no more than 1 gRPC services specified`,
    ],
    [
      "XC-5 with cluster_names",
      adsOnly({ cluster_names: ["xds"] }),
      `dynamic_resources.ads_config.cluster_names: ${kind}::(AGGREGATED_)(DELTA_)GRPC must not have a cluster name specified`,
    ],
    [
      "XC-6 with a cluster that is not there",
      adsOnly({ grpc_services: [{ envoy_grpc: { cluster_name: "nope" } }] }),
      "dynamic_resources.ads_config.grpc_services[0].envoy_grpc: Unknown gRPC client cluster 'nope'",
    ],
    [
      "XC-7 with a cluster that speaks HTTP/1",
      withClusters(xdsCluster({ typed_extension_protocol_options: {} })),
      "dynamic_resources.ads_config.grpc_services[0].envoy_grpc.cluster_name: cluster 'xds' must have http2_protocol_options: xDS is gRPC, which needs HTTP/2",
    ],
    [
      "XC-8 with ads and no ads_config",
      bootstrap({ cds_config: { ads: {} } }),
      "dynamic_resources.cds_config.ads: ADS must be configured to support an ADS config source",
    ],
    [
      "XC-9 with transport_api_version V2",
      adsOnly({ transport_api_version: "V2" }),
      `dynamic_resources.ads_config.transport_api_version: V2 xDS transport protocol version is deprecated in ${kind}`,
    ],
    [
      "XC-10 with a repeated static cluster",
      withClusters(xdsCluster(), xdsCluster()),
      "static_resources.clusters[1].name: cluster manager: duplicate cluster 'xds'",
    ],
    [
      "with a part that is not supported",
      bootstrap({}, { stats_sinks: [{ name: "statsd" }] }),
      "stats_sinks: not supported by the bundled data plane",
    ],
    [
      "XC-49 with a layer from RTDS whose source cannot be used",
      bootstrap(
        {},
        {
          layered_runtime: {
            layers: [{ name: "r", rtds_layer: { name: "r", rtds_config: { ads: {} } } }],
          },
        },
      ),
      "layered_runtime.layers[0].rtds_layer.rtds_config.ads: ADS must be configured to support an ADS config source",
    ],
    [
      "with a layer from disk",
      bootstrap(ads, {
        layered_runtime: { layers: [{ name: "d", disk_layer: { symlink_root: "/a", subdirectory: "b" } }] },
      }),
      "layered_runtime.layers[0].disk_layer: not supported by the bundled data plane",
    ],
    [
      "with two layers of one name",
      bootstrap(ads, {
        layered_runtime: {
          layers: [
            { name: "a", static_layer: {} },
            { name: "a", admin_layer: {} },
          ],
        },
      }),
      "layered_runtime.layers[1]: Duplicate layer name: a",
    ],
    [
      "with two admin layers",
      bootstrap(ads, {
        layered_runtime: {
          layers: [
            { name: "a", admin_layer: {} },
            { name: "b", admin_layer: {} },
          ],
        },
      }),
      "layered_runtime.layers[1]: Too many admin layers specified in LayeredRuntime, at most one may be specified",
    ],
    [
      "with a value that is none",
      bootstrap(ads, {
        layered_runtime: {
          layers: [{ name: "a", static_layer: { fields: { x: { list_value: {} } } } }],
        },
      }),
      "layered_runtime.layers[0].static_layer: Invalid runtime entry value for x",
    ],
    [
      "XC-54 with a file that is not there as a source",
      bootstrap({ cds_config: { path_config_source: { path: "/nowhere/x.yaml" } } }),
      "dynamic_resources.cds_config.path_config_source.path: paths must refer to an existing path in the system: '/nowhere/x.yaml' does not exist",
    ],
    [
      "with a limit on requests",
      adsOnly({ rate_limit_settings: { fill_rate: { value: 1 } } }),
      "dynamic_resources.ads_config.rate_limit_settings: not supported by the bundled data plane",
    ],
  ];
  for (const [title, message, refusal] of cases) {
    it(title, () => assert.deepEqual(refusals(message), [refusal]));
  }

  it("XC-54 with a file of protobuf text", () => {
    using folder = temporaryFolder();
    const path = folder.put("cds.pb_text", "");
    assert.deepEqual(refusals(bootstrap({ cds_config: { path_config_source: { path } } })), [
      "dynamic_resources.cds_config.path_config_source.path: protobuf text is not supported by the bundled data plane",
    ]);
  });

  it("XC-6 with an EDS cluster under the source", () => {
    const eds = { name: "xds", type: "EDS", eds_cluster_config: { eds_config: { ads: {} } } };
    const text =
      "dynamic_resources.ads_config.grpc_services[0].envoy_grpc: Unknown gRPC client cluster 'xds'";
    assert.ok(refusals(withClusters(eds)).includes(text));
  });

  it("with everything that is wrong at once", () => {
    const message = bootstrap({ cds_config: { self: {} }, lds_config: { ads: {} } }, { header_prefix: "x" });
    assert.equal(refusals(message).length, 3);
  });
});
