import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import { frame } from "../../kit/raw-http2.ts";
import {
  fields,
  number,
  post,
  preface,
  pseudo,
  repeat,
  request,
  SessionScene,
  serverScene,
  setting,
} from "./session-kit.ts";

const none = new HeaderList();
const update = () => frame(8, 0, 0, number(1));
const priority = () => frame(2, 0, 1, Buffer.alloc(5));
const data = () => frame(0, 0, 1);
const giveUp = () => frame(3, 0, 1, number(8));
/** A piece of a header block that is no whole field. */
const oneByte = () => frame(9, 0, 1, Buffer.from("y"));
const manySettings = (count: number) =>
  frame(
    4,
    0,
    0,
    repeat(count, () => Buffer.from([0, 99, 0, 0, 0, 1])),
  );

describe("An HTTP/2 session of a server", () => {
  it("begins with Envoy's settings and a connection window of 24 MiB", () => {
    const scene = new SessionScene("server");
    scene.session.start();
    const [settings, window] = scene.frames();
    assert.equal(settings?.payload.toString("hex"), "000100001000000800000000000300000400000401000000");
    assert.equal(window?.payload.readUInt32BE(0), (24 << 20) - 65535);
  });

  it("gives a request with :authority as host and its cookies joined, and sends the answer", () => {
    const scene = serverScene().hear(request(1, ["cookie", "a=1", "x", "y", "cookie", "b=2"]));
    const [served] = scene.requests;
    assert.deepEqual(served?.head?.headers.flat, ["host", "a", "x", "y", "cookie", "a=1; b=2"]);
    served?.stream.sendHead([":status", "200"], new HeaderList(["x-a", "b"]), false);
    served?.stream.sendData(Buffer.from("hello"));
    served?.stream.end(undefined);
    assert.deepEqual(scene.spoken(), ["HEADERS 1 :status 200 x-a b", "DATA 1 hello last"]);
    assert.equal(scene.session.streamCount, 0);
  });

  it("passes data and trailers both ways", () => {
    const scene = serverScene().hear(
      post(1, ["content-length", "3"]),
      frame(0, 0, 1, Buffer.from("abc")),
      frame(1, 5, 1, fields("x-t", "1")),
    );
    const [served] = scene.requests;
    assert.deepEqual(served?.events, ["data abc", "end x-t 1"]);
    served?.stream.sendHead([":status", "200"], none, false);
    served?.stream.end(new HeaderList(["x-u", "2"]));
    assert.deepEqual(scene.spoken(), ["HEADERS 1 :status 200", "HEADERS 1 x-u 2 last"]);
    assert.equal(scene.stat("trailers"), 1);
  });

  it("tells a client that still sends to stop, once the answer is whole", () => {
    const scene = serverScene().hear(post(1));
    const { stream } = scene.requests[0]!;
    stream.resetsAtEnd = true;
    stream.sendHead([":status", "200"], none, false);
    stream.sendData(Buffer.from("no"));
    stream.end(undefined);
    assert.deepEqual(scene.spoken(), ["HEADERS 1 :status 200", "DATA 1 no last", "RST_STREAM 1 0"]);
  });

  it("takes frames of a stream that has just ended without complaint", () => {
    const scene = serverScene().hear(post(1));
    scene.requests[0]!.stream.reset(2);
    scene.hear(
      frame(0, 0, 1, Buffer.from("late")),
      frame(8, 0, 1, number(5)),
      frame(3, 0, 1, number(8)),
      request(1),
    );
    assert.equal(scene.failure, undefined);
    assert.equal(scene.requests.length, 1);
  });

  it("refuses streams beyond the limit, and blames a client that knew it", () => {
    const scene = serverScene({ maxConcurrentStreams: 2 }).hear(post(1), post(3), post(5));
    assert.deepEqual(scene.spoken(), ["RST_STREAM 5 7"]);
    assert.equal(scene.stat("stream_refused_errors"), 1);
    scene.hear(frame(4, 1, 0), post(7));
    assert.equal(scene.failure?.kind, "protocol");
  });

  it("splits a head that is larger than a frame", () => {
    const scene = serverScene().hear(request(1));
    scene.requests[0]!.stream.sendHead(
      [":status", "200"],
      new HeaderList(["x-large", "y".repeat(40_000)]),
      true,
    );
    const frames = scene.frames();
    assert.deepEqual(
      frames.map(({ type, flags, payload }) => [type, flags, payload.length <= 16384]),
      [
        [1, 1, true],
        [9, 0, true],
        [9, 4, true],
      ],
    );
  });

  it("serves no stream behind a GOAWAY, and all before it", () => {
    const scene = serverScene().hear(post(1));
    scene.session.goAway(true);
    scene.hear(post(3));
    scene.session.goAway(false);
    scene.hear(post(5));
    assert.equal(scene.requests.length, 2);
    assert.deepEqual(scene.spoken(), ["GOAWAY 2147483647 0", "GOAWAY 3 0"]);
    assert.equal(scene.stat("goaway_sent"), 1);
  });
});

