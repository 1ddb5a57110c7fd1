import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deserialize, serialize } from "node:v8";
import { type AdsServer, createAdsServer } from "../../../src/server/ads-server.ts";
import type { Report } from "../../../src/server/workers/messages.ts";
import { Reporter } from "../../../src/server/workers/reporter.ts";
import { WorkerStreams } from "../../../src/server/workers/worker-streams.ts";
import { makeRevision } from "../../../src/snapshot/revision.ts";
import type { StreamStatus, XdsEvent } from "../../../src/xds/events.ts";
import { adsDelta, adsSotw, RawXdsClient } from "../../kit/raw-xds-client.ts";
import { until } from "../../kit/within.ts";
import { type Contents, snapshotOf, urlOf } from "../../xds/session-client.ts";

const soonMs = 5_000;

/** A server whose streams are mirrored by reports, as those of a worker are in the main process. */
async function startMirrored() {
  const reporter = new Reporter((streamId) => server.stream(streamId));
  const server: AdsServer = createAdsServer({
    address: "127.0.0.1:0",
    drainMs: 0,
    onEvent: (event) => reporter.note(event),
  });
  let lastId = 100;
  const mirror = new WorkerStreams(() => (lastId += 1));
  const events: XdsEvent[] = [];
  const serve = (contents: Contents, group = "all") => {
    const groups = [{ name: group, match: {}, snapshot: snapshotOf(contents) }];
    server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
  };
  serve({ CDS: { a: "1", b: "1" }, EDS: { a: "1" } });
  const { port } = await server.start();
  const client = new RawXdsClient(port);
  const report = (): Report => deserialize(serialize(reporter.take()));
  return {
    server,
    client,
    serve,
    reporter,
    mirror,
    events,
    /** Reports, and holds the mirror to what the server says of its streams. */
    isTrue() {
      events.push(...mirror.take(report()).map(({ event }) => event));
      assert.deepEqual([...mirror.statuses()].map(withoutId), server.streams().map(withoutId));
    },
    report,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server.close();
    },
  };
}

function withoutId(stream: StreamStatus) {
  const { streamId: _, ...status } = stream;
  return status;
}

/** Sends an ACK, and resolves when the server has taken it. */
async function acked(server: AdsServer, send: () => void): Promise<void> {
  const before = server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === urlOf("CDS"))?.ackedVersion;
  send();
  await until(soonMs, "the ACK is taken", () => {
    const type = server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === urlOf("CDS"));
    return (type?.state === "SYNCED" && type.ackedVersion !== before) || undefined;
  });
}

