import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FieldKind, FieldRules } from "../../../src/schema/descriptor.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { envoy, messageOf } from "../envoy-schema.ts";
import { descriptorsOf, enumeration, field, map, message, scalar, type } from "../sample-descriptors.ts";

const color = {
  name: "t.Color",
  values: [
    { name: "NONE", number: 0 },
    { name: "RED", number: 1 },
  ],
};
const wellKnown = ["Duration", "Timestamp", "Any", "UInt32Value", "StringValue"].map((name) => {
  const descriptor = envoy.descriptors.messages.get(`google.protobuf.${name}`);
  assert.ok(descriptor);
  return descriptor;
});

/** What is said of `{f: value}` when the field `f` has these rules. */
function complaints(kind: FieldKind, rules: FieldRules, value: unknown, isRepeated = false): string[] {
  const descriptors = descriptorsOf(
    [
      type("t.M", [field("f", 1, kind, { rules, isRepeated })]),
      type("t.Inner", [field("n", 1, scalar("string"), { rules: { string: { min_len: "1" } } })]),
      ...wellKnown,
    ],
    [color],
  );
  const found = new Schema(descriptors).checkRules("t.M", value === undefined ? {} : { f: value });
  return found.map(({ path, message: text }) => (path === "f" ? text : `${path}: ${text}`));
}

const uint32 = scalar("uint32");
const text = scalar("string");
const duration = message("google.protobuf.Duration");

type Row = readonly [rules: FieldRules, good: unknown, bad: unknown, complaint: string];

