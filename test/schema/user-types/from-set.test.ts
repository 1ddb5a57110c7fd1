import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { describe, it } from "node:test";
import type { MessageOf } from "../../../src/schema/api.ts";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { descriptorsFromSet } from "../../../src/schema/user-types/from-set.ts";
import { mergeDescriptors } from "../../../src/schema/user-types/merge.ts";
import { withOptionExtensions } from "../../../src/schema/user-types/option-extensions.ts";

type FileProto = MessageOf<"google.protobuf.FileDescriptorProto">;
type FieldProto = MessageOf<"google.protobuf.FieldDescriptorProto">;

const base = loadDescriptors();
const writer = new Schema(withOptionExtensions(base));

const setOf = (...file: FileProto[]) => writer.encode("google.protobuf.FileDescriptorSet", { file });

const field = (name: string, number: number, type: FieldProto["type"], more: object = {}): FieldProto => ({
  name,
  number,
  label: "LABEL_OPTIONAL",
  ...(type === undefined ? {} : { type }),
  ...more,
});

/** What protoc makes of a filter of a user's own, whose file imports Envoy's and the rules'. */
const filter: FileProto = {
  name: "acme/filters/v1/greeter.proto",
  package: "acme.filters.v1",
  syntax: "proto3",
  dependency: ["envoy/config/core/v3/address.proto", "validate/validate.proto"],
  enum_type: [{ name: "Mood", value: [{ name: "CALM" }, { name: "LOUD", number: 2 }] }],
  message_type: [
    {
      name: "Greeter",
      field: [
        field("greeting", 1, "TYPE_STRING", {
          json_name: "greeting",
          options: { "(validate.rules)": { string: { min_len: "3" } } },
        }),
        field("reply_to", 2, "TYPE_MESSAGE", { type_name: ".envoy.config.core.v3.Address" }),
        field("moods", 3, "TYPE_ENUM", { label: "LABEL_REPEATED", type_name: ".acme.filters.v1.Mood" }),
        field("limits", 4, "TYPE_MESSAGE", {
          label: "LABEL_REPEATED",
          type_name: ".acme.filters.v1.Greeter.LimitsEntry",
        }),
        field("once", 5, "TYPE_BOOL", { oneof_index: 0 }),
        field("times", 6, "TYPE_UINT64", { oneof_index: 0 }),
        field("volume", 7, "TYPE_FLOAT", { oneof_index: 1, proto3_optional: true }),
        field("secret", 8, "TYPE_BYTES", { options: { "(udpa.annotations.sensitive)": true } }),
      ],
      nested_type: [
        {
          name: "LimitsEntry",
          field: [field("key", 1, "TYPE_STRING"), field("value", 2, "TYPE_UINT32")],
          options: { map_entry: true },
        },
      ],
      oneof_decl: [
        { name: "how_often", options: { "(validate.required)": true } as object },
        { name: "_volume" },
      ],
    },
  ],
};

