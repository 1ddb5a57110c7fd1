import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { createAdsServer, type AdsServerOptions } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { callHeaders, frame, frameType, literal, RawHttp2 } from "../kit/raw-http2.ts";
import { adsDelta, adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { until, within } from "../kit/within.ts";
import { snapshotOf, urlOf } from "../xds/session-client.ts";
import { EventLog } from "./event-log.ts";

const node = { id: "victim", cluster: "edge" };
const attacker = { id: "attacker", cluster: "edge" };
const soonMs = 10_000;

/**
 * After an error of the protocol Node says GOAWAY, and then leaves the socket to the keepalive: a ping that is not
 * answered ends it. Long enough for a well-behaved client on a busy machine.
 */
const pinged = { keepaliveTimeMs: 200, keepaliveTimeoutMs: 1_000 };

/** A server with one well-behaved client, which has to be served whatever the others do. */
async function startServer(options: AdsServerOptions = {}) {
  const log = new EventLog();
  const refused: string[] = [];
  const server = createAdsServer({
    address: "127.0.0.1:0",
    drainMs: 0,
    onEvent: log.note,
    onRefusedConnection: (_address, reason) => refused.push(reason),
    ...options,
  });
  let version = 0;
  const change = () => {
    version += 1;
    const groups = [{ name: "all", match: {}, snapshot: snapshotOf({ CDS: { a: String(version) } }) }];
    server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
  };
  change();
  const { port } = await server.start();
  const client = new RawXdsClient(port);
  const calm = client.open(adsSotw);
  calm.send({ node, type_url: urlOf("CDS") });
  const take = async () => {
    const { nonce, version: version_info, resources } = await calm.next();
    calm.send({ type_url: urlOf("CDS"), response_nonce: nonce, version_info });
    return resources[0]?.value.toString();
  };
  await take();
  return {
    server,
    port,
    log,
    refused,
    client,
    /** A change reaches the well-behaved stream, soon and whole. */
    isUnharmed: async () => {
      change();
      assert.equal(await within(soonMs, "the other stream is served", take()), String(version));
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server.close();
    },
  };
}

describe("an attacker with requests (XDS-11)", () => {
  it("10,000 names are taken, and beyond the limit refused with the numbers", async () => {
    await using up = await startServer({ limits: { namesPerType: 10_000 } });
    const names = Array.from({ length: 10_000 }, (_, index) => `name-${index}`);
    const taken = up.client.open(adsSotw);
    taken.send({ node: attacker, type_url: urlOf("CDS"), resource_names: [...names.slice(1), "a"] });
    assert.equal((await taken.next()).resources.length, 1);
    for (const [path, field] of [
      [adsSotw, "resource_names"],
      [adsDelta, "resource_names_subscribe"],
    ] as const) {
      const stream = up.client.open(path);
      stream.send({ node: attacker, type_url: urlOf("CDS"), [field]: [...names, "more"] });
      const { code, details } = await stream.ended;
      assert.equal(code, status.RESOURCE_EXHAUSTED);
      assert.equal(details, `${field} has 10001 names, limit is 10000 a type`);
    }
    await up.isUnharmed();
  });

  it("names that add up over many requests meet the same limit", async () => {
    await using up = await startServer({ limits: { namesPerType: 10 } });
    const stream = up.client.open(adsDelta);
    stream.send({ node: attacker, type_url: urlOf("EDS"), resource_names_subscribe: ["first"] });
    for (let index = 0; index < 10; index += 1) {
      stream.send({ type_url: urlOf("EDS"), resource_names_subscribe: [`name-${index}`] });
    }
    assert.equal((await stream.ended).code, status.RESOURCE_EXHAUSTED);
    await up.isUnharmed();
  });

  it("1 MB of node metadata is refused, and the text names the field", async () => {
    await using up = await startServer();
    const stream = up.client.open(adsSotw);
    const metadata = { fields: { filler: { string_value: "x".repeat(1024 * 1024) } } };
    stream.send({ node: { ...attacker, metadata }, type_url: urlOf("CDS") });
    const { code, details } = await stream.ended;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /node\.metadata is \d+ bytes, limit is 262144/);
    await up.isUnharmed();
  });

  it("a message over the limit is refused with its size", async () => {
    await using up = await startServer({ limits: { requestMaxBytes: 64 * 1024 } });
    const stream = up.client.open(adsSotw);
    stream.send({ node: attacker, type_url: urlOf("CDS"), resource_names: ["x".repeat(65 * 1024)] });
    const { code, details } = await stream.ended;
    assert.equal(code, status.RESOURCE_EXHAUSTED);
    assert.match(details, /6\d{4}/);
    await up.isUnharmed();
  });

  it("requests at full speed end the stream with the limit", async () => {
    await using up = await startServer({ limits: { requestRate: { perSecond: 1, burst: 100 } } });
    const stream = up.client.open(adsSotw);
    stream.send({ node: attacker, type_url: urlOf("CDS") });
    for (let index = 0; index < 200; index += 1) {
      stream.send({ type_url: urlOf("EDS"), resource_names: [`name-${index}`] });
    }
    const { code, details } = await stream.ended;
    assert.equal(code, status.RESOURCE_EXHAUSTED);
    assert.equal(details, "too many requests on the stream: limit is 1 a second and 100 at once");
    await up.isUnharmed();
  });

  it("a stream that never asks is ended after its time", async () => {
    const clock = new FakeClock();
    await using up = await startServer({ clock });
    const stream = up.client.open(adsSotw);
    // Without a message nothing but the headers is sent.
    await up.log.told("streamOpened", 2);
    clock.advance(29_999);
    assert.equal(up.server.streams().length, 2);
    clock.advance(1);
    const { code, details } = await stream.ended;
    assert.deepEqual([code, details], [status.DEADLINE_EXCEEDED, "no request came within 30 s"]);
    assert.equal(up.server.streams().length, 1);
    await up.isUnharmed();
  });
});

