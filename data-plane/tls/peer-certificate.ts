import type { TLSSocket } from "node:tls";
import { X509Certificate } from "node:crypto";
import { CertificateFacts } from "../network/certificate-facts.ts";

/**
 * The certificate that the other side showed, with those that it sent along; undefined when it showed none. Node goes on with the
 * authorities that the chain leads to: `authorities` tells which of its end those are.
 */
export function peerCertificateOf(
  socket: TLSSocket,
  authorities: readonly CertificateFacts[],
): CertificateFacts | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return undefined;
  const others: X509Certificate[] = [];
  for (let shown = socket.getPeerCertificate(true); ;) {
    const issuer = shown.issuerCertificate;
    if (!issuer?.raw || issuer === shown || issuer.fingerprint256 === shown.fingerprint256) break;
    others.push(new X509Certificate(issuer.raw));
    shown = issuer;
  }
  const isAuthority = ({ raw }: X509Certificate) =>
    authorities.some(({ certificate }) => certificate.raw.equals(raw));
  const end = others.findIndex(isAuthority);
  return new CertificateFacts(leaf, end < 0 ? others : others.slice(0, end));
}

/** A handle that knows what OpenSSL thought of the peer's chain. */
interface VerifyingHandle {
  verifyError(): { readonly code?: string; readonly message: string } | null | undefined;
}

/**
 * What OpenSSL found wrong with the chain, `CERT_HAS_EXPIRED`. Node gives it to `tls.Server` and `tls.connect` alone, as
 * `authorizationError`; a server socket made of an accepted one has it here.
 */
export function chainErrorOf(socket: TLSSocket): string | undefined {
  if (!hasHandle(socket)) return "UNSPECIFIED";
  const error = socket.ssl.verifyError();
  return error ? (error.code ?? error.message) : undefined;
}

function hasHandle(socket: object): socket is { readonly ssl: VerifyingHandle } {
  if (!("ssl" in socket)) return false;
  const { ssl } = socket;
  return typeof ssl === "object" && ssl !== null && "verifyError" in ssl;
}
