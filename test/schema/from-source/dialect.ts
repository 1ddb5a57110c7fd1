/**
 * What a YAML text means in a field of each kind. Every row was tried on Envoy 1.40 (`--mode validate`);
 * dialect-envoy.test.ts tries it again.
 */
export interface DialectRow {
  readonly kind: DialectKind;
  /** What stands after `field: `. */
  readonly text: string;
  /** The JSON form of the value; undefined when it is refused, null when it leaves the field unset. */
  readonly value: unknown;
  /** Where we refuse what Envoy takes, on purpose: why. */
  readonly strictness?: string;
}

export type DialectKind =
  | "bool"
  | "uint32"
  | "uint64"
  | "double"
  | "string"
  | "enum"
  | "duration"
  | "bytes"
  | "message"
  | "list"
  | "any";

/** How a value of a kind is put into a Cluster, and where it is then found in the cluster's JSON. */
export const dialectFields: Readonly<
  Record<DialectKind, { readonly yaml: (text: string) => string; readonly path: readonly string[] }>
> = {
  bool: { yaml: (text) => `ignore_health_on_host_removal: ${text}`, path: ["ignore_health_on_host_removal"] },
  uint32: {
    yaml: (text) => `per_connection_buffer_limit_bytes: ${text}`,
    path: ["per_connection_buffer_limit_bytes"],
  },
  uint64: {
    yaml: (text) => `lb_policy: RING_HASH\nring_hash_lb_config: {minimum_ring_size: ${text}}`,
    path: ["ring_hash_lb_config", "minimum_ring_size"],
  },
  double: {
    yaml: (text) => `common_lb_config: {healthy_panic_threshold: {value: ${text}}}`,
    path: ["common_lb_config", "healthy_panic_threshold", "value"],
  },
  string: { yaml: (text) => `alt_stat_name: ${text}`, path: ["alt_stat_name"] },
  enum: { yaml: (text) => `lb_policy: ${text}`, path: ["lb_policy"] },
  duration: { yaml: (text) => `connect_timeout: ${text}`, path: ["connect_timeout"] },
  bytes: {
    yaml: (text) =>
      `metadata: {typed_filter_metadata: {x: {"@type": type.googleapis.com/google.protobuf.BytesValue, value: ${text}}}}`,
    path: ["metadata", "typed_filter_metadata", "x", "value"],
  },
  message: { yaml: (text) => `common_lb_config: ${text}`, path: ["common_lb_config"] },
  list: {
    yaml: (text) => `load_assignment: {cluster_name: c, endpoints: ${text}}`,
    path: ["load_assignment", "endpoints"],
  },
  any: {
    yaml: (text) => `metadata: {typed_filter_metadata: {x: ${text}}}`,
    path: ["metadata", "typed_filter_metadata", "x"],
  },
};

const refused = undefined;
const unset = null;

function rows(
  kind: DialectKind,
  table: readonly (readonly [text: string, value: unknown, strictness?: string])[],
): DialectRow[] {
  return table.map(([text, value, strictness]) => ({
    kind,
    text,
    value,
    ...(strictness ? { strictness } : {}),
  }));
}

const wellKnown = (name: string, rest: string) =>
  `{"@type": type.googleapis.com/google.protobuf.${name}${rest}}`;
const printed = (name: string, value: unknown) => ({
  "@type": `type.googleapis.com/google.protobuf.${name}`,
  value,
});

