import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../kit/fake-clock.ts";
import { freePort } from "../../kit/free-port.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { canConnect, connectTo } from "../../kit/scripted-client.ts";
import { stat } from "../run-kit.ts";
import type { SubscriptionTrace } from "./proxy-kit.ts";
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
} from "./proxy-kit.ts";

const text = (wanted: string) => (bytes: Buffer) => bytes.toString() === wanted;
const empty = staticResources([], []);
const edsCluster = (name: string, service: string) =>
  `{name: ${name}, type: EDS, eds_cluster_config: {eds_config: {ads: {}}, service_name: ${service}}}`;

describe("listener updates", () => {
  it("send new connections to the new version and leave the old ones where they are (XC-42)", async () => {
    await using a = await startRecordingBackend();
    await using b = await startRecordingBackend();
    await using proxy = await startTestProxy(
      staticResources([], [staticCluster("a", [a.port]), staticCluster("b", [b.port])]),
    );
    const port = await freePort();
    const apply = async (resources: Record<string, string>) =>
      proxy.listenerConsumer.apply(updateOf(LISTENER, resources));
    assert.deepEqual(await apply({ l: tcpListener("l", "a", { port }) }), { refused: [] });
    await using old = await connectTo(port);
    old.write("one");
    await (await a.connection(0)).receivedThat(text("one"));
    assert.deepEqual(await apply({ l: tcpListener("l", "b", { port }) }), { refused: [] });
    old.write(" two");
    await (await a.connection(0)).receivedThat(text("one two"));
    await using fresh = await connectTo(port);
    fresh.write("three");
    await (await b.connection(0)).receivedThat(text("three"));
    assert.equal(stat(proxy.stats, "listener_manager.listener_in_place_updated"), 1);
    assert.equal(stat(proxy.stats, "listener_manager.total_filter_chains_draining"), 1);
    assert.equal(stat(proxy.stats, "listener_manager.total_listeners_draining"), 0);
  });

  it("change nothing when the content is the same (XC-32)", async () => {
    await using proxy = await startTestProxy(empty);
    const update = updateOf(LISTENER, { l: tcpListener("l", "a") });
    await proxy.listenerConsumer.apply(update);
    const port = portOf(proxy, "l");
    await proxy.listenerConsumer.apply(update);
    assert.equal(portOf(proxy, "l"), port);
    assert.equal(stat(proxy.stats, "listener_manager.listener_modified"), 0);
  });

  it("close what drains when the drain time is over (XC-44)", async () => {
    const clock = new FakeClock();
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(staticResources([], [staticCluster("a", [backend.port])]), {
      clock,
      drainMs: 5_000,
    });
    await proxy.listenerConsumer.apply(updateOf(LISTENER, { l: tcpListener("l", "a") }));
    const port = portOf(proxy, "l");
    await using client = await connectTo(port);
    client.write("one");
    await (await backend.connection(0)).receivedThat(text("one"));
    await proxy.listenerConsumer.apply(updateOf(LISTENER, {}, ["l"]));
    assert.equal(await canConnect(port), false);
    client.write(" two");
    await (await backend.connection(0)).receivedThat(text("one two"));
    clock.advance(5_000);
    await client.closed();
    assert.equal(stat(proxy.stats, "listener_manager.total_listeners_draining"), 0);
  });

  it("keep connections of unchanged filter chains for good (XC-43)", async () => {
    const clock = new FakeClock();
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(staticResources([], [staticCluster("a", [backend.port])]), {
      clock,
      drainMs: 5_000,
    });
    const one = tcpListener("l", "a");
    const chain = one.slice(one.indexOf("filter_chains: [") + 16, one.lastIndexOf("],"));
    const two = one.replace(chain, `${chain}, {filter_chain_match: {destination_port: 1}, filters: []}`);
    await proxy.listenerConsumer.apply(updateOf(LISTENER, { l: one }));
    await using client = await connectTo(portOf(proxy, "l"));
    client.write("one");
    await (await backend.connection(0)).receivedThat(text("one"));
    assert.deepEqual(await proxy.listenerConsumer.apply(updateOf(LISTENER, { l: two })), { refused: [] });
    assert.equal(stat(proxy.stats, "listener_manager.listener_in_place_updated"), 1);
    clock.advance(5_000);
    client.write(" two");
    await (await backend.connection(0)).receivedThat(text("one two"));
  });

  it("refuse an address that another listener holds, alone (XC-45)", async () => {
    await using proxy = await startTestProxy(empty);
    const port = await freePort();
    const { refused } = await proxy.listenerConsumer.apply(
      updateOf(LISTENER, {
        l1: tcpListener("l1", "a", { port }),
        l2: tcpListener("l2", "a", { port }),
        l3: tcpListener("l3", "a"),
      }),
    );
    assert.deepEqual(refused, [
      {
        name: "l2",
        reason: `error adding listener: 'l2' has duplicate address '127.0.0.1:${port}' as existing listener, to check if the listener has duplicated addresses with other listeners or 'enable_reuse_port' is set to 'false' for the listener`,
      },
    ]);
    assert.equal(await canConnect(portOf(proxy, "l3")), true);
  });

  it("refuse an address that somebody else holds (XC-45)", async () => {
    await using other = await startRecordingBackend();
    await using proxy = await startTestProxy(empty);
    const update = updateOf(LISTENER, { l: tcpListener("l", "a", { port: other.port }) });
    assert.deepEqual(await proxy.listenerConsumer.apply(update), {
      refused: [{ name: "l", reason: `cannot bind '127.0.0.1:${other.port}': Address already in use` }],
    });
  });

  it("move to another port and leave the first at once (XC-43)", async () => {
    await using proxy = await startTestProxy(empty);
    const [first, second] = [await freePort(), await freePort()];
    await proxy.listenerConsumer.apply(updateOf(LISTENER, { l: tcpListener("l", "a", { port: first }) }));
    await proxy.listenerConsumer.apply(updateOf(LISTENER, { l: tcpListener("l", "a", { port: second }) }));
    assert.equal(await canConnect(second), true);
    assert.equal(await canConnect(first), false);
  });
});

