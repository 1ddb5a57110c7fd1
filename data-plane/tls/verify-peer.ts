import { createHash, type X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../network/certificate-facts.ts";
import { matchesDnsName } from "./dns-name-match.ts";
import { matchesAnyName } from "./name-matchers.ts";
import type { PeerValidation } from "./validation-context.ts";

/** What a certificate was found not to be: what is counted under `ssl.`, and Envoy's words for it. */
export interface PeerFault {
  readonly counter: "fail_verify_error" | "fail_verify_no_cert" | "fail_verify_san" | "fail_verify_cert_hash";
  readonly reason: string;
}

/** What came of looking at a peer's certificate. */
export interface PeerVerdict {
  readonly isAccepted: boolean;
  /** Something was asked of it, and it is that. */
  readonly isValidated: boolean;
  /** What is wrong; there may be such a thing in an accepted one too (`ACCEPT_UNTRUSTED`). */
  readonly fault?: PeerFault;
}

/** Of a peer that nothing is asked of. */
export const notAsked: PeerVerdict = { isAccepted: true, isValidated: false };

/** A certificate that was shown, and what OpenSSL says of its chain. */
export interface ShownCertificate {
  readonly facts: CertificateFacts;
  /** OpenSSL's name of what is wrong, `CERT_HAS_EXPIRED`; undefined when nothing is. */
  readonly chainError: string | undefined;
  /** Which side of the handshake showed it. */
  readonly shownBy: "client" | "server";
}

/**
 * Envoy's default validator, past the chain: names, then hashes. `dnsName` is what the certificate must be for, where the names of the
 * configuration do not count (`auto_san_validation`, `auto_sni_san_validation`).
 */
export function verifyPeer(
  shown: ShownCertificate,
  validation: PeerValidation,
  dnsName?: string,
): PeerVerdict {
  const { authorities, acceptsUntrusted, names, hashes, keyHashes } = validation;
  const hasAuthorities = authorities.length > 0;
  const fault =
    (hasAuthorities ? trustFault(shown, validation) : undefined) ??
    identityFault(shown.facts, validation, dnsName);
  if (fault) return { isAccepted: acceptsUntrusted, isValidated: false, fault };
  const isAsked =
    hasAuthorities || dnsName !== undefined || names.length + hashes.length + keyHashes.length > 0;
  return { isAccepted: true, isValidated: isAsked };
}

function trustFault(shown: ShownCertificate, validation: PeerValidation): PeerFault | undefined {
  const error = trustError(shown, validation);
  if (error === undefined) return undefined;
  const reason = `verify cert failed: X509_verify_cert: certificate verification error at ${error}`;
  return { counter: "fail_verify_error", reason };
}

function identityFault(
  facts: CertificateFacts,
  { names, hashes, keyHashes }: PeerValidation,
  dnsName: string | undefined,
): PeerFault | undefined {
  const shown = facts.names.map(({ value }) => value).join(", ");
  if (dnsName !== undefined) {
    if (!facts.names.some((name) => isNamed(dnsName, name.kind, name.value))) {
      const expected = `expected SANs: [${dnsName}], certificate SANs: [${shown}]`;
      return { counter: "fail_verify_san", reason: `verify cert failed: verify SAN list, ${expected}` };
    }
  } else if (names.length > 0 && !matchesAnyName(names, facts)) {
    const reason = `verify cert failed: SAN matcher, certificate SANs are [${shown}]`;
    return { counter: "fail_verify_san", reason };
  }
  const hasHashes = hashes.length > 0 || keyHashes.length > 0;
  if (hasHashes && !hashes.includes(facts.fingerprint256) && !keyHashes.includes(keyHashOf(facts))) {
    return { counter: "fail_verify_cert_hash", reason: "verify cert failed: cert hash and spki" };
  }
  return undefined;
}

function isNamed(wanted: string, kind: string, value: string): boolean {
  return kind === "dns" ? matchesDnsName(wanted, value) : value === wanted;
}

function keyHashOf({ certificate }: CertificateFacts): string {
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

const untimely: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** What is wrong with the chain, in the words of BoringSSL as far as they are known; undefined when nothing is. */
function trustError(
  { facts, chainError, shownBy }: ShownCertificate,
  { authorities, allowsExpired }: PeerValidation,
): string | undefined {
  if (chainError === undefined) return undefined;
  if (allowsExpired && untimely.has(chainError)) {
    // OpenSSL tells the last error alone, so an untimely certificate could be an untrusted one too.
    const isTrusted = leadsTo(authorities, facts, facts.chain, facts.chain.length);
    if (isTrusted && isMeantFor(facts.certificate, shownBy)) return undefined;
    return "depth 0: unable to get local issuer certificate";
  }
  return chainErrorTexts.get(chainError) ?? `depth 0: ${chainError}`;
}

/** True when the certificate is an authority, or was issued by one, or by another of the chain for which that holds. */
function leadsTo(
  authorities: readonly CertificateFacts[],
  facts: CertificateFacts,
  chain: readonly CertificateFacts[],
  depth: number,
): boolean {
  if (authorities.some(({ certificate: { raw } }) => raw.equals(facts.certificate.raw))) return true;
  if (authorities.some((authority) => isIssuer(authority, facts))) return true;
  if (depth === 0) return false;
  return chain.some((other) => isIssuer(other, facts) && leadsTo(authorities, other, chain, depth - 1));
}

const purposes = { client: "1.3.6.1.5.5.7.3.2", server: "1.3.6.1.5.5.7.3.1" };

/** The certificate is for this side of TLS, or says nothing of what it is for. */
function isMeantFor({ keyUsage }: X509Certificate, side: "client" | "server"): boolean {
  const usages: readonly string[] | undefined = keyUsage;
  return usages === undefined || usages.includes(purposes[side]);
}

function isIssuer({ certificate: issuer }: CertificateFacts, { certificate }: CertificateFacts): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

const chainErrorTexts: ReadonlyMap<string, string> = new Map([
  // OpenSSL goes on behind the first error, BoringSSL stops at it: both are the same untrusted certificate.
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "depth 0: unable to get local issuer certificate"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "depth 0: unable to get local issuer certificate"],
  ["UNABLE_TO_GET_ISSUER_CERT", "depth 0: unable to get issuer certificate"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "depth 0: self signed certificate"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "depth 1: self signed certificate in certificate chain"],
  ["CERT_HAS_EXPIRED", "depth 0: certificate has expired"],
  ["CERT_NOT_YET_VALID", "depth 0: certificate is not yet valid"],
  ["CERT_REVOKED", "depth 0: certificate revoked"],
  ["UNABLE_TO_GET_CRL", "depth 0: unable to get certificate CRL"],
  ["CRL_HAS_EXPIRED", "depth 0: CRL has expired"],
  ["INVALID_PURPOSE", "depth 0: unsupported certificate purpose"],
  ["INVALID_CA", "depth 1: invalid CA certificate"],
]);
