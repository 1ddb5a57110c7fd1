import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testCa } from "../kit/certificates.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import type { JsonObject } from "../kit/json.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { live, stat } from "../data-plane/proxy-kit.ts";
import { dataPlanes } from "./data-planes.ts";

const types = "type.googleapis.com/";
const http2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": `${types}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

const ca = testCa();
const server = ca.issue("DNS:xds.example", "IP:127.0.0.1");
const edge = ca.issue("URI:spiffe://fleet/edge");

function inline(bytes: Buffer): JsonObject {
  return { inline_string: bytes.toString() };
}

/** Takes CDS from a control plane, over TLS as `common_tls_context` says. */
function bootstrap(port: number, common: JsonObject, more: JsonObject = {}): JsonObject {
  const context = {
    "@type": `${types}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
    common_tls_context: common,
    ...more,
  };
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    node: { id: "e1", cluster: "edge" },
    dynamic_resources: {
      ads_config: { api_type: "DELTA_GRPC", grpc_services: [{ envoy_grpc: { cluster_name: "xds" } }] },
      cds_config: { ads: {}, initial_fetch_timeout: "0.5s" },
    },
    static_resources: {
      clusters: [
        {
          name: "xds",
          connect_timeout: "2s",
          typed_extension_protocol_options: http2,
          transport_socket: { name: "tls", typed_config: context },
          load_assignment: {
            cluster_name: "xds",
            endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
          },
        },
      ],
    },
  };
}

const certificates = {
  tls_certificates: [{ certificate_chain: inline(edge.cert), private_key: inline(edge.key) }],
};

function trusting(trusted: Buffer, name: string): JsonObject {
  const matcher = { san_type: "DNS", matcher: { exact: name } };
  return {
    validation_context: { trusted_ca: inline(trusted), match_typed_subject_alt_names: [matcher] },
  };
}

/** What a proxy says of itself, and whether it then has what the control plane serves. */
const cases: readonly (readonly [title: string, common: JsonObject, isServed: boolean])[] = [
  [
    "with the right certificates on both sides",
    { ...certificates, ...trusting(ca.cert, "xds.example") },
    true,
  ],
  ["without verifying the control plane", certificates, true],
  ["not without a client certificate", trusting(ca.cert, "xds.example"), false],
  [
    "not with a control plane of another authority's",
    { ...certificates, ...trusting(testCa("x").cert, "xds.example") },
    false,
  ],
  [
    "not with a control plane of another name",
    { ...certificates, ...trusting(ca.cert, "other.example") },
    false,
  ],
];

for (const { plane, start, options } of dataPlanes) {
  describe(`${plane} and a control plane with mutual TLS`, options, () => {
    for (const [title, common, isServed] of cases) {
      it(`speak ${title}`, async () => {
        using files = temporaryFolder();
        using served = servedFolder({
          "a.yaml": "clusters: [{name: served, type: STATIC, connect_timeout: 1s}]\n",
          "chancery.yaml": `authorization: {rules: [{principals: ["spiffe://fleet/*"], node_ids: ["e*"]}]}\n`,
        });
        const flags = [
          "--tls-cert",
          files.put("cert", server.cert),
          "--tls-key",
          files.put("key", server.key),
        ];
        await using serve = new ServeProcess(served.path, served.state, [
          ...flags,
          "--tls-client-ca",
          files.put("ca", ca.cert),
        ]);
        const port = await serve.xdsPort();
        await using proxy = await start(bootstrap(port, common, { sni: "xds.example" }), {
          untilLive: false,
        });
        await live(proxy);
        if (isServed) await stat(proxy, "cluster_manager.active_clusters", 2);
        const stats = await proxy.admin.stats("^(cluster_manager.active_clusters|control_plane)");
        assert.equal(stats.get("cluster_manager.active_clusters"), isServed ? 2 : 1);
        assert.equal(stats.get("control_plane.connected_state"), isServed ? 1 : 0);
      });
    }
  });
}
