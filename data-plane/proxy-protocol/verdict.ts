import { unreachable } from "../../src/base/unreachable.ts";
import type { ProxyHeader, ProxyProtocolVersion } from "./header.ts";

/**
 * What the bytes so far mean.
 *
 * - `more`: nothing can be said before `atLeast` bytes, counted from the first one, are there.
 * - `accept`: the first `consumed` bytes were the header, the rest is payload.
 * - `pass-through`: there is no header, and the configuration allows that: all bytes are payload (PP-43).
 * - `refuse`: the connection is closed without a byte to the client (PP-3).
 */
export type HeaderVerdict =
  | { readonly kind: "more"; readonly atLeast: number }
  | { readonly kind: "accept"; readonly consumed: number; readonly header: ProxyHeader }
  | { readonly kind: "pass-through" }
  | HeaderRefusal;

/** Why a connection is closed, as Envoy's counters tell it apart. `reason` is one sentence for the log. */
export type HeaderRefusal =
  | { readonly kind: "refuse"; readonly cause: "not-found"; readonly reason: string }
  | {
      readonly kind: "refuse";
      readonly cause: "malformed" | "disallowed";
      readonly version: ProxyProtocolVersion;
      readonly reason: string;
    };

/** Counters under `proxy_proto.` or `proxy_proto.<stat_prefix>.` (PP-123, PP-124). */
export type ProxyProtocolCounter =
  | "not_found_allowed"
  | "not_found_disallowed"
  | `versions.${"v1" | "v2"}.${"found" | "disallowed" | "error"}`;

/** Every counter there is, in Envoy's order: a listener shows them at zero before the first connection. */
export const proxyProtocolCounters: readonly ProxyProtocolCounter[] = [
  "not_found_allowed",
  "not_found_disallowed",
  "versions.v1.disallowed",
  "versions.v1.error",
  "versions.v1.found",
  "versions.v2.disallowed",
  "versions.v2.error",
  "versions.v2.found",
];

const NONE: readonly ProxyProtocolCounter[] = [];
const PASSED: readonly ProxyProtocolCounter[] = ["not_found_allowed"];
const NOT_FOUND: readonly ProxyProtocolCounter[] = ["not_found_disallowed"];
const FOUND = { V1: ["versions.v1.found"], V2: ["versions.v2.found"] } as const;
const MALFORMED = { V1: ["versions.v1.error"], V2: ["versions.v2.error"] } as const;
const DISALLOWED = {
  V1: ["versions.v1.found", "versions.v1.disallowed"],
  V2: ["versions.v2.found", "versions.v2.disallowed"],
} as const;

/** The counters to raise by one for a verdict (PP-125, PP-126, PP-128). */
export function countersOf(verdict: HeaderVerdict): readonly ProxyProtocolCounter[] {
  switch (verdict.kind) {
    case "more":
      return NONE;
    case "accept":
      return FOUND[verdict.header.version];
    case "pass-through":
      return PASSED;
    case "refuse":
      if (verdict.cause === "not-found") return NOT_FOUND;
      return verdict.cause === "malformed" ? MALFORMED[verdict.version] : DISALLOWED[verdict.version];
    default:
      return unreachable(verdict);
  }
}

/** True when the root counter `downstream_cx_proxy_proto_error` rises: errors, not denials (PP-127). */
export function isProtocolError(verdict: HeaderVerdict): boolean {
  return verdict.kind === "refuse" && verdict.cause !== "disallowed";
}