const tables: Readonly<Record<string, readonly [FieldKind, readonly Row[]]>> = {
  "a number": [
    uint32,
    [
      [{ uint32: { const: 5 } }, 5, undefined, "value must equal 5"],
      [{ uint32: { lt: 5 } }, 4, 5, "value must be less than 5"],
      [{ uint32: { lte: 5 } }, 5, 6, "value must be less than or equal to 5"],
      [{ uint32: { gt: 5 } }, 6, undefined, "value must be greater than 5"],
      [{ uint32: { gte: 5 } }, 5, 4, "value must be greater than or equal to 5"],
      [{ uint32: { gte: 5, lte: 7 } }, 7, 8, "value must be inside range [5, 7]"],
      [{ uint32: { gt: 5, lt: 7 } }, 6, 7, "value must be inside range (5, 7)"],
      [{ uint32: { lt: 5, gt: 7 } }, 8, 6, "value must be outside range [5, 7]"],
      [{ uint32: { in: [1, 2] } }, 2, 3, "value must be in list [1 2]"],
      [{ uint32: { not_in: [1, 2] } }, 3, 2, "value must not be in list [1 2]"],
      [{ uint32: { gte: 5, ignore_empty: true } }, undefined, 1, "value must be greater than or equal to 5"],
    ],
  ],
  "a 64-bit number": [
    scalar("uint64"),
    [
      [
        { uint64: { lte: "18446744073709551614" } },
        "18446744073709551614",
        "18446744073709551615",
        "value must be less than or equal to 18446744073709551614",
      ],
    ],
  ],
  "a double": [
    scalar("double"),
    [[{ double: { gte: 0, lte: 100 } }, 99.5, 100.5, "value must be inside range [0, 100]"]],
  ],
  "a bool": [scalar("bool"), [[{ bool: { const: true } }, true, undefined, "value must equal true"]]],
  "a string": [
    text,
    [
      [{ string: { const: "a" } }, "a", "b", 'value must equal "a"'],
      [{ string: { len: "2" } }, "\u{1f600}é", "abc", "value must be 2 characters"],
      [{ string: { min_len: "1" } }, "a", undefined, "value length must be at least 1 characters"],
      [{ string: { max_len: "1" } }, "\u{1f600}", "ab", "value length must be at most 1 characters"],
      [
        { string: { min_len: "1", max_len: "2" } },
        "ab",
        "abc",
        "value must have between 1 and 2 characters inclusive",
      ],
      [{ string: { min_bytes: "3" } }, "aé", "ab", "value length must be at least 3 bytes"],
      [{ string: { max_bytes: "3" } }, "aé", "éé", "value length must be at most 3 bytes"],
      [{ string: { prefix: "a" } }, "ab", "b", 'value does not have prefix "a"'],
      [{ string: { suffix: "a" } }, "ba", "b", 'value does not have suffix "a"'],
      [{ string: { contains: "a" } }, "bab", "b", 'value does not contain substring "a"'],
      [{ string: { not_contains: "a" } }, "b", "bab", 'value contains substring "a"'],
      [{ string: { in: ["a", "b"] } }, "a", "c", "value must be in list [a b]"],
      [{ string: { not_in: ["a"] } }, "b", "a", "value must not be in list [a]"],
      [{ string: { pattern: "[a-z]+" } }, "abc", "abc1", 'value does not match regex pattern "[a-z]+"'],
      [{ string: { pattern: "(?i)x\\pN" } }, "X7", "xx", 'value does not match regex pattern "(?i)x\\\\pN"'],
      [
        { string: { min_len: "2", ignore_empty: true } },
        undefined,
        "a",
        "value length must be at least 2 characters",
      ],
      [
        { string: { well_known_regex: "HTTP_HEADER_NAME" } },
        ":path",
        "a b",
        'value does not match regex pattern "^:?[0-9a-zA-Z!#$%&\'*+-.^_|~`]+$"',
      ],
      [
        { string: { well_known_regex: "HTTP_HEADER_NAME", strict: false } },
        "a b",
        "a\nb",
        'value does not match regex pattern "^[^\\x00\\n\\r]*$"',
      ],
      [
        { string: { well_known_regex: "HTTP_HEADER_VALUE" } },
        "a\tb",
        "a\u0007b",
        'value does not match regex pattern "^[^\\x00-\\b\\n-\\x1f\\x7f]*$"',
      ],
      [
        { string: { well_known_regex: "HTTP_HEADER_VALUE", strict: false } },
        "a\u0007b",
        "a\rb",
        'value does not match regex pattern "^[^\\x00\\n\\r]*$"',
      ],
      [{ string: { ip: true } }, "::1", "1.2.3", "value must be a valid IP Address"],
      [{ string: { ipv4: true } }, "1.2.3.4", "::1", "value must be a valid IPv4 Address"],
      [{ string: { ipv6: true } }, "::1", "1.2.3.4", "value must be a valid IPv6 Address"],
      [{ string: { hostname: true } }, "a-b.example", "-a.example", "value must be a valid hostname"],
      [{ string: { address: true } }, "a.example", "a_b", "value must be an ip address, or a hostname."],
      [{ string: { email: true } }, "a@b.example", "a b@c", "value must be a valid email address"],
      [{ string: { uri: true } }, "http://a/b", "/b", "value must be a valid URI"],
      [{ string: { uri_ref: true } }, "/b", "a b", "value must be a valid URI"],
      [
        { string: { uuid: true } },
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567",
        "value must be a valid UUID",
      ],
    ],
  ],
  bytes: [
    scalar("bytes"),
    [
      [{ bytes: { min_len: "1" } }, Buffer.from("a"), undefined, "value length must be at least 1 bytes"],
      [
        { bytes: { max_len: "1" } },
        Buffer.from("a"),
        Buffer.from("ab"),
        "value length must be at most 1 bytes",
      ],
      [{ bytes: { prefix: "YQ==" } }, Buffer.from("ab"), Buffer.from("b"), 'value does not have prefix "a"'],
      [{ bytes: { ipv4: true } }, Buffer.alloc(4), Buffer.alloc(5), "value must be a valid IP address"],
    ],
  ],
  "an enum": [
    enumeration("t.Color"),
    [
      [{ enum: { defined_only: true } }, "RED", 7, "value must be one of the defined enum values"],
      [{ enum: { not_in: [0] } }, "RED", undefined, "value must not be in list [0]"],
      [{ enum: { in: [1] } }, "RED", "NONE", "value must be in list [1]"],
      [{ enum: { const: 1 } }, "RED", "NONE", "value must equal 1"],
    ],
  ],
  "a duration": [
    duration,
    [
      [{ duration: { required: true } }, {}, undefined, "value is required"],
      [{ duration: { gt: {} } }, { nanos: 1 }, {}, "value must be greater than 0s"],
      [
        { duration: { gte: { nanos: 1000000 } } },
        { nanos: 1000000 },
        { nanos: 1 },
        "value must be greater than or equal to 1ms",
      ],
      [
        { duration: { lt: { seconds: "90" } } },
        { seconds: "89" },
        { seconds: "90" },
        "value must be less than 1m30s",
      ],
      [
        { duration: { lte: { seconds: "3600" } } },
        { seconds: "3600" },
        { seconds: "3601" },
        "value must be less than or equal to 1h0m0s",
      ],
      [
        { duration: { gte: { seconds: "1", nanos: 500000000 }, lt: { seconds: "5" } } },
        { seconds: "2" },
        { seconds: "-2" },
        "value must be inside range [1.5s, 5s)",
      ],
    ],
  ],
  "a timestamp": [
    message("google.protobuf.Timestamp"),
    [
      [
        { timestamp: { gte: {} } },
        { seconds: "1" },
        { seconds: "-1" },
        "value must be greater than or equal to 1970-01-01T00:00:00.000Z",
      ],
    ],
  ],
  "an Any": [
    message("google.protobuf.Any"),
    [
      [{ any: { required: true } }, {}, undefined, "value is required"],
      [{ any: { in: ["a/b"] } }, { type_url: "a/b" }, { type_url: "a/c" }, "type URL must be in list [a/b]"],
      [
        { any: { not_in: ["a/b"] } },
        { type_url: "a/c" },
        { type_url: "a/b" },
        "type URL must not be in list [a/b]",
      ],
    ],
  ],
  "a wrapper": [
    message("google.protobuf.UInt32Value"),
    [
      [{ uint32: { lte: 100 } }, { value: 100 }, { value: 101 }, "value must be less than or equal to 100"],
      [{ uint32: { gte: 1 } }, undefined, {}, "value must be greater than or equal to 1"],
      [{ message: { required: true } }, {}, undefined, "value is required"],
      [
        { message: { required: true }, uint32: { lte: 100 } },
        {},
        undefined,
        "value is required and must not be nil.",
      ],
    ],
  ],
  "a message": [
    message("t.Inner"),
    [
      [{ message: { required: true } }, { n: "a" }, undefined, "value is required"],
      [{}, { n: "a" }, {}, "f.n: value length must be at least 1 characters"],
    ],
  ],
  "a map": [
    map("string", text),
    [
      [{ map: { min_pairs: "1" } }, { a: "" }, undefined, "value must contain at least 1 pair(s)"],
      [{ map: { max_pairs: "1" } }, { a: "" }, { a: "", b: "" }, "value must contain no more than 1 pair(s)"],
      [
        { map: { keys: { string: { min_len: "1" } } } },
        { a: "" },
        { "": "" },
        'f[""]: value length must be at least 1 characters',
      ],
      [
        { map: { values: { string: { min_len: "1" } } } },
        { a: "b" },
        { a: "" },
        'f["a"]: value length must be at least 1 characters',
      ],
      [
        { map: { min_pairs: "2", ignore_empty: true } },
        undefined,
        { a: "" },
        "value must contain at least 2 pair(s)",
      ],
    ],
  ],
};

