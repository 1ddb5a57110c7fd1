import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { answerAdmin } from "../../../data-plane/admin/admin-routes.ts";
import { startAdminServer } from "../../../data-plane/admin/admin-server.ts";
import type { AdminView } from "../../../data-plane/admin/admin-view.ts";
import type { Proxy } from "../../../data-plane/proxy/proxy.ts";
import { AdminClient } from "../../kit/admin-client.ts";
import { canConnect } from "../../kit/scripted-client.ts";
import { schema } from "../parse-kit.ts";
import {
  assignment,
  CLUSTER,
  ENDPOINTS,
  LISTENER,
  portOf,
  startTestProxy,
  staticCluster,
  staticResources,
  tcpListener,
  updateOf,
} from "../proxy/proxy-kit.ts";

const bootstrap = staticResources([tcpListener("l", "c")], [staticCluster("c", [80])]);

function viewOf(proxy: Proxy, quit = () => undefined): AdminView {
  return proxy.adminView({
    version: "1.2.3",
    commandLine: { mode: "Serve" },
    toJson: (typeName, message) => schema.toJson(typeName, message),
    quit,
    host: {
      memory: () => ({ allocated: 1, heap: 2, physical: 3 }),
      logThreshold: { level: "info" },
      reopenLogs: () => undefined,
    },
  });
}

describe("the admin paths", () => {
  it("answer as Envoy does to what is wrong", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const view = viewOf(proxy);
    const rows: readonly (readonly [method: string, target: string, status: number, body: RegExp])[] = [
      ["GET", "/nope", 404, /^invalid path\. admin commands are:\n/],
      ["GET", "/quitquitquit", 405, /^Method GET not allowed, POST required\.$/],
      ["GET", "/drain_listeners", 405, /^Method GET not allowed, POST required\.$/],
      ["GET", "/stats?filter=[", 400, /^Invalid re2 regex: /],
      ["GET", "/stats?format=xx", 400, /^usage: \/stats\?format=/],
      ["GET", "/config_dump?mask=a", 400, /^FieldMask a could not be successfully applied to any configs\.$/],
      ["GET", "/config_dump?fields=a", 400, /does not know the parameter fields/],
      ["GET", "/config_dump?resource=nothing", 404, /^nothing not found in config dump$/],
    ];
    for (const [method, target, status, body] of rows) {
      const reply = answerAdmin(view, method, target);
      assert.equal(reply.status, status, target);
      assert.match(reply.body, body);
    }
  });

  it("/ready is 503 with the state until LIVE (XC-12)", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const view = viewOf(proxy);
    assert.deepEqual(answerAdmin(view, "GET", "/ready"), { status: 200, type: "text", body: "LIVE\n" });
    await proxy.close();
    assert.deepEqual(answerAdmin(view, "GET", "/ready"), { status: 503, type: "text", body: "DRAINING\n" });
  });

  it("/stats filters by name and by use", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const { body } = answerAdmin(viewOf(proxy), "GET", "/stats?usedonly&filter=^cluster%5C.c%5C.membership");
    assert.equal(
      body,
      "cluster.c.membership_change: 1\ncluster.c.membership_degraded: 0\ncluster.c.membership_excluded: 0\n" +
        "cluster.c.membership_healthy: 1\ncluster.c.membership_total: 1\n",
    );
  });

  it("/logging changes how much is logged", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const view = viewOf(proxy);
    const bodies = [
      "/logging",
      "/logging?level=debug",
      "/logging?paths=main:warning",
      "/logging?main=off",
    ].map((path) => answerAdmin(view, "POST", path).body);
    assert.deepEqual(
      bodies,
      ["info", "debug", "warning", "off"].map((level) => `active loggers:\n  main: ${level}\n\n`),
    );
    assert.equal(view.host.logThreshold.level, "off");
    assert.match(
      answerAdmin(view, "POST", "/logging?paths=http:debug").body,
      /^error: unknown logger name\n/,
    );
  });

  it("/reset_counters leaves gauges alone", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const view = viewOf(proxy);
    answerAdmin(view, "POST", "/reset_counters");
    const { body } = answerAdmin(view, "GET", "/stats?usedonly&filter=cluster.c.membership_(h|t)");
    assert.equal(body, "cluster.c.membership_healthy: 1\ncluster.c.membership_total: 1\n");
  });

  it("/clusters tells hosts in both of Envoy's forms", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const text = answerAdmin(viewOf(proxy), "GET", "/clusters").body;
    assert.ok(text.includes("c::127.0.0.1:80::health_flags::healthy\n"));
    assert.ok(text.includes("c::added_via_api::false\n"));
    const json = JSON.parse(answerAdmin(viewOf(proxy), "GET", "/clusters?format=json").body);
    const [host] = json.cluster_statuses[0].host_statuses;
    assert.deepEqual(host.address, { socket_address: { address: "127.0.0.1", port_value: 80 } });
    assert.deepEqual(host.health_status, { eds_health_status: "HEALTHY" });
  });

  it("/drain_listeners stops accepting, /quitquitquit asks to end", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const port = portOf(proxy, "l");
    let quits = 0;
    const view = viewOf(proxy, () => {
      quits += 1;
      return undefined;
    });
    assert.equal(answerAdmin(view, "POST", "/drain_listeners").body, "OK\n");
    assert.equal(await canConnect(port), false);
    answerAdmin(view, "POST", "/quitquitquit");
    assert.equal(quits, 1);
  });
});

