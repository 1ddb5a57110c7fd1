import assert from "node:assert/strict";
import { once } from "node:events";
import * as http2 from "node:http2";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, it } from "node:test";
import { http2Stats } from "../../../data-plane/http2/codec-stats.ts";
import { Http2Session } from "../../../data-plane/http2/session.ts";
import type { Http2Stream } from "../../../data-plane/http2/stream.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import type { RequestHead } from "../../../data-plane/network/http-message.ts";
import { http2Config } from "../../../data-plane/resources/http2-options.ts";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";
import { frame } from "../../kit/raw-http2.ts";
import { fields, post, preface, pseudo, request, Served, serverScene, SessionScene } from "./session-kit.ts";

const body = Buffer.alloc(300_000, "0123456789");
const none = () => undefined;

/** Has a session speak on a socket. */
function speak(
  role: "client" | "server",
  socket: Socket,
  onRequest: (stream: Http2Stream, head: RequestHead) => void,
): Http2Session {
  const session = new Http2Session({
    role,
    limits: http2Config(undefined, { maxHeaders: 100, maxHeadBytes: 60 * 1024 }).limits,
    bufferLimitBytes: 1 << 20,
    stats: http2Stats(new StatsStore(), "http2"),
    transport: socket,
    events: {
      onRequest,
      onBadRequest: none,
      onGoAway: none,
      onMaxStreams: none,
      onFrame: none,
      onStreamEnd: none,
      onFail: ({ reason }) => socket.destroy(new Error(reason)),
    },
    monotonic: () => performance.now(),
    onWritten: none,
  });
  socket.on("data", (bytes: Buffer) => session.receive(bytes));
  socket.on("drain", () => session.onDrain());
  socket.on("close", () => session.onClose());
  session.start();
  return session;
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Calls back when all of a message has come. */
class Whole extends Served {
  readonly #onWhole: (served: Whole) => void;

  constructor(stream: Http2Stream, head: RequestHead | undefined, onWhole: (served: Whole) => void) {
    super(stream, head);
    this.#onWhole = onWhole;
  }

  override onEnd(trailers: HeaderList | undefined): void {
    super.onEnd(trailers);
    this.#onWhole(this);
  }
}

describe("Beside nghttp2, as Node has it", () => {
  it("a client of nghttp2 is served: many streams, bodies beyond the windows, trailers", async () => {
    const server = createServer((socket) => {
      socket.on("error", none);
      speak("server", socket, (stream, head) => {
        stream.sink = new Whole(stream, head, ({ bytes }) => {
          stream.sendHead([":status", "200"], new HeaderList(["x-got", String(bytes)]), false);
          stream.sendData(body);
          stream.end(new HeaderList(["x-t", head.path]));
        });
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = http2.connect(`http://127.0.0.1:${portOf(server)}`);
    try {
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const stream = client.request({ ":method": "POST", ":path": `/${index}` });
          const trailers = once(stream, "trailers");
          stream.end(body);
          const [headers] = await once(stream, "response");
          assert.equal(headers["x-got"], String(body.length));
          assert.deepEqual(await buffer(stream), body);
          assert.equal((await trailers)[0]["x-t"], `/${index}`);
        }),
      );
    } finally {
      client.destroy();
      server.close();
    }
  });

  it("a server of nghttp2 serves it: many streams, bodies beyond the windows, trailers", async () => {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => {
      stream.respond({ ":status": 200, "x-path": headers[":path"] }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-t": "end" }));
      stream.pipe(stream);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect(portOf(server), "127.0.0.1");
    await once(socket, "connect");
    const session = speak("client", socket, none);
    try {
      const answers = await Promise.all(
        Array.from(
          { length: 20 },
          (_, index) =>
            new Promise<Whole>((resolve, reject) => {
              socket.once("error", reject);
              const { stream } = new Whole(session.open(), undefined, resolve);
              const head = [":authority", "a", ":path", `/${index}`, ":method", "POST", ":scheme", "http"];
              stream.sendHead(head, new HeaderList(), false);
              stream.sendData(body);
              stream.end(undefined);
            }),
        ),
      );
      for (const [index, { events, bytes }] of answers.entries()) {
        assert.match(events[0] ?? "", new RegExp(`^head 200 x-path /${index} `));
        assert.equal(bytes, body.length);
        assert.equal(events.at(-1), "end x-t end");
      }
    } finally {
      socket.destroy();
      server.close();
    }
  });
});

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** The request's end at most, and a reset at most. */
function checkEvents(stream: Http2Stream, events: readonly string[], round: number): void {
  const count = (start: string) => events.filter((event) => event.startsWith(start)).length;
  assert.ok(stream.isClosed, `round ${round}`);
  assert.ok(count("end") <= 1 && count("reset") <= 1, `round ${round}: ${events.join(", ")}`);
}

describe("Mutated bytes", () => {
  const start = Buffer.concat([preface, frame(4, 0, 0)]);
  const talk = Buffer.concat([
    request(1, ["x-a", "b", "cookie", "c=d"]),
    post(3, ["content-length", "5"]),
    frame(0, 0, 3, Buffer.from("he")),
    frame(8, 0, 0, Buffer.from([0, 0, 1, 0])),
    frame(6, 0, 0, Buffer.alloc(8, 1)),
    frame(0, 1, 3, Buffer.from("llo")),
    frame(1, 1, 5, fields(...pseudo())),
    frame(9, 4, 5, fields("x-b", "c")),
    frame(3, 0, 1, Buffer.from([0, 0, 0, 8])),
    frame(2, 0, 7, Buffer.alloc(5)),
    frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255])),
    frame(7, 0, 0, Buffer.alloc(8)),
  ]);

  it("are taken or refused, in any pieces, and leave no stream behind that nobody ends", () => {
    const random = numbers(7);
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(talk);
      for (let change = 1 + random(4); change > 0; change -= 1) bytes[random(bytes.length)] = random(256);
      const scene = new SessionScene("server", round % 2 === 0 ? {} : { resetsStreamOnInvalidMessage: true });
      scene.session.start();
      scene.hear(start);
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random(bytes.length);
        scene.hear(bytes.subarray(at, end));
        at = end;
      }
      scene.frames();
      scene.session.onClose();
      assert.equal(scene.session.streamCount, 0, `round ${round}`);
      for (const { stream, events } of scene.requests) checkEvents(stream, events, round);
    }
  });

  it("of a scene that is whole say what they say unmutated", () => {
    const scene = serverScene().hear(talk);
    assert.equal(scene.failure, undefined);
    assert.equal(scene.requests.length, 3);
  });
});
