import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { openTokens } from "../../src/server/auth/served-tokens.ts";
import { createLog } from "../../src/base/log.ts";
import { RefusalMemory } from "../../src/xds/refusal-memory.ts";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from "../../src/xds/type-traits.ts";
import type { Message } from "../../src/schema/message.ts";
import { SECRET } from "../../src/schema/type-urls.ts";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { testCa } from "../kit/certificates.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until, within } from "../kit/within.ts";
import {
  bootstrap,
  cluster,
  encode,
  endpoints,
  listener,
  ownService,
  plain,
  routes,
  schema,
} from "./ads-resources.ts";
import { expectStat, hasClusters, soonMs, startServer } from "./ads-server.ts";

const good = [cluster("a"), endpoints("a-endpoints", 9), listener("l"), routes("a")];

/** Breaks a field rule: Envoy applies nothing of a response with it. */
const bad = plain("bad", 0);

/** Breaks none, and cannot be made: Envoy refuses a response with it, and has applied the rest. */
const broken = { typeUrl: CLUSTER, name: "broken", bytes: encode(CLUSTER, { name: "broken", type: "EDS" }) };

/** Starts an Envoy that has to be live before it would give up waiting. */
async function startSoon(file: Parameters<typeof startEnvoy>[0]): Promise<ProxyProcess> {
  return within(soonMs, "Envoy is live", startEnvoy(file));
}

