import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import type { NodeMatch } from "../../src/config/node-match.ts";
import { makeRevision, type Revision } from "../../src/snapshot/revision.ts";
import { createAdsServer, type AdsServerOptions } from "../../src/server/ads-server.ts";
import { v3Types } from "../../src/xds/type-traits.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { adsDelta, adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { EventLog } from "./event-log.ts";
import { snapshotOf, urlOf, type Contents } from "../xds/session-client.ts";

const node = { id: "node-1", cluster: "edge", user_agent_name: "envoy" };
const content: Contents = {
  CDS: { a: "1", b: "1" },
  EDS: { x: "1" },
  LDS: { l: "1" },
  RDS: { r: "1" },
  SDS: { s: "1" },
};

function revisionOf(contents: Contents, match: NodeMatch = {}): Revision {
  const groups = [{ name: "all", match, snapshot: snapshotOf(contents) }];
  return makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 });
}

/** One cluster of a MiB, far above the window of a client that does not read. */
function large(text: string): Contents {
  return { CDS: { a: text.repeat(1024 * 1024) } };
}

/** A server on a free port with a client, and everything that it told. */
async function startServer(contents: Contents | undefined = content, options: AdsServerOptions = {}) {
  const log = new EventLog();
  const server = createAdsServer({
    address: "127.0.0.1:0",
    identifier: "replica-1",
    drainMs: 0,
    onEvent: log.note,
    ...options,
  });
  if (contents) server.setRevision(revisionOf(contents));
  const { port } = await server.start();
  const client = new RawXdsClient(port);
  return {
    server,
    client,
    log,
    port,
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server.close();
    },
  };
}

