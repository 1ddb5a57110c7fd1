import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { createLog } from "../../../src/base/log.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import type { Message } from "../../../src/schema/message.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT } from "../../../src/schema/type-urls.ts";
import type { GrpcTarget } from "../../../data-plane/xds-client/grpc-transport.ts";
import { grpcTransport } from "../../../data-plane/xds-client/grpc-transport.ts";
import { aggregatedMethod } from "../../../data-plane/xds-client/methods.ts";
import { ResourceSource } from "../../../data-plane/xds-client/resource-source.ts";
import type { SessionMode } from "../../../data-plane/xds-client/session.ts";
import type { ResourceConsumer, Update, Verdict } from "../../../data-plane/xds-client/update.ts";
import type { ScriptedStream } from "../../kit/scripted-xds.ts";
import { ScriptedXds } from "../../kit/scripted-xds.ts";

const cluster = (name: string): Message => ({ name, connect_timeout: { seconds: "1" } });
const assignment = (name: string): Message => ({ cluster_name: name });

const schema = new Schema(loadDescriptors());

/** Takes everything; what it took can be read. */
class Recorder implements ResourceConsumer {
  readonly updates: Update[] = [];
  readonly ends: string[] = [];
  verdict: (update: Update) => Verdict | Promise<Verdict> = () => ({ refused: [] });

  apply(update: Update): Verdict | Promise<Verdict> {
    this.updates.push(update);
    return this.verdict(update);
  }

  fetchEnded(names: readonly string[], end: string): void {
    this.ends.push(`${names.join()} ${end}`);
  }
}

