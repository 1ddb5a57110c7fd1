import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { createLog } from "../../../src/base/log.ts";
import type { Message } from "../../../src/schema/message.ts";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, VIRTUAL_HOST } from "../../../src/schema/type-urls.ts";
import { grpcTransport } from "../../../data-plane/xds-client/grpc-transport.ts";
import type { SessionMode } from "../../../data-plane/xds-client/session.ts";
import type { ApiSource, SourcePlan } from "../../../data-plane/xds-client/source-plan.ts";
import type { ResourceConsumer } from "../../../data-plane/xds-client/update.ts";
import { XdsClient } from "../../../data-plane/xds-client/xds-client.ts";
import { ScriptedXds } from "../../kit/scripted-xds.ts";

const takesAll: ResourceConsumer = {
  apply: () => ({ refused: [] }),
  fetchEnded: () => undefined,
};

const ads: SourcePlan = { kind: "ads", timeoutMs: 0 };

function apiSource(server: ScriptedXds, mode: SessionMode): ApiSource {
  return {
    mode,
    target: {
      name: "xds",
      addresses: [`ipv4:${server.address}`],
      connectTimeoutMs: 5_000,
      keepalive: { intervalMs: 30_000, timeoutMs: 10_000 },
      metadata: [],
      receiveMaxBytes: 64 * 1024 * 1024,
    },
    backoff: { baseMs: 20, maxMs: 20 },
    isNodeOnFirstOnly: true,
  };
}

/** A client whose ConfigSources are ADS, but for `{own: {}}`, and `{self: {}}`, which is refused. */
function clientOf(server: ScriptedXds): XdsClient {
  const own: SourcePlan = { kind: "api", timeoutMs: 0, api: apiSource(server, "sotw") };
  const client = new XdsClient({
    node: { id: "n1", cluster: "edge" },
    ads: apiSource(server, "sotw"),
    resolve: (source: Message) =>
      "self" in source
        ? { kind: "refused", reason: "no source of itself" }
        : { kind: "plan", plan: "own" in source ? own : ads },
    schema: server.schema,
    openTransport: grpcTransport,
    openFile: ({ path }) => {
      throw new Error(`nobody reads ${path}`);
    },
    clock: systemClock,
    random: () => 0.5,
    log: createLog("off", () => undefined),
  });
  for (const typeUrl of [CLUSTER, LISTENER, CLUSTER_LOAD_ASSIGNMENT]) client.consume(typeUrl, takesAll);
  return client;
}

describe("XdsClient", { timeout: 20_000 }, () => {
  it("XC-16 asks for all types of ADS on one stream", async () => {
    await using server = await ScriptedXds.start();
    await using client = clientOf(server);
    client.subscribeAll(CLUSTER, ads);
    client.subscribeAll(LISTENER, ads);
    const stream = await server.stream();
    assert.equal((await stream.next())["type_url"], CLUSTER);
    assert.equal((await stream.next())["type_url"], LISTENER);
    assert.deepEqual(
      client.views().map(({ scope }) => scope),
      ["ads"],
    );
  });

  for (const [mode, verb] of [
    ["sotw", "Stream"],
    ["delta", "Delta"],
  ] as const) {
    it(`XC-4 XC-16 asks for each type of another source on its own stream, ${mode}`, async () => {
      await using server = await ScriptedXds.start();
      await using client = clientOf(server);
      const plan: SourcePlan = { kind: "api", timeoutMs: 0, api: apiSource(server, mode) };
      client.subscribeAll(CLUSTER, plan);
      const clusters = await server.stream();
      client.subscribeAll(LISTENER, plan);
      const listeners = await server.stream();
      assert.equal(clusters.path, `/envoy.service.cluster.v3.ClusterDiscoveryService/${verb}Clusters`);
      assert.equal(listeners.path, `/envoy.service.listener.v3.ListenerDiscoveryService/${verb}Listeners`);
      const request = await listeners.next();
      assert.deepEqual(request, { node: { id: "n1", cluster: "edge" }, type_url: LISTENER });
    });
  }

  it("keeps a name until its last subscription is closed, each only once", async () => {
    await using server = await ScriptedXds.start();
    await using client = clientOf(server);
    const first = client.subscribe(CLUSTER_LOAD_ASSIGNMENT, "a", { ads: {} });
    const second = client.subscribe(CLUSTER_LOAD_ASSIGNMENT, "a", { ads: {} });
    const stream = await server.stream();
    assert.deepEqual((await stream.next())["resource_names"], ["a"]);
    first.close();
    first.close();
    const third = client.subscribe(CLUSTER_LOAD_ASSIGNMENT, "b", { ads: {} });
    assert.deepEqual((await stream.next())["resource_names"], ["a", "b"]);
    second.close();
    assert.deepEqual((await stream.next())["resource_names"], ["b"]);
    third.close();
    assert.equal((await stream.next())["resource_names"], undefined);
  });

  it("gives what a stream brings to who consumes that stream", async () => {
    await using server = await ScriptedXds.start();
    await using client = clientOf(server);
    const got = new Map<string, (names: readonly string[]) => void>();
    const answers = ["ads", "own"].map((kind) => {
      const apply: ResourceConsumer["apply"] = ({ resources }) => {
        got.get(kind)?.([...resources.keys()]);
        return { refused: [] };
      };
      const source = { [kind]: {} };
      client.consume(CLUSTER_LOAD_ASSIGNMENT, { apply, fetchEnded: () => undefined }, source);
      return { source, names: new Promise((resolve) => got.set(kind, resolve)) };
    });
    for (const { source, names } of answers) {
      client.subscribe(CLUSTER_LOAD_ASSIGNMENT, "a", source);
      const stream = await server.stream();
      await stream.next();
      stream.sendAll(CLUSTER_LOAD_ASSIGNMENT, "1", "n", [{ cluster_name: "a" }]);
      assert.deepEqual(await names, ["a"]);
    }
  });

  it("tells why a ConfigSource cannot be used, and does not use it", async () => {
    await using server = await ScriptedXds.start();
    await using client = clientOf(server);
    assert.equal(client.refusalOf({ self: {} }), "no source of itself");
    assert.equal(client.refusalOf({ ads: {} }), undefined);
    assert.throws(() => client.subscribe(CLUSTER_LOAD_ASSIGNMENT, "a", { self: {} }), /no source of itself/);
    const plan: SourcePlan = { kind: "api", timeoutMs: 0, api: apiSource(server, "sotw") };
    assert.throws(() => client.subscribeAll(VIRTUAL_HOST, plan), /has no discovery service of its own/);
  });

  it("ends its streams when it is closed, twice without harm", async () => {
    await using server = await ScriptedXds.start();
    const client = clientOf(server);
    client.subscribeAll(CLUSTER, ads);
    const cancelled = (await server.stream()).cancelled();
    await client.close();
    await client.close();
    await cancelled;
  });
});