describe("ADS server", () => {
  it("XDS-1 XDS-8 XDS-141 serves SotW and delta on one port, with its identifier", async () => {
    await using up = await startServer();
    const sotw = up.client.open(adsSotw);
    sotw.send({ node, type_url: urlOf("CDS") });
    const whole = await sotw.next();
    assert.equal(whole.identifier, "replica-1");
    assert.equal(whole.typeUrl, urlOf("CDS"));
    assert.deepEqual(
      whole.resources.map(({ typeUrl, value }) => [typeUrl, value.toString()]),
      [
        [urlOf("CDS"), "1"],
        [urlOf("CDS"), "1"],
      ],
    );
    const delta = up.client.open(adsDelta);
    delta.send({ node, type_url: urlOf("EDS"), resource_names_subscribe: ["x", "gone"] });
    const part = await delta.next();
    assert.equal(part.identifier, "replica-1");
    assert.deepEqual(
      part.resources.map(({ name, typeUrl, value }) => [name, typeUrl, value.toString()]),
      [["x", urlOf("EDS"), "1"]],
    );
    assert.match(part.resources[0]?.version ?? "", /^[\w-]{16}$/);
    assert.deepEqual(part.removed, ["gone"]);
  });

  for (const { label, typeUrl, service } of v3Types) {
    for (const method of [service.sotw, service.delta]) {
      if (!method) continue;
      it(`XDS-2 XDS-4 serves ${label} by ${method}, whose requests need no type_url`, async () => {
        await using up = await startServer({ [label]: { n: "1" } });
        const stream = up.client.open(`/${service.name}/${method}`);
        stream.send(
          method.startsWith("Delta")
            ? { node, resource_names_subscribe: ["n"] }
            : { node, resource_names: ["n"] },
        );
        const response = await stream.next();
        assert.equal(response.typeUrl, typeUrl);
        assert.deepEqual(
          response.resources.map(({ value }) => value.toString()),
          ["1"],
        );
      });
    }
  }

  it("serves a candidate to the nodes that it has reached, and takes it back", async () => {
    await using up = await startServer({ CDS: { a: "old" } });
    const watch = (id: string) => {
      const stream = up.client.open(adsDelta);
      stream.send({ node: { ...node, id }, type_url: urlOf("CDS"), resource_names_subscribe: ["a"] });
      const take = async () => {
        const { nonce, resources } = await stream.next();
        stream.send({ type_url: urlOf("CDS"), response_nonce: nonce });
        return resources.map(({ value }) => value.toString());
      };
      return { take };
    };
    const canary = watch("canary");
    const other = watch("other");
    assert.deepEqual(await canary.take(), ["old"]);
    assert.deepEqual(await other.take(), ["old"]);
    await up.log.told("acked", 2);
    const stable = revisionOf({ CDS: { a: "old" } });
    const revision = revisionOf({ CDS: { a: "new" } });
    const extents = new Map([["all", { share: 0, matches: [{ id: "canary" }] }]]);
    up.server.serve({ stable, candidate: { revision, extents } });
    assert.deepEqual(await canary.take(), ["new"]);
    assert.deepEqual(
      await watch("canary").take(),
      ["new"],
      "a node that comes anew gets what its stage says",
    );
    assert.deepEqual(await watch("late").take(), ["old"]);
    assert.deepEqual(
      up.server.streams().map((stream) => [stream.node?.id, stream.revisionId]),
      [
        ["canary", revision.id],
        ["other", stable.id],
        ["canary", revision.id],
        ["late", stable.id],
      ],
    );
    up.server.serve({ stable });
    assert.deepEqual(await canary.take(), ["old"]);
    up.server.setRevision(revisionOf({ CDS: { a: "newer" } }));
    assert.deepEqual(await other.take(), ["newer"], "it never saw the candidate");
  });

  it("XDS-3 ends an aggregated stream without type_url, and no other", async () => {
    await using up = await startServer();
    const other = up.client.open(adsSotw);
    other.send({ node, type_url: urlOf("CDS") });
    await other.next();
    const stream = up.client.open(adsSotw);
    stream.send({ node });
    const { code, details } = await stream.ended;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /type_url/);
    other.send({ type_url: urlOf("LDS") });
    assert.equal((await other.next()).typeUrl, urlOf("LDS"));
  });

  it("XDS-5 refuses another type on the stream of one", async () => {
    await using up = await startServer();
    const stream = up.client.open("/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters");
    stream.send({ node, type_url: urlOf("EDS"), resource_names: ["x"] });
    assert.equal((await stream.ended).code, status.INVALID_ARGUMENT);
  });

  it("XDS-7 XDS-12 answers v2 services and unary methods with UNIMPLEMENTED", async () => {
    await using up = await startServer();
    const v2 = up.client.open(
      "/envoy.service.discovery.v2.AggregatedDiscoveryService/StreamAggregatedResources",
    );
    assert.equal((await v2.ended).code, status.UNIMPLEMENTED);
    for (const { service } of v3Types) {
      if (!service.fetch) continue;
      assert.equal(await up.client.call(`/${service.name}/${service.fetch}`), status.UNIMPLEMENTED);
    }
  });

  it("XDS-9 gives streams of one node their own sessions", async () => {
    await using up = await startServer();
    const [first, second] = [up.client.open(adsSotw), up.client.open(adsSotw)];
    for (const stream of [first, second]) {
      stream.send({ node, type_url: urlOf("CDS") });
      await stream.next();
    }
    first.call.cancel();
    await up.log.told("streamClosed");
    up.server.setRevision(revisionOf({ CDS: { a: "2" } }));
    // Its first response is not ACKed, so nothing may come before the ACK.
    second.send({ type_url: urlOf("LDS") });
    const next = await second.next();
    assert.equal(next.typeUrl, urlOf("LDS"));
    assert.equal(up.server.streams().length, 1);
  });

  it("XDS-10 ends a call that the client half-closes, and keeps nothing of calls that ended", async () => {
    await using up = await startServer();
    const streams = Array.from({ length: 100 }, () => up.client.open(adsDelta));
    for (const stream of streams) stream.send({ node, type_url: urlOf("CDS") });
    await Promise.all(streams.map((stream) => stream.next()));
    assert.equal(up.server.streams().length, 100);
    streams.forEach((stream, index) => (index % 2 ? stream.call.cancel() : stream.call.end()));
    const ends = await Promise.all(streams.map((stream) => stream.ended));
    assert.deepEqual(new Set(ends.map(({ code }) => code)), new Set([status.OK, status.CANCELLED]));
    await up.log.told("streamClosed", 100);
    assert.deepEqual(up.server.streams(), []);
  });

  it("XDS-11 ends a stream with bytes that are no message, and says where", async () => {
    await using up = await startServer();
    const stream = up.client.open(adsSotw);
    stream.call.write(Buffer.from([0x0a, 0x7f, 1]));
    const { code, details } = await stream.ended;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /field of 127 bytes at byte 2, but 1 are left/);
  });

  it("XDS-14 refuses a first request without a node id", async () => {
    await using up = await startServer();
    const stream = up.client.open(adsSotw);
    stream.send({ type_url: urlOf("CDS") });
    const { code, details } = await stream.ended;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /node\.id/);
  });

  it("XDS-16 leaves a node without a group unanswered until a revision has one for it", async () => {
    await using up = await startServer(undefined);
    up.server.setRevision(revisionOf(content, { cluster: "inner" }));
    const stream = up.client.open(adsSotw);
    stream.send({ node, type_url: urlOf("CDS") });
    await up.log.told("subscribed");
    assert.equal(up.server.streams()[0]?.group, undefined);
    assert.equal(up.log.of("sent").length, 0);
    up.server.setRevision(revisionOf(content, { cluster: "edge" }));
    assert.equal((await stream.next()).resources.length, 2);
    assert.equal(up.server.streams()[0]?.group, "all");
  });

  it("tells of a stream from its opening to its end, ACK and NACK included", async () => {
    await using up = await startServer();
    const stream = up.client.open(adsSotw);
    stream.send({ node, type_url: urlOf("CDS") });
    const first = await stream.next();
    stream.send({ type_url: urlOf("CDS"), version_info: first.version, response_nonce: first.nonce });
    await up.log.told("acked");
    up.server.setRevision(revisionOf({ CDS: { a: "bad" } }));
    const second = await stream.next();
    const error_detail = { code: 13, message: "a: no" };
    stream.send({
      type_url: urlOf("CDS"),
      version_info: first.version,
      response_nonce: second.nonce,
      error_detail,
    });
    await up.log.told("nacked");
    stream.call.end();
    await stream.ended;
    assert.deepEqual(
      up.log.events.map(({ kind }) => kind),
      [
        "streamOpened",
        "nodeKnown",
        "groupAssigned",
        "subscribed",
        "sent",
        "acked",
        "groupAssigned",
        "sent",
        "nacked",
        "streamClosed",
      ],
    );
    const [nacked] = up.log.of("nacked");
    assert.equal(nacked?.message, "a: no");
    assert.equal(nacked?.version, second.version);
    assert.equal(nacked?.acceptedVersion, first.version);
  });

  it("XDS-60 does not believe what a node states that refused on its stream before", async () => {
    await using up = await startServer();
    const first = up.client.open(adsDelta);
    first.send({ node, type_url: urlOf("CDS") });
    const { nonce, resources } = await first.next();
    first.send({ type_url: urlOf("CDS"), response_nonce: nonce, error_detail: { code: 13, message: "no" } });
    await up.log.told("nacked");
    first.call.cancel();
    const second = up.client.open(adsDelta);
    const initial_resource_versions = Object.fromEntries(
      resources.map(({ name, version }) => [name, version]),
    );
    second.send({ node, type_url: urlOf("CDS"), initial_resource_versions });
    assert.equal((await second.next()).resources.length, 2);
  });

  it("XDS-120 takes a request of 30 MiB", async () => {
    await using up = await startServer();
    const stream = up.client.open(adsDelta);
    const initial_resource_versions = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, index) => [`${index}${"n".repeat(470)}`, "v".repeat(16)]),
    );
    stream.send({ node, type_url: urlOf("CDS"), initial_resource_versions });
    const { resources, removed } = await stream.next();
    assert.equal(resources.length, 2);
    // The removals of so many are more than one part may hold.
    assert.ok(removed.length > 1000);
  });

  it("XDS-129 serves 300 streams on one connection, and brings an update to each", async () => {
    await using up = await startServer();
    const streams = Array.from({ length: 300 }, () => up.client.open(adsSotw));
    for (const stream of streams) stream.send({ node, type_url: urlOf("CDS") });
    const firsts = await Promise.all(streams.map((stream) => stream.next()));
    streams.forEach((stream, index) => {
      const { version, nonce } = firsts[index] ?? { version: "", nonce: "" };
      stream.send({ type_url: urlOf("CDS"), version_info: version, response_nonce: nonce });
    });
    await up.log.told("acked", 300);
    up.server.setRevision(revisionOf({ CDS: { a: "2" } }));
    const seconds = await Promise.all(streams.map((stream) => stream.next()));
    assert.ok(seconds.every(({ resources }) => resources.length === 1));
  });

  it("XDS-124 resets a stream that takes nothing for the stall time", async () => {
    const clock = new FakeClock();
    await using up = await startServer(large("x"), { clock, limits: { stallTimeoutMs: 60_000 } });
    const session = connectHttp2(`http://127.0.0.1:${up.port}`);
    const stream = session.request({
      ":method": "POST",
      ":path": adsSotw,
      "content-type": "application/grpc",
      te: "trailers",
    });
    // Not reading leaves the window of 64 KiB closed.
    const sotw = up.client.open(adsSotw);
    const written: Buffer[] = [];
    sotw.call.write = (bytes: Buffer) => written.push(bytes) > 0;
    sotw.send({ node, type_url: urlOf("CDS") });
    const header = Buffer.alloc(5);
    header.writeUInt32BE(written[0]?.length ?? 0, 1);
    stream.write(Buffer.concat([header, ...written]));
    await up.log.told("sent");
    const closed = new Promise<number>((resolve) => stream.on("close", () => resolve(stream.rstCode)));
    stream.on("error", () => {});
    clock.advance(60_000);
    await up.log.told("streamClosed");
    stream.resume();
    assert.notEqual(await closed, 0);
    const [end] = up.log.of("streamClosed");
    assert.equal(end?.reason, "the client took nothing for 60 s");
    session.destroy();
  });

  it("XDS-122 XDS-123 a client that does not read delays no other, and then gets the newest", async () => {
    await using up = await startServer(large("0"));
    const [slow, fast] = [up.client.open(adsDelta), up.client.open(adsDelta)];
    slow.call.pause();
    for (const stream of [slow, fast]) stream.send({ node, type_url: urlOf("CDS") });
    for (const text of ["1", "2", "3"]) {
      const { nonce } = await fast.next();
      fast.send({ type_url: urlOf("CDS"), response_nonce: nonce });
      await up.log.until(() => up.log.of("acked").length === Number(text));
      up.server.setRevision(revisionOf(large(text)));
    }
    assert.equal((await fast.next()).resources[0]?.value[0], "3".charCodeAt(0));
    slow.call.resume();
    const first = await slow.next();
    assert.equal(first.resources[0]?.value[0], "0".charCodeAt(0));
    slow.send({ type_url: urlOf("CDS"), response_nonce: first.nonce });
    assert.equal((await slow.next()).resources[0]?.value[0], "3".charCodeAt(0));
  });

  it("XDS-129 XDS-132 states a high limit on streams, and pings a connection that is idle", async () => {
    await using up = await startServer(content, { limits: { keepaliveTimeMs: 10 } });
    const session = connectHttp2(`http://127.0.0.1:${up.port}`);
    const pinged = new Promise<void>((resolve) => session.on("ping", () => resolve()));
    await new Promise<void>((resolve) => session.on("remoteSettings", () => resolve()));
    assert.equal(session.remoteSettings.maxConcurrentStreams, 1024);
    await pinged;
    session.destroy();
  });

  it("XDS-11 drops a connection that speaks no HTTP/2, and no other", async () => {
    await using up = await startServer();
    const stream = up.client.open(adsSotw);
    stream.send({ node, type_url: urlOf("CDS") });
    await stream.next();
    for (const garbage of [
      "GET / HTTP/1.1\r\n\r\n",
      "\0".repeat(100),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".padEnd(200, "\xff"),
    ]) {
      const socket = connect(up.port, "127.0.0.1");
      const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
      // A reset is as good an end as any.
      socket.on("error", () => {});
      socket.resume();
      socket.end(garbage, "latin1");
      await closed;
    }
    stream.send({ type_url: urlOf("LDS") });
    assert.equal((await stream.next()).typeUrl, urlOf("LDS"));
  });

  it("XDS-131 bears more pings than any client sends, also without a stream", async () => {
    await using up = await startServer();
    const session = connectHttp2(`http://127.0.0.1:${up.port}`);
    await new Promise<void>((resolve) => session.on("remoteSettings", () => resolve()));
    for (let count = 0; count < 100; count += 1) {
      await new Promise<void>((resolve, reject) => {
        session.ping((error) => (error ? reject(error) : resolve()));
      });
    }
    assert.equal(session.destroyed, false);
    session.destroy();
  });

  it("XDS-134 ends streams with UNAVAILABLE at close, sends GOAWAY and nothing else", async () => {
    await using up = await startServer();
    const session = connectHttp2(`http://127.0.0.1:${up.port}`);
    await new Promise<void>((resolve) => session.on("remoteSettings", () => resolve()));
    const goaway = new Promise<number>((resolve) => session.on("goaway", resolve));
    const stream = up.client.open(adsSotw);
    stream.send({ node, type_url: urlOf("CDS") });
    await stream.next();
    await up.server.close();
    assert.equal((await stream.ended).code, status.UNAVAILABLE);
    assert.equal(await goaway, 0);
    assert.equal(stream.backlog, 0);
    session.destroy();
  });

  it("rejects a start on an address in use, and ends when its signal is aborted", async () => {
    await using up = await startServer();
    const other = createAdsServer({ address: `127.0.0.1:${up.port}` });
    await assert.rejects(other.start(), /EADDRINUSE/);
    const abort = new AbortController();
    await using third = createAdsServer({ address: "127.0.0.1:0", drainMs: 0 });
    await third.start({ signal: abort.signal });
    abort.abort();
    await third.close();
  });
});
