import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drainStreams } from "../../src/server/drain.ts";
import { FakeClock } from "../kit/fake-clock.ts";

describe("drainStreams()", () => {
  it("XDS-134 ends streams one after the other over the drain time, with UNAVAILABLE", async () => {
    const clock = new FakeClock();
    const ended: string[] = [];
    const streams = [1, 2, 3].map((id) => ({
      end: (code: number) => ended.push(`${id} ${code} ${clock.monotonic()}`),
    }));
    const drained = drainStreams(streams, 100, clock);
    for (const pauseMs of [50, 50]) {
      clock.advance(pauseMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await drained;
    assert.deepEqual(ended, ["1 14 0", "2 14 50", "3 14 100"]);
    assert.equal(clock.pending, 0);
  });

  it("ends them at once without a drain time", async () => {
    const ended: number[] = [];
    await drainStreams(
      [{ end: (code) => ended.push(code) }, { end: (code) => ended.push(code) }],
      0,
      new FakeClock(),
    );
    assert.deepEqual(ended, [14, 14]);
  });
});
