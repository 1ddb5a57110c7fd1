import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { createLog, type LogRecord } from "../../../src/base/log.ts";
import { Loads } from "../../../src/fleet/loads.ts";
import { defaultAdsLimits } from "../../../src/server/ads-server.ts";
import type { WorkerProcess } from "../../../src/server/workers/fork-worker.ts";
import type { FromWorker, Report, ToWorker } from "../../../src/server/workers/messages.ts";
import { WorkerPool, type WorkerPoolOptions } from "../../../src/server/workers/worker-pool.ts";
import type { Node } from "../../../src/snapshot/node.ts";
import { makeRevision } from "../../../src/snapshot/revision.ts";
import type { XdsEvent } from "../../../src/xds/events.ts";
import { CLUSTER } from "../../../src/xds/type-traits.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { until } from "../../kit/within.ts";
import { snapshotOf } from "../../xds/session-client.ts";

const nothing: Report = {
  events: [],
  streams: [],
  requests: new Map(),
  pushes: [],
  loads: [],
  connections: [],
};

function nodeOf(id: string): Node {
  const locality = { region: "", zone: "", sub_zone: "" };
  return { id, cluster: "edge", locality, userAgentName: "", userAgentVersion: "", clientFeatures: [] };
}

/** A worker that is played by the test. */
class PlayedWorker implements WorkerProcess {
  readonly pid: number;
  readonly heard: ToWorker[] = [];
  readonly sockets: Socket[] = [];
  isKilled = false;
  answersPings = false;
  #onMessage: (message: FromWorker) => void = () => undefined;
  #onExit: (how: string) => void = () => undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  send(message: ToWorker, { socket, onTaken }: { socket?: Socket; onTaken?: () => void } = {}): void {
    this.heard.push(message);
    if (socket) this.sockets.push(socket);
    onTaken?.();
    if (message.kind === "ping" && this.answersPings) this.say({ kind: "pong", id: message.id });
  }

  kill(): void {
    this.isKilled = true;
    this.exit("SIGKILL");
  }

  onMessage(callback: (message: FromWorker) => void): void {
    this.#onMessage = callback;
  }

  onExit(callback: (how: string) => void): void {
    this.#onExit = callback;
  }

  say(message: FromWorker): void {
    this.#onMessage(message);
  }

  report(report: Partial<Report>): void {
    this.say({ kind: "report", report: { ...nothing, ...report } });
  }

  /** Says what a worker says until it serves. */
  serve(): void {
    for (const kind of ["up", "started", "served"] as const) this.say({ kind });
  }

  /** A stream of a node, as a report tells it. */
  open(streamId: number, node: string): void {
    const service = { kind: "ads" } as const;
    this.report({
      events: [
        { kind: "streamOpened", streamId, atMs: 1, streamKind: "sotw", service, peer: "1.2.3.4:5" },
        { kind: "nodeKnown", streamId, atMs: 1, node: nodeOf(node) },
      ],
    });
  }

  /** It is over, unless it was before. */
  exit(how: string): void {
    const onExit = this.#onExit;
    this.#onExit = () => undefined;
    onExit(how);
  }

  get last(): ToWorker | undefined {
    return this.heard.at(-1);
  }

  get kinds(): readonly string[] {
    return this.heard.map((message) => (message.kind === "content" ? message.part.kind : message.kind));
  }
}

/** A report of one push. */
function pushed(tookMs: number, leftOut = 0): Partial<Report> {
  return { pushes: [{ tookMs, leftOut }] };
}

/** A pool of two workers that the test plays, listening. */
async function startPool(more: Partial<WorkerPoolOptions> = {}) {
  const clock = new FakeClock();
  const workers: PlayedWorker[] = [];
  const events: XdsEvent[] = [];
  const records: LogRecord[] = [];
  const pushes: unknown[] = [];
  const refused: unknown[] = [];
  const loads = new Loads();
  const pool = new WorkerPool({
    count: 2,
    fork: () => {
      const worker = new PlayedWorker(workers.length + 1);
      workers.push(worker);
      return worker;
    },
    address: "127.0.0.1:0",
    limits: defaultAdsLimits,
    hungAfterMs: 10_000,
    identifier: "test",
    userTypes: { descriptorSets: [], protoPaths: [] },
    drainMs: 100,
    referencesOf: () => [],
    clientStatus: (request) => Buffer.concat([request, request]),
    loads,
    clock,
    log: createLog("info", (record) => records.push(record)),
    onEvent: (event) => events.push(event),
    onRequests: () => undefined,
    onPushed: (push) => pushes.push(push),
    onRefused: (...refusal) => refused.push(refusal),
    ...more,
  });
  const serve = (version: string) => {
    const groups = [{ name: "all", match: {}, snapshot: snapshotOf({ CDS: { a: version } }) }];
    pool.serve({ stable: makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }) });
  };
  serve("1");
  const starting = pool.start();
  await until(5_000, "workers are started", () => workers.length === (more.count ?? 2) || undefined);
  const [one, two = new PlayedWorker(0)] = workers;
  assert.ok(one);
  return {
    pool,
    clock,
    workers,
    one,
    two,
    events,
    records,
    pushes,
    refused,
    loads,
    serve,
    starting,
    /** Both workers say that they serve. */
    async started() {
      for (const worker of workers) worker.serve();
      return starting;
    },
    async [Symbol.asyncDispose]() {
      starting.catch(() => undefined);
      const closing = pool.close();
      for (const worker of workers) worker.exit("code 0");
      await closing;
    },
  };
}