describe("Flow control", () => {
  it("sends no more than the windows let through, a frame a stream by turns", () => {
    const scene = serverScene().hear(setting(4, 20_000), request(1), request(3));
    scene.frames();
    for (const { stream } of scene.requests) {
      stream.sendHead([":status", "200"], none, false);
      stream.sendData(Buffer.alloc(50_000));
    }
    const sent = () => scene.spoken().filter((text) => text.startsWith("DATA"));
    assert.deepEqual(sent(), ["DATA 1 16384", "DATA 3 16384", "DATA 1 3616", "DATA 3 3616"]);
    scene.hear(frame(8, 0, 3, number(100_000)));
    assert.deepEqual(sent(), ["DATA 3 16384", "DATA 3 9151"], "65,535 for the whole connection");
    scene.hear(frame(8, 0, 0, number(100_000)));
    assert.deepEqual(sent(), ["DATA 3 4465"]);
  });

  it("takes back what SETTINGS_INITIAL_WINDOW_SIZE takes back", () => {
    const scene = serverScene().hear(request(1));
    const { stream } = scene.requests[0]!;
    stream.sendHead([":status", "200"], none, false);
    stream.sendData(Buffer.alloc(60_000));
    scene.frames();
    scene.hear(setting(4, 10));
    assert.equal(stream.sendWindow, 10 - 60_000);
    scene.hear(frame(8, 0, 1, number(60_000)));
    stream.sendData(Buffer.alloc(20));
    assert.deepEqual(
      scene.spoken().filter((text) => text.startsWith("DATA")),
      [`DATA 1 ${"\0".repeat(10)}`],
    );
  });

  it("asks for a pause when too much waits, and says when that is over", () => {
    const scene = serverScene({}, 100_000).hear(request(1));
    const [served] = scene.requests;
    served!.stream.sendHead([":status", "200"], none, false);
    assert.equal(served!.stream.sendData(Buffer.alloc(90_000)), true);
    assert.equal(served!.stream.sendData(Buffer.alloc(90_000)), false);
    scene.frames();
    assert.deepEqual(served!.events, []);
    scene.hear(frame(8, 0, 0, number(1 << 20)), frame(8, 0, 1, number(1 << 20)));
    scene.frames();
    assert.deepEqual(served!.events, ["drain"]);
  });

  it("sends no data to a peer that does not read, whatever its windows allow", () => {
    const scene = serverScene().hear(setting(4, 1 << 30), frame(8, 0, 0, number(1 << 30)), request(1));
    const { stream } = scene.requests[0]!;
    scene.frames();
    scene.stall();
    stream.sendHead([":status", "200"], none, false);
    let written = 0;
    while (stream.sendData(Buffer.alloc(16384))) written += scene.written().length;
    written += scene.written().length;
    assert.ok(written < 200_000, `${written} bytes in the transport, the rest is where it came from`);
    scene.release();
    assert.ok(scene.written().length > 60_000);
  });

  it("lets a client send no more while nobody takes it, and holds no more than the window", () => {
    const scene = serverScene({ streamWindowBytes: 65_535, connectionWindowBytes: 200_000 }).hear(post(1));
    const [served] = scene.requests;
    served!.stream.pause(true);
    scene.hear(repeat(3, () => frame(0, 0, 1, Buffer.alloc(16_384))));
    assert.deepEqual(scene.spoken(), [], "no WINDOW_UPDATE");
    served!.stream.pause(false);
    assert.deepEqual(scene.spoken(), ["WINDOW_UPDATE 1 49152"]);
    served!.stream.pause(true);
    scene.hear(repeat(4, () => frame(0, 0, 1, Buffer.alloc(16_384))));
    assert.deepEqual(scene.spoken(), ["RST_STREAM 1 3", "WINDOW_UPDATE 114688"], "one frame too many");
    assert.deepEqual(served!.events.at(-1), "reset 3 by messaging");
  });

  it("gives back to the connection what an ended stream never took", () => {
    const scene = serverScene({ streamWindowBytes: 1 << 20, connectionWindowBytes: 100_000 });
    for (let id = 1; id < 40; id += 2) {
      scene.hear(post(id));
      scene.requests.at(-1)!.stream.pause(true);
      scene.hear(
        repeat(3, () => frame(0, 0, id, Buffer.alloc(16_384))),
        frame(3, 0, id, number(8)),
      );
    }
    assert.equal(scene.failure, undefined);
  });
});

