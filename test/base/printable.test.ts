import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { printable } from "../../src/base/printable.ts";

describe("printable()", () => {
  it("shows what would move the cursor or colour the terminal", () => {
    assert.equal(printable("a\u001b[31mb\r\n\tc\u0000"), "a\\u001b[31mb\\r\\n\\tc\\u0000");
  });
  it("shows marks that turn the direction of writing", () =>
    assert.equal(printable("a\u202eb"), "a\\u202eb"));
  it("cuts at the limit", () => assert.equal(printable("abcdef", 4), "abc…"));
  it("leaves letters of any script", () => assert.equal(printable("Zürich 東京"), "Zürich 東京"));
});
