import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { xxHash64 } from "../../../data-plane/stats/xxhash64.ts";

describe("xxHash64()", () => {
  // What Envoy 1.40 shows in `version` for these versions.
  const cases: readonly (readonly [text: string, hash: bigint])[] = [
    ["", 17241709254077376921n],
    ["sysC", 5086608769668461035n],
    ["sysE", 6649408021004540208n],
    ["sysR2", 13153039405486433909n],
    ["sysL2", 413735581722109410n],
    ["twelve-bytes", 2963336547279231483n],
    ["a version of more than thirty-two bytes, 45 in all", 15955252487036378987n],
  ];
  for (const [text, hash] of cases) {
    it(`gives what Envoy gives for "${text}" (XC-56)`, () => assert.equal(xxHash64(text), hash));
  }
});
