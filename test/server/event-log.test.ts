import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventLog } from "../../src/server/event-log.ts";

async function take(log: EventLog, after: number, count: number): Promise<(string | number)[]> {
  const stop = new AbortController();
  const seen: (string | number)[] = [];
  for await (const event of log.follow(after, stop.signal)) {
    seen.push(event.kind === "missed" ? `missed ${String(event.data["count"])}` : event.id);
    if (seen.length === count) stop.abort();
  }
  return seen;
}

describe("EventLog", () => {
  it("gives what came after the id, then what comes", async () => {
    const log = new EventLog();
    for (let i = 0; i < 3; i += 1) log.add("x", i, {});
    const seen = take(log, 1, 3);
    setImmediate(() => log.add("x", 9, {}));
    assert.deepEqual(await seen, [2, 3, 4]);
  });

  it("tells a follower that fell behind how much it missed", async () => {
    const log = new EventLog(4);
    for (let i = 0; i < 10; i += 1) log.add("x", i, {});
    assert.deepEqual(await take(log, 2, 3), ["missed 4", 7, 8]);
  });

  it("begins now for an id that it has not given yet", async () => {
    const log = new EventLog();
    log.add("x", 0, {});
    const seen = take(log, 77, 1);
    log.add("x", 1, {});
    assert.deepEqual(await seen, [2]);
  });

  it("ends when the signal aborts while nothing happens", async () => {
    const stop = new AbortController();
    setImmediate(() => stop.abort());
    for await (const event of new EventLog().follow(0, stop.signal)) assert.fail(event.kind);
  });
});
