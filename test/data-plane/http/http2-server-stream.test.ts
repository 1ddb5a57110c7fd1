import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ExchangeTimers } from "../../../data-plane/http/exchange-timers.ts";
import type { Http2StreamOwner } from "../../../data-plane/http/http2-server-stream.ts";
import { Http2ServerStream } from "../../../data-plane/http/http2-server-stream.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { frame } from "../../kit/raw-http2.ts";
import { number, request, serverScene } from "../http2/session-kit.ts";

const address = { family: "IPv4", address: "127.0.0.1", port: 1 } as const;

/** A request of a client whose window is 65,535 bytes. */
function scene() {
  const clock = new FakeClock();
  const session = serverScene({}, 1 << 20).hear(request(1));
  const told: string[] = [];
  const owner: Http2StreamOwner = {
    info: new ConnectionInfo(1, address, address),
    bufferLimitBytes: 1 << 20,
    flushTimeoutMs: 5000,
    onAnswer: () => {},
    onAnswered: () => told.push("answered"),
    onFlushTimeout: () => told.push("flush timeout"),
    onReset: () => told.push("reset"),
  };
  const { stream } = session.requests[0]!;
  const served = new Http2ServerStream(owner, stream, new ExchangeTimers(clock), 0);
  stream.sink = served;
  return {
    clock,
    session,
    told,
    answer: (bytes: number): void => {
      served.sendHead(200, new HeaderList(), false);
      served.sendData(Buffer.alloc(bytes));
      session.spoken();
      served.end(undefined);
    },
  };
}

describe("the end of an answer over HTTP/2", () => {
  it("leaves no timer behind when the client has taken everything", () => {
    // Each answer left one of stream_idle_timeout behind, with the stream and all that hangs on it.
    const { clock, told, answer } = scene();
    answer(1000);
    assert.equal(clock.pending, 0);
    assert.deepEqual(told, ["answered"]);
  });

  it("is given up when the client takes nothing of the rest for stream_idle_timeout", () => {
    const { clock, session, told, answer } = scene();
    answer(100_000);
    clock.advance(4999);
    assert.deepEqual(told, ["answered"]);
    clock.advance(1);
    assert.deepEqual(told, ["answered", "flush timeout"]);
    assert.equal(session.spoken().at(-1), "RST_STREAM 1 0");
  });

  it("comes late without complaint to a client that opens its window in time", () => {
    const { clock, session, told, answer } = scene();
    answer(100_000);
    clock.advance(4000);
    session.hear(frame(8, 0, 0, number(50_000)), frame(8, 0, 1, number(50_000)));
    assert.match(session.spoken().at(-1) ?? "", /^DATA 1 \d+ last$/);
    clock.advance(10_000);
    assert.deepEqual(told, ["answered"]);
  });
});
