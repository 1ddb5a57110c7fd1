import type { SocketAddress } from "../base/ip-address.ts";

/** Who a header says connected to whom. */
export interface HeaderAddresses {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
}

/** What Envoy's listener filter would do with bytes, in as much as the commands show it. */
export type CodecVerdict =
  | { readonly kind: "more"; readonly atLeast: number }
  | { readonly kind: "accept"; readonly consumed: number; readonly header: CodecHeader }
  | { readonly kind: "pass-through" }
  | { readonly kind: "refuse"; readonly reason: string };

interface CodecHeader {
  /** Absent for UNKNOWN and LOCAL. */
  readonly addresses?: HeaderAddresses;
}

/**
 * The PROXY protocol as the data plane reads and writes it. Passed in by the composition root, since `src` may not
 * import `data-plane`.
 */
export interface HeaderCodec {
  decodeHeader(
    bytes: Buffer,
    policy: { readonly allowRequestsWithoutProxyProtocol: boolean; readonly disallowedVersions: readonly [] },
  ): CodecVerdict;
  encodeV1(addresses?: HeaderAddresses): Buffer;
  encodeV2(addresses: HeaderAddresses | undefined, tlvs: readonly []): { readonly bytes: Buffer };
  readonly tlvTypeName: (type: number) => string;
}

/** Loads the codec when a command needs it. */
export type LoadHeaderCodec = () => Promise<HeaderCodec>;