/** A client of the server with CDS subscribed to, and its first stream. */
async function started(server: ScriptedXds, mode: SessionMode, more: Partial<GrpcTarget> = {}) {
  const target: GrpcTarget = {
    name: "xds",
    addresses: [`ipv4:${server.address}`],
    connectTimeoutMs: 5_000,
    keepalive: { intervalMs: 30_000, timeoutMs: 10_000 },
    metadata: [],
    receiveMaxBytes: 64 * 1024 * 1024,
    ...more,
  };
  const consumers = { clusters: new Recorder(), endpoints: new Recorder() };
  const logged: string[] = [];
  const source = new ResourceSource({
    scope: "ads",
    mode,
    node: { id: "n1", cluster: "edge" },
    isNodeOnFirstOnly: true,
    transport: grpcTransport(target, aggregatedMethod(mode)),
    backoff: { baseMs: 20, maxMs: 20 },
    schema,
    consumers: new Map<string, ResourceConsumer>([
      [CLUSTER, consumers.clusters],
      [CLUSTER_LOAD_ASSIGNMENT, consumers.endpoints],
    ]),
    clock: systemClock,
    random: () => 0.5,
    log: createLog("warn", ({ message, fields }) => logged.push(`${message} ${String(fields["target"])}`)),
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  source.step({ kind: "subscribe-all", typeUrl: CLUSTER, timeoutMs: 0 });
  return {
    source,
    ...consumers,
    logged,
    stream: await server.stream(),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function subscribed(stream: ScriptedStream): Promise<Message> {
  return stream.nextOf(CLUSTER);
}

describe("a source over gRPC", { timeout: 20_000 }, () => {
  it("asks, applies and acknowledges, state of the world", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "sotw", { metadata: [["x-token", "t"]] });
    const { stream } = client;
    assert.equal(
      stream.path,
      "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
    );
    assert.deepEqual(stream.metadata("x-token"), ["t"]);
    assert.deepEqual(await stream.next(), { node: { id: "n1", cluster: "edge" }, type_url: CLUSTER });
    stream.sendAll(CLUSTER, "v1", "1", [cluster("a"), cluster("b")]);
    assert.deepEqual(await stream.next(), { version_info: "v1", type_url: CLUSTER, response_nonce: "1" });
    const [update] = client.clusters.updates;
    assert.deepEqual([...(update?.resources.keys() ?? [])], ["a", "b"]);
    assert.deepEqual(update?.resources.get("a")?.message, cluster("a"));
    assert.equal(client.source.view().isConnected, true);
  });

  it("asks, applies and acknowledges, delta", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "delta");
    const { stream } = client;
    await subscribed(stream);
    stream.sendChanges(CLUSTER, "1", { a: ["7", cluster("a")], b: ["8", cluster("b")] });
    assert.deepEqual(await stream.next(), { type_url: CLUSTER, response_nonce: "1" });
    stream.sendChanges(CLUSTER, "2", {}, ["a"]);
    await stream.next();
    assert.deepEqual(client.clusters.updates[1]?.removed, ["a"]);
  });

  it("XC-24 merges the names that an update makes it ask for into one message", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "sotw");
    const { source, stream, clusters } = client;
    await subscribed(stream);
    clusters.verdict = ({ resources }) => {
      for (const name of resources.keys()) {
        source.step({ kind: "subscribe", typeUrl: CLUSTER_LOAD_ASSIGNMENT, name, timeoutMs: 0 });
      }
      return { refused: [] };
    };
    stream.sendAll(CLUSTER, "v1", "1", [cluster("a"), cluster("b")]);
    const request = await stream.nextOf(CLUSTER_LOAD_ASSIGNMENT);
    assert.deepEqual(request["resource_names"], ["a", "b"]);
    stream.sendAll(CLUSTER_LOAD_ASSIGNMENT, "e1", "2", [assignment("a"), assignment("b")]);
    assert.equal((await stream.nextOf(CLUSTER_LOAD_ASSIGNMENT))["response_nonce"], "2");
    assert.deepEqual([...client.endpoints.updates[0]!.resources.keys()], ["a", "b"]);
  });

  it("XC-28 refuses bytes that are no cluster, and applies nothing of the response", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "sotw");
    const { stream, clusters } = client;
    await subscribed(stream);
    const broken = { type_url: CLUSTER, value: Buffer.from([0x0a, 0x05, 0x61]) };
    stream.send({
      type_url: CLUSTER,
      version_info: "v1",
      nonce: "1",
      resources: [stream.any(CLUSTER, cluster("a")), broken],
    });
    const refusal = await stream.next();
    assert.equal(refusal["response_nonce"], "1");
    assert.deepEqual(refusal["error_detail"], {
      code: 13,
      message: "Cluster.name: the bytes end early: 5 more expected, 1 are left",
    });
    assert.deepEqual(clusters.updates, []);
  });

  it("XC-27 tells what its consumer refused", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "delta");
    await subscribed(client.stream);
    client.clusters.verdict = () => Promise.resolve({ refused: [{ name: "a", reason: "no" }] });
    client.stream.sendChanges(CLUSTER, "1", { a: ["7", cluster("a")] });
    assert.deepEqual(await client.stream.next(), {
      type_url: CLUSTER,
      response_nonce: "1",
      error_detail: { code: 13, message: "Error adding/updating cluster(s) a: no" },
    });
  });

  it("takes a consumer that throws for one that refuses", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "delta");
    await subscribed(client.stream);
    client.clusters.verdict = () => {
      throw new Error("oops");
    };
    client.stream.sendChanges(CLUSTER, "1", { a: ["7", cluster("a")] });
    assert.deepEqual((await client.stream.next())["error_detail"], {
      code: 13,
      message: "Error adding/updating cluster(s) a: internal error: oops",
    });
  });

  it("XC-35 keeps an ACK back until its clusters are warm", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "delta");
    const { stream, clusters } = client;
    await subscribed(stream);
    stream.sendChanges(CLUSTER, "1", { a: ["7", cluster("a")] });
    await stream.next();
    const warming = new EventEmitter();
    const isApplied = once(warming, "applied");
    clusters.verdict = () => {
      warming.emit("applied");
      return { refused: [], warmed: once(warming, "warm").then(() => undefined) };
    };
    stream.sendChanges(CLUSTER, "2", { b: ["8", cluster("b")] });
    await isApplied;
    client.source.step({ kind: "subscribe", typeUrl: CLUSTER_LOAD_ASSIGNMENT, name: "b", timeoutMs: 0 });
    assert.equal((await stream.next())["type_url"], CLUSTER_LOAD_ASSIGNMENT);
    warming.emit("warm");
    assert.deepEqual(await stream.next(), { type_url: CLUSTER, response_nonce: "2" });
  });

  for (const [how, end] of [
    ["OK", (stream: ScriptedStream) => stream.end()],
    ["UNIMPLEMENTED", (stream: ScriptedStream) => stream.fail(12, "no such method")],
    ["bytes that are no response", (stream: ScriptedStream) => stream.sendBytes(Buffer.from([0xff]))],
  ] as const) {
    it(`XC-17 opens a new stream after ${how}, stating what it holds`, async () => {
      await using server = await ScriptedXds.start({ schema });
      await using client = await started(server, "delta");
      await subscribed(client.stream);
      client.stream.sendChanges(CLUSTER, "1", { a: ["7", cluster("a")] });
      await client.stream.next();
      end(client.stream);
      const next = await server.stream();
      assert.deepEqual((await next.next())["initial_resource_versions"], { a: "7" });
    });
  }

  it("XC-50 keeps what it has when the control plane is killed, and comes back by itself", async () => {
    const { port } = await (async () => {
      await using server = await ScriptedXds.start({ schema });
      return server;
    })();
    const first = await ScriptedXds.start({ schema, port });
    await using client = await started(first, "sotw");
    await subscribed(client.stream);
    client.stream.sendAll(CLUSTER, "v1", "1", [cluster("a")]);
    await client.stream.next();
    first.kill();
    await using server = await ScriptedXds.start({ schema, port });
    const stream = await server.stream();
    assert.equal((await stream.next())["version_info"], "v1");
    assert.equal(client.clusters.updates.length, 1);
    const [type] = client.source.view().types;
    assert.ok(type!.stats.updateFailure >= 1);
    assert.deepEqual(client.logged, ["lost the stream to the control plane; what is configured stays xds"]);
  });

  it("XC-25 takes a response of more than 4 MiB", async () => {
    await using server = await ScriptedXds.start({ schema });
    await using client = await started(server, "sotw");
    await subscribed(client.stream);
    const names = Array.from({ length: 50 }, (_, index) => `${index}-${"x".repeat(100_000)}`);
    client.stream.sendAll(CLUSTER, "v1", "1", names.map(cluster));
    assert.equal((await client.stream.next())["version_info"], "v1");
    assert.equal(client.clusters.updates[0]?.resources.size, 50);
  });

  it("cancels its stream when it is stopped", async () => {
    await using server = await ScriptedXds.start({ schema });
    const client = await started(server, "sotw");
    const cancelled = client.stream.cancelled();
    await client[Symbol.asyncDispose]();
    await cancelled;
  });
});
