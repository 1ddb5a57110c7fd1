import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Proxy } from "../../../data-plane/proxy/proxy.ts";
import { closedPort } from "../../kit/echo-backend.ts";
import { type RecordingBackend, startRecordingBackend } from "../../kit/recording-backend.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { until } from "../../kit/within.ts";
import { stat } from "../run-kit.ts";
import {
  assignment,
  CLUSTER,
  ENDPOINTS,
  portOf,
  startTestProxy,
  staticCluster,
  staticResources,
  tcpListener,
  updateOf,
} from "./proxy-kit.ts";

const checks = (more = "tcp_health_check: {}") =>
  `health_checks: [{timeout: 1s, interval: 0.02s, no_traffic_interval: 0.02s, healthy_threshold: 1,
    unhealthy_threshold: 1, ${more}}]`;

const pinging = `tcp_health_check: {send: {text: "70"}, receive: [{text: "71"}]}`;

function edsCluster(more: string): string {
  return `{name: c, type: EDS, eds_cluster_config: {eds_config: {ads: {}}}, ${more}}`;
}

/** A host that passes checks by `pinging` while `isUp`. */
async function startPinged(): Promise<RecordingBackend & { isUp: boolean }> {
  const state = { isUp: true };
  const backend = await startRecordingBackend({
    answer: ({ socket }) =>
      socket.on("recorded", () => (state.isUp ? socket.write("q") : socket.resetAndDestroy())),
  });
  return Object.defineProperty(Object.assign(backend, state), "isUp", {
    get: () => state.isUp,
    set: (isUp: boolean) => {
      state.isUp = isUp;
    },
  });
}

function flags(proxy: Proxy): string {
  const [cluster] = proxy.clusters.active();
  return [...(cluster?.hosts.values() ?? [])].map((host) => host.flags.text).join(" ");
}

async function untilFlags(proxy: Proxy, wanted: string): Promise<void> {
  await until(
    5000,
    () => `the hosts are ${wanted}, found ${flags(proxy)}`,
    () => flags(proxy) === wanted || undefined,
  );
}

async function setEndpoints(proxy: Proxy, ...hosts: readonly { readonly port: number }[]): Promise<void> {
  const ports = hosts.map(({ port }) => port);
  const update = updateOf(ENDPOINTS, { c: assignment("c", ports) });
  assert.deepEqual(await proxy.endpointConsumer("ads").apply(update), { refused: [] });
}

const noResources = staticResources([], []);

