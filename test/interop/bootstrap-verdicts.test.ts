import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseBootstrap } from "../../data-plane/bootstrap/bootstrap.ts";
import { readBootstrap } from "../../data-plane/bootstrap/read-bootstrap.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { noExtensions } from "../data-plane/bootstrap/bootstrap-kit.ts";
import { localData } from "../data-plane/parse-kit.ts";
import { validateWithEnvoy } from "../kit/envoy.ts";
import type { JsonObject, JsonValue } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";

const schema = new Schema(loadDescriptors());

const http2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  },
};

const address = { socket_address: { address: "127.0.0.1", port_value: 18000 } };

function xdsCluster(more: JsonObject = {}): JsonObject {
  return {
    name: "xds",
    connect_timeout: "1s",
    typed_extension_protocol_options: http2,
    load_assignment: { cluster_name: "xds", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...more,
  };
}

const services = [{ envoy_grpc: { cluster_name: "xds" } }];
const api = (more: JsonObject = {}): JsonObject => ({ api_type: "GRPC", grpc_services: services, ...more });

function bootstrap(dynamic: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    node: { id: "n1", cluster: "edge" },
    static_resources: { clusters: [xdsCluster()] },
    dynamic_resources: dynamic,
    ...more,
  };
}

const adsOf = (ads: JsonObject, more: JsonObject = {}) =>
  bootstrap({ ads_config: ads, cds_config: { ads: {} } }, more);
const cdsOf = (source: JsonObject, more: JsonObject = {}) =>
  bootstrap({ cds_config: { api_config_source: source } }, more);

/** What we make of it: the errors, in our words. */
function refusals(bootstrapJson: JsonValue): string[] {
  const files = [{ name: "boot.json", text: JSON.stringify(bootstrapJson) }];
  const read = readBootstrap(schema, files, { allowsUnknownFields: false });
  const local = localData;
  const options = {
    schema,
    extensions: noExtensions,
    overrides: {},
    hostname: "edge-1",
    version: "1.0.0",
    local,
  };
  const problems = read.bootstrap ? parseBootstrap(read.bootstrap, options).problems : read.problems;
  return problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
}

const accepted: Readonly<Record<string, JsonObject>> = {
  "an ADS source": bootstrap({ ads_config: api(), cds_config: { ads: {} }, lds_config: { ads: {} } }),
  "a delta source of CDS's own": cdsOf(api({ api_type: "DELTA_GRPC" })),
  "an ADS source that nobody uses": bootstrap({ ads_config: api() }),
  "no source and no node (XC-1)": { static_resources: { clusters: [xdsCluster()] } },
  "a file as a source, the old way (XC-3)": bootstrap({ cds_config: { path: "/dev/null" } }),
  "resource_api_version V2 (XC-9)": bootstrap({
    ads_config: api(),
    cds_config: { ads: {}, resource_api_version: "V2" },
  }),
};

