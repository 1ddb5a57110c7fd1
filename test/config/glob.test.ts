import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as check, constantFrom, property, string } from "fast-check";
import { matchesGlob, matchesPathGlob } from "../../src/config/glob.ts";

describe("matchesGlob()", () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["edge-*", "edge-7", true],
    ["edge-*", "edge-", true],
    ["edge-*", "inner-7", false],
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["e?ge", "edge", true],
    ["e?ge", "ege", false],
    ["*a*b", "xayb", true],
    ["*a*b", "xayc", false],
    ["a*a", "a", false],
    ["[a]", "[a]", true],
  ];
  for (const [pattern, text, expected] of rows) {
    it(`${pattern || '""'} ${expected ? "takes" : "leaves"} ${text || '""'}`, () =>
      assert.equal(matchesGlob(pattern, text), expected));
  }

  it("agrees with a regular expression on any pattern and text", () => {
    const letters = string({ unit: constantFrom("a", "b", "*", "?"), maxLength: 8 });
    const texts = string({ unit: constantFrom("a", "b"), maxLength: 10 });
    check(
      property(letters, texts, (pattern, text) => {
        const expected = new RegExp(`^${pattern.replaceAll("?", ".").replaceAll("*", ".*")}$`).test(text);
        assert.equal(matchesGlob(pattern, text), expected);
      }),
    );
  });
});

describe("matchesPathGlob()", () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["shared/*.yaml", "shared/a.yaml", true],
    ["shared/*.yaml", "shared/deep/a.yaml", false],
    ["shared/**", "shared/deep/a.yaml", true],
    ["**/*.yaml", "a.yaml", true],
    ["**/tls/*.yaml", "groups/edge/tls/a.yaml", true],
    ["**/tls/*.yaml", "groups/edge/a.yaml", false],
  ];
  for (const [pattern, path, expected] of rows) {
    it(`${pattern} ${expected ? "takes" : "leaves"} ${path}`, () =>
      assert.equal(matchesPathGlob(pattern, path), expected));
  }
});
