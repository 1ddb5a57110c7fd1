import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Http2Limits } from "../../../data-plane/http2/http2-limits.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import { frame } from "../../kit/raw-http2.ts";
import { fields, number, Served, SessionScene, setting } from "./session-kit.ts";

const none = new HeaderList();
const get = [":authority", "a", ":path", "/", ":method", "GET", ":scheme", "http"];
const goAway = (lastId: number, code: number) =>
  frame(7, 0, 0, Buffer.concat([number(lastId), number(code)]));

/** A client that has said its preface and heard the server's settings. */
function clientScene(limits: Partial<Http2Limits> = {}): SessionScene {
  const scene = new SessionScene("client", limits);
  scene.session.start();
  scene.hear(frame(4, 0, 0));
  scene.frames();
  return scene;
}

/** A request of the client, whole unless it says otherwise. */
function ask(scene: SessionScene, isLast = true): Served {
  const served = new Served(scene.session.open());
  served.stream.sendHead(get, none, isLast);
  return served;
}

describe("An HTTP/2 session of a client", () => {
  it("begins with its prefix, the preface, and settings that want no push", () => {
    const scene = new SessionScene("client");
    scene.session.start(Buffer.from("PROXY UNKNOWN\r\n"));
    const bytes = scene.written().toString("latin1");
    assert.ok(
      bytes.startsWith(
        "PROXY UNKNOWN\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x1e\x04\0\0\0\0\0\0\x02\0\0\0\0",
      ),
    );
  });

  it("numbers its streams in the order of their heads", () => {
    const scene = clientScene();
    const first = scene.session.open();
    ask(scene);
    first.sendHead(get, none, true);
    assert.deepEqual(
      scene.frames().map(({ streamId }) => streamId),
      [1, 3],
    );
    assert.equal(first.id, 3);
  });

  it("gives interim heads, the head, data and trailers, in this order", () => {
    const scene = clientScene();
    const served = ask(scene);
    scene.hear(
      frame(1, 4, 1, fields(":status", "103", "link", "x")),
      frame(1, 4, 1, fields(":status", "200", "content-length", "3")),
      frame(0, 0, 1, Buffer.from("abc")),
      frame(1, 5, 1, fields("x-t", "1")),
    );
    assert.deepEqual(served.events, [
      "head 103 link x",
      "head 200 content-length 3",
      "data abc",
      "end x-t 1",
    ]);
    assert.equal(scene.session.streamCount, 0);
  });

  it("takes a response without a body as whole with its head, whatever length it tells", () => {
    const scene = clientScene();
    const served = ask(scene);
    scene.hear(frame(1, 5, 1, fields(":status", "304", "content-length", "5")));
    assert.deepEqual(served.events, ["head 304 content-length 5 last", "end"]);
  });

  it("hears of a reset with its code", () => {
    const scene = clientScene();
    const served = ask(scene);
    scene.hear(frame(3, 0, 1, number(7)));
    assert.deepEqual(served.events, ["reset 7 by peer"]);
  });

  it("has streams behind a GOAWAY refused, and goes on with those before it", () => {
    const scene = clientScene();
    const [first, second] = [ask(scene), ask(scene)];
    scene.hear(goAway(1, 0), frame(1, 5, 1, fields(":status", "200")));
    assert.deepEqual(first.events, ["head 200  last", "end"]);
    assert.deepEqual(second.events, ["reset 7 by peer"]);
    assert.equal(scene.said[0], "goaway 0");
  });

  it("knows how many streams the server takes", () => {
    const scene = clientScene();
    assert.equal(scene.session.maxStreams, Number.POSITIVE_INFINITY);
    scene.hear(setting(3, 7));
    assert.equal(scene.session.maxStreams, 7);
    assert.deepEqual(scene.said, ["max streams"]);
  });

  it("takes back a request with RST_STREAM, and no notice of what still comes for it", () => {
    const scene = clientScene();
    const served = ask(scene);
    scene.frames();
    served.stream.reset(2);
    assert.deepEqual(scene.spoken(), ["RST_STREAM 1 2"]);
    scene.hear(frame(1, 5, 1, fields(":status", "200")));
    assert.deepEqual(served.events, []);
    assert.equal(scene.failure, undefined);
  });

  const broken: Readonly<Record<string, readonly Buffer[]>> = {
    "a status that is none": [frame(1, 5, 1, fields(":status", "abc"))],
    "no status": [frame(1, 5, 1, fields("x", "y"))],
    "101": [frame(1, 5, 1, fields(":status", "101"))],
    "an interim head that ends the stream": [frame(1, 5, 1, fields(":status", "103"))],
    "a name in upper case": [frame(1, 5, 1, fields(":status", "200", "X-A", "1"))],
    "a header of the connection": [frame(1, 5, 1, fields(":status", "200", "connection", "close"))],
    "a push": [frame(5, 4, 1, number(2))],
    "a stream that the server opens": [frame(1, 5, 2, fields(":status", "200"))],
    "HEADERS of an idle stream": [frame(1, 5, 5, fields(":status", "200"))],
    "the answer of HTTP/1.1": [Buffer.from("HTTP/1.1 200 OK\r\n\r\n")],
  };
  for (const [what, frames] of Object.entries(broken)) {
    it(`${what} ends the connection and its streams`, () => {
      const scene = clientScene();
      const served = ask(scene);
      scene.hear(...frames);
      assert.equal(scene.failure?.kind, "protocol");
      assert.deepEqual(served.events, ["reset 1 by connection"]);
    });
  }

  it("gives back to the connection what DATA before the head took of its window", () => {
    const scene = clientScene({ resetsStreamOnInvalidMessage: true, connectionWindowBytes: 100_000 });
    // 320 KB in all: without the credit the connection fails at the seventh.
    for (let index = 0; index < 20; index += 1) {
      const { stream } = ask(scene);
      scene.frames();
      scene.hear(frame(0, 0, stream.id, Buffer.alloc(16_000)));
    }
    assert.equal(scene.failure, undefined);
  });
});