describe("What breaks HTTP/2", () => {
  const silent: Readonly<Record<string, readonly Buffer[]>> = {
    "HEADERS of the connection": [frame(1, 5, 0, fields(...pseudo()))],
    "a stream with an even number": [request(2)],
    "HEADERS behind the end": [request(1), request(1)],
    PUSH_PROMISE: [frame(5, 4, 1, number(2))],
    "PING of a stream": [frame(6, 0, 1, Buffer.alloc(8))],
    "SETTINGS of a stream": [frame(4, 0, 1)],
    "a window setting above 2^31 - 1": [setting(4, 0x80000000)],
    "a frame size setting of 100": [setting(5, 100)],
    "ENABLE_PUSH of 2": [setting(2, 2)],
    "WINDOW_UPDATE of nothing": [frame(8, 0, 0, number(0))],
    "WINDOW_UPDATE of nothing for a stream": [post(1), frame(8, 0, 1, number(0))],
    "a connection's window above 2^31 - 1": [frame(8, 0, 0, number(0x7fffffff))],
    "a stream's window above 2^31 - 1": [post(1), frame(8, 0, 1, number(0x7fffffff))],
    "WINDOW_UPDATE of an idle stream": [frame(8, 0, 1, number(1))],
    "RST_STREAM of an idle stream": [frame(3, 0, 1, number(8))],
    "RST_STREAM of the connection": [frame(3, 0, 0, number(8))],
    "GOAWAY of a stream": [frame(7, 0, 1, Buffer.alloc(8))],
    "a second acknowledgement of settings that were sent once": [frame(4, 1, 0), frame(4, 1, 0)],
  };
  for (const [what, frames] of Object.entries(silent)) {
    it(`${what} ends the connection without a word, as with nghttp2 in Envoy`, () => {
      const scene = serverScene().hear(...frames);
      assert.equal(scene.failure?.kind, "protocol");
      assert.equal(
        scene.spoken().some((text) => text.startsWith("GOAWAY")),
        false,
      );
    });
  }

  const told: Readonly<Record<string, readonly [string, ...Buffer[]]>> = {
    "DATA of the connection": ["GOAWAY 0 1 DATA: stream_id == 0", frame(0, 1, 0, Buffer.from("a"))],
    "DATA of an idle stream": ["GOAWAY 0 1 DATA: stream in idle", frame(0, 1, 1, Buffer.from("a"))],
    "DATA behind the end": [
      "GOAWAY 1 5 DATA: stream in half-closed(remote)",
      request(1),
      frame(0, 1, 1, Buffer.from("a")),
    ],
    "more padding of DATA than there is": [
      "GOAWAY 1 1 DATA: invalid padding",
      post(1),
      frame(0, 8, 1, Buffer.from([2, 1])),
    ],
    "more padding of HEADERS than there is": [
      "GOAWAY 0 1 HEADERS: invalid padding",
      frame(1, 13, 1, Buffer.from([9, 1])),
    ],
    "CONTINUATION of nothing": ["GOAWAY 0 1 CONTINUATION: unexpected", frame(9, 4, 1, fields("a", "b"))],
    "a frame within a header block": [
      "GOAWAY 1 1 unexpected non-CONTINUATION frame or stream_id is invalid",
      frame(1, 1, 1, fields(...pseudo())),
      frame(6, 0, 0, Buffer.alloc(8)),
    ],
    "a frame that is too large": ["GOAWAY 0 6 too large frame size", frame(0, 0, 1, Buffer.alloc(16385))],
    "a broken header block": ["GOAWAY 1 9", frame(1, 5, 1, Buffer.from([0x80]))],
    "a PING of 7 bytes": ["GOAWAY 0 6", frame(6, 0, 0, Buffer.alloc(7))],
    "SETTINGS of 5 bytes": ["GOAWAY 0 6", frame(4, 0, 0, Buffer.alloc(5))],
    "SETTINGS with ACK and a payload": ["GOAWAY 0 6", frame(4, 1, 0, Buffer.alloc(6))],
    "WINDOW_UPDATE of 3 bytes": ["GOAWAY 0 6", frame(8, 0, 0, Buffer.alloc(3))],
    "RST_STREAM of 3 bytes": ["GOAWAY 1 6", post(1), frame(3, 0, 1, Buffer.alloc(3))],
    "PRIORITY of 4 bytes": ["GOAWAY 0 6", frame(2, 0, 1, Buffer.alloc(4))],
    "GOAWAY of 7 bytes": ["GOAWAY 0 6", frame(7, 0, 0, Buffer.alloc(7))],
  };
  for (const [what, [answer, ...frames]] of Object.entries(told)) {
    it(`${what} is answered with ${answer}`, () => {
      const scene = serverScene().hear(...frames);
      assert.equal(scene.spoken().at(-1), answer);
      assert.equal(scene.failure?.kind, "protocol");
    });
  }

  it("a client that does not begin with the preface, or not with SETTINGS behind it, is told to go", () => {
    const other = new SessionScene("server").hear(Buffer.from("PRI * HTTP/2.0\r\n\r\nSX"));
    assert.equal(other.failure?.kind, "protocol");
    const hasty = new SessionScene("server").hear(preface, request(1));
    assert.deepEqual(hasty.spoken(), ["GOAWAY 0 1 SETTINGS expected"]);
  });

  it("ends the streams that there were, once each", () => {
    const scene = serverScene().hear(post(1), post(3), frame(6, 0, 1, Buffer.alloc(8)));
    assert.deepEqual(
      scene.requests.map(({ events }) => events),
      [["reset 1 by connection"], ["reset 1 by connection"]],
    );
    assert.equal(scene.session.streamCount, 0);
  });

  const ignored: Readonly<Record<string, readonly Buffer[]>> = {
    "a frame of an unknown type": [frame(77, 0, 0, Buffer.alloc(3))],
    "an unknown setting": [setting(99, 1)],
    "PRIORITY, whatever it says": [frame(2, 0, 1, Buffer.alloc(5)), frame(2, 0, 0, Buffer.alloc(5))],
    "a client's GOAWAY": [frame(7, 0, 0, Buffer.alloc(8))],
  };
  for (const [what, frames] of Object.entries(ignored)) {
    it(`${what} changes nothing`, () => {
      const scene = serverScene().hear(...frames, request(3));
      assert.equal(scene.failure, undefined);
      assert.equal(scene.requests.length, 1);
    });
  }
});