describe("a FileDescriptorSet", () => {
  it("gives its types with rules, oneofs, maps and flags", () => {
    const { descriptors, problems } = descriptorsFromSet(setOf(filter), base, "types.binpb");
    assert.deepEqual(problems, []);
    const plain = { isRepeated: false, isPacked: false, hasPresence: false };
    assert.deepEqual(descriptors.messages.get("acme.filters.v1.Greeter"), {
      name: "acme.filters.v1.Greeter",
      fields: [
        {
          name: "greeting",
          jsonName: "greeting",
          number: 1,
          type: { kind: "scalar", scalar: "string" },
          ...plain,
          rules: { string: { min_len: "3" } },
        },
        {
          name: "reply_to",
          jsonName: "replyTo",
          number: 2,
          type: { kind: "message", name: "envoy.config.core.v3.Address" },
          ...plain,
          hasPresence: true,
        },
        {
          name: "moods",
          jsonName: "moods",
          number: 3,
          type: { kind: "enum", name: "acme.filters.v1.Mood" },
          isRepeated: true,
          isPacked: true,
          hasPresence: false,
        },
        {
          name: "limits",
          jsonName: "limits",
          number: 4,
          type: { kind: "map", key: "string", value: { kind: "scalar", scalar: "uint32" } },
          ...plain,
        },
        {
          name: "once",
          jsonName: "once",
          number: 5,
          type: { kind: "scalar", scalar: "bool" },
          ...plain,
          hasPresence: true,
          oneof: "how_often",
        },
        {
          name: "times",
          jsonName: "times",
          number: 6,
          type: { kind: "scalar", scalar: "uint64" },
          ...plain,
          hasPresence: true,
          oneof: "how_often",
        },
        {
          name: "volume",
          jsonName: "volume",
          number: 7,
          type: { kind: "scalar", scalar: "float" },
          ...plain,
          hasPresence: true,
        },
        {
          name: "secret",
          jsonName: "secret",
          number: 8,
          type: { kind: "scalar", scalar: "bytes" },
          ...plain,
          isSensitive: true,
        },
      ],
      oneofs: [{ name: "how_often", isRequired: true }],
    });
    assert.deepEqual([...descriptors.messages.keys()], ["acme.filters.v1.Greeter"]);
    assert.deepEqual(descriptors.enums.get("acme.filters.v1.Mood")?.values, [
      { name: "CALM", number: 0 },
      { name: "LOUD", number: 2 },
    ]);
  });

  it("makes messages of its types readable and writable, Envoy's inside them too", () => {
    const { descriptors } = descriptorsFromSet(setOf(filter), base, "types.binpb");
    const schema = new Schema(mergeDescriptors(base, descriptors).descriptors);
    const greeter = {
      greeting: "hello",
      reply_to: { socket_address: { address: "127.0.0.1", port_value: 80 } },
      moods: ["LOUD", "CALM"],
      limits: { b: 2, a: 1 },
      times: "3",
    };
    const bytes = schema.encode("acme.filters.v1.Greeter", greeter);
    assert.deepEqual(schema.decode("acme.filters.v1.Greeter", bytes), greeter);
  });

  it("follows editions: explicit presence and packed lists unless a feature says otherwise", () => {
    const { descriptors, problems } = descriptorsFromSet(
      setOf({
        name: "e.proto",
        syntax: "editions",
        edition: "EDITION_2023",
        options: { features: { repeated_field_encoding: "EXPANDED" } },
        message_type: [
          {
            name: "E",
            field: [
              field("explicit", 1, "TYPE_INT32"),
              field("implicit", 2, "TYPE_INT32", { options: { features: { field_presence: "IMPLICIT" } } }),
              field("expanded", 3, "TYPE_INT32", { label: "LABEL_REPEATED" }),
              field("packed", 4, "TYPE_INT32", {
                label: "LABEL_REPEATED",
                options: { features: { repeated_field_encoding: "PACKED" } },
              }),
            ],
          },
        ],
      }),
      base,
      "types.binpb",
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      descriptors.messages.get("E")?.fields.map((item) => [item.name, item.hasPresence, item.isPacked]),
      [
        ["explicit", true, false],
        ["implicit", false, false],
        ["expanded", false, false],
        ["packed", false, true],
      ],
    );
  });

  it("names the import that the set was made without", () => {
    const lacking: FileProto = {
      name: "a.proto",
      dependency: ["b.proto"],
      message_type: [{ name: "A", field: [field("b", 1, "TYPE_MESSAGE", { type_name: ".B" })] }],
    };
    const { problems } = descriptorsFromSet(setOf(lacking), base, "types.binpb");
    assert.deepEqual(problems, [
      {
        code: "unresolved-type",
        severity: "error",
        message:
          "types.binpb: a.proto: the type .B of A.b is in none of the files; the set lacks b.proto (protoc needs --include_imports)",
        path: "A.b",
      },
    ]);
  });

  it("refuses groups by name", () => {
    const group: FileProto = {
      name: "g.proto",
      message_type: [
        {
          name: "G",
          field: [field("inner", 1, "TYPE_GROUP", { type_name: ".G.Inner" })],
          nested_type: [{ name: "Inner" }],
        },
      ],
    };
    const { problems } = descriptorsFromSet(setOf(group), base, "types.binpb");
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.message]),
      [["unsupported-group", "types.binpb: g.proto: G.inner is a group, which is not supported"]],
    );
  });

  describe("that is none", () => {
    const cases: Readonly<Record<string, readonly [Buffer, RegExp]>> = {
      "a compressed one": [gzipSync(setOf(filter)), /^x is compressed; unpack it with gunzip$/],
      "its JSON form": [Buffer.from('{"file":[]}'), /^x is JSON; make a binary one/],
      "another message": [Buffer.from([0x10, 0x01]), /^x has no files in it/],
      "an empty file": [Buffer.alloc(0), /^x has no files in it/],
      "one that was cut off": [setOf(filter).subarray(0, 40), /^x is not a FileDescriptorSet: /],
    };
    for (const [what, [bytes, message]] of Object.entries(cases)) {
      it(`is refused: ${what}`, () => {
        const { descriptors, problems } = descriptorsFromSet(bytes, base, "x");
        assert.equal(problems.length, 1);
        assert.equal(problems[0]?.code, "bad-descriptor-set");
        assert.match(problems[0].message, message);
        assert.equal(descriptors.messages.size, 0);
      });
    }
  });
});
