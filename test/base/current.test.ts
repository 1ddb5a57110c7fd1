import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Current } from "../../src/base/current.ts";

describe("Current", () => {
  it("holds the last value, and tells watchers of each that comes after they began to watch", () => {
    const current = new Current("a");
    const seen: string[] = [];
    current.replace("b");
    current.onChange((value) => seen.push(value));
    current.replace("c");
    current.replace("d");
    assert.equal(current.value, "d");
    assert.deepEqual(seen, ["c", "d"]);
  });
});
