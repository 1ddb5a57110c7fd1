import type { SocketAddress } from "../../src/base/ip-address.ts";

/** Envoy's `envoy.config.core.v3.ProxyProtocolConfig.Version`. */
export type ProxyProtocolVersion = "V1" | "V2";

/** One type-length-value element of a version 2 header. */
export interface Tlv {
  /** 0 to 255; `tlv-types.ts` has the names. */
  readonly type: number;
  /** At most 65532 bytes. In a decoded header a view of the bytes that were decoded, not a copy. */
  readonly value: Uint8Array;
}

/** Who connected to whom. Both are of one family; neither is multicast, broadcast or unspecified. */
export interface ProxyAddresses {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
}

/** A header that was received whole and found right. */
export interface ProxyHeader {
  readonly version: ProxyProtocolVersion;
  /** Absent for `UNKNOWN` and LOCAL: the connection keeps its own addresses (PP-13, PP-29). */
  readonly addresses?: ProxyAddresses;
  /** All of them in order of arrival; empty for version 1 and LOCAL (PP-18, PP-30). */
  readonly tlvs: readonly Tlv[];
}
