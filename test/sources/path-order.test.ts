import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparePaths, findPath } from "../../src/sources/path-order.ts";

describe("the order of paths", () => {
  const inOrder = ["a/b/c.yaml", "a/b.yaml", "a.yaml", "ab.yaml", "b/a.yaml", "b-1/a.yaml"];

  it("is that of a walk through the folders, whatever sorts before a slash", () => {
    assert.deepEqual(inOrder.toReversed().sort(comparePaths), inOrder);
    assert.equal(comparePaths("a/b", "a/b"), 0);
  });

  it("finds a path, or the place where it belongs", () => {
    const find = (path: string) => findPath(inOrder, path, (item) => item);
    inOrder.forEach((path, index) => assert.deepEqual(find(path), { index, isThere: true }));
    assert.deepEqual(find("a"), { index: 0, isThere: false });
    assert.deepEqual(find("aa.yaml"), { index: 3, isThere: false });
    assert.deepEqual(find("z"), { index: 6, isThere: false });
    assert.deepEqual(findPath([], "a", String), { index: 0, isThere: false });
  });
});
