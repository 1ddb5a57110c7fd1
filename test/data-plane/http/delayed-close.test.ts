import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DelayedClose } from "../../../data-plane/http/delayed-close.ts";
import { Deadline } from "../../../data-plane/network/deadline.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

interface Options {
  readonly delayedCloseMs?: number;
  readonly streamIdleTimeoutMs?: number;
}

/** A connection that closes with `left` bytes in its socket. */
class Closing {
  readonly clock = new FakeClock();
  readonly events: string[] = [];
  readonly socket = {
    writableLength: 0,
    writableEnded: false,
    resume: () => this.events.push("reads on"),
    destroySoon: () => {
      this.socket.writableEnded = true;
      this.events.push("ends");
    },
    destroy: () => this.events.push("destroyed"),
  };
  readonly #closing: DelayedClose;

  constructor(left: number, { delayedCloseMs = 1000, streamIdleTimeoutMs = 5000 }: Options = {}) {
    this.socket.writableLength = left;
    this.#closing = new DelayedClose({
      socket: this.socket,
      deadline: new Deadline(this.clock, () => this.#closing.onDeadline()),
      delayedCloseMs,
      streamIdleTimeoutMs,
      onTimeout: () => this.events.push("counted"),
    });
  }

  /** Time passes, then so much is left. */
  pass(ms: number, left = this.socket.writableLength): this {
    this.clock.advance(ms);
    this.socket.writableLength = left;
    return this;
  }
}

describe("The end of a connection to a client", () => {
  it("is left to the client for delayed_close_timeout, when it has everything", () => {
    const closing = new Closing(0).pass(999);
    assert.deepEqual(closing.events, ["reads on"]);
    assert.deepEqual(closing.pass(1).events, ["reads on", "counted", "ends"]);
  });

  it("waits for a client that takes the answer slowly, and gives it the time behind the last of it", () => {
    // It was cut after the first second, whatever was left.
    const closing = new Closing(400).pass(900, 300).pass(1000, 200).pass(1000, 100).pass(1000, 0);
    assert.deepEqual(closing.events, ["reads on"]);
    closing.pass(1000);
    assert.deepEqual(closing.events, ["reads on"], "it has had the last bytes for a moment only");
    assert.deepEqual(closing.pass(1000).events, ["reads on", "counted", "ends"]);
  });

  it("comes at last to a client that takes nothing for stream_idle_timeout", () => {
    const closing = new Closing(400).pass(4999);
    assert.deepEqual(closing.events, ["reads on"]);
    assert.deepEqual(closing.pass(1).events, ["reads on", "counted", "destroyed"]);
  });

  it("never comes to such a client when stream_idle_timeout is 0", () => {
    assert.deepEqual(new Closing(400, { streamIdleTimeoutMs: 0 }).pass(1_000_000).events, ["reads on"]);
  });

  it("comes behind the last byte with a delayed_close_timeout of 0, at most stream_idle_timeout later", () => {
    const closing = new Closing(400, { delayedCloseMs: 0 });
    assert.deepEqual(closing.events, ["ends"]);
    assert.deepEqual(closing.pass(5000).events, ["ends", "destroyed"]);
    const patient = new Closing(400, { delayedCloseMs: 0, streamIdleTimeoutMs: 0 });
    assert.deepEqual(patient.pass(1_000_000).events, ["ends"]);
  });
});