const dump = (proxy: Proxy, query = "") =>
  JSON.parse(answerAdmin(viewOf(proxy), "GET", `/config_dump${query}`).body).configs;

describe("/config_dump", () => {
  it("has Envoy's sections, static resources with their content", async () => {
    await using proxy = await startTestProxy(bootstrap);
    const sections = dump(proxy);
    assert.deepEqual(
      sections.map((section: { "@type": string }) => section["@type"].replace(/.*\./, "")),
      ["BootstrapConfigDump", "ClustersConfigDump", "ListenersConfigDump", "SecretsConfigDump"],
    );
    const [, clusters, listeners] = sections;
    assert.equal(clusters.static_clusters[0].cluster.name, "c");
    assert.match(clusters.static_clusters[0].last_updated, /^\d{4}-\d\d-\d\dT/);
    const { typed_config: filter } = listeners.static_listeners[0].listener.filter_chains[0].filters[0];
    assert.equal(filter.cluster, "c");
  });

  it("shows active, warming and refused resources (XC-27, XC-57)", async () => {
    await using proxy = await startTestProxy(staticResources([], []));
    const eds = "{name: w, type: EDS, eds_cluster_config: {eds_config: {ads: {}}}}";
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: staticCluster("a", []), w: eds }));
    await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { a: staticCluster("a", [], "track_cluster_stats: {}") }),
    );
    await proxy.listenerConsumer.apply(updateOf(LISTENER, { l: "{name: l}" }));
    const [, clusters, listeners] = dump(proxy);
    assert.equal(clusters.version_info, "1");
    assert.equal(clusters.dynamic_warming_clusters[0].cluster.name, "w");
    const [active] = clusters.dynamic_active_clusters;
    assert.equal(active.cluster.name, "a");
    assert.deepEqual(active.error_state.failed_configuration.track_cluster_stats, {});
    assert.equal(active.error_state.details, "track_cluster_stats: not supported by the bundled data plane");
    const [listener] = listeners.dynamic_listeners;
    assert.equal(listener.active_state, undefined);
    assert.match(listener.error_state.details, /address: value is required/);
  });

  it("adds endpoints on request, and picks one list by name", async () => {
    await using proxy = await startTestProxy(staticResources([], []));
    const eds = "{name: w, type: EDS, eds_cluster_config: {eds_config: {ads: {}}}}";
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { w: eds }));
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { w: assignment("w", [80]) }));
    const [endpoints] = dump(proxy, "?include_eds&resource=dynamic_endpoint_configs");
    assert.equal(endpoints.endpoint_config.cluster_name, "w");
    assert.equal(dump(proxy, "?resource=dynamic_active_clusters&name_regex=^x").length, 0);
  });
});

describe("startAdminServer()", () => {
  it("serves on the address of the bootstrap, and not to other sites' pages", async () => {
    await using proxy = await startTestProxy(bootstrap);
    await using server = await startAdminServer(
      { address: "127.0.0.1", port: 0, family: "IPv4" },
      (method, target) => answerAdmin(viewOf(proxy), method, target),
    );
    assert.ok(server.address.family === "IPv4");
    const base = `http://127.0.0.1:${server.address.port}`;
    assert.equal(await new AdminClient(base).isReady(), true);
    const foreign = await fetch(`${base}/quitquitquit`, {
      method: "POST",
      headers: { "sec-fetch-site": "cross-site" },
    });
    assert.equal(foreign.status, 403);
    const own = await fetch(`${base}/stats?format=json`);
    assert.equal(own.headers.get("content-type"), "application/json");
    assert.equal(own.headers.get("x-content-type-options"), "nosniff");
  });

  it("serves on a pipe, whatever a process that died has left there", async () => {
    using folder = temporaryFolder();
    const path = folder.file("admin.sock");
    writeFileSync(path, "");
    await using server = await startAdminServer({ family: "pipe", path }, () => ({
      status: 200,
      type: "text",
      body: "here",
    }));
    assert.deepEqual(server.address, { family: "pipe", path });
    const call = request({ socketPath: path, path: "/ready" }).end();
    const [response]: IncomingMessage[] = await once(call, "response");
    assert.ok(response);
    assert.equal(response.statusCode, 200);
    response.resume();
  });
});