describe("cluster updates", () => {
  it("apply the good ones, keep the last good state of the bad ones, and remove (XC-28)", async () => {
    await using proxy = await startTestProxy(empty);
    await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { a: staticCluster("a", []), b: staticCluster("b", []), c: staticCluster("c", []) }),
    );
    const bad = staticCluster("b", [], "preconnect_policy: {}");
    const verdict = await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { b: bad, d: staticCluster("d", []) }, ["a"]),
    );
    assert.deepEqual(verdict.refused, [
      { name: "b", reason: "preconnect_policy: not supported by the bundled data plane" },
    ]);
    assert.deepEqual(
      proxy.clusters.active().map(({ name }) => name),
      ["b", "c", "d"],
    );
    const record = proxy.clusterRecords.get("b");
    assert.equal(record?.errorState?.details, verdict.refused[0]?.reason);
    assert.ok(record?.message);
  });

  it("clear a refusal with the next good content (XC-32)", async () => {
    await using proxy = await startTestProxy(empty);
    const good = updateOf(CLUSTER, { a: staticCluster("a", []) });
    await proxy.clusterConsumer.apply(good);
    await proxy.clusterConsumer.apply(
      updateOf(CLUSTER, { a: staticCluster("a", [], "preconnect_policy: {}") }),
    );
    await proxy.clusterConsumer.apply(good);
    assert.equal(proxy.clusterRecords.get("a")?.errorState, undefined);
    assert.equal(stat(proxy.stats, "cluster_manager.cluster_modified"), 0);
  });

  it("pass over the name of a static cluster (XC-40)", async () => {
    await using proxy = await startTestProxy(staticResources([], [staticCluster("s", [80])]));
    const update = updateOf(CLUSTER, { s: staticCluster("s", [81]) }, ["s"]);
    assert.deepEqual(await proxy.clusterConsumer.apply(update), { refused: [] });
    assert.deepEqual([...proxy.clusters.active()[0]!.hosts.keys()], ["127.0.0.1:80"]);
  });

  it("leave connections of a removed cluster alone (XC-39)", async () => {
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(staticResources([tcpListener("l", "a")], []));
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: staticCluster("a", [backend.port]) }));
    await using client = await connectTo(portOf(proxy, "l"));
    client.write("one");
    await (await backend.connection(0)).receivedThat(text("one"));
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, {}, ["a"]));
    client.write(" two");
    await (await backend.connection(0)).receivedThat(text("one two"));
    await using lost = await connectTo(portOf(proxy, "l"));
    await lost.closed();
    assert.equal(stat(proxy.stats, "tcp.t.downstream_cx_no_route"), 1);
  });
});