describe("an attacker with connections", () => {
  it("connections of an address beyond the limit are told why by GOAWAY, and leave room when they go", async () => {
    await using up = await startServer({ limits: { connectionsPerAddress: 3 } });
    using first = new RawHttp2(up.port);
    using second = new RawHttp2(up.port);
    await Promise.all([once(first.socket, "data"), once(second.socket, "data")]);
    using third = new RawHttp2(up.port);
    await within(soonMs, "the connection is closed", third.closed);
    const [, goAway] = third.frames;
    assert.equal(goAway?.type, frameType.goAway);
    assert.equal(goAway.payload.readUInt32BE(4), 0xb, "ENHANCE_YOUR_CALM");
    const text = "3 connections of 127.0.0.1 are open, limit is 3";
    assert.equal(goAway.payload.toString("utf8", 8), text);
    assert.deepEqual(up.refused, [text]);
    second.socket.destroy();
    await until(soonMs, "there is room again", async () => {
      using another = new RawHttp2(up.port);
      const [bytes]: Buffer[] = await once(another.socket, "data");
      return bytes?.includes("connections of") ? undefined : true;
    });
    await up.isUnharmed();
  });

  it("connections in all have a limit too", async () => {
    await using up = await startServer({ limits: { connections: 1 } });
    using second = new RawHttp2(up.port);
    await within(soonMs, "the connection is closed", second.closed);
    assert.deepEqual(up.refused, ["1 connections are open, limit is 1"]);
    await up.isUnharmed();
  });

  for (const [what, say] of [
    ["says nothing", () => {}],
    ["stops within the preface", (peer: RawHttp2) => peer.write(Buffer.from("PRI * HT"))],
    [
      "stops within a frame of headers",
      (peer: RawHttp2) => {
        peer.begin();
        peer.write(frame(frameType.headers, 4, 1, callHeaders(adsSotw)).subarray(0, 20));
      },
    ],
  ] as const) {
    it(`slow loris: a peer that ${what} is let go when it answers no ping`, async () => {
      await using up = await startServer({ limits: pinged });
      using peer = new RawHttp2(up.port);
      say(peer);
      await within(soonMs, "the connection is closed", peer.closed);
      await up.isUnharmed();
    });
  }

  it("slow loris: a stream whose first message never ends is ended after its time", async () => {
    const clock = new FakeClock();
    await using up = await startServer({ clock });
    using peer = new RawHttp2(up.port);
    peer.begin();
    // A length of 4 MiB, and then a byte now and again.
    const start = Buffer.from([0, 0, 0x40, 0, 0, 0x0a]);
    peer.write(frame(frameType.headers, 4, 1, callHeaders(adsSotw)), frame(frameType.data, 0, 1, start));
    await up.log.told("streamOpened", 2);
    for (let second = 1; second <= 30; second += 1) {
      peer.write(frame(frameType.data, 0, 1, Buffer.of(0)));
      clock.advance(1_000);
    }
    await up.log.told("streamClosed");
    assert.equal(up.log.of("streamClosed")[0]?.code, status.DEADLINE_EXCEEDED);
    await up.isUnharmed();
  });

  it("a connection without calls is closed after its time", async () => {
    await using up = await startServer({ limits: { idleConnectionMs: 100 } });
    using peer = new RawHttp2(up.port);
    peer.begin();
    await within(soonMs, "the connection is closed", peer.closed);
    await up.isUnharmed();
  });
});

function drained({ socket }: RawHttp2): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once("drain", resolve);
  });
}