for (const apiType of ["GRPC", "DELTA_GRPC"]) {
  const isDelta = apiType === "DELTA_GRPC";
  describe(`${apiType}: the rules, as Envoy shows them`, { timeout: 120_000, ...needs("envoy") }, () => {
    it("XDS-18 XDS-72 a group of nothing is answered, so that Envoy starts", async () => {
      await using up = await startServer([]);
      await using envoy = await startSoon(bootstrap(apiType, up.port));
      await expectStat(envoy, "cluster_manager.cds.update_success", 1);
      await expectStat(envoy, "listener_manager.lds.update_success", 1);
    });

    it("XDS-16 a node of no group is told nothing, and keeps what it had when its group goes", async () => {
      await using up = await startServer([plain("a")]);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await hasClusters(envoy, { a: "1s" });
      const sent = up.log.of("sent").length;
      up.serve([plain("a")], { cluster: "other" });
      await within(
        soonMs,
        "the group is gone",
        up.log.until(() => up.log.of("groupAssigned").at(-1)?.group === undefined),
      );
      up.serve([plain("a"), plain("b")]);
      await hasClusters(envoy, { a: "1s", b: "1s" });
      assert.equal(up.log.of("sent").length, sent + 1);
      await expectStat(envoy, "cluster_manager.cluster_removed", 0);
    });

    it("XDS-9 XDS-10 of two Envoys of one id each is served, also when the other has gone", async () => {
      await using up = await startServer([plain("a")]);
      await using stays = await startEnvoy(bootstrap(apiType, up.port));
      {
        await using goes = await startEnvoy(bootstrap(apiType, up.port));
        assert.ok(await goes.admin.isReady());
        assert.equal(up.server.streams().length, 2);
      }
      await within(soonMs, "the stream has ended", up.log.told("streamClosed"));
      assert.equal(up.server.streams().length, 1);
      up.serve([plain("a"), plain("b")]);
      await hasClusters(stays, { a: "1s", b: "1s" });
    });

    it("XDS-13 an Envoy that tells its node once gets all types on the stream", async () => {
      await using up = await startServer(good);
      await using envoy = await startSoon(adsBootstrap(up, isDelta ? "delta" : "sotw"));
      await up.synced("all four types are accepted");
      assert.equal(up.log.of("nodeKnown").length, 1);
      await expectStat(envoy, "control_plane.connected_state", 1);
    });

    it("XDS-37 XDS-38 XDS-75 the same content again, or that of another type, sends nothing", async () => {
      await using up = await startServer(good);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await up.synced("all four types are accepted");
      const before = up.log.of("sent").length;
      up.serve([...good]);
      up.serve([...good.slice(0, 3), routes("none")]);
      await expectStat(envoy, "http.http.rds.routes.update_success", 2);
      assert.deepEqual(
        up.log
          .of("sent")
          .slice(before)
          .map(({ typeUrl }) => typeUrl),
        [ROUTES],
      );
    });

    it("XDS-94 XDS-95 XDS-104 a change of all types goes clusters, endpoints, listeners, routes", async () => {
      await using up = await startServer(good);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await up.synced("all four types are accepted");
      const before = up.log.of("sent").length;
      up.serve([cluster("a", 2), endpoints("a-endpoints", 10), listener("l"), listener("m"), routes("none")]);
      await expectStat(envoy, "listener_manager.total_listeners_active", 2);
      await expectStat(envoy, "http.http.rds.routes.update_success", 2);
      const sent = up.log.of("sent").slice(before);
      const order = [...new Set(sent.map(({ typeUrl }) => typeUrl))];
      assert.deepEqual(order, [CLUSTER, ENDPOINTS, LISTENER, ROUTES]);
    });

    it("XDS-98 XDS-101 endpoints and routes are answered while clusters and listeners wait for them", async () => {
      await using up = await startServer(good);
      await using envoy = await startSoon(bootstrap(apiType, up.port));
      await up.synced("all four types are accepted");
      await expectStat(envoy, "cluster.a.membership_total", 1);
      const firstOf = (kind: "sent" | "acked", typeUrl: string) =>
        up.log.events.findIndex((event) => event.kind === kind && event.typeUrl === typeUrl);
      // At its start Envoy keeps the ACK back while the cluster waits for its endpoints.
      assert.ok(firstOf("sent", ENDPOINTS) < firstOf("acked", CLUSTER));
      assert.ok(firstOf("sent", ROUTES) > firstOf("sent", LISTENER));
    });

    it("XDS-22 XDS-28 XDS-63 XDS-65 XDS-69 a cluster that goes and comes again has its endpoints again", async () => {
      await using up = await startServer([cluster("a"), endpoints("a-endpoints", 9)]);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await expectStat(envoy, "cluster.a.membership_total", 1);
      const sentEndpoints = () =>
        up.log.of("sent").filter((it) => it.typeUrl === ENDPOINTS && it.resourceCount > 0).length;
      up.serve([endpoints("a-endpoints", 9)]);
      await expectStat(envoy, "cluster_manager.cluster_removed", 1);
      // Its last name is gone: an empty list in SotW, which is no wildcard.
      await within(
        soonMs,
        "no endpoints are asked for",
        up.log.until(() =>
          up.log.of("subscribed").some((it) => it.typeUrl === ENDPOINTS && it.names.size === 0),
        ),
      );
      assert.equal(sentEndpoints(), 1);
      up.serve([cluster("a"), endpoints("a-endpoints", 9)]);
      // The statistics of the cluster that went may still be there and say 1.
      await within(
        soonMs,
        "the endpoints are sent again",
        up.log.until(() => sentEndpoints() === 2),
      );
      await expectStat(envoy, "cluster.a.membership_total", 1);
    });

    it("XDS-64 XDS-67 endpoints that are taken away stay in Envoy, and an empty set of them empties the cluster", async () => {
      await using up = await startServer([cluster("a"), endpoints("a-endpoints", 9)]);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await expectStat(envoy, "cluster.a.membership_total", 1);
      up.serve([cluster("a"), plain("b")]);
      await expectStat(envoy, "cluster_manager.cluster_added", 3);
      await expectStat(envoy, "cluster.a.membership_total", 1);
      const empty = { cluster_name: "a-endpoints" };
      up.serve([
        cluster("a"),
        plain("b"),
        { typeUrl: ENDPOINTS, name: "a-endpoints", bytes: encode(ENDPOINTS, empty) },
      ]);
      await expectStat(envoy, "cluster.a.membership_total", 0);
    });

    it("XDS-48 XDS-51 a refused first response is not sent again, and says that nothing was accepted", async () => {
      await using up = await startServer([bad]);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port), { untilLive: false });
      await within(soonMs, "the refusal", up.log.told("nacked"));
      // The other type goes on, so there was time to send it again.
      await expectStat(envoy, "listener_manager.lds.update_success", 1);
      const [nacked] = up.log.of("nacked");
      assert.equal(nacked?.acceptedVersion, "");
      assert.match(nacked?.message ?? "", /bad.*connect_timeout|ConnectTimeout/i);
      assert.equal(up.log.of("sent").filter(({ typeUrl }) => typeUrl === CLUSTER).length, 1);
    });

    it("XDS-53 XDS-56 XDS-57 XDS-58 after a refusal the accepted content is sent, and Envoy is as it was", async () => {
      const accepted = [plain("a"), plain("stays")];
      await using up = await startServer(accepted);
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await hasClusters(envoy, { a: "1s", stays: "1s" });
      // Envoy takes what is good of it, and drops what is not in it.
      up.serve([plain("a", 2), broken]);
      await within(soonMs, "the refusal", up.log.told("nacked"));
      await hasClusters(envoy, { a: "2s" });
      const [nacked] = up.log.of("nacked");
      const [first] = up.log.of("sent").filter(({ typeUrl }) => typeUrl === CLUSTER);
      assert.equal(nacked?.acceptedVersion, first?.version);
      up.serve(accepted);
      await hasClusters(envoy, { a: "1s", stays: "1s" });
      await expectStat(envoy, "cluster_manager.cds.update_rejected", 1);
    });

    it("XDS-60 after a refusal nothing that Envoy states on its next stream is relied on", async () => {
      const refusals = new RefusalMemory();
      await using first = await startServer([plain("a"), plain("stays")], 0, { refusals });
      await using envoy = await startEnvoy(bootstrap(apiType, first.port));
      await hasClusters(envoy, { a: "1s", stays: "1s" });
      first.serve([plain("a", 2), broken]);
      await within(soonMs, "the refusal", first.log.told("nacked"));
      await hasClusters(envoy, { a: "2s" });
      await first.server.close();
      // Envoy states the version of the cluster that it dropped.
      await using second = await startServer([plain("a"), plain("stays")], first.port, { refusals });
      await hasClusters(envoy, { a: "1s", stays: "1s" });
      assert.equal(second.log.of("nacked").length, 0);
    });

    it("XDS-120 XDS-121 two thousand clusters with endpoints arrive, and a stream that states them is taken", async () => {
      const names = Array.from({ length: 2_000 }, (_, index) => `cluster-${index}`);
      const all = names.flatMap((name) => [cluster(name), endpoints(`${name}-endpoints`, 9)]);
      await using first = await startServer(all);
      await using envoy = await startEnvoy(bootstrap(apiType, first.port));
      await expectStat(envoy, "cluster_manager.active_clusters", names.length + 1);
      await expectStat(envoy, "cluster_manager.warming_clusters", 0);
      await first.server.close();
      await using second = await startServer([...all, plain("more")], first.port);
      await second.synced("all is accepted again", 3);
      await expectStat(envoy, "cluster_manager.active_clusters", names.length + 2);
    });

    it(
      "XDS-118 XDS-102 secrets come by name, a missing one holds up none, and a changed one goes alone",
      needs("openssl"),
      async () => {
        const ca = testCa("ca");
        await using up = await startServer([
          secret("there", ca),
          tlsListener("l", "there"),
          tlsListener("m", "missing"),
        ]);
        await using envoy = await startEnvoy(bootstrap(apiType, up.port), { untilLive: false });
        await expectStat(envoy, "sds.there.update_success", 1);
        const before = up.log.of("sent").length;
        up.serve([secret("there", ca), tlsListener("l", "there"), tlsListener("m", "missing")]);
        await expectStat(envoy, "sds.there.update_success", 2);
        assert.deepEqual(
          up.log
            .of("sent")
            .slice(before)
            .map(({ typeUrl }) => typeUrl),
          [SECRET],
        );
      },
    );

    it("XDS-2 XDS-4 each type comes by a service of its own too", async () => {
      const source = ownService(apiType);
      await using up = await startServer([
        cluster("a", 1, source),
        endpoints("a-endpoints", 9),
        listener("l", source),
        routes("a"),
      ]);
      const { node, static_resources } = bootstrap(apiType, up.port);
      const dynamic_resources = { cds_config: source, lds_config: source };
      await using envoy = await startSoon({ node, static_resources, dynamic_resources });
      await expectStat(envoy, "cluster_manager.cds.update_success", 1);
      await expectStat(envoy, "listener_manager.lds.update_success", 1);
      assert.deepEqual(
        up.server
          .streams()
          .map(({ service }) => (service.kind === "type" ? service.typeUrl : "ads"))
          .toSorted(),
        [CLUSTER, ENDPOINTS, LISTENER, ROUTES].toSorted(),
      );
    });

    it("XDS-132 an Envoy that is stopped loses its stream, and has it again when it goes on", async () => {
      const limits = { keepaliveTimeMs: 100, keepaliveTimeoutMs: 200 };
      await using up = await startServer([plain("a")], 0, { limits });
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      process.kill(envoy.child.pid, "SIGSTOP");
      await within(soonMs, "the stream is ended", up.log.told("streamClosed"));
      up.serve([plain("b")]);
      process.kill(envoy.child.pid, "SIGCONT");
      await hasClusters(envoy, { b: "1s" });
    });

    it("XDS-131 an Envoy that pings often is borne", async () => {
      await using up = await startServer([plain("a")]);
      await using envoy = await startEnvoy(pinging(bootstrap(apiType, up.port)));
      const written = async () => {
        const stats = await envoy.admin.stats("^cluster\\.chancery\\.upstream_cx_tx_bytes_total$");
        return stats.get("cluster.chancery.upstream_cx_tx_bytes_total") ?? 0;
      };
      const before = await written();
      // A PING is a frame of 17 bytes.
      await until(
        soonMs,
        "a hundred pings are written",
        async () => (await written()) - before >= 1_700 || undefined,
      );
      up.serve([plain("b")]);
      await hasClusters(envoy, { b: "1s" });
      assert.equal(up.log.of("streamOpened").length, 1);
    });

    it("XDS-138 an Envoy that sends the token is served, and one with another is told that it is none", async () => {
      using folder = temporaryFolder();
      const log = createLog("off", () => undefined);
      const tokens = await openTokens(folder.put("tokens", `edge ${token}\n`), {
        read: (path: string) => readFile(path),
        clock: systemClock,
        log,
      });
      await using up = await startServer([plain("a")], 0, { tokens });
      await using right = await startSoon(withToken(bootstrap(apiType, up.port), token));
      await hasClusters(right, { a: "1s" });
      const wrongly = withToken(bootstrap(apiType, up.port), `${token}x`);
      await using wrong = await startEnvoy(wrongly, { untilLive: false });
      await until(
        soonMs,
        () => `Envoy says why\n${wrong.log}`,
        () =>
          /closed: 16, the bearer token is not one of this server/.test(decodeURI(wrong.log)) || undefined,
      );
      await expectStat(wrong, "control_plane.connected_state", 0);
      await hasClusters(wrong, {});
    });

    it("XDS-141 XDS-145 Envoy shows which replica it has, and the replica which Envoy", async () => {
      await using up = await startServer([plain("a")], 0, { identifier: "chancery replica-7" });
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      const { body } = await envoy.admin.request("GET", "/stats?filter=control_plane.identifier");
      assert.match(body, /^control_plane\.identifier: "chancery replica-7"$/m);
      const [stream] = up.server.streams();
      assert.deepEqual(
        [stream?.node?.userAgentName, stream?.node?.userAgentVersion, stream?.streamKind],
        ["envoy", "1.40.0", isDelta ? "delta" : "sotw"],
      );
    });
  });
}