/** Refused by both; where there is a text, Envoy's log holds what we say. */
const refused: Readonly<Record<string, readonly [bootstrap: JsonObject, text?: string]>> = {
  "ADS without a node (XC-2)": [
    adsOf(api(), { node: {} }),
    "ads: node 'id' and 'cluster' are required. Set it either in 'node' config or via --service-node and --service-cluster options.",
  ],
  "an own source without a cluster in the node (XC-2)": [
    cdsOf(api(), { node: { id: "n1" } }),
    "type.googleapis.com/envoy.config.cluster.v3.Cluster: node 'id' and 'cluster' are required.",
  ],
  "a file as a source, without a node (XC-2)": [
    bootstrap({ cds_config: { path_config_source: { path: "/dev/null" } } }, { node: {} }),
    "type.googleapis.com/envoy.config.cluster.v3.Cluster: node 'id' and 'cluster' are required.",
  ],
  "a file that is not there (XC-54)": [
    bootstrap({ cds_config: { path_config_source: { path: "/nowhere/x.yaml" } } }),
    "paths must refer to an existing path in the system: '/nowhere/x.yaml' does not exist",
  ],
  "an empty source (XC-3)": [bootstrap({ cds_config: {} })],
  "a source of itself (XC-3)": [
    bootstrap({ cds_config: { self: {} } }),
    "Missing config source specifier in envoy::config::core::v3::ConfigSource",
  ],
  "an aggregated type in ads_config (XC-4)": [
    adsOf(api({ api_type: "AGGREGATED_GRPC" })),
    "envoy.config.core.v3.ApiConfigSource type must be of non-aggregated gRPC",
  ],
  "an aggregated type elsewhere (XC-4)": [
    cdsOf(api({ api_type: "AGGREGATED_DELTA_GRPC" })),
    "Unsupported config source AGGREGATED_DELTA_GRPC",
  ],
  "REST with gRPC services (XC-4)": [
    cdsOf(api({ api_type: "REST" })),
    "envoy.config.core.v3.ApiConfigSource, if not a gRPC type, must not have a gRPC service specified",
  ],
  "REST without refresh_delay (XC-4)": [
    cdsOf({ api_type: "REST", cluster_names: ["xds"] }),
    "refresh_delay is required for REST API configuration sources",
  ],
  "no gRPC service (XC-5)": [
    adsOf({ api_type: "GRPC" }),
    "API configs must have either a gRPC service or a cluster name defined",
  ],
  "two gRPC services (XC-5)": [
    adsOf(api({ grpc_services: [...services, ...services] })),
    "must have no more than 1 gRPC services specified",
  ],
  "cluster_names with gRPC (XC-5)": [
    adsOf(api({ cluster_names: ["xds"] })),
    "must not have a cluster name specified",
  ],
  "a cluster that is not there (XC-6)": [
    adsOf(api({ grpc_services: [{ envoy_grpc: { cluster_name: "nope" } }] })),
    "Unknown gRPC client cluster 'nope'",
  ],
  "transport_api_version V2 (XC-9)": [
    adsOf(api({ transport_api_version: "V2" })),
    "V2 xDS transport protocol version is deprecated in",
  ],
  "an unknown field (XC-10)": [adsOf(api(), { foo: 1 })],
  "a static cluster twice (XC-10)": [
    adsOf(api(), { static_resources: { clusters: [xdsCluster(), xdsCluster()] } }),
    "cluster manager: duplicate cluster 'xds'",
  ],
  "a fill rate of 0 (XC-10)": [adsOf(api({ rate_limit_settings: { fill_rate: 0 } }))],
  "a gRPC service without a target": [adsOf(api({ grpc_services: [{}] }))],
  "a file that does not exist": [
    bootstrap({ cds_config: { path_config_source: { path: "/nonexistent/cds.yaml" } } }),
  ],
};

/** Envoy says OK and then fails while it serves; we say so at load. */
const refusedByUs: Readonly<Record<string, JsonObject>> = {
  "a cluster without HTTP/2 (XC-7)": adsOf(api(), {
    static_resources: { clusters: [xdsCluster({ typed_extension_protocol_options: {} })] },
  }),
  "ads without ads_config (XC-8)": bootstrap({ cds_config: { ads: {} } }),
};

describe("verdicts on bootstraps beside Envoy's", needs("envoy"), () => {
  for (const [title, json] of Object.entries(accepted)) {
    it(`both take ${title}`, async () => {
      assert.deepEqual(refusals(json), []);
      assert.equal((await validateWithEnvoy(json)).exitCode, 0);
    });
  }

  for (const [title, [json, text]] of Object.entries(refused)) {
    it(`both refuse ${title}`, async () => {
      const ours = refusals(json);
      assert.notDeepEqual(ours, []);
      const { exitCode, log } = await validateWithEnvoy(json);
      assert.equal(exitCode, 1);
      if (text === undefined) return;
      assert.ok(log.includes(text), log);
      assert.ok(
        ours.some((message) => message.includes(text)),
        ours.join("\n"),
      );
    });
  }

  for (const [title, json] of Object.entries(refusedByUs)) {
    it(`Envoy says OK to ${title}, we refuse it`, async () => {
      assert.equal(refusals(json).length, 1);
      assert.equal((await validateWithEnvoy(json)).exitCode, 0);
    });
  }
});