describe("hosts under active checks", () => {
  it("are checked before the cluster serves (XC-33)", async () => {
    await using backend = await startPinged();
    await using proxy = await startTestProxy(noResources);
    const verdict = await proxy.clusterConsumer.apply(updateOf(CLUSTER, { c: edsCluster(checks(pinging)) }));
    await setEndpoints(proxy, backend, { port: await closedPort() });
    assert.equal(proxy.clusters.isWarming("c"), true);
    await verdict.warmed;
    assert.equal(proxy.clusters.isWarming("c"), false);
    await untilFlags(proxy, "healthy /failed_active_hc");
    assert.equal(stat(proxy.stats, "cluster.c.membership_healthy"), 1);
  });

  it("keep a static cluster, and so the listeners, waiting", async () => {
    const dead = await closedPort();
    await using proxy = await startTestProxy(staticResources([], [staticCluster("c", [dead], checks())]));
    assert.equal(flags(proxy), "/failed_active_hc");
  });

  it("keep their health when endpoints change", async () => {
    await using a = await startPinged();
    await using b = await startPinged();
    await using proxy = await startTestProxy(noResources);
    const { warmed } = await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { c: edsCluster(checks(pinging)) }),
    );
    await setEndpoints(proxy, a);
    await warmed;
    await setEndpoints(proxy, a, b);
    assert.equal(flags(proxy), "healthy /failed_active_hc", "the old one is used on, the new one not yet");
    await untilFlags(proxy, "healthy healthy");
    assert.equal(a.connections.length, 1, "checks of the old one go on over their connection");
  });

  it("stay while they pass, though discovery dropped them, and go when they fail", async () => {
    await using a = await startPinged();
    await using b = await startPinged();
    await using proxy = await startTestProxy(noResources);
    const { warmed } = await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { c: edsCluster(checks(pinging)) }),
    );
    await setEndpoints(proxy, a, b);
    await warmed;
    await setEndpoints(proxy, a);
    assert.equal(flags(proxy), "healthy /pending_dynamic_removal");
    assert.equal(stat(proxy.stats, "cluster.c.membership_total"), 2);
    assert.equal(stat(proxy.stats, "cluster.c.membership_change"), 1);
    await setEndpoints(proxy, a, b);
    assert.equal(flags(proxy), "healthy healthy", "a host that comes back is as it was");
    await setEndpoints(proxy, a);
    b.isUp = false;
    await untilFlags(proxy, "healthy");
    assert.equal(stat(proxy.stats, "cluster.c.membership_change"), 2);
    assert.equal(stat(proxy.stats, "cluster.c.health_check.healthy"), 1);
  });

  it("go at once with ignore_health_on_host_removal, their checks with them", async () => {
    await using a = await startPinged();
    await using b = await startPinged();
    await using proxy = await startTestProxy(noResources);
    const { warmed } = await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { c: edsCluster(`ignore_health_on_host_removal: true, ${checks(pinging)}`) }),
    );
    await setEndpoints(proxy, a, b);
    await warmed;
    await setEndpoints(proxy, a);
    assert.equal(flags(proxy), "healthy");
    await (await b.connection(0)).ended();
    assert.equal(stat(proxy.stats, "cluster.c.health_check.healthy"), 1);
  });

  it("are checked anew by a new version of their cluster, while the old one serves (XC-34)", async () => {
    await using a = await startPinged();
    await using proxy = await startTestProxy(staticResources([], [staticCluster("other", [a.port])]));
    const version = (timeout: string) =>
      updateOf(CLUSTER, {
        c: staticCluster("c", [a.port], `connect_timeout: ${timeout}, ${checks(pinging)}`),
      });
    await proxy.clusterConsumer.apply(version("1s"));
    await until(5000, "the first version serves", () => !proxy.clusters.isWarming("c") || undefined);
    const serving = proxy.clusters.get("c");
    await proxy.clusterConsumer.apply(version("2s"));
    assert.equal(proxy.clusters.isWarming("c"), true);
    assert.equal(proxy.clusters.get("c"), serving);
    await until(5000, "the second version serves", () => !proxy.clusters.isWarming("c") || undefined);
    assert.notEqual(proxy.clusters.get("c"), serving);
    await (await a.connection(0)).ended();
    assert.equal(a.connections.length, 2);
    assert.equal(stat(proxy.stats, "cluster.c.health_check.healthy"), 1);
  });

  it("are let go of with their cluster: no connection and no check is left", async () => {
    await using a = await startPinged();
    await using proxy = await startTestProxy(noResources);
    await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { c: staticCluster("c", [a.port], checks(pinging)) }),
    );
    const connection = await a.connection(0);
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, {}, ["c"]));
    await connection.ended();
    assert.equal(a.connections.length, 1);
    assert.equal(stat(proxy.stats, "cluster.c.health_check.healthy"), undefined);
  });

  it("lose their TCP connections when they fail, where close_connections_on_host_health_failure says so", async () => {
    for (const closes of [true, false]) {
      await using checked = await startPinged();
      await using served = await startRecordingBackend();
      const endpoint = `{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${served.port}}},
        health_check_config: {port_value: ${checked.port}}}}`;
      await using proxy = await startTestProxy(
        staticResources(
          [tcpListener("l", "c")],
          [
            `{name: c, load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [${endpoint}]}]},
              close_connections_on_host_health_failure: ${closes}, ${checks(pinging)}}`,
          ],
        ),
      );
      await using client = await connectTo(portOf(proxy, "l"));
      client.write("one");
      const connection = await served.connection(0);
      await connection.receivedThat(({ length }) => length === 3);
      checked.isUp = false;
      await untilFlags(proxy, "/failed_active_hc");
      if (closes) await client.closed();
      assert.equal(client.ending, closes ? "fin" : "open");
    }
  });
});
