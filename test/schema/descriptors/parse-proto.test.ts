import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linkFiles } from "../../../src/schema/descriptors/link.ts";
import { parseProto } from "../../../src/schema/descriptors/parse-proto.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";

const base = loadDescriptors();

/** Message `a.b.M` with the given body, and all types of its file. */
function read(body: string) {
  const file = parseProto("m.proto", `syntax = "proto3"; package a.b; message M { ${body} }`);
  const { descriptors, failures } = linkFiles([file], base);
  assert.deepEqual(failures, []);
  return { message: descriptors.messages.get("a.b.M"), descriptors };
}

describe("field rules in a .proto file", () => {
  const cases: Readonly<Record<string, readonly [option: string, type: string, rules: object]>> = {
    "an option path": ["(validate.rules).string.min_len = 3", "string", { string: { min_len: "3" } }],
    "an aggregate": [
      "(validate.rules).string = {min_len: 1 max_bytes: 4}",
      "string",
      { string: { min_len: "1", max_bytes: "4" } },
    ],
    "several paths": [
      "(validate.rules).map.keys.string.min_len = 1, (validate.rules).map = {min_pairs: 2 values {message {required: true}}}",
      "map<string, M>",
      {
        map: {
          keys: { string: { min_len: "1" } },
          min_pairs: "2",
          values: { message: { required: true } },
        },
      },
    ],
    "a list, and one value of a list": [
      '(validate.rules).string = {in: ["a", "b"] not_in: "c"}',
      "string",
      { string: { in: ["a", "b"], not_in: ["c"] } },
    ],
    "a repeated name": [
      "(validate.rules).enum = {defined_only: true not_in: 0 not_in: 1}",
      "google.protobuf.NullValue",
      { enum: { defined_only: true, not_in: [0, 1] } },
    ],
    "values that are zero, empty or false": [
      '(validate.rules).string = {in: "" in: "a" strict: false not_in: \'\' len: 0}',
      "string",
      { string: { in: ["", "a"], strict: false, not_in: [""], len: "0" } },
    ],
    durations: [
      "(validate.rules).duration = {required: true gt {} lte {seconds: 5 nanos: 7}}",
      "google.protobuf.Duration",
      { duration: { required: true, gt: {}, lte: { seconds: "5", nanos: 7 } } },
    ],
    "a named value": [
      "(validate.rules).string = {well_known_regex: HTTP_HEADER_NAME strict: false}",
      "string",
      { string: { well_known_regex: "HTTP_HEADER_NAME", strict: false } },
    ],
    "hexadecimal and negative numbers": [
      "(validate.rules).int32 = {gte: -5 lte: 0x10}",
      "int32",
      { int32: { gte: -5, lte: 16 } },
    ],
    bytes: ['(validate.rules).bytes.prefix = "\\xff\\x01"', "bytes", { bytes: { prefix: "/wE=" } }],
    "a rule of a later version": [
      "(validate.rules).string = {min_len: 1 is_polite: true}",
      "string",
      { string: { min_len: "1" } },
    ],
  };
  for (const [what, [option, type, rules]] of Object.entries(cases)) {
    it(`are read from ${what}`, () => {
      const { message } = read(`${type} f = 1 [${option}];`);
      assert.deepEqual(message?.fields[0]?.rules, rules);
    });
  }
});

describe("names in a .proto file", () => {
  it("are found from the innermost scope outwards; a leading dot means from the top", () => {
    const { message } = read(`
      message Duration {} message N { message Duration {} M.Duration x = 1; }
      Duration inner = 1; .google.protobuf.Duration outer = 2; N.Duration deep = 3; google.protobuf.Any any = 4;`);
    assert.deepEqual(
      message?.fields.map((field) => field.type),
      [
        { kind: "message", name: "a.b.M.Duration" },
        { kind: "message", name: "google.protobuf.Duration" },
        { kind: "message", name: "a.b.M.N.Duration" },
        { kind: "message", name: "google.protobuf.Any" },
      ],
    );
  });

  it("give JSON names as protoc does, unless the file says another", () => {
    const { message } = read(
      `bool a_b = 1; bool http2_max = 2; bool x__y_ = 3; bool _z = 4; bool URL_path = 5; bool f = 6 [json_name = "g"];`,
    );
    assert.deepEqual(
      message?.fields.map((field) => field.jsonName),
      ["aB", "http2Max", "xY", "Z", "URLPath", "g"],
    );
  });
});

describe("flags in a .proto file", () => {
  it("tell deprecated, disallowed and sensitive fields", () => {
    const { message } = read(
      `bool a = 1 [deprecated = true]; bool b = 2 [(envoy.annotations.disallowed_by_default) = true];
      bool c = 3 [(udpa.annotations.sensitive) = true];`,
    );
    assert.deepEqual(
      message?.fields.map((field) => [field.isDeprecated, field.isDisallowed, field.isSensitive]),
      [
        [true, undefined, undefined],
        [undefined, true, undefined],
        [undefined, undefined, true],
      ],
    );
  });

  it("tell enum values that are disallowed, the default first and aliases in order", () => {
    const { descriptors } = read(
      `enum E { option allow_alias = true; D = 0; C = 3; B = 2 [(envoy.annotations.disallowed_by_default_enum) = true]; B2 = 2; }`,
    );
    assert.deepEqual(descriptors.enums.get("a.b.M.E")?.values, [
      { name: "D", number: 0 },
      { name: "B", number: 2, isDisallowed: true },
      { name: "B2", number: 2 },
      { name: "C", number: 3 },
    ]);
  });

  it("tell messages whose rules are off, and oneofs that must be set", () => {
    const { message } = read(
      `option (validate.disabled) = true; oneof o { option (validate.required) = true; bool a = 1; }`,
    );
    assert.equal(message?.rulesDisabled, true);
    assert.deepEqual(message?.oneofs, [{ name: "o", isRequired: true }]);
  });
});