describe("the streams of a worker in the main process", () => {
  it("stand as the worker's own stand, from the first request to the last", async () => {
    await using up = await startMirrored();
    const { server, serve } = up;
    const stream = up.client.open(adsSotw);
    stream.send({ node: { id: "n1", cluster: "edge" }, type_url: urlOf("CDS") });
    const first = await stream.next();
    up.isTrue();
    const ack = ({ nonce, version }: typeof first) =>
      stream.send({ type_url: urlOf("CDS"), response_nonce: nonce, version_info: version });
    await acked(server, () => ack(first));
    up.isTrue();
    stream.send({ type_url: urlOf("EDS"), resource_names: ["a"] });
    await stream.next();
    up.isTrue();
    stream.send({ type_url: urlOf("EDS"), resource_names: ["a", "x"] });
    await until(
      soonMs,
      "two names are asked for",
      () => server.streams()[0]?.types[1]?.names.size === 2 || undefined,
    );
    up.isTrue();

    serve({ CDS: { a: "2" } }, "other");
    const second = await stream.next();
    up.isTrue();
    stream.send({
      type_url: urlOf("CDS"),
      response_nonce: second.nonce,
      version_info: first.version,
      error_detail: { code: 13, message: "no" },
    });
    await until(soonMs, "the refusal is taken", () => server.streams()[0]?.types[0]?.refusal);
    up.isTrue();
    const [status] = up.mirror.statuses();
    assert.equal(status?.types[0]?.refusal?.message, "no");
    assert.equal(status?.group, "other");

    const delta = up.client.open(adsDelta);
    delta.send({ node: { id: "n2" }, type_url: urlOf("CDS") });
    await delta.next();
    up.isTrue();
    assert.deepEqual([up.mirror.isOfNode("n2"), up.mirror.isOfNode("n3")], [true, false]);
    stream.call.end();
    await stream.ended;
    up.isTrue();
    assert.deepEqual(
      [...up.mirror.statuses()].map(({ streamId }) => streamId),
      [102],
    );
    const kinds = new Set(up.events.filter(({ streamId }) => streamId === 101).map(({ kind }) => kind));
    assert.deepEqual(
      [...kinds],
      ["streamOpened", "nodeKnown", "groupAssigned", "subscribed", "sent", "acked", "nacked", "streamClosed"],
    );
  });

  it("cost what changed: a type that stands as before is not told again", async () => {
    await using up = await startMirrored();
    const stream = up.client.open(adsSotw);
    stream.send({ node: { id: "n1" }, type_url: urlOf("CDS") });
    await stream.next();
    stream.send({ type_url: urlOf("EDS"), resource_names: ["a"] });
    await stream.next();
    up.isTrue();
    stream.send({ type_url: urlOf("EDS"), resource_names: ["a", "x"] });
    await until(
      soonMs,
      "two names are asked for",
      () => up.server.streams()[0]?.types[1]?.names.size === 2 || undefined,
    );
    const { streams } = up.report();
    assert.deepEqual(
      streams
        .flatMap(({ types }) => types.map(({ typeUrl }) => typeUrl))
        .filter((url) => url === urlOf("CDS")),
      [],
    );
  });

  it("end with their worker, each by an event of its own", async () => {
    await using up = await startMirrored();
    const stream = up.client.open(adsSotw);
    stream.send({ node: { id: "n1" }, type_url: urlOf("CDS") });
    await stream.next();
    up.isTrue();
    assert.deepEqual(up.mirror.end("gone", 9), [
      { kind: "streamClosed", streamId: 101, atMs: 9, code: 14, reason: "gone" },
    ]);
    assert.deepEqual([...up.mirror.statuses()], []);
    assert.deepEqual(up.mirror.end("gone", 9), []);
  });

  it("are looked at again while a client has not taken what was written: no event tells the end of that", () => {
    let bufferedBytes = 10;
    const reporter = new Reporter((streamId) => ({
      streamId,
      streamKind: "sotw",
      service: { kind: "ads" },
      peer: "",
      openedAtMs: 0,
      types: [],
      bufferedBytes,
    }));
    reporter.note({
      kind: "nodeKnown",
      streamId: 1,
      atMs: 0,
      node: {
        id: "n",
        cluster: "",
        locality: { region: "", zone: "", sub_zone: "" },
        userAgentName: "",
        userAgentVersion: "",
        clientFeatures: [],
      },
    });
    const told = () => reporter.take().streams.map((stream) => stream.bufferedBytes);
    assert.deepEqual(told(), [10]);
    assert.equal(reporter.hasUnwritten, true);
    bufferedBytes = 0;
    assert.deepEqual(told(), [0]);
    assert.equal(reporter.hasUnwritten, false);
    assert.deepEqual(told(), []);
  });

  it("translate the ids of answers, and leave out streams that have ended since", async () => {
    await using up = await startMirrored();
    const stream = up.client.open(adsSotw);
    stream.send({ node: { id: "n1" }, type_url: urlOf("CDS") });
    await stream.next();
    up.isTrue();
    const [holdings] = await up.server.holdings("n1");
    assert.ok(holdings);
    const answer = up.mirror.translate({
      kind: "holdings",
      holdings: [holdings, { ...holdings, streamId: 77 }],
    });
    assert.deepEqual(answer, { kind: "holdings", holdings: [{ ...holdings, streamId: 101 }] });
  });
});
