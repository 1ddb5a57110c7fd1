import { createSecureContext } from "node:tls";
import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { CertificateFacts } from "../network/certificate-facts.ts";
import type { LocalData } from "../resources/data-source.ts";
import { dataSourceSupport, readDataSource } from "../resources/data-source.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse, warn } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { notSupported, oneOf, unsupportedFields } from "../resources/support.ts";
import type { NameMatcher } from "./name-matchers.ts";
import { parseNameMatcher, parseUntypedNameMatcher } from "./name-matchers.ts";
import { crlsOf, readCertificates } from "./pem.ts";

type ValidationMessage =
  MessageTypes["envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext"];

/** What a peer's certificate must be. */
export interface PeerValidation {
  /** Whom the chain must lead to; empty: anywhere. */
  readonly authorities: readonly CertificateFacts[];
  /** The file of the authorities, or `<inline>`. */
  readonly from: string;
  readonly authorityPem: Buffer;
  /** PEM. Empty: nothing is looked up. */
  readonly crls: readonly string[];
  /** One of them must fit, when there are any. */
  readonly names: readonly NameMatcher[];
  /** SHA-256 in hex, of the whole certificate; one of them or of `keyHashes` must fit. */
  readonly hashes: readonly string[];
  /** SHA-256 in base64, of the SubjectPublicKeyInfo. */
  readonly keyHashes: readonly string[];
  readonly allowsExpired: boolean;
  /** Equal for those that were configured alike. */
  readonly identity: string;
  /** `ACCEPT_UNTRUSTED`: every certificate is let in; whether it was good is told. */
  readonly acceptsUntrusted: boolean;
}

const support: SupportTable = {
  trusted_ca: dataSourceSupport,
  crl: dataSourceSupport,
  match_typed_subject_alt_names: { san_type: true, matcher: true },
  match_subject_alt_names: true,
  verify_certificate_hash: true,
  verify_certificate_spki: true,
  allow_expired_certificate: true,
  trust_chain_verification: oneOf("VERIFY_TRUST_CHAIN", "ACCEPT_UNTRUSTED"),
  only_verify_leaf_cert_crl: oneOf(false),
};

/** `envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext`, refused in Envoy's words. */
export function parseValidationContext(
  message: ValidationMessage,
  local: LocalData,
  path: string,
): Parsed<PeerValidation> {
  const trusted = readDataSource(message.trusted_ca, local, `${path}.trusted_ca`);
  const crl = readDataSource(message.crl, local, `${path}.crl`);
  const problems: Problem[] = [
    ...unsupportedFields(message, support, path),
    ...trusted.problems,
    ...crl.problems,
  ];
  const names = parseNames(message, path, problems);
  const hashes = (message.verify_certificate_hash ?? []).map((hash, index) => {
    const hex = hash.replaceAll(":", "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(hex)) {
      const story = `Invalid hex-encoded SHA-256 ${hash}`;
      problems.push(refuse(`${path}.verify_certificate_hash[${index}]`, story));
    }
    return hex;
  });
  const keyHashes = message.verify_certificate_spki ?? [];
  for (const [index, hash] of keyHashes.entries()) {
    if (Buffer.from(hash, "base64").length === 32) continue;
    const story = `Invalid base64-encoded SHA-256 ${hash}`;
    problems.push(refuse(`${path}.verify_certificate_spki[${index}]`, story));
  }
  if (!trusted.value || !crl.value) return { problems };
  const { bytes: authorityPem, from } = trusted.value;
  const hasAuthority = authorityPem.length > 0;
  const certificates = hasAuthority ? readCertificates(authorityPem) : [];
  if (!certificates) {
    problems.push(refuse(`${path}.trusted_ca`, `Failed to load trusted CA certificates from ${from}`));
    return { problems };
  }
  if (!hasAuthority) problems.push(...withoutAuthority(message, crl.value.from, path));
  const crls = [...crlsOf(authorityPem), ...crlsOf(crl.value.bytes)];
  if (!areReadable(crls)) problems.push(refuse(`${path}.crl`, `Failed to load CRL from ${crl.value.from}`));
  if (message.allow_expired_certificate && crls.length > 0) {
    // Of several faults OpenSSL tells the last: an expired certificate could hide a revoked one.
    problems.push(notSupported(`${path}.allow_expired_certificate`, "it together with a CRL"));
  }
  return parsed(
    {
      authorities: certificates.map((certificate) => new CertificateFacts(certificate)),
      from,
      authorityPem,
      crls,
      names,
      hashes,
      keyHashes,
      identity: JSON.stringify(message),
      allowsExpired: message.allow_expired_certificate ?? false,
      acceptsUntrusted: message.trust_chain_verification === "ACCEPT_UNTRUSTED",
    },
    problems,
  );
}

function parseNames(message: ValidationMessage, path: string, problems: Problem[]): NameMatcher[] {
  const typed = message.match_typed_subject_alt_names ?? [];
  const untyped = message.match_subject_alt_names ?? [];
  if (untyped.length > 0) {
    const instead = "deprecated; use match_typed_subject_alt_names";
    problems.push(warn(`${path}.match_subject_alt_names`, instead, "deprecated-field"));
  }
  // Envoy looks at the deprecated list only when the other is empty.
  if (typed.length > 0) {
    return typed.map((matcher, index) =>
      parseNameMatcher(matcher, `${path}.match_typed_subject_alt_names[${index}]`, problems),
    );
  }
  return untyped.map((matcher, index) =>
    parseUntypedNameMatcher(matcher, `${path}.match_subject_alt_names[${index}]`, problems),
  );
}

/** What means nothing without somebody to trust. */
function withoutAuthority(message: ValidationMessage, crlFrom: string, path: string): Problem[] {
  const problems: Problem[] = [];
  if (crlFrom !== "") {
    problems.push(refuse(`${path}.crl`, `Failed to load CRL from ${crlFrom} without trusted CA`));
  }
  const hasNames =
    (message.match_typed_subject_alt_names ?? message.match_subject_alt_names ?? []).length > 0;
  if (hasNames) {
    const rule = "SAN-based verification of peer certificates without trusted CA is insecure and not allowed";
    problems.push(refuse(`${path}.match_typed_subject_alt_names`, rule));
  }
  if (message.allow_expired_certificate) {
    const rule = "Certificate validity period is always ignored without trusted CA";
    problems.push(refuse(`${path}.allow_expired_certificate`, rule));
  }
  return problems;
}

function areReadable(crls: readonly string[]): boolean {
  try {
    createSecureContext({ crl: [...crls] });
    return true;
  } catch {
    return false; // The caller says from where they are.
  }
}
