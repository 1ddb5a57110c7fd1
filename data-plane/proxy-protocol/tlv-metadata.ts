import type { Tlv } from "./header.ts";

/** `ProxyProtocol.Rule`: keep the value of one TLV type for network filters, logs and format strings (PP-81). */
export interface TlvRule {
  /** 0 to 255. */
  readonly tlvType: number;
  /** Absent: stored under the empty key (PP-85). */
  readonly onTlvPresent?: TlvKey;
}

/** `ProxyProtocol.KeyValuePair`. */
export interface TlvKey {
  readonly key: string;
  /** Empty: `envoy.filters.listener.proxy_protocol`. Not used for filter state (PP-87). */
  readonly metadataNamespace: string;
  /** UNSPECIFIED and SANITIZED_UTF8 are one. */
  readonly valueStringEncoding: "SANITIZED_UTF8" | "BASE64";
}

/** One value that a rule keeps. */
export interface KeptTlvValue {
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  /** The bytes as they came, for typed metadata (PP-88). */
  readonly raw: Uint8Array;
}

const DEFAULT_NAMESPACE = "envoy.filters.listener.proxy_protocol";
const EMPTY_KEY: TlvKey = { key: "", metadataNamespace: "", valueStringEncoding: "SANITIZED_UTF8" };

/** The filter state key of `tlv_location: FILTER_STATE` (PP-87). */
export const TLV_FILTER_STATE_KEY = "envoy.network.proxy_protocol.tlv";

/**
 * What the rules keep, one entry a namespace and key. Of two values for one key, dynamic metadata keeps the
 * first and filter state the last (PP-84, PP-87); of two rules for one type the last one counts (PP-85).
 */
export function keptTlvValues(
  tlvs: readonly Tlv[],
  rules: readonly TlvRule[],
  location: "DYNAMIC_METADATA" | "FILTER_STATE",
): readonly KeptTlvValue[] {
  const keyOfType = new Map(rules.map((rule) => [rule.tlvType, rule.onTlvPresent ?? EMPTY_KEY]));
  const kept = new Map<string, KeptTlvValue>();
  for (const { type, value: raw } of tlvs) {
    const target = keyOfType.get(type);
    if (!target) continue;
    const namespace = location === "FILTER_STATE" ? "" : target.metadataNamespace || DEFAULT_NAMESPACE;
    const id = JSON.stringify([namespace, target.key]);
    if (location === "DYNAMIC_METADATA" && kept.has(id)) continue;
    kept.set(id, { namespace, key: target.key, value: encodeValue(raw, target), raw });
  }
  return [...kept.values()];
}

function encodeValue(raw: Uint8Array, { valueStringEncoding }: TlvKey): string {
  return valueStringEncoding === "BASE64" ? Buffer.from(raw).toString("base64") : sanitizedUtf8(raw);
}

/** Valid UTF-8 as it is, NUL included; each byte that is not part of a valid sequence becomes `!` (PP-83). */
export function sanitizedUtf8(bytes: Uint8Array): string {
  const fixed = Buffer.from(bytes);
  for (let at = 0; at < fixed.length;) {
    const length = sequenceLength(fixed, at);
    if (length === 0) fixed[at] = 0x21;
    at += Math.max(length, 1);
  }
  return fixed.toString("utf8");
}

/** Bytes of the well-formed UTF-8 sequence at `at` (Unicode table 3-7), or 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let index = at + 2; index < at + length; index += 1) {
    if (bytes[index]! >>> 6 !== 2) return 0;
  }
  return length;
}
