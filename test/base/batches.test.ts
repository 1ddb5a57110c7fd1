import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { batchesOf } from "../../src/base/batches.ts";

describe("batchesOf()", () => {
  it("gives all items in their order, the last ones in a list of their own", () => {
    assert.deepEqual([...batchesOf([1, 2, 3, 4, 5], 2)], [[1, 2], [3, 4], [5]]);
    assert.deepEqual([...batchesOf([1, 2], 2)], [[1, 2]]);
  });

  it("gives no list of nothing", () => {
    assert.deepEqual([...batchesOf([], 2)], []);
  });
});