/** Opens connections one after the other, each when the one before was given to a worker and taken. */
async function connectAll(port: number, workers: readonly PlayedWorker[], count: number): Promise<Socket[]> {
  const clients: Socket[] = [];
  for (let index = 0; index < count; index += 1) {
    const given = () => workers.reduce((sum, { sockets }) => sum + sockets.length, 0);
    const before = given();
    const client = connect(port, "127.0.0.1");
    client.on("error", () => undefined);
    clients.push(client);
    await until(5_000, "it is given to a worker", () => given() > before || undefined);
    for (const worker of workers) {
      if (worker.last?.kind === "connection") worker.say({ kind: "taken", id: worker.last.id });
    }
  }
  return clients;
}

function end(clients: readonly Socket[], workers: readonly PlayedWorker[]): void {
  for (const socket of [...clients, ...workers.flatMap(({ sockets }) => sockets)]) socket.destroy();
}

describe("WorkerPool", () => {
  it("is ready when all workers serve, each with the set-up, what is served, and its share of rates", async () => {
    await using up = await startPool({
      limits: { ...defaultAdsLimits, streamRate: { perSecond: 5, burst: 9 } },
    });
    const { one, two, pool } = up;
    one.say({ kind: "up" });
    assert.deepEqual(one.kinds, ["start"]);
    const [start] = one.heard;
    assert.ok(start?.kind === "start");
    assert.deepEqual(start.setup.limits.streamRate, { perSecond: 2.5, burst: 5 });
    one.say({ kind: "started" });
    assert.deepEqual(one.kinds, ["start", "resources", "set", "revision", "serve"]);
    one.say({ kind: "served" });
    assert.equal(pool.isListening, false);
    two.serve();
    assert.ok(two.heard[0]?.kind === "start");
    assert.deepEqual(two.heard[0].setup.limits.streamRate, { perSecond: 2.5, burst: 4 });
    await up.starting;
    assert.equal(pool.isListening, true);
  });

  it("lets each worker open one stream at once also where all together may open fewer than there are workers", async () => {
    await using up = await startPool({
      limits: { ...defaultAdsLimits, streamRate: { perSecond: 1, burst: 1 } },
    });
    await up.started();
    for (const { heard } of up.workers) {
      assert.ok(heard[0]?.kind === "start");
      assert.deepEqual(heard[0].setup.limits.streamRate, { perSecond: 0.5, burst: 1 });
    }
  });

  it("does not start when a worker ends before it serves", async () => {
    await using up = await startPool();
    up.one.say({ kind: "up" });
    up.one.exit("code 1");
    await assert.rejects(up.starting, /^Error: a worker ended \(code 1\) before it served$/);
  });

  it("gives a connection to the worker with the fewest, one at a time, and counts it until it is over", async () => {
    await using up = await startPool({ limits: { ...defaultAdsLimits, connectionsPerAddress: 4 } });
    const { one, two, workers } = up;
    const { port } = await up.started();
    const clients = await connectAll(port, workers, 4);
    assert.deepEqual([one.sockets.length, two.sockets.length], [2, 2]);
    const beyond = connect(port, "127.0.0.1");
    beyond.on("error", () => undefined).resume();
    await once(beyond, "close");
    assert.deepEqual(up.refused, [["127.0.0.1", "4 connections of 127.0.0.1 are open, limit is 4", 1]]);
    const over = two.heard.filter((message) => message.kind === "connection").map(({ id }) => id);
    two.report({ connections: over });
    clients.push(...(await connectAll(port, workers, 2)));
    assert.deepEqual([one.sockets.length, two.sockets.length], [2, 4]);
    assert.deepEqual(
      up.pool.workers().workers.map(({ connections }) => connections),
      [2, 2],
    );
    end(clients, workers);
  });

  it("closes a connection that a worker did not get, says so, and gives it others", async () => {
    await using up = await startPool({ count: 1 });
    const { one, clock, records } = up;
    const { port } = await up.started();
    one.answersPings = true;
    const client = connect(port, "127.0.0.1").on("error", () => undefined);
    await until(5_000, "it is given", () => one.sockets.length === 1 || undefined);
    // An answer to what was asked before says nothing about it.
    one.say({ kind: "pong", id: 0 });
    assert.equal(one.sockets[0]?.destroyed, false);
    clock.advance(2_500);
    client.resume();
    await once(client, "close");
    assert.deepEqual(
      [records.at(-1)?.message, records.at(-1)?.fields],
      ["worker did not get a connection; may it open more files?", { pid: 1, connections: 0 }],
    );
    const next = connect(port, "127.0.0.1").on("error", () => undefined);
    await until(5_000, "the next is given", () => one.sockets.length === 2 || undefined);
    end([next], [one]);
  });

  it("keeps connections that come before a worker can take them", async () => {
    await using up = await startPool();
    const { one, workers } = up;
    const { port } = await up.started();
    const [first] = await connectAll(port, workers, 1);
    up.two.exit("SIGKILL");
    // Not taken yet: the next one waits.
    const second = connect(port, "127.0.0.1").on("error", () => undefined);
    await until(5_000, "the second is given", () => one.last?.kind === "connection" || undefined);
    const third = connect(port, "127.0.0.1").on("error", () => undefined);
    await once(third, "connect");
    const given = one.sockets.length;
    if (one.last?.kind === "connection") one.say({ kind: "taken", id: one.last.id });
    await until(5_000, "the third is given", () => one.sockets.length > given || undefined);
    end([first!, second, third], workers);
  });

  it("ends the streams of a worker that ended, says so, and starts another with what is served", async () => {
    await using up = await startPool();
    const { one, two, workers, events, clock, loads } = up;
    await up.started();
    one.open(1, "n1");
    two.open(1, "n2");
    one.report({ loads: [{ kind: "joined", node: "n1" }] });
    one.report({
      loads: [
        {
          kind: "reported",
          node: "n1",
          atMs: 1,
          reports: [
            { cluster: "a", service: "", succeeded: 1, failed: 0, issued: 1, dropped: 0, inProgress: 0 },
          ],
        },
      ],
    });
    assert.deepEqual(
      [...up.pool.streams()].map(({ streamId, node }) => [streamId, node?.id]),
      [
        [1, "n1"],
        [2, "n2"],
      ],
    );
    assert.equal(loads.list().length, 1);
    up.serve("2");
    clock.advance(2_000);
    one.exit("SIGKILL");
    assert.equal(up.pool.isListening, true);
    assert.equal(loads.list().length, 0);
    assert.deepEqual(events.at(-1), {
      kind: "streamClosed",
      streamId: 1,
      atMs: clock.now(),
      code: 14,
      reason: "the worker that served it ended (SIGKILL)",
    });
    const { message, fields } = up.records.at(-1)!;
    assert.equal(message, "worker has ended; another one takes its place");
    assert.deepEqual([fields["pid"], fields["how"], fields["streams"]], [1, "SIGKILL", 1]);
    clock.advance(0);
    assert.equal(workers.length, 3);
    const third = workers[2]!;
    third.serve();
    assert.deepEqual(third.kinds, ["start", "resources", "set", "revision", "serve"]);
    assert.deepEqual([...up.pool.streams()].length, 1);
    assert.deepEqual(up.pool.workers().restarts, 1);
  });

  it("kills a worker that gives no sign of life, says so, and starts another in its place", async () => {
    await using up = await startPool();
    const { one, two, clock, workers, events, records, pool } = up;
    await up.started();
    one.open(1, "n1");
    two.answersPings = true;
    clock.advance(10_000);
    assert.deepEqual(
      one.heard.filter(({ kind }) => kind === "ping").length,
      4,
      "it was asked for one before it was given up",
    );
    assert.equal(one.isKilled, false);
    clock.advance(2_500);
    assert.deepEqual([one.isKilled, two.isKilled], [true, false]);
    const [hung, ended] = records.slice(-2);
    assert.deepEqual(
      [hung?.message, hung?.fields["pid"], hung?.fields["error"]],
      ["worker hangs, and is killed", 1, "no sign of life for 10 s"],
    );
    assert.equal(ended?.fields["how"], "no sign of life for 10 s");
    const last = events.at(-1);
    assert.ok(last?.kind === "streamClosed");
    assert.equal(last.reason, "the worker that served it ended (no sign of life for 10 s)");
    clock.advance(0);
    assert.equal(workers.length, 3);
    assert.deepEqual([pool.workers().hangs, pool.workers().restarts], [1, 1]);
  });

  it("takes whatever a worker says for a sign of life", async () => {
    await using up = await startPool();
    await up.started();
    for (let beat = 0; beat < 20; beat += 1) {
      for (const worker of up.workers) worker.report({});
      up.clock.advance(2_500);
    }
    assert.deepEqual([up.one.isKilled, up.two.isKilled], [false, false]);
  });

  it("gives a worker a minute to start, and does not start when one never does", async () => {
    await using up = await startPool();
    const failed = assert.rejects(
      up.starting,
      /^Error: a worker ended \(no sign of life for 60 s\) before it served$/,
    );
    up.clock.advance(59_000);
    assert.equal(up.one.isKilled, false);
    up.clock.advance(4_000);
    assert.equal(up.one.isKilled, true);
    await failed;
  });

  it("waits with another one when a worker ended soon after its start: it may end again", async () => {
    await using up = await startPool();
    const { clock, workers } = up;
    await up.started();
    up.one.exit("code 1");
    clock.advance(999);
    assert.equal(workers.length, 2);
    clock.advance(1);
    assert.equal(workers.length, 3);
  });

  it("XDS-60: tells the others what a node refused, until it accepts it, and those that start later too", async () => {
    await using up = await startPool();
    const { one, two } = up;
    one.serve();
    one.open(1, "n1");
    const type = { streamId: 1, atMs: 5, typeUrl: CLUSTER, nonce: "1", version: "v" };
    one.report({
      events: [{ kind: "nacked", ...type, acceptedVersion: "", code: 13, message: "no" }],
    });
    const refusal = { nodeId: "n1", typeUrl: CLUSTER, atMs: 5 };
    two.serve();
    const [start] = two.heard;
    assert.ok(start?.kind === "start");
    assert.deepEqual(start.setup.refusals, [refusal]);
    await up.starting;
    one.report({ events: [{ kind: "nacked", ...type, acceptedVersion: "", code: 13, message: "no" }] });
    assert.deepEqual(two.last, { kind: "refused", refusal });
    one.report({ events: [{ kind: "acked", ...type }] });
    assert.deepEqual(two.last, { kind: "accepted", nodeId: "n1", typeUrl: CLUSTER });
    const { length } = two.heard;
    one.report({ events: [{ kind: "acked", ...type }] });
    assert.equal(two.heard.length, length);
    assert.ok(!one.kinds.includes("refused"));
  });

  it("asks the worker that has the node, and does without the answer of one that ends", async () => {
    await using up = await startPool();
    const { one, two, pool } = up;
    await up.started();
    one.open(7, "n1");
    const asked = pool.standings("n1", { typeUrl: CLUSTER, name: "a" });
    assert.equal(one.last?.kind, "ask");
    assert.notEqual(two.last?.kind, "ask");
    const standing = { standing: { kind: "absent" }, isWriting: false } as const;
    if (one.last?.kind === "ask") {
      one.say({
        kind: "answer",
        id: one.last.id,
        answer: { kind: "standings", standings: [{ streamId: 7, ...standing }] },
      });
    }
    assert.deepEqual(await asked, [{ streamId: 1, ...standing }]);
    assert.deepEqual(await pool.holdings("nobody"), []);
    const lost = pool.holdings("n1");
    one.exit("SIGKILL");
    assert.deepEqual(await lost, []);
  });

  it("answers calls of CSDS that come to a worker, from what all of them have reported", async () => {
    await using up = await startPool();
    await up.started();
    up.one.say({ kind: "ask", id: 3, request: Buffer.from("x") });
    const answer = { kind: "message", bytes: Buffer.from("xx") };
    assert.deepEqual(up.one.last, { kind: "answer", id: 3, answer });
  });

  it("measures a push by its slowest worker, and what a newer one overtook as left out", async () => {
    await using up = await startPool();
    const { one, two } = up;
    await up.started();
    up.pushes.length = 0;
    for (const worker of [one, two]) worker.report(pushed(0));
    up.serve("2");
    one.report(pushed(3));
    assert.deepEqual(up.pushes, []);
    two.report(pushed(5, 1));
    assert.deepEqual(up.pushes, [{ tookMs: 5, leftOut: 1 }]);
    up.serve("3");
    one.report(pushed(2));
    two.exit("SIGKILL");
    assert.deepEqual(up.pushes.at(-1), { tookMs: 2, leftOut: 0 });
  });

  it("has its workers drain when it is closed, and kills those that do not end", async () => {
    await using up = await startPool();
    const { one, two, clock, pool } = up;
    await up.started();
    const closing = pool.close();
    assert.deepEqual([one.last, two.last], [{ kind: "drain" }, { kind: "drain" }]);
    assert.equal(pool.isListening, false);
    one.exit("code 0");
    clock.advance(3_099);
    assert.equal(two.isKilled, false);
    clock.advance(1);
    assert.equal(two.isKilled, true);
    await closing;
    assert.equal(up.workers.length, 2);
    assert.equal(clock.pending, 0);
  });
});