const token = "0123456789abcdef-edge";

/** The same, with a bearer token on its streams. */
function withToken({ dynamic_resources, ...rest }: ReturnType<typeof bootstrap>, value: string) {
  const { ads_config, ...sources } = dynamic_resources;
  const initial_metadata = [{ key: "authorization", value: `Bearer ${value}` }];
  const grpc_services = ads_config.grpc_services.map((it) => ({ ...it, initial_metadata }));
  return { ...rest, dynamic_resources: { ads_config: { ...ads_config, grpc_services }, ...sources } };
}

/** The same, with a PING every 20 ms, also when nothing else is sent. */
function pinging({ static_resources, ...rest }: ReturnType<typeof bootstrap>) {
  const options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const connection_keepalive = { interval: "0.02s", timeout: "5s" };
  const typed_extension_protocol_options = {
    [options]: {
      "@type": `type.googleapis.com/${options}`,
      explicit_http_config: { http2_protocol_options: { connection_keepalive } },
    },
  };
  const clusters = static_resources.clusters.map((it) => ({ ...it, typed_extension_protocol_options }));
  return { ...rest, static_resources: { clusters } };
}

function secret(name: string, ca: ReturnType<typeof testCa>) {
  const { cert, key } = ca.issue("IP:127.0.0.1");
  const tls_certificate = {
    certificate_chain: { inline_bytes: cert },
    private_key: { inline_bytes: key },
  };
  return { typeUrl: SECRET, name, bytes: encode(SECRET, { name, tls_certificate }) };
}

function typed(typeName: string, message: Message) {
  const value = schema.encode(typeName, message);
  return { name: typeName, typed_config: { type_url: `type.googleapis.com/${typeName}`, value } };
}

/** A listener that serves TLS with a secret. */
function tlsListener(name: string, secretName: string) {
  const tls = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  const proxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const sds_config = { ads: {}, resource_api_version: "V3" };
  const message = {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [
      {
        filters: [typed(proxy, { stat_prefix: name, cluster: "chancery" })],
        transport_socket: typed(tls, {
          common_tls_context: {
            tls_certificate_sds_secret_configs: [{ name: secretName, sds_config }],
          },
        }),
      },
    ],
  };
  return { typeUrl: LISTENER, name, bytes: encode(LISTENER, message) };
}
