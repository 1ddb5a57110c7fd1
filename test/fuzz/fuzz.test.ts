import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fewDescriptors, runLive } from "./live.ts";
import { inputOf, runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

describe("npm run fuzz, in small", () => {
  for (const target of targets) {
    it(`${target.name} holds what it must for 3,000 mutated inputs`, () => {
      assert.equal(runTarget(target, 1, 0, 3_000), undefined);
    });
  }

  it("leaves a running proxy as it was after 300 mutated connections", async () => {
    const { hanging, descriptors } = await runLive(1, 300, () => undefined);
    assert.deepEqual(hanging, []);
    assert.ok(
      descriptors[1] <= descriptors[0] + fewDescriptors,
      `${descriptors[0]} descriptors before, ${descriptors[1]} after`,
    );
  });

  it("finds what breaks, and makes the same input again", () => {
    const seeds = [Buffer.from("harmless")];
    const target = {
      name: "broken",
      seeds,
      run: (input: Buffer) => assert.ok(!input.includes(0), "a NUL byte"),
    };
    const finding = runTarget(target, 7, 0, 1_000);
    assert.ok(finding);
    assert.match(finding.reason, /a NUL byte/);
    assert.deepEqual(inputOf(target, 7, finding.iteration)[0], finding.input);
  });
});