describe("What is no HTTP", () => {
  const heads: Readonly<Record<string, readonly string[]>> = {
    "a name in upper case": [...pseudo(), "X-A", "1"],
    "a name with a space": [...pseudo(), "x a", "1"],
    "an empty name": [...pseudo(), "", "1"],
    "a value with NUL": [...pseudo(), "x", "a\0b"],
    "a value with a line break": [...pseudo(), "x", "a\nb"],
    "a value with DEL": [...pseudo(), "x", "a\x7fb"],
    connection: [...pseudo(), "connection", "close"],
    "transfer-encoding": [...pseudo(), "transfer-encoding", "chunked"],
    "te with more than trailers": [...pseudo(), "te", "gzip"],
    "a pseudo header behind others": [
      ":method",
      "GET",
      "x",
      "y",
      ":scheme",
      "http",
      ":path",
      "/",
      ":authority",
      "a",
    ],
    "an unknown pseudo header": [...pseudo(), ":x", "1"],
    "a pseudo header twice": [...pseudo(), ":path", "/"],
    "no :method": pseudo().slice(2),
    "no :path": [":method", "GET", ":scheme", "http", ":authority", "a"],
    "no :scheme": [":method", "GET", ":path", "/", ":authority", "a"],
    "neither :authority nor host": pseudo().slice(0, 6),
    "an empty :authority": [...pseudo().slice(0, 7), ""],
    "two hosts": [...pseudo().slice(0, 6), "host", "a", "host", "b"],
    "an empty :path": pseudo("GET", ""),
    "a :path without a slash": pseudo("GET", "a"),
    "* with GET": pseudo("GET", "*"),
    "CONNECT with a :path": pseudo("CONNECT", "/"),
    "a method that is no token": pseudo("G T"),
    "a length that is none": [...pseudo(), "content-length", "x"],
    "two lengths": [...pseudo(), "content-length", "0", "content-length", "0"],
    "a length without a body": [...pseudo(), "content-length", "5"],
  };
  for (const [what, head] of Object.entries(heads)) {
    it(`${what}: ends the connection, or the stream where the configuration has it so`, () => {
      const bytes = frame(1, 5, 1, fields(...head));
      const strict = serverScene().hear(bytes);
      assert.equal(strict.failure?.kind, "protocol");
      assert.equal(strict.stat("rx_messaging_error"), 1);
      const mild = serverScene({ resetsStreamOnInvalidMessage: true }).hear(bytes, request(3));
      assert.deepEqual(mild.spoken(), ["RST_STREAM 1 1"]);
      assert.equal(mild.requests.length, 1);
    });
  }

  it("a body that is not of the length promised ends its stream only", () => {
    for (const body of ["abc", "abcdefg"]) {
      const scene = serverScene().hear(post(1, ["content-length", "5"]), frame(0, 1, 1, Buffer.from(body)));
      assert.deepEqual(scene.spoken(), ["RST_STREAM 1 1"]);
      assert.equal(scene.requests[0]!.events.at(-1), "reset 1 by messaging");
    }
  });

  it("a head beyond the limits ends its stream only, and is counted", () => {
    const many = Array.from({ length: 97 }, (_, index) => [`x-${index}`, "1"]).flat();
    const scene = serverScene().hear(request(1, many), request(3));
    assert.deepEqual(scene.spoken(), ["RST_STREAM 1 2"]);
    assert.equal(scene.stat("header_overflow"), 1);
    assert.equal(scene.requests.length, 1);
  });

  it("trailers must end the stream and have no pseudo headers", () => {
    for (const bad of [frame(1, 4, 1, fields("x", "y")), frame(1, 5, 1, fields(":path", "/"))]) {
      assert.equal(serverScene().hear(post(1), bad).failure?.kind, "protocol");
    }
  });
});

