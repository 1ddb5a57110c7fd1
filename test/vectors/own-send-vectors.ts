import { encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import type { JsonObject, JsonValue } from "../kit/json.ts";
import type { SendVector } from "./vectors.ts";

const addresses = {
  source: { address: "203.0.113.9", port: 40000, family: "IPv4" },
  destination: { address: "198.51.100.7", port: 443, family: "IPv4" },
} as const;
const downstream = { remote: addresses.source, local: addresses.destination, version: "V1" } as const;
const noDuplicates = { "envoy.reloadable_features.proxy_protocol_allow_duplicate_tlvs": false };

/** A TLV with a value of its own, as a TlvEntry. */
function value(type: number, text: string): JsonObject {
  return { type, value: Buffer.from(text).toString("base64") };
}

/** A TLV whose value is a format string. */
function format(type: number, text: string): JsonObject {
  return { type, format_string: { text_format_source: { inline_string: text } } };
}

interface Case extends Omit<SendVector, "direction" | "downstream" | "config" | "expect_hex"> {
  readonly config?: Readonly<Record<string, JsonValue>>;
  /** Type and text of each TLV that must be written. */
  readonly tlvs: readonly (readonly [number, string])[];
}

const cases: readonly Case[] = [
  {
    id: "own-static-before-format-of-one-type",
    rule: "PP-104",
    config: { added_tlvs: [format(240, "f"), value(240, "s")] },
    tlvs: [
      [240, "s"],
      [240, "f"],
    ],
  },
  {
    id: "own-host-before-format",
    rule: "PP-101",
    config: { added_tlvs: [format(211, "f")] },
    endpoint_tlvs: [value(211, "h")],
    tlvs: [[211, "h"]],
  },
  {
    id: "own-no-duplicates-added",
    rule: "PP-102",
    runtime: noDuplicates,
    config: { added_tlvs: [format(240, "f"), value(240, "s"), value(240, "t")] },
    tlvs: [[240, "s"]],
  },
  {
    id: "own-no-duplicates-host",
    rule: "PP-102",
    runtime: noDuplicates,
    endpoint_tlvs: [value(211, "h"), value(211, "i")],
    tlvs: [[211, "h"]],
  },
  {
    id: "own-host-type-256-is-0",
    rule: "PP-103",
    config: { added_tlvs: [value(0, "s")] },
    endpoint_tlvs: [value(256, "h")],
    tlvs: [[0, "h"]],
  },
  {
    id: "own-too-large-then-small-and-format",
    rule: "PP-106",
    config: { added_tlvs: [value(1, "x".repeat(65530)), value(1, "s"), format(2, "f")] },
    tlvs: [
      [1, "s"],
      [2, "f"],
    ],
    stats: { "proxy_proto.versions.v1.found": 1, "cluster.upstream.proxyprotocol.v2_tlvs_exceed_max_length": 1 },
  },
  {
    id: "own-tcp-proxy-repeats-types",
    rule: "PP-109",
    config: { pass_through_tlvs: { match_type: "INCLUDE_ALL" } },
    tcp_proxy: {
      proxy_protocol_tlvs: [value(245, "a"), format(245, "f"), value(245, "b")],
      proxy_protocol_tlv_merge_policy: "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD",
    },
    tlvs: [
      [245, "a"],
      [245, "b"],
      [245, "f"],
    ],
  },
  {
    id: "own-tcp-proxy-no-duplicates",
    rule: "PP-102",
    runtime: noDuplicates,
    config: { pass_through_tlvs: { match_type: "INCLUDE_ALL" } },
    tcp_proxy: {
      proxy_protocol_tlvs: [value(245, "a"), value(245, "b")],
      proxy_protocol_tlv_merge_policy: "APPEND_IF_EXISTS_OR_ADD",
    },
    tlvs: [[245, "a"]],
  },
];

/** Cases of our own about the order and precedence of TLVs that the recorded vectors leave open, found out on Envoy 1.40.0. */
export const ownSendVectors: readonly SendVector[] = cases.map(({ tlvs, config, ...vector }) => {
  const written = tlvs.map(([type, text]) => ({ type, value: Buffer.from(text) }));
  return {
    ...vector,
    direction: "send",
    config: { version: "V2", ...config },
    downstream,
    expect_hex: encodeV2(addresses, written).bytes.toString("hex"),
  };
});
