import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeText } from "../../src/sources/decode-text.ts";

describe("decodeText()", () => {
  it("gives text of one to four bytes a character, without a byte order mark", () => {
    assert.equal(decodeText(Buffer.from("\u{feff}aä€😀\n")), "aä€😀\n");
  });

  const cases: readonly (readonly [string, readonly (string | number)[], number, number, number])[] = [
    ["a byte that begins nothing", ["a\nbc", 0xff], 2, 3, 0xff],
    ["a continuation that continues nothing", [0x80], 1, 1, 0x80],
    ["Latin-1 among other letters", ["ä€😀: caf", 0xe9, " x"], 1, 10, 0xe9],
    ["a character that the end cuts off", ["x\n", 0xe2, 0x82], 2, 1, 0xe2],
    ["one that a newline cuts off", [0xe2, 0x82, "\nab", 0xff], 1, 1, 0xe2],
    ["an overlong form", ["a", 0xc0, 0xaf], 1, 2, 0xc0],
    ["half a surrogate pair", ["a", 0xed, 0xa0, 0x80], 1, 2, 0xed],
    ["a character beyond Unicode", [0xf4, 0x90, 0x80, 0x80], 1, 1, 0xf4],
  ];
  for (const [name, parts, line, column, value] of cases) {
    it(`says where ${name} stands`, () => {
      const bytes = parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part])));
      assert.deepEqual(decodeText(Buffer.concat(bytes)), { line, column, value });
    });
  }
});
