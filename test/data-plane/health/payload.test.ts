import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { holdsInOrder } from "../../../data-plane/health/payload.ts";

const holds = (pieces: readonly string[], text: string) =>
  holdsInOrder(
    pieces.map((piece) => Buffer.from(piece)),
    Buffer.from(text),
  );

describe("holdsInOrder()", () => {
  it("finds pieces one after the other, with anything around them", () => {
    assert.equal(holds(["ab", "cd"], "--ab--cd--"), true);
    assert.equal(holds(["ab", "ab"], "abab"), true);
    assert.equal(holds([], ""), true);
  });

  it("finds no pieces that overlap, are in another order or cut short", () => {
    assert.equal(holds(["aba", "aba"], "ababa"), false);
    assert.equal(holds(["cd", "ab"], "abcd"), false);
    assert.equal(holds(["abc"], "ab"), false);
  });
});
