import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { createLog } from "../../src/base/log.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { openTls } from "../../src/server/tls/served-tls.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import { CLUSTER } from "../../src/xds/type-traits.ts";
import { type Issued, type TestCa, testCa } from "../kit/certificates.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until, within } from "../kit/within.ts";
import { EventLog } from "../server/event-log.ts";

const schema = new Schema(loadDescriptors());
const bytes = schema.encode("envoy.config.cluster.v3.Cluster", {
  name: "a",
  connect_timeout: { seconds: "1" },
});
const ads = { ads: {}, resource_api_version: "V3" };
const localhost = "IP:127.0.0.1";

function inline(pem: Buffer) {
  return { inline_string: pem.toString() };
}

function bootstrap(port: number, cluster: string, ca: TestCa, own: Issued | undefined) {
  const socket_address = { address: "127.0.0.1", port_value: port };
  return {
    node: { id: "edge-1", cluster },
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
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
          transport_socket: {
            name: "envoy.transport_sockets.tls",
            typed_config: {
              "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
              common_tls_context: {
                ...(own && {
                  tls_certificates: [{ certificate_chain: inline(own.cert), private_key: inline(own.key) }],
                }),
                validation_context: { trusted_ca: inline(ca.cert) },
              },
            },
          },
          load_assignment: {
            cluster_name: "chancery",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address } } }] }],
          },
        },
      ],
    },
  };
}

/** A server that asks for certificates, with one cluster for the group `edge` and the same for `pay`. */
async function startGuarded(ca: TestCa) {
  const folder = temporaryFolder();
  const put = ({ cert, key }: Issued, clientCa: Buffer) => ({
    key: folder.put("key", key),
    clientCa: folder.put("ca", clientCa),
    cert: folder.put("cert", cert),
  });
  const said = new EventEmitter();
  const log = createLog("info", ({ message }) => said.emit(message));
  const tls = await openTls(put(ca.issue(localhost), ca.cert), {
    read: (path) => readFile(path),
    clock: systemClock,
    log,
  });
  const stop = new AbortController();
  const following = tls.follow(stop.signal);
  const told = new EventLog();
  const server = createAdsServer({
    address: "127.0.0.1:0",
    credentials: tls.credentials,
    drainMs: 0,
    onEvent: told.note,
  });
  const snapshot = Snapshot.of([{ typeUrl: CLUSTER, name: "a", bytes }]);
  const groups = ["edge", "pay"].map((name) => ({ name, match: { cluster: name }, snapshot }));
  const rules = [{ principals: ["spiffe://fleet/edge/*"], groups: ["edge"], isOperator: false }];
  server.setRevision(
    makeRevision({ groups, authorization: { rules }, source: { kind: "program" }, createdAtMs: 0 }),
  );
  const { port } = await server.start();
  return {
    port,
    told,
    replace: async (next: TestCa) => {
      const reloaded = once(said, "certificates are reloaded");
      put(next.issue(localhost), next.cert);
      await within(10_000, "certificates are reloaded", reloaded);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await server.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("TLS, authorization and Envoy", needs("envoy", "openssl"), () => {
  it("XDS-136 serves Envoys by certificate, also with the ones that come while it runs", async () => {
    const [ca, next] = [testCa("old"), testCa("new")];
    await using up = await startGuarded(ca);
    await using first = await startEnvoy(
      bootstrap(up.port, "edge", ca, ca.issue("URI:spiffe://fleet/edge/1")),
    );
    await within(10_000, "the clusters are accepted", up.told.told("acked"));
    await up.replace(next);
    await using second = await startEnvoy(
      bootstrap(up.port, "edge", next, next.issue("URI:spiffe://fleet/edge/2")),
    );
    const connected = () => up.told.of("nodeKnown").length === 2;
    await within(10_000, "the second Envoy is served", up.told.until(connected));
    assert.equal(up.told.of("streamClosed").length, 0, "the first one went on");
    assert.ok(first.child.isRunning && second.child.isRunning);
  });

  it("XDS-136 does not serve an Envoy without a certificate", async () => {
    const ca = testCa();
    await using up = await startGuarded(ca);
    await using envoy = await startEnvoy(bootstrap(up.port, "edge", ca, undefined), { untilLive: false });
    await until(10_000, "Envoy fails to connect", async () => {
      const stats = await envoy.admin.stats("^cluster\\.chancery\\.upstream_cx_(connect_fail|destroy)$");
      return [...stats.values()].some((count) => count > 0) || undefined;
    });
    assert.equal(up.told.of("streamOpened").length, 0);
  });

  it("XDS-137 tells an Envoy that claims another group why it gets nothing", async () => {
    const ca = testCa();
    await using up = await startGuarded(ca);
    const own = ca.issue("URI:spiffe://fleet/edge/1");
    await using envoy = await startEnvoy(bootstrap(up.port, "pay", ca, own), { untilLive: false });
    // Envoy shows the message as it is on the wire, percent-encoded.
    await envoy.child.outputHas(
      /closed: 7, %22spiffe:\/\/fleet\/edge\/1%22%20may%20not%20have%20the%20group%20%22pay%22/,
    );
    assert.equal(up.told.of("sent").length, 0);
  });
});
