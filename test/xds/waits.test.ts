import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Waits } from "../../src/xds/waits.ts";

const wait = { kind: "removal", typeUrl: "clusters", name: "a" } as const;

/** One look at a wait in a round of its own. */
function look(waits: Waits, nowMs: number, isTimed = true): boolean {
  waits.beginRound();
  const may = waits.mayWait(wait, nowMs, isTimed);
  waits.endRound();
  return may;
}

describe("waits of a stream", () => {
  it("XDS-96 last until their deadline, and are told of once", () => {
    const waits = new Waits(10);
    assert.deepEqual([look(waits, 5), look(waits, 14), waits.wakeAtMs], [true, true, 15]);
    assert.deepEqual(waits.takeOverdue(), []);
    assert.deepEqual([look(waits, 15), look(waits, 99), waits.wakeAtMs], [false, false, undefined]);
    assert.deepEqual(waits.takeOverdue(), [{ ...wait, waitedMs: 10 }]);
    assert.deepEqual(waits.takeOverdue(), []);
  });

  it("begin anew when a round went by without them", () => {
    const waits = new Waits(10);
    look(waits, 0);
    waits.beginRound();
    waits.endRound();
    assert.equal(waits.wakeAtMs, undefined);
    assert.equal(look(waits, 12), true);
    assert.equal(waits.wakeAtMs, 22);
  });

  it("have no deadline while they are not timed, and all of it afterwards", () => {
    const waits = new Waits(10);
    look(waits, 0);
    assert.equal(look(waits, 9, false), true);
    assert.equal(waits.wakeAtMs, undefined);
    assert.equal(look(waits, 1000, false), true);
    assert.equal(look(waits, 1001), true);
    assert.equal(waits.wakeAtMs, 1011);
  });
});
