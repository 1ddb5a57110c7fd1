import { unreachable } from "../../src/base/unreachable.ts";
import type { Tlv } from "./header.ts";

/** `envoy.config.core.v3.ProxyProtocolPassThroughTLVs`; the filter and the transport socket each have one (PP-99). */
export interface PassThroughTlvs {
  readonly matchType: "INCLUDE_ALL" | "INCLUDE";
  /** Read for INCLUDE only; an empty list keeps none (PP-40, PP-41). */
  readonly tlvType: readonly number[];
}

/** The TLVs that pass, in order of arrival; none when nothing is configured (PP-40 to PP-42). */
export function passedTlvs(tlvs: readonly Tlv[], passThrough: PassThroughTlvs | undefined): readonly Tlv[] {
  if (!passThrough) return [];
  if (passThrough.matchType === "INCLUDE_ALL") return tlvs;
  return tlvs.filter((tlv) => passThrough.tlvType.includes(tlv.type));
}

/** What an upstream header may carry, highest level first. */
export interface UpstreamTlvs {
  /** From the endpoint's typed metadata (PP-103). */
  readonly host: readonly Tlv[];
  /** `added_tlvs`: those with a value in configured order, then those with a format string (PP-104). */
  readonly added: readonly Tlv[];
  /** Received ones that the transport socket lets pass. */
  readonly passed: readonly Tlv[];
  /** Runtime `envoy.reloadable_features.proxy_protocol_allow_duplicate_tlvs`, true by default (PP-102). */
  readonly allowDuplicates: boolean;
}

/**
 * The TLVs of an upstream header in the order in which they are written. A type given at a higher level drops
 * all of that type at lower ones; within a level types may repeat (PP-100 to PP-102).
 */
export function upstreamTlvs({ host, added, passed, allowDuplicates }: UpstreamTlvs): readonly Tlv[] {
  const taken = new Set<number>();
  const chosen: Tlv[] = [];
  for (const level of [host, added, passed]) {
    const fresh = level.filter((tlv) => !taken.has(tlv.type));
    for (const tlv of fresh) {
      if (!allowDuplicates && taken.has(tlv.type)) continue;
      taken.add(tlv.type);
      chosen.push(tlv);
    }
  }
  return chosen;
}

/** `envoy.extensions.filters.network.tcp_proxy.v3.ProxyProtocolTlvMergePolicy`. */
export type TlvMergePolicy =
  | "ADD_IF_ABSENT"
  | "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD"
  | "APPEND_IF_EXISTS_OR_ADD";

/**
 * What tcp_proxy's `proxy_protocol_tlvs` make of the stored ones. `received` is undefined when no header was
 * read on the connection: only then does ADD_IF_ABSENT use its own (PP-107 to PP-110).
 */
export function mergeTlvs(
  policy: TlvMergePolicy,
  received: readonly Tlv[] | undefined,
  own: readonly Tlv[],
): readonly Tlv[] {
  if (!received) return own;
  switch (policy) {
    case "ADD_IF_ABSENT":
      return received;
    case "OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD":
      return [...own, ...received.filter((tlv) => own.every((other) => other.type !== tlv.type))];
    case "APPEND_IF_EXISTS_OR_ADD":
      return [...received, ...own];
    default:
      return unreachable(policy);
  }
}