const listRows: readonly Row[] = [
  [{ repeated: { min_items: "1" } }, ["a"], undefined, "value must contain at least 1 item(s)"],
  [{ repeated: { max_items: "1" } }, ["a"], ["a", "b"], "value must contain no more than 1 item(s)"],
  [
    { repeated: { min_items: "2", max_items: "2" } },
    ["a", "b"],
    ["a"],
    "value must contain exactly 2 item(s)",
  ],
  [
    { repeated: { min_items: "1", max_items: "2" } },
    ["a"],
    ["a", "b", "c"],
    "value must contain between 1 and 2 items, inclusive",
  ],
  [{ repeated: { unique: true } }, ["a", "b"], ["a", "a"], "repeated value must contain unique items"],
  [
    { repeated: { items: { string: { min_len: "1" } } } },
    ["a"],
    ["a", ""],
    "f[1]: value length must be at least 1 characters",
  ],
];

describe("Schema.checkRules()", () => {
  for (const [name, [kind, rows]] of Object.entries(tables)) {
    for (const [rules, good, bad, complaint] of rows) {
      it(`checks ${name}: ${JSON.stringify(rules)}`, () => {
        assert.deepStrictEqual(complaints(kind, rules, good), []);
        assert.deepStrictEqual(complaints(kind, rules, bad), [complaint]);
      });
    }
  }
  for (const [rules, good, bad, complaint] of listRows) {
    it(`checks a list: ${JSON.stringify(rules)}`, () => {
      assert.deepStrictEqual(complaints(text, rules, good, true), []);
      assert.deepStrictEqual(complaints(text, rules, bad, true), [complaint]);
    });
  }

  it("does not go into a message whose rules are to be skipped or are disabled", () => {
    assert.deepStrictEqual(complaints(message("t.Inner"), { message: { skip: true } }, {}), []);
    const disabled = descriptorsOf([
      type("t.M", [field("f", 1, text, { rules: { string: { min_len: "1" } } })], { rulesDisabled: true }),
    ]);
    assert.deepStrictEqual(new Schema(disabled).checkRules("t.M", {}), []);
  });

  it("leaves members of a oneof alone that are not set", () => {
    const choice = descriptorsOf([
      type("t.M", [field("f", 1, text, { oneof: "o", rules: { string: { min_len: "1" } } })]),
    ]);
    assert.deepStrictEqual(new Schema(choice).checkRules("t.M", {}), []);
    assert.equal(new Schema(choice).checkRules("t.M", { f: "" }).length, 1);
  });

  it("names the oneof of which no member is set, and its members", () => {
    const found = envoy.checkRules("envoy.config.core.v3.Address", {});
    assert.deepStrictEqual(found, [
      {
        path: "address",
        message: "is required: one of socket_address, pipe, envoy_internal_address",
        members: ["socket_address", "pipe", "envoy_internal_address"],
      },
    ]);
  });

  it("goes into the contents of Anys whose type is known, and leaves others alone", () => {
    const cluster = messageOf(
      "envoy.config.cluster.v3.Cluster",
      `name: a
transport_socket:
  name: envoy.transport_sockets.upstream_proxy_protocol
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
`,
    );
    assert.deepStrictEqual(envoy.checkRules("envoy.config.cluster.v3.Cluster", cluster), [
      { path: "transport_socket.typed_config.transport_socket", message: "value is required" },
    ]);
    const unknown = { type_url: "type.googleapis.com/acme.Thing", value: Buffer.from([8, 1]) };
    assert.deepStrictEqual(envoy.checkRules("google.protobuf.Any", unknown), []);
  });

  it("compiles the rules of every message of the Envoy API", () => {
    for (const name of envoy.descriptors.messages.keys())
      assert.ok(Array.isArray(envoy.checkRules(name, {})));
  });
});