describe("an attacker with frames", () => {
  it("half-open streams end at the limit of the connection; those beyond are refused", async () => {
    await using up = await startServer({ limits: { streamsPerConnection: 8 } });
    using peer = new RawHttp2(up.port);
    peer.begin();
    const ids = Array.from({ length: 50 }, (_, index) => 2 * index + 1);
    peer.write(...ids.map((id) => frame(frameType.headers, 4, id, callHeaders(adsSotw))));
    await up.log.told("streamOpened", 9);
    await until(soonMs, "streams are refused", () => {
      const resets = peer.frames.filter(({ type }) => type === frameType.rstStream);
      const isOver = peer.frames.some(({ type }) => type === frameType.goAway);
      return resets.length >= 42 || isOver || undefined;
    });
    assert.equal(up.log.of("streamOpened").length, 9);
    peer.socket.destroy();
    await up.log.told("streamClosed", 8);
    await up.isUnharmed();
  });

  it("RST flood: opening and resetting streams ends the connection, and leaves nothing", async () => {
    await using up = await startServer({ limits: pinged });
    using peer = new RawHttp2(up.port);
    peer.begin();
    const reset = Buffer.from([0, 0, 0, 8]);
    for (let round = 0; round < 100 && !peer.socket.destroyed; round += 1) {
      const ids = Array.from({ length: 100 }, (_, index) => 2 * (100 * round + index) + 1);
      peer.write(
        ...ids.flatMap((id) => [
          frame(frameType.headers, 4, id, callHeaders(adsSotw)),
          frame(frameType.rstStream, 0, id, reset),
        ]),
      );
    }
    await within(soonMs, "the connection is closed", peer.closed);
    await up.isUnharmed();
    await until(soonMs, "only the other stream is left", () => up.server.streams().length === 1 || undefined);
  });

  const closing: readonly [string, (peer: RawHttp2) => void][] = [
    ["garbage instead of a preface", (peer) => peer.write(randomBytes(64 * 1024))],
    [
      "garbage after the preface",
      (peer) => {
        peer.begin();
        peer.write(Buffer.alloc(1024, 0xff));
      },
    ],
    [
      "a frame larger than it may be",
      (peer) => {
        peer.begin();
        peer.write(frame(frameType.data, 0, 1, Buffer.alloc(1024 * 1024)));
      },
    ],
    [
      "headers without an end",
      (peer) => {
        peer.begin();
        const filler = Buffer.concat(Array.from({ length: 100 }, () => literal("x", "y".repeat(100))));
        peer.write(frame(frameType.headers, 0, 1, callHeaders(adsSotw)));
        for (let index = 0; index < 200; index += 1) peer.write(frame(frameType.continuation, 0, 1, filler));
      },
    ],
    [
      "data on stream 0",
      (peer) => {
        peer.begin();
        peer.write(frame(frameType.data, 0, 0, Buffer.alloc(10)));
      },
    ],
    [
      "a window that overflows",
      (peer) => {
        peer.begin();
        const most = Buffer.from([0x7f, 0xff, 0xff, 0xff]);
        peer.write(frame(frameType.windowUpdate, 0, 0, most), frame(frameType.windowUpdate, 0, 0, most));
      },
    ],
  ];
  for (const [what, attack] of closing) {
    it(`${what} ends the connection`, async () => {
      await using up = await startServer({ limits: pinged });
      using peer = new RawHttp2(up.port);
      attack(peer);
      await within(soonMs, "the connection is closed", peer.closed);
      await up.isUnharmed();
    });
  }

  for (const [what, flood] of [
    ["SETTINGS", frame(frameType.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))],
    ["PING", frame(frameType.ping, 0, 0, Buffer.alloc(8))],
  ] as const) {
    it(`${what} flood of a peer that reads no answer ends the connection`, async () => {
      await using up = await startServer({ limits: pinged });
      using peer = new RawHttp2(up.port);
      peer.socket.pause();
      peer.begin();
      const many = Buffer.concat(Array.from({ length: 10_000 }, () => flood));
      // Answers fill the buffers of the sockets first; then they pile up, and that has a limit.
      for (let index = 0; index < 400 && !peer.socket.destroyed; index += 1) {
        if (!peer.socket.write(many)) await Promise.race([drained(peer), peer.closed]);
      }
      // A paused socket does not notice that the other side has gone until it is read.
      peer.socket.resume();
      await within(soonMs, "the connection is closed", peer.closed);
      await up.isUnharmed();
    });
  }

  it("a body that is no gRPC message ends its stream alone", async () => {
    await using up = await startServer({ limits: pinged });
    using peer = new RawHttp2(up.port);
    peer.begin();
    peer.write(
      frame(frameType.headers, 4, 1, callHeaders(adsSotw)),
      frame(
        frameType.data,
        0,
        1,
        Buffer.concat([Buffer.from([0, 0, 0, 0, 4]), Buffer.from("\xff\xff\xff\xff", "latin1")]),
      ),
    );
    await up.log.told("streamClosed");
    const [closed] = up.log.of("streamClosed");
    assert.equal(closed?.code, status.INVALID_ARGUMENT);
    assert.match(closed.reason, /cannot be read/);
    assert.ok(!peer.socket.destroyed);
    await up.isUnharmed();
  });
});
