import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DrainSequence } from "../../../data-plane/listeners/drain-sequence.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

function sequence(strategy: "gradual" | "immediate", dice: () => number = () => 0.5) {
  const clock = new FakeClock();
  return { clock, drain: new DrainSequence({ clock, random: dice, drainMs: 10_000, strategy }) };
}

describe("DrainSequence", () => {
  it("ends nothing before it has begun", () => {
    const { clock, drain } = sequence("immediate");
    clock.advance(60_000);
    assert.equal(drain.drainClose(), false);
  });

  it("ends everything at once with --drain-strategy immediate", () => {
    const { drain } = sequence("immediate");
    drain.start();
    assert.equal(drain.drainClose(), true);
  });

  it("ends ever more connections over the drain time with gradual", () => {
    const chances = [0, 2_500, 7_500, 10_000].map((elapsedMs) => {
      let roll = 0;
      const { clock, drain } = sequence("gradual", () => (roll++ % 100) / 100);
      drain.start();
      clock.advance(elapsedMs);
      return Array.from({ length: 100 }, () => drain.drainClose()).filter(Boolean).length;
    });
    assert.deepEqual(chances, [0, 25, 75, 100]);
  });

  it("does not begin anew when it is started twice", () => {
    const { clock, drain } = sequence("gradual", () => 0.99);
    drain.start();
    clock.advance(9_999);
    drain.start();
    assert.equal(drain.drainClose(), true);
  });
});
