import type { SocketAddress } from "../../base/ip-address.ts";

/** Something about a header that a person should know. `offset` counts bytes from the header's first one. */
export interface Finding {
  readonly severity: "error" | "warning" | "info";
  readonly offset: number;
  readonly message: string;
}

/** One TLV with what it means. */
export interface DissectedTlv {
  readonly offset: number;
  readonly type: number;
  /** `PP2_TYPE_AWS`, or the range that the number lies in. */
  readonly name: string;
  /** Bytes of the value. */
  readonly length: number;
  /** The value as hex, at most 256 bytes of it. */
  readonly hex: string;
  /** What the value says, where its type is known: `VPC endpoint vpce-08d2bf15fac5001c9`. */
  readonly meaning?: string;
  /** The sub-TLVs of PP2_TYPE_SSL. */
  readonly children?: readonly DissectedTlv[];
}

/** A header taken apart as far as it goes; what is wrong with it stands in `findings`. */
export interface Dissected {
  readonly version: "V1" | "V2";
  /** Bytes of the whole header; of what is there of it when its end is not. */
  readonly length: number;
  /** False when the bytes end before the header does. */
  readonly isWhole: boolean;
  /** `PROXY` or `LOCAL`; for version 1 `PROXY` or `UNKNOWN`; absent when it is none of them. */
  readonly command?: "PROXY" | "LOCAL" | "UNKNOWN";
  /** `TCP over IPv4`, `UNIX stream`, ...; absent when it is not known. */
  readonly transport?: string;
  readonly source?: SocketAddress | string;
  readonly destination?: SocketAddress | string;
  readonly tlvs: readonly DissectedTlv[];
  readonly findings: readonly Finding[];
}