export const dialect: readonly DialectRow[] = [
  ...rows("bool", [
    ["yes", true],
    ["on", true],
    ["True", true],
    ["TRUE", true],
    ["tRuE", true],
    ["y", true],
    ["t", true],
    ["off", unset],
    ['"true"', true],
    ['"True"', true],
    ['"yes"', true],
    ['"1"', true],
    ["null", unset],
    ["~", unset],
    ["1", refused],
    ["0", refused],
    ["2", refused],
    ["maybe", refused],
    ["{}", refused],
  ]),
  ...rows("uint32", [
    ["16", 16],
    ["0x10", 16],
    ["1e3", 1000],
    ["1.0", 1],
    ["017", 15],
    ["010", 8],
    ["09", 9],
    ["+5", 5],
    ["-0", 0],
    ["5.", 5],
    [".5e1", 5],
    ['"5"', 5],
    ['"0x10"', 16],
    ['"1e3"', 1000],
    ["4294967295", 4294967295],
    ["0xffffffff", 4294967295],
    ["{value: 5}", 5],
    ["~", unset],
    ["Null", unset],
    ["NULL", unset],
    ["", unset],
    ["1.5", refused],
    ["0o17", refused],
    ["1_000", refused],
    ["0b1", refused],
    ["0x", refused],
    ["-1", refused],
    ["4294967296", refused],
    ["1e400", refused],
    ["true", refused],
    ["''", refused],
    ['" 5"', refused],
    ['"5 "', refused],
    ["[]", refused],
  ]),
  ...rows("uint64", [
    ["8388608", "8388608"],
    ['"8388608"', "8388608"],
    ["8.388608e6", "8388608"],
    ["0x7fffff", "8388607"],
    ["18446744073709551616", refused],
  ]),
  ...rows("double", [
    ["50", 50],
    ["1e1", 10],
    ["0x10", 16],
    ['"50"', 50],
    ["5.", 5],
    [".5", 0.5],
    ["+5", 5],
    ["017", 15],
    ["0144", 100],
    ['"017"', 17],
    ['"0x10"', 16],
    [".nan", refused],
    [".inf", refused],
    ["1_0", refused],
    ["true", refused],
    ["''", refused],
  ]),
  ...rows("string", [
    ["a b", "a b"],
    ["1.5", "1.5"],
    ["1e3", "1e3"],
    ["99999999999", "99999999999"],
    ["2020-01-01", "2020-01-01"],
    ["! yes", "yes"],
    ['"yes"', "yes"],
    ["null", unset],
    ["~", unset],
    ["", unset],
    ["yes", refused],
    ["on", refused],
    ["true", refused],
    ["123", refused],
    ["0x10", refused],
    ["!!str yes", refused],
    ["!!str 12", refused],
    ["{a: 1}", refused],
    ["[a]", refused],
  ]),
  ...rows("enum", [
    ["ring_hash", "RING_HASH"],
    ["Ring_Hash", "RING_HASH"],
    ["RING_HASH", "RING_HASH"],
    ["2", "RING_HASH"],
    ['"2"', "RING_HASH"],
    ["0x2", "RING_HASH"],
    ["null", unset],
    ["ringhash", refused],
    ["2.0", refused],
    ["2e0", refused],
    ["true", refused],
    ['"x"', refused],
  ]),
  ...rows("duration", [
    ["0.25s", "0.250s"],
    ["1s", "1s"],
    ["01s", "1s"],
    ["0.000000001s", "0.000000001s"],
    ["{seconds: 1}", "1s"],
    ["null", unset],
    ["250ms", refused],
    ["1", refused],
    ['"1"', refused],
    ["1m", refused],
    ["1S", refused],
    [".5s", refused],
    ["1.s", refused],
    ["1e3s", refused],
    ["+1s", refused],
    ["0x1s", refused],
    ["s", refused],
    ["1.1234567891s", refused],
    ["315576000001s", refused],
    ["''", refused],
  ]),
  ...rows("bytes", [
    ["AQI=", "AQI="],
    ["AQI", "AQI="],
    ["_-8=", "/+8="],
    ["_-8", "/+8="],
    ["/+8=", "/+8="],
    ["-w/8", "+w/8"],
    ["AR==", "AQ=="],
    ["123456789012", "123456789012"],
    ["A", refused],
    ["AQ===", refused],
    ["A Q I =", refused],
    ["AQI=AQI=", refused],
    ["1234", refused],
    ["true", refused],
  ]),
  ...rows("message", [
    ["{}", {}],
    ["null", unset],
    ["", unset],
    ["5", refused],
    ["[]", refused],
    ["''", refused],
    ["[{}]", refused],
  ]),
  ...rows("list", [
    ["[]", unset],
    ["null", unset],
    ["[{}]", [{}]],
    ["{}", [{}]],
    ["''", refused],
    ["[null]", refused, "an empty item is a slip of the hand"],
  ]),
  ...rows("any", [
    ["{}", {}],
    [wellKnown("Duration", ", value: 1s"), printed("Duration", "1s")],
    [wellKnown("Duration", ""), printed("Duration", "0s")],
    [wellKnown("StringValue", ", value: abc"), printed("StringValue", "abc")],
    [wellKnown("UInt64Value", ", value: 5"), printed("UInt64Value", "5")],
    [wellKnown("Struct", ", value: {a: 1}"), printed("Struct", { a: 1 })],
    [wellKnown("Value", ", value: 5"), printed("Value", 5)],
    [wellKnown("ListValue", ", value: [5]"), printed("ListValue", [5])],
    [wellKnown("Empty", ""), { "@type": "type.googleapis.com/google.protobuf.Empty" }],
    [wellKnown("FieldMask", ", value: 'a,bC.d'"), printed("FieldMask", "a,bC.d")],
    [wellKnown("Timestamp", ", value: '2020-01-01T00:00:00Z'"), printed("Timestamp", "2020-01-01T00:00:00Z")],
    [
      wellKnown("Timestamp", ", value: 2020-01-01T00:00:00+01:00"),
      printed("Timestamp", "2019-12-31T23:00:00Z"),
    ],
    [
      '{"@type": foo.com/google.protobuf.Duration, value: 1s}',
      { "@type": "foo.com/google.protobuf.Duration", value: "1s" },
    ],
    [wellKnown("Duration", ", seconds: 1"), refused],
    [wellKnown("StringValue", ", value: 5"), refused],
    [wellKnown("Struct", ", a: 1"), refused],
    [wellKnown("Empty", ", value: {}"), refused],
    [wellKnown("Timestamp", ", value: 2020-01-01"), refused],
    [wellKnown("Timestamp", ", value: '2020-01-01 00:00:00Z'"), refused],
    [wellKnown("Timestamp", ", value: '2020-01-01t00:00:00z'"), refused],
    [wellKnown("Timestamp", ", value: '2020-02-30T00:00:00Z'"), refused, "there is no such day"],
    ['{"@type": google.protobuf.Duration, value: 1s}', refused],
    ['{"@type": type.googleapis.com/nope.Nope}', refused],
    ['{"@type": 5}', refused],
    ["{value: 5}", refused],
  ]),
];
