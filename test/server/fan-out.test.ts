import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Slices } from "../../src/server/slices.ts";
import { FanOut, type FanOutResult } from "../../src/server/fan-out.ts";

const turn = () =>
  new Promise<void>((resolve) => {
    setImmediate(resolve);
  });

/** A clock on which each visit takes 10 ms. */
function slowVisits() {
  let nowMs = 0;
  const visited: number[] = [];
  const visit = (item: number) => {
    visited.push(item);
    nowMs += 10;
  };
  const clock = { monotonic: () => nowMs };
  return { fanOut: new FanOut<number>(clock, new Slices(clock)), visited, visit };
}

describe("FanOut", () => {
  it("tells how long a run took, and what the next one left out of it", async () => {
    const results: FanOutResult[] = [];
    let nowMs = 0;
    const clock = { monotonic: () => nowMs };
    const fanOut = new FanOut<number>(clock, new Slices(clock), (result) => results.push(result));
    const visit = () => {
      nowMs += 10;
    };
    fanOut.run([1, 2, 3, 4, 5], visit);
    fanOut.run([1], visit);
    await turn();
    assert.deepEqual(results, [
      { tookMs: 20, leftOut: 3 },
      { tookMs: 10, leftOut: 0 },
    ]);
  });

  it("XDS-126 visits each item once, in order, a slice well below 50 ms in a turn", async () => {
    const { fanOut, visited, visit } = slowVisits();
    fanOut.run([1, 2, 3, 4, 5], visit);
    assert.deepEqual(visited, [1, 2]);
    await turn();
    assert.deepEqual(visited, [1, 2, 3, 4]);
    await turn();
    assert.deepEqual(visited, [1, 2, 3, 4, 5]);
  });

  it("XDS-106 gives up a run for a newer one, and at a stop", async () => {
    const { fanOut, visited, visit } = slowVisits();
    fanOut.run([1, 2, 3, 4, 5], visit);
    fanOut.run([6, 7, 8], visit);
    await turn();
    assert.deepEqual(visited, [1, 2, 6, 7]);
    await turn();
    assert.deepEqual(visited, [1, 2, 6, 7, 8]);
    await turn();
    fanOut.run([9, 10, 11], visit);
    fanOut.stop();
    await turn();
    assert.deepEqual(visited.slice(5), [9, 10]);
  });

  it("visits nobody before everything is ready, and nobody at all when a newer run came meanwhile", async () => {
    const { fanOut, visited, visit } = slowVisits();
    const ready = function* (item: number) {
      visit(item);
      yield undefined;
      visit(item);
      yield undefined;
    };
    fanOut.run([1], visit, ready(-1));
    assert.deepEqual(visited, [-1, -1]);
    fanOut.run([2], visit, ready(-2));
    await turn();
    assert.deepEqual(visited, [-1, -1, -2, -2]);
    await turn();
    assert.deepEqual(visited, [-1, -1, -2, -2, 2]);
  });
});
