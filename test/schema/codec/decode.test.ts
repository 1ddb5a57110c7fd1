import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { DecodeError } from "../../../src/schema/codec/decode-error.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { sample } from "../sample-descriptors.ts";

const schema = new Schema(sample);
const decode = (hex: string) => schema.decode("test.All", Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("Schema.decode()", () => {
  const rows: readonly (readonly [string, string, object])[] = [
    ["takes the last of a scalar given twice", "18 01 18 02", { a_int32: 2 }],
    ["drops a field without presence that ends as its default", "18 01 18 00", {}],
    ["keeps a default that a field with presence carries", "98 03 00", { maybe: 0 }],
    ["keeps -0.0, whose bits are not zero", "15 00 00 00 80", { a_float: -0 }],
    ["reads a negative int32 of ten bytes", "18 ff ff ff ff ff ff ff ff ff 01", { a_int32: -1 }],
    ["reads a negative int64", "20 ff ff ff ff ff ff ff ff ff 01", { a_int64: "-1" }],
    ["reads the largest uint64", "30 ff ff ff ff ff ff ff ff ff 01", { a_uint64: "18446744073709551615" }],
    ["reads the smallest sint64", "40 ff ff ff ff ff ff ff ff ff 01", { a_sint64: "-9223372036854775808" }],
    ["reads any non-zero varint as true", "68 80 80 80 80 10", { a_bool: true }],
    ["reads packed numbers", "ba 06 02 01 02", { many_int32: [1, 2] }],
    [
      "reads the same numbers unpacked, and both mixed",
      "b8 06 01 ba 06 01 02 b8 06 03",
      { many_int32: [1, 2, 3] },
    ],
    ["leaves an empty packed field out", "ba 06 00", {}],
    ["merges a message given twice", "fa 01 03 0a 01 61 fa 01 02 10 07", { item: { name: "a", size: 7 } }],
    ["keeps an empty message", "fa 01 00", { item: {} }],
    ["keeps only the last member of a oneof", "ea 03 01 78 f2 03 02 10 01", { right: { size: 1 } }],
    [
      "merges a oneof's message given twice",
      "f2 03 02 10 01 f2 03 03 0a 01 61",
      { right: { size: 1, name: "a" } },
    ],
    [
      "takes the last of a map key given twice",
      "ca 02 05 0a 01 61 12 00 ca 02 06 0a 01 61 12 01 62",
      { by_name: { a: "b" } },
    ],
    ["fills in a map entry's missing key and value", "ca 02 00", { by_name: { "": "" } }],
    ["fills in a map entry's missing message", "d2 02 02 08 05", { by_number: { 5: {} } }],
    ["reads an enum by the first name of its number", "a8 01 01", { color: "RED" }],
    ["reads an enum number without a name as the number", "a8 01 63", { color: 99 }],
    [
      "skips unknown fields of every wire type",
      "c0 3e 01 c1 3e 0000000000000000 c2 3e 01 00 c5 3e 00000000 18 01",
      { a_int32: 1 },
    ],
    ["skips groups, also nested", "c3 3e cb 3e c8 01 05 cc 3e c4 3e 18 01", { a_int32: 1 }],
    ["skips a known field with another wire type", "1a 01 00 18 01", { a_int32: 1 }],
  ];
  for (const [name, hex, expected] of rows) {
    it(name, () => assert.deepStrictEqual(decode(hex), expected));
  }

  it("gives a map key __proto__ as a key of its own", () => {
    const entry = `0a09${Buffer.from("__proto__").toString("hex")}120178`;
    const message = decode(`ca02${(entry.length / 2).toString(16).padStart(2, "0")}${entry}`);
    assert.deepStrictEqual(Object.entries(message["by_name"] ?? {}), [["__proto__", "x"]]);
  });

  it("reports the unknown fields that it skips", () => {
    const seen: unknown[] = [];
    schema.decode("test.All", Buffer.from("fa01022801c03e01", "hex"), {
      onUnknownField: (typeName, number) => seen.push([typeName, number]),
    });
    assert.deepStrictEqual(seen, [
      ["test.Item", 5],
      ["test.All", 1000],
    ]);
  });

  const broken: readonly (readonly [string, string, string, RegExp])[] = [
    ["a length past the end", "72 05 61", "All.a_string", /the bytes end early: 5 more expected, 1 are left/],
    ["an inner length past its message", "82 02 03 0a 05 61", "All.many_item[0].name", /end early/],
    ["a varint cut off", "18 80", "All.a_int32", /the bytes end inside a varint/],
    ["a varint of eleven bytes", `18 ${"80 ".repeat(10)} 01`, "All.a_int32", /longer than ten bytes/],
    ["a string that is not UTF-8", "72 02 c3 28", "All.a_string", /not valid UTF-8/],
    ["field number 0", "00 00", "All", /field number 0/],
    ["wire type 7", "1f 00", "All", /invalid wire type 7/],
    ["a group without its end", "c3 3e 18 01", "All", /end inside a varint/],
    ["a group closed by another", "c3 3e cc 3e", "All", /group 1000 is closed by the end of group 1001/],
  ];
  for (const [name, hex, path, reason] of broken) {
    it(`refuses ${name}, naming the path`, () => {
      assert.throws(
        () => decode(hex),
        (error) => error instanceof DecodeError && error.path === path && reason.test(error.reason),
      );
    });
  }

  it("throws nothing but DecodeError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          schema.decode("test.All", Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof DecodeError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it("refuses a message cut off inside a field, wherever", () => {
    const whole = schema.encode("test.All", {
      a_string: "hello",
      item: { name: "x", size: 300 },
      by_name: { a: "b" },
    });
    // After a_string and after item the bytes are whole.
    const ends = [7, 16];
    for (let length = 1; length < whole.length; length += 1) {
      const cut = () => schema.decode("test.All", whole.subarray(0, length));
      if (ends.includes(length)) cut();
      else assert.throws(cut, DecodeError, `cut at ${length}`);
    }
  });

  it("accepts 100 nested messages and refuses 101", () => {
    assert.ok(schema.decode("test.All", nested(100)));
    assert.throws(() => schema.decode("test.All", nested(101)), /nested more than 100 deep/);
  });
});

/** `test.All` inside itself, `depth` messages in all. */
function nested(depth: number): Buffer {
  let bytes = Buffer.alloc(0);
  for (let index = 1; index < depth; index += 1) {
    const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
    bytes = Buffer.concat([Buffer.from([0x8a, 0x02, ...length]), bytes]);
  }
  return bytes;
}
