import type { ClientHello } from "../network/client-hello.ts";
import {
  extensionData,
  extensionType,
  offeredProtocols,
  serverNameOf,
  uint16s,
} from "../network/client-hello.ts";

/** A curve that a certificate can be on, as OpenSSL calls it. */
export type EcdsaCurve = "prime256v1" | "secp384r1" | "secp521r1";

/** What of a ClientHello decides about how it is answered. */
export interface ClientTraits {
  /** As it was sent; empty: none. */
  readonly serverName: string;
  /** By ALPN; empty: none. */
  readonly protocols: readonly string[];
  /** So does the server: TLS 1.3 it will be. */
  readonly speaksTls13: boolean;
  /** Those of ECDSA certificates that the client takes; empty: RSA alone. */
  readonly ecdsaCurves: ReadonlySet<EcdsaCurve>;
}

/** A client of which nothing is known: what is no ClientHello. */
export const noTraits: ClientTraits = {
  serverName: "",
  protocols: [],
  speaksTls13: false,
  ecdsaCurves: new Set(),
};

const byAlgorithm: ReadonlyMap<number, EcdsaCurve> = new Map([
  [0x0403, "prime256v1"],
  [0x0503, "secp384r1"],
  [0x0603, "secp521r1"],
]);
const byGroup: ReadonlyMap<number, EcdsaCurve> = new Map([
  [0x17, "prime256v1"],
  [0x18, "secp384r1"],
  [0x19, "secp521r1"],
]);
/** Suites of TLS 1.2 that are signed with ECDSA, of those that a server here can have. */
const ecdsaSuites: ReadonlySet<number> = new Set([0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xcca9]);

/** `isServerModern`: the server speaks TLS 1.3; a client that does too is taken at its signature algorithms alone. */
export function clientTraits(hello: ClientHello, isServerModern: boolean): ClientTraits {
  const versions = extensionData(hello, extensionType.supportedVersions);
  const speaksTls13 =
    isServerModern && versions !== undefined && uint16s(versions.subarray(1)).includes(0x0304);
  return {
    speaksTls13,
    serverName: serverNameOf(hello) ?? "",
    protocols: offeredProtocols(hello) ?? [],
    ecdsaCurves: new Set(ecdsaCurves(hello, isServerModern && versions !== undefined)),
  };
}

function ecdsaCurves(hello: ClientHello, isByAlgorithm: boolean): EcdsaCurve[] {
  if (isByAlgorithm) {
    return curvesOf(extensionData(hello, extensionType.signatureAlgorithms), byAlgorithm);
  }
  if (!hello.cipherSuites.some((suite) => ecdsaSuites.has(suite))) return [];
  return curvesOf(extensionData(hello, extensionType.supportedGroups), byGroup);
}

/** `list`: numbers behind their own length. */
function curvesOf(list: Buffer | undefined, curves: ReadonlyMap<number, EcdsaCurve>): EcdsaCurve[] {
  return uint16s(list?.subarray(2) ?? Buffer.alloc(0)).flatMap((number) => curves.get(number) ?? []);
}
