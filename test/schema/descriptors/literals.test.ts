import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProto } from "../../../src/schema/descriptors/parse-proto.ts";

/** The pattern of a rule that is written as the given literal. */
function patternOf(literal: string): unknown {
  const text = `syntax = "proto3"; message M { string s = 1 [(validate.rules).string.pattern = ${literal}]; }`;
  const rules: unknown = parseProto("m.proto", text).messages[0]?.fields[0]?.rules;
  return rules;
}

describe("string literals of .proto files", () => {
  const cases: Readonly<Record<string, string>> = {
    [String.raw`"^[^\\s,]+$"`]: String.raw`^[^\s,]+$`,
    [String.raw`"a\"b"`]: 'a"b',
    [String.raw`'a"b'`]: 'a"b',
    [String.raw`'it\'s "a" \\ b'`]: `it's "a" \\ b`,
    [String.raw`"\x41\102\u0043\U00000044"`]: "ABCD",
    [String.raw`"\t\n\r"`]: "\t\n\r",
    '"/* no comment */ // nor this"': "/* no comment */ // nor this",
  };
  for (const [literal, value] of Object.entries(cases)) {
    it(`reads ${literal} as protoc does`, () => {
      assert.deepEqual(patternOf(literal), { string: { pattern: value } });
    });
  }
});

describe("numbers of .proto files", () => {
  it("keep all digits of 64-bit rules", () => {
    const text = `syntax = "proto3"; message M { // don't touch 9223372036854775807
      uint64 n = 1 [(validate.rules).uint64 = {lte: 18446744073709551615, in: [1, 9223372036854775807]}]; }`;
    assert.deepEqual(parseProto("m.proto", text).messages[0]?.fields[0]?.rules, {
      uint64: { lte: "18446744073709551615", in: [1, "9223372036854775807"] },
    });
  });
});
