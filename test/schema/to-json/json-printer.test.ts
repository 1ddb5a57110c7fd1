import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Schema } from "../../../src/schema/schema.ts";
import { toYamlText } from "../../../src/schema/to-json/yaml-text.ts";
import { envoy, messageOf, tree } from "../envoy-schema.ts";
import { sample } from "../sample-descriptors.ts";

const cluster = "envoy.config.cluster.v3.Cluster";
const any = "google.protobuf.Any";
const schema = new Schema(sample);

describe("Schema.toJson()", () => {
  const rows: readonly (readonly [string, string, string, unknown])[] = [
    [
      "a duration with as many decimals as it needs, in threes",
      "google.protobuf.Duration",
      "0.25s",
      "0.250s",
    ],
    ["a negative duration", "google.protobuf.Duration", "-0.000001s", "-0.000001s"],
    [
      "a timestamp in UTC",
      "google.protobuf.Timestamp",
      "2030-01-31T13:00:00.5+01:00",
      "2030-01-31T12:00:00.500Z",
    ],
    [
      "a timestamp before the epoch",
      "google.protobuf.Timestamp",
      "0001-01-01T00:00:00Z",
      "0001-01-01T00:00:00Z",
    ],
    ["a field mask in lowerCamelCase", "google.protobuf.FieldMask", "a.b_c,d", "a.bC,d"],
    ["a wrapper as its value", "google.protobuf.UInt64Value", "7", "7"],
    ["an empty wrapper as its default", "google.protobuf.BoolValue", "false", false],
    [
      "a struct as it is",
      "google.protobuf.Struct",
      "{a: [1, ~, {b: x}], c: {}, d: []}",
      { a: [1, null, { b: "x" }], c: {}, d: [] },
    ],
    ["a value", "google.protobuf.Value", "~", null],
    ["field names as Envoy prints them", cluster, "connectTimeout: 1s", { connect_timeout: "1s" }],
    ["fields by number", cluster, "{connect_timeout: 1s, name: a}", { name: "a", connect_timeout: "1s" }],
    [
      "an Any with its type",
      any,
      '{"@type": type.googleapis.com/envoy.config.core.v3.Pipe, path: /x}',
      { "@type": "type.googleapis.com/envoy.config.core.v3.Pipe", path: "/x" },
    ],
    [
      'a well-known type in an Any under "value"',
      any,
      '{"@type": type.googleapis.com/google.protobuf.Duration, value: 1s}',
      { "@type": "type.googleapis.com/google.protobuf.Duration", value: "1s" },
    ],
  ];
  for (const [name, type, text, expected] of rows) {
    it(`prints ${name}`, () => {
      const json = envoy.toJson(type, messageOf(type, text));
      assert.equal(JSON.stringify(json), JSON.stringify(expected));
    });
  }

  it("prints 64-bit integers as strings, bytes as base64, and floats as short as they read back", () => {
    const message = {
      a_int64: "-9007199254740993",
      a_uint64: 5,
      a_bytes: Buffer.from([251, 255]),
      a_float: Math.fround(0.1),
      a_double: 0.1,
      many_float: [Number.NaN, Number.NEGATIVE_INFINITY, Math.fround(3.4e38)],
      many_color: ["RED", 1, 99],
      by_flag: { true: "NONE", false: "RED" },
    };
    assert.deepStrictEqual(schema.toJson("test.All", message), {
      a_double: 0.1,
      a_float: 0.1,
      a_int64: "-9007199254740993",
      a_uint64: "5",
      a_bytes: "+/8=",
      many_color: ["RED", "RED", 99],
      by_flag: { false: "RED", true: "NONE" },
      many_float: ["NaN", "-Infinity", 3.4e38],
    });
  });

  it("prints lowerCamelCase names on request", () => {
    const json = envoy.toJson(cluster, messageOf(cluster, "connect_timeout: 1s"), { names: "json" });
    assert.deepStrictEqual(json, { connectTimeout: "1s" });
  });

  it("keeps the bytes of an Any whose type is not known, or whose content is broken", () => {
    const typeUrl = "type.googleapis.com/acme.Thing";
    const value = Buffer.from([8, 1]);
    assert.deepStrictEqual(envoy.toJson(any, { type_url: typeUrl, value }), {
      "@type": typeUrl,
      value: "CAE=",
    });
    const broken = { type_url: "type.googleapis.com/envoy.config.core.v3.Pipe", value: Buffer.from([10, 9]) };
    assert.deepStrictEqual(envoy.toJson(any, broken), { "@type": broken.type_url, value: "Cgk=" });
  });

  it("masks what the API marks as sensitive, inside Anys too, and nothing else", () => {
    const secret = messageOf(
      any,
      `"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
name: server
tls_certificate:
  certificate_chain: {inline_string: public}
  private_key: {inline_string: hush}
  password: {inline_bytes: aHVzaA==}
`,
    );
    const text = JSON.stringify(envoy.toJson(any, secret, { mask: true }));
    assert.match(text, /"certificate_chain":{"inline_string":"public"}/);
    assert.match(text, /"private_key":{"inline_string":"\[redacted\]"}/);
    assert.match(text, /"password":{"inline_bytes":"W3JlZGFjdGVkXQ=="}/);
    assert.doesNotMatch(text, /hush|aHVzaA/);
    assert.match(JSON.stringify(envoy.toJson(any, secret)), /hush/);
  });
});

describe("toYamlText()", () => {
  it("quotes what a YAML reader would take for something else, so that it reads back the same", () => {
    const strings = [
      "yes",
      "0x10",
      "1e3",
      "012",
      "1_000",
      "~",
      "",
      "- x",
      "a: b",
      "#x",
      " lead",
      "null",
      "NaN",
      ".5",
      "+5",
      "\u0085",
      "x\ny\n",
    ];
    const value = { strings, "@type": "x", on: { n: [] }, "123": {} };
    const json = envoy.toJson(
      "google.protobuf.Struct",
      messageOf("google.protobuf.Struct", toYamlText(value)),
    );
    assert.deepStrictEqual(json, value);
    assert.equal(tree(toYamlText(value)).kind, "mapping");
  });
});
