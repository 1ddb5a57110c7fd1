import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Clock } from "../../src/base/clock.ts";
import { Settling } from "../../src/sources/settling.ts";

/** A clock that stands still until it is told to go on. */
function handClock(): Clock & { go(ms: number): Promise<void>; readonly timers: number } {
  let nowMs = 0;
  let timers: { dueMs: number; callback: () => void }[] = [];
  return {
    now: () => nowMs,
    monotonic: () => nowMs,
    after(delayMs, callback) {
      const timer = { dueMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async go(ms) {
      nowMs += ms;
      const due = timers.filter(({ dueMs }) => dueMs <= nowMs);
      timers = timers.filter(({ dueMs }) => dueMs > nowMs);
      for (const { callback } of due) callback();
      await Promise.resolve();
      await Promise.resolve();
    },
    get timers() {
      return timers.length;
    },
  };
}

function setUp() {
  const clock = handClock();
  const settling = new Settling(clock, { quietMs: 100, atMostMs: 1000, urgentMs: 20, urgentEveryMs: 80 });
  const abort = new AbortController();
  const log: string[] = [];
  const wait = (timeoutMs = 60_000) => settling.wait(timeoutMs, abort.signal).then(() => log.push("woken"));
  return { clock, settling, abort, log, wait };
}

describe("Settling (XDS-125)", () => {
  it("wakes once the burst has been quiet for 100 ms", async () => {
    const { clock, settling, log, wait } = setUp();
    const waiting = wait();
    settling.poke();
    await clock.go(60);
    settling.poke();
    await clock.go(99);
    assert.deepEqual(log, []);
    await clock.go(1);
    await waiting;
    assert.deepEqual(log, ["woken"]);
  });

  it("wakes 20 ms after the first of changes that are all urgent, however many follow", async () => {
    const { clock, settling, log, wait } = setUp();
    const waiting = wait();
    for (let ms = 0; ms < 20; ms += 5) {
      settling.poke(true);
      assert.deepEqual(log, []);
      await clock.go(5);
    }
    await waiting;
    assert.deepEqual(log, ["woken"]);
  });

  it("wakes for urgent changes that go on and on every 80 ms, and after 20 ms again when they had paused", async () => {
    const { clock, settling, wait } = setUp();
    const wokenAtMs: number[] = [];
    const pokeFor = async (ms: number) => {
      const endMs = clock.monotonic() + ms;
      while (clock.monotonic() < endMs) {
        settling.poke(true);
        await clock.go(5);
      }
    };
    const note = async () => {
      for (;;) {
        await wait();
        wokenAtMs.push(clock.monotonic());
      }
    };
    void note();
    await pokeFor(200);
    await clock.go(60);
    await clock.go(100);
    settling.poke(true);
    await clock.go(20);
    assert.deepEqual(wokenAtMs, [20, 100, 180, 260, 380]);
  });

  for (const [name, order] of [
    ["before", [false, true]],
    ["after", [true, false]],
  ] as const) {
    it(`takes its time when something else changes ${name} what is urgent`, async () => {
      const { clock, settling, log, wait } = setUp();
      const waiting = wait();
      for (const isUrgent of order) settling.poke(isUrgent);
      await clock.go(99);
      assert.deepEqual(log, []);
      await clock.go(1);
      await waiting;
    });
  }

  it("wakes after at most 1 s of a burst without a pause", async () => {
    const { clock, settling, log, wait } = setUp();
    const waiting = wait();
    for (let ms = 0; ms < 1000; ms += 50) {
      settling.poke();
      assert.deepEqual(log, []);
      await clock.go(50);
    }
    await waiting;
    assert.deepEqual(log, ["woken"]);
  });

  it("keeps a burst that ended while nobody waited for the next wait", async () => {
    const { clock, settling, wait, log } = setUp();
    settling.poke();
    settling.poke();
    await clock.go(100);
    await wait();
    const second = wait(500);
    await clock.go(499);
    assert.deepEqual(log, ["woken"]);
    await clock.go(1);
    await second;
  });

  it("ends the wait on abort and leaves no timer", async () => {
    const { clock, settling, abort, wait } = setUp();
    const waiting = wait();
    settling.poke();
    abort.abort();
    await waiting;
    settling.stop();
    assert.equal(clock.timers, 0);
  });
});
