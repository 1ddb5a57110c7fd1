import { createSecureContext, type SecureContextOptions, type SecureVersion } from "node:tls";
import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";

type TlsParametersMessage = MessageTypes["envoy.extensions.transport_sockets.tls.v3.TlsParameters"];

/** The part of a secure context that `tls_params` decides. */
export type TlsParams = Required<
  Pick<SecureContextOptions, "minVersion" | "maxVersion" | "ciphers" | "ecdhCurve">
> &
  Pick<SecureContextOptions, "sigalgs">;

const support: SupportTable = {
  tls_minimum_protocol_version: true,
  tls_maximum_protocol_version: true,
  cipher_suites: true,
  ecdh_curves: true,
  signature_algorithms: true,
};

const versions: Readonly<Record<string, SecureVersion>> = {
  TLSv1_0: "TLSv1",
  TLSv1_1: "TLSv1.1",
  TLSv1_2: "TLSv1.2",
  TLSv1_3: "TLSv1.3",
};

/** Envoy's defaults, in its order. */
const defaultCiphers = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
];
const defaultCurves = ["X25519", "P-256"];

/** Those of TLS 1.3 cannot be chosen in Envoy: they are always all there. */
const tls13Ciphers = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];

/**
 * `envoy.extensions.transport_sockets.tls.v3.TlsParameters`, the lists as OpenSSL is to take them. `side`: a server goes up to TLS 1.3
 * unless it is told otherwise, a client to TLS 1.2.
 */
export function parseTlsParams(
  message: TlsParametersMessage | null | undefined,
  side: "server" | "client",
  path: string,
): Parsed<TlsParams> {
  const problems: Problem[] = message ? [...unsupportedFields(message, support, path)] : [];
  const ciphers = message?.cipher_suites ?? [];
  const curves = message?.ecdh_curves ?? [];
  const algorithms = message?.signature_algorithms ?? [];
  // Ciphers in brackets are of equal rank to BoringSSL; here the first of them comes first.
  const single = ciphers.flatMap((cipher) => cipher.replace(/^\[(.*)\]$/, "$1").split("|"));
  const unknown = single.filter((cipher) => cipher.startsWith("TLS_") || !isTaken({ ciphers: cipher }));
  if (unknown.length > 0) {
    const story = `Failed to initialize cipher suites ${ciphers.join(":")}`;
    const which = `The following ciphers were rejected when tried individually: ${unknown.join(", ")}`;
    problems.push(refuse(`${path}.cipher_suites`, `${story}. ${which}`));
  }
  if (curves.length > 0 && !isTaken({ ecdhCurve: curves.join(":") })) {
    const story = `Failed to initialize ECDH curves ${curves.join(":")}`;
    problems.push(refuse(`${path}.ecdh_curves`, story));
  }
  if (algorithms.length > 0 && !isTaken({ sigalgs: algorithms.join(":") })) {
    const story = `Failed to initialize TLS signature algorithms ${algorithms.join(":")}`;
    problems.push(refuse(`${path}.signature_algorithms`, story));
  }
  const minVersion = versions[message?.tls_minimum_protocol_version ?? ""] ?? "TLSv1.2";
  const maxVersion =
    versions[message?.tls_maximum_protocol_version ?? ""] ?? (side === "server" ? "TLSv1.3" : "TLSv1.2");
  // OpenSSL 3 does not speak the old versions at its usual level of security, whatever is configured.
  const level = minVersion === "TLSv1" || minVersion === "TLSv1.1" ? ["@SECLEVEL=0"] : [];
  return parsed(
    {
      minVersion,
      maxVersion,
      ciphers: [...tls13Ciphers, ...(single.length > 0 ? single : defaultCiphers), ...level].join(":"),
      ecdhCurve: (curves.length > 0 ? curves : defaultCurves).join(":"),
      ...(algorithms.length > 0 && { sigalgs: algorithms.join(":") }),
    },
    problems,
  );
}

/** True when the library knows what it is given; it is asked, so that nothing is left for the first handshake to fail on. */
function isTaken(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false; // The caller says which value it was.
  }
}
