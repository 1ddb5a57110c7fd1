import type { MessageTypes } from "../../src/schema/api.ts";
import type { PassThroughTlvs } from "../proxy-protocol/select-tlvs.ts";

/** `envoy.config.core.v3.ProxyProtocolPassThroughTLVs`; undefined keeps none. */
export function passThroughTlvs(
  message: MessageTypes["envoy.config.core.v3.ProxyProtocolPassThroughTLVs"] | null | undefined,
): PassThroughTlvs | undefined {
  if (!message) return undefined;
  return {
    matchType: message.match_type === "INCLUDE" ? "INCLUDE" : "INCLUDE_ALL",
    tlvType: message.tlv_type ?? [],
  };
}