describe("Floods", () => {
  it("PING, SETTINGS: no more answers wait than max_outbound_control_frames", () => {
    for (const one of [frame(6, 0, 0, Buffer.alloc(8)), frame(4, 0, 0)]) {
      const scene = serverScene().hear(repeat(1000, () => one));
      assert.equal(scene.stat("outbound_control_flood"), 0, "a thousand are answered");
      scene.stall();
      for (let sent = 0; sent < 1001 && !scene.failure; sent += 1) scene.hear(one);
      assert.equal(scene.failure?.kind, "flood");
      assert.equal(scene.stat("outbound_control_flood"), 1);
    }
  });

  it("RST_STREAM asked for by bad streams counts too", () => {
    const scene = serverScene({ resetsStreamOnInvalidMessage: true });
    scene.stall();
    scene.hear(repeat(1001, (index) => frame(1, 5, 1 + 2 * index, fields("x", "y"))));
    assert.equal(scene.stat("outbound_control_flood"), 1);
  });

  it("answers that nobody reads: no more frames wait than max_outbound_frames", () => {
    const scene = serverScene({ maxOutboundFrames: 50 });
    scene.stall();
    for (let id = 1; !scene.failure && id < 500; id += 2) {
      scene.hear(request(id));
      scene.requests.at(-1)?.stream.sendHead([":status", "200"], none, true);
      scene.session.flush();
    }
    assert.equal(scene.stat("outbound_flood"), 1);
    assert.ok(scene.requests.length <= 52);
  });

  it("empty DATA: one in a row is taken, two are not", () => {
    assert.equal(
      serverScene().hear(post(1), data(), frame(0, 0, 1, Buffer.from("a")), data()).failure,
      undefined,
    );
    const scene = serverScene().hear(post(1), data(), data());
    assert.equal(scene.failure?.kind, "flood");
    assert.equal(scene.stat("inbound_empty_frames_flood"), 1);
  });

  it("empty CONTINUATION: as empty DATA", () => {
    const scene = serverScene().hear(frame(1, 1, 1, fields(...pseudo())), frame(9, 0, 1), frame(9, 0, 1));
    assert.equal(scene.stat("inbound_empty_frames_flood"), 1);
  });

  it("CONTINUATION without end: what it says is read and dropped, and nothing is kept of it", () => {
    const piece = frame(
      9,
      0,
      1,
      repeat(100, (index) => fields(`x-${index}`, "y".repeat(120))),
    );
    const scenes = Array.from({ length: 4 }, () => serverScene().hear(frame(1, 1, 1, fields(...pseudo()))));
    const before = process.memoryUsage().heapUsed;
    for (let sent = 0; sent < 511; sent += 1) for (const scene of scenes) scene.hear(piece);
    assert.ok(process.memoryUsage().heapUsed - before < 24 << 20, "28 MB have come");
    for (const scene of scenes) {
      scene.hear(frame(9, 4, 1, fields("x", "y")));
      assert.deepEqual(scene.spoken(), ["RST_STREAM 1 2"]);
    }
  });

  it("CONTINUATION: 512 a header block, and no more however small they are (CVE-2024-28182)", () => {
    // A value of 600 bytes, of which each frame but the last brings one.
    const head = frame(
      1,
      1,
      1,
      Buffer.concat([fields(...pseudo()), Buffer.from([0, 1, 0x78, 0x7f, 0xd9, 3])]),
    );
    const rest = frame(9, 4, 1, Buffer.alloc(89, "y"));
    assert.equal(serverScene().hear(head, repeat(511, oneByte), rest).requests.length, 1);
    const scene = serverScene().hear(head, repeat(512, oneByte));
    assert.equal(scene.failure, undefined);
    assert.equal(scene.hear(oneByte()).failure?.kind, "protocol");
  });

  it("RST_STREAM: a thousand at once and 33 a second, also of streams that are over (CVE-2023-44487)", () => {
    const scene = serverScene().hear(post(1), repeat(1000, giveUp));
    scene.nowMs = 1000;
    assert.equal(scene.hear(repeat(33, giveUp)).failure, undefined);
    scene.hear(giveUp());
    assert.deepEqual(scene.spoken(), ["GOAWAY 1 2"]);
    assert.equal(scene.failure?.kind, "protocol");
  });

  it("SETTINGS: 32 entries a frame", () => {
    assert.equal(serverScene().hear(manySettings(32)).failure, undefined);
    assert.deepEqual(serverScene().hear(manySettings(33)).spoken(), [
      "GOAWAY 0 11 SETTINGS: too many setting entries",
    ]);
  });

  it("a name or value without end ends the connection", () => {
    const scene = serverScene().hear(frame(1, 1, 1, Buffer.from([0, 1, 0x61, 0x7f, 0xff, 0xff, 0xff, 0x0f])));
    scene.hear(repeat(2, () => frame(9, 0, 1, Buffer.alloc(16_000, "y"))));
    assert.equal(scene.failure?.kind, "protocol");
  });

  it("PRIORITY: a hundred a stream", () => {
    assert.equal(serverScene().hear(repeat(100, priority)).failure, undefined);
    const scene = serverScene().hear(repeat(101, priority));
    assert.equal(scene.stat("inbound_priority_frames_flood"), 1);
  });

  it("WINDOW_UPDATE: five, two a stream, and ten times two for each DATA frame sent", () => {
    assert.equal(serverScene().hear(repeat(5, update)).failure, undefined);
    assert.equal(serverScene().hear(repeat(6, update)).stat("inbound_window_update_frames_flood"), 1);
    assert.equal(serverScene().hear(request(1), repeat(7, update)).failure, undefined);
    const scene = serverScene().hear(request(1));
    scene.requests[0]!.stream.sendHead([":status", "200"], none, false);
    scene.requests[0]!.stream.sendData(Buffer.from("a"));
    scene.session.flush();
    assert.equal(scene.hear(repeat(27, update)).failure, undefined);
    assert.equal(scene.hear(update()).failure?.kind, "flood");
  });
});
