import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EncodeError } from "../../../src/schema/codec/encode.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { sample } from "../sample-descriptors.ts";

const schema = new Schema(sample);
const hex = (message: Record<string, unknown>) => schema.encode("test.All", message).toString("hex");

describe("Schema.encode()", () => {
  const rows: readonly (readonly [string, Record<string, unknown>, string])[] = [
    ["writes fields by number, whatever the order of the keys", { color: "RED", a_int32: 1 }, "1801a80101"],
    [
      "leaves defaults of fields without presence out",
      { a_int32: 0, a_string: "", a_int64: "0", color: "NONE" },
      "",
    ],
    ["writes defaults of fields with presence", { maybe: 0, left: "" }, "980300ea0300"],
    ["writes -0.0", { a_float: -0 }, "1500000080"],
    ["writes NaN", { a_double: Number.NaN }, "09000000000000f87f"],
    ["writes negative int32 as ten bytes", { a_int32: -1 }, "18ffffffffffffffffff01"],
    ["takes 64-bit integers as strings", { a_int64: "-9223372036854775808" }, "2080808080808080808001"],
    ["takes 64-bit integers as numbers", { a_uint64: 4294967296 }, "308080808010"],
    ["zigzags sint64", { a_sint64: "-1" }, "4001"],
    ["packs repeated numbers", { many_int32: [1, 300] }, "ba060301ac02"],
    ["leaves an empty list out", { many_int32: [], many_item: [] }, ""],
    ["takes an enum by any of its names", { color: "CRIMSON" }, "a80101"],
    ["takes an enum number without a name", { color: 99 }, "a80163"],
    [
      "sorts map keys by value when they are numbers",
      { by_number: { 10: {}, "9": {}, "-1": {} } },
      "d2020d08ffffffffffffffffff011200d2020408091200d20204080a1200",
    ],
    ["sorts false before true", { by_flag: { true: "NONE", false: "RED" } }, "da020408001001da020408011000"],
    [
      "sorts string keys by UTF-8 bytes, not UTF-16 units",
      { by_name: { "\u{1f600}": "", "\uffee": "" } },
      "ca02070a03efbfae1200ca02080a04f09f98801200",
    ],
    ["ignores a key that is undefined", { a_int32: undefined }, ""],
  ];
  for (const [name, message, expected] of rows) it(name, () => assert.equal(hex(message), expected));

  for (const size of [126, 127, 128, 16383, 16384, 2097152]) {
    it(`writes the length of a nested message of about ${size} bytes`, () => {
      const message = { item: { name: "x".repeat(size), size: 1 } };
      assert.deepStrictEqual(schema.decode("test.All", schema.encode("test.All", message)), message);
    });
  }

  it("returns bytes that a later call leaves alone", () => {
    const first = schema.encode("test.Item", { name: "first" });
    schema.encode("test.Item", { name: "other" });
    assert.equal(first.toString("latin1"), "\n\u0005first");
  });

  const wrong: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    [
      "a field that the type does not have",
      { item: { nmae: "x" } },
      /^item\.nmae: test\.Item has no such field/,
    ],
    ["an enum name that does not exist", { color: "BLUE" }, /^color: test\.Color has no value BLUE/],
    ["a number out of range", { a_uint32: -1 }, /^a_uint32: -1 is not an integer from 0 to 4294967295/],
    ["a 64-bit number out of range", { a_int64: "9223372036854775808" }, /does not fit into 64 bits/],
    ["a string where a list is expected", { many_item: "x" }, /^many_item: expected a list/],
  ];
  for (const [name, message, reason] of wrong) {
    it(`throws for ${name}, naming the path`, () =>
      assert.throws(
        () => hex(message),
        (error) => error instanceof EncodeError && reason.test(error.message),
      ));
  }
});