describe("EDS", () => {
  it("makes a cluster serve when its endpoints come, and the ACK wait until then (XC-33, XC-35)", async () => {
    const trace: SubscriptionTrace = [];
    await using proxy = await startTestProxy(empty, { trace });
    const verdict = await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s") }));
    assert.deepEqual(trace, ["+s"]);
    assert.equal(proxy.clusters.get("a"), undefined);
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { s: assignment("s", [80]) }));
    await verdict.warmed;
    assert.deepEqual([...proxy.clusters.active()[0]!.hosts.keys()], ["127.0.0.1:80"]);
  });

  it("lets the old version serve while the new one warms (XC-34)", async () => {
    const trace: SubscriptionTrace = [];
    await using proxy = await startTestProxy(empty, { trace });
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s1") }));
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { s1: assignment("s1", [80]) }));
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s2") }));
    assert.equal(proxy.clusters.isWarming("a"), true);
    assert.deepEqual([...proxy.clusters.active()[0]!.hosts.keys()], ["127.0.0.1:80"]);
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { s2: assignment("s2", [81]) }));
    assert.deepEqual([...proxy.clusters.active()[0]!.hosts.keys()], ["127.0.0.1:81"]);
    assert.deepEqual(trace, ["+s1", "+s2", "-s1"]);
  });

  it("gives a changed cluster the endpoints that are held, and asks for them again (XC-36)", async () => {
    const trace: SubscriptionTrace = [];
    await using proxy = await startTestProxy(empty, { trace });
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s") }));
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { s: assignment("s", [80]) }));
    const changed = edsCluster("a", "s").replace("{name", "{connect_timeout: 1s, name");
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: changed }));
    assert.equal(proxy.clusters.isWarming("a"), false);
    assert.equal(proxy.clusters.active()[0]!.config.connectTimeoutMs, 1000);
    assert.deepEqual([...proxy.clusters.active()[0]!.hosts.keys()], ["127.0.0.1:80"]);
    assert.deepEqual(trace, ["+s", "+s", "refresh s", "-s"]);
  });

  it("ends the warming without endpoints when they do not come (XC-37, XC-38)", async () => {
    await using proxy = await startTestProxy(empty);
    const verdict = await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s") }));
    proxy.endpointConsumer("ads").fetchEnded(["s"], "timeout");
    await verdict.warmed;
    assert.equal(proxy.clusters.active()[0]!.hosts.size, 0);
  });

  it("ignores a removal for a cluster that serves (XC-38)", async () => {
    await using proxy = await startTestProxy(empty);
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s") }));
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { s: assignment("s", [80]) }));
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, {}, ["s"]));
    assert.equal(proxy.clusters.active()[0]!.hosts.size, 1);
  });

  it("keeps one name of two sources apart", async () => {
    await using proxy = await startTestProxy(empty);
    const other = edsCluster("b", "s").replace("ads: {}", "api_config_source: {}");
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s"), b: other }));
    await proxy.endpointConsumer("ads").apply(updateOf(ENDPOINTS, { s: assignment("s", [80]) }));
    assert.equal(proxy.clusters.isWarming("b"), true);
    const own = proxy.endpointConsumer("api_config_source");
    await own.apply(updateOf(ENDPOINTS, { s: assignment("s", [81]) }));
    const hosts = proxy.clusters.active().map((cluster) => [...cluster.hosts.keys()]);
    assert.deepEqual(hosts, [["127.0.0.1:80"], ["127.0.0.1:81"]]);
  });

  it("forgets endpoints that nobody asked for (XC-23)", async () => {
    await using proxy = await startTestProxy(empty);
    const update = updateOf(ENDPOINTS, { s: assignment("s", [80]) });
    assert.deepEqual(await proxy.endpointConsumer("ads").apply(update), { refused: [] });
    await proxy.clusterConsumer.apply(updateOf(CLUSTER, { a: edsCluster("a", "s") }));
    assert.equal(proxy.clusters.isWarming("a"), true);
    await proxy.endpointConsumer("ads").apply(update);
    assert.equal(proxy.clusters.isWarming("a"), false);
  });
});
