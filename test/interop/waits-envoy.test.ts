import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { envoyReferences } from "../../src/config/envoy-references.ts";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES } from "../../src/xds/type-traits.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { startTcpServer } from "../kit/tcp-server.ts";
import { within } from "../kit/within.ts";
import { bootstrap, cluster, encode, endpoints, listener, plain, routes, schema } from "./ads-resources.ts";
import { expectStat, hasClusters, soonMs, startServer } from "./ads-server.ts";
import { ask } from "./scripted-server.ts";

const referencesOf = envoyReferences(schema);

/** A health-checked endpoint that says nothing until it is let go: a cluster with it warms that long. */
async function startSilent() {
  const held: Socket[] = [];
  const server = await startTcpServer((socket) => held.push(socket));
  return {
    letGo: () => held.forEach((socket) => socket.destroy()),
    cluster(name: string) {
      const address = { socket_address: { address: "127.0.0.1", port_value: server.port } };
      const check = { http_health_check: { path: "/" }, healthy_threshold: { value: 1 } };
      const seconds = { seconds: "60" };
      const message = {
        name,
        connect_timeout: { seconds: "1" },
        load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
        health_checks: [{ ...check, unhealthy_threshold: { value: 1 }, timeout: seconds, interval: seconds }],
      };
      return { typeUrl: CLUSTER, name, bytes: encode(CLUSTER, message) };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

for (const apiType of ["GRPC", "DELTA_GRPC"]) {
  describe(`${apiType}: an Envoy that warms a cluster`, { timeout: 60_000, ...needs("envoy") }, () => {
    it("XDS-148 is served endpoints and routes on a new stream, on which it asks for no clusters yet", async () => {
      await using silent = await startSilent();
      const first = [cluster("a"), endpoints("a-endpoints", 9), listener("l"), routes("a")];
      await using up = await startServer(first, 0, { referencesOf });
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      up.serve([...first, silent.cluster("warms")]);
      await expectStat(envoy, "cluster_manager.warming_clusters", 1);
      await up.server.close();
      // The routes name a cluster that Envoy cannot be sent, as it does not ask for any.
      const none = {
        typeUrl: ENDPOINTS,
        name: "a-endpoints",
        bytes: encode(ENDPOINTS, { cluster_name: "a-endpoints" }),
      };
      const second = [cluster("a"), plain("b"), none, listener("l"), routes("b")];
      await using next = await startServer(second, up.port, { referencesOf });
      await expectStat(envoy, "cluster.a.membership_total", 0);
      await expectStat(envoy, "http.http.rds.routes.update_success", 2);
      await expectStat(envoy, "cluster_manager.warming_clusters", 1);
      assert.ok(next.log.of("subscribed").every(({ typeUrl }) => typeUrl !== CLUSTER));
      silent.letGo();
      await hasClusters(envoy, { a: "1s", b: "1s" });
    });

    it("XDS-106 is spared what it was still to get of a revision that another took over from", async () => {
      await using silent = await startSilent();
      await using up = await startServer([plain("a"), listener("l"), routes("a")], 0, { referencesOf });
      await using envoy = await startEnvoy(bootstrap(apiType, up.port));
      await up.synced("all is accepted", 3);
      // Its routes wait for the cluster, and the end of `a` for its routes.
      up.serve([silent.cluster("b"), listener("l"), routes("b")]);
      await expectStat(envoy, "cluster_manager.warming_clusters", 1);
      up.serve([plain("a"), plain("c"), listener("l"), routes("a")]);
      silent.letGo();
      await hasClusters(envoy, { a: "1s", c: "1s" });
      await up.synced("all is accepted again", 3);
      assert.equal(up.log.of("sent").filter(({ typeUrl }) => typeUrl === ROUTES).length, 1);
      await expectStat(envoy, "http.http.rds.routes.update_success", 1);
    });
  });
}

describe("DELTA_GRPC: what Envoy uses", { timeout: 60_000, ...needs("envoy") }, () => {
  it("XDS-68 is taken away after its users, and Envoy goes on with routes that are taken away before", async () => {
    await using up = await startServer([plain("a"), listener("l"), routes("a")], 0, {
      referencesOf,
      limits: { orderTimeoutMs: 300 },
    });
    await using envoy = await startEnvoy(bootstrap("DELTA_GRPC", up.port));
    await up.synced("all is accepted", 3);
    const removals = (typeUrl: string) =>
      up.log.events.findIndex((it) => it.kind === "sent" && it.typeUrl === typeUrl && it.removedCount > 0);
    const port = await envoy.admin.listenerPort("l");
    const answer = await ask(port);
    assert.match(answer ?? "", /^503 /);

    // The listener stays: this waits until its deadline.
    up.serve([plain("a"), listener("l")]);
    await within(
      soonMs,
      "the routes are given up",
      up.log.until(() => removals(ROUTES) > 0 && up.log.events.at(-1)?.kind === "acked"),
    );
    assert.equal(up.log.of("remarked").filter(({ remark }) => remark.kind === "orderTimeout").length, 1);
    assert.equal(await ask(port), answer);
  });

  it("XDS-68 goes after what uses it", async () => {
    await using up = await startServer([plain("a"), listener("l"), routes("a")], 0, { referencesOf });
    await using envoy = await startEnvoy(bootstrap("DELTA_GRPC", up.port));
    await up.synced("all is accepted", 3);
    up.serve([]);
    await hasClusters(envoy, {});
    const listeners = up.log.events.findLastIndex((it) => it.kind === "acked" && it.typeUrl === LISTENER);
    const clusters = up.log.events.findLastIndex((it) => it.kind === "sent" && it.typeUrl === CLUSTER);
    assert.ok(listeners < clusters);
  });
});
