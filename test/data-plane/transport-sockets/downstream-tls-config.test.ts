import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { downstreamTls } from "../../../data-plane/transport-sockets/downstream-tls.ts";
import { testCa } from "../../kit/certificates.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";
import { message, parseContext, problemsOf } from "../parse-kit.ts";
import { certificateYaml, inline } from "./tls-kit.ts";

const typeName = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
const ca = testCa();
const first = ca.issue("DNS:a.example");
const second = ca.issue("DNS:b.example");
const good = `tls_certificates: [${certificateYaml(first)}]`;

function problems(common: string, more = ""): readonly string[] {
  const yaml = `{common_tls_context: {${common}}, ${more}}`;
  return problemsOf(downstreamTls.parse(message(typeName, yaml), parseContext(), "tls"));
}

/** A configuration, and what is said of it: the messages are Envoy's where it refuses too. */
const refused: readonly (readonly [title: string, common: string, more: string, story: string])[] = [
  ["no certificate at all", "", "", "No TLS certificates found for server context"],
  [
    "a certificate without a key",
    `tls_certificates: [{certificate_chain: ${inline(first.cert)}}]`,
    "",
    "Failed to load incomplete private key from path: ",
  ],
  [
    "a key without a certificate",
    `tls_certificates: [{private_key: ${inline(first.key)}}]`,
    "",
    "Failed to load incomplete certificate from : certificate chain not set",
  ],
  [
    "a certificate that is none",
    `tls_certificates: [{certificate_chain: {inline_string: junk}, private_key: ${inline(first.key)}}]`,
    "",
    "Failed to load certificate chain from <inline>",
  ],
  [
    "another's key",
    `tls_certificates: [{certificate_chain: ${inline(first.cert)}, private_key: ${inline(second.key)}}]`,
    "",
    "Failed to load private key from <inline>, Cause: KEY_VALUES_MISMATCH",
  ],
  [
    "a file that is not there",
    `tls_certificates: [{certificate_chain: {filename: /none}, private_key: ${inline(first.key)}}]`,
    "",
    "unable to read /none: ENOENT",
  ],
  [
    "a variable that is not there",
    `tls_certificates: [{certificate_chain: {environment_variable: NONE}, private_key: ${inline(first.key)}}]`,
    "",
    "Environment variable doesn't exist: NONE",
  ],
  [
    "a cipher that is none",
    `${good}, tls_params: {cipher_suites: [NOPE, ECDHE-ECDSA-AES128-GCM-SHA256]}`,
    "",
    "Failed to initialize cipher suites NOPE:ECDHE-ECDSA-AES128-GCM-SHA256. The following ciphers were rejected when tried individually: NOPE",
  ],
  [
    "a cipher of TLS 1.3, which cannot be chosen",
    `${good}, tls_params: {cipher_suites: [TLS_AES_128_GCM_SHA256]}`,
    "",
    "rejected when tried individually: TLS_AES_128_GCM_SHA256",
  ],
  [
    "a curve that is none",
    `${good}, tls_params: {ecdh_curves: [P-999, X25519]}`,
    "",
    "Failed to initialize ECDH curves P-999:X25519",
  ],
  [
    "a signature algorithm that is none",
    `${good}, tls_params: {signature_algorithms: [nope]}`,
    "",
    "Failed to initialize TLS signature algorithms nope",
  ],
  [
    "an authority that is none",
    `${good}, validation_context: {trusted_ca: {inline_string: junk}}`,
    "require_client_certificate: true",
    "Failed to load trusted CA certificates from <inline>",
  ],
  [
    "names without anybody to trust",
    `${good}, validation_context: {match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: a}}]}`,
    "require_client_certificate: true",
    "SAN-based verification of peer certificates without trusted CA is insecure and not allowed",
  ],
  [
    "a revocation list without anybody to trust",
    `${good}, validation_context: {crl: ${inline(ca.revoke(first))}}`,
    "require_client_certificate: true",
    "Failed to load CRL from <inline> without trusted CA",
  ],
  [
    "expired certificates without anybody to trust",
    `${good}, validation_context: {allow_expired_certificate: true}`,
    "require_client_certificate: true",
    "Certificate validity period is always ignored without trusted CA",
  ],
  [
    "a ticket key of another length",
    good,
    "session_ticket_keys: {keys: [{inline_bytes: AAAA}]}",
    "Incorrect TLS session ticket key length. Length 3, expected length 80.",
  ],
  [
    "an ALPN protocol that is too long",
    `${good}, alpn_protocols: [${"x".repeat(300)}]`,
    "",
    "Invalid ALPN protocol",
  ],
  // What Envoy takes and this data plane does not.
  ["OCSP", good, "ocsp_staple_policy: MUST_STAPLE", "tls.ocsp_staple_policy: MUST_STAPLE is not supported"],
  [
    "a staple",
    `tls_certificates: [{certificate_chain: ${inline(first.cert)}, private_key: ${inline(first.key)}, ocsp_staple: {inline_bytes: AAAA}}]`,
    "",
    "tls.common_tls_context.tls_certificates[0].ocsp_staple: not supported",
  ],
  [
    "require_sni, which Envoy does not look at",
    good,
    "require_sni: true",
    "require_sni: true is not supported",
  ],
  [
    "a private key provider",
    "tls_certificates: [{private_key_provider: {provider_name: cryptomb}}]",
    "",
    "tls_certificates[0].private_key_provider: not supported",
  ],
  ["a key log", `${good}, key_log: {path: /tmp/keys}`, "", "tls.common_tls_context.key_log: not supported"],
  [
    "how deep a chain may be",
    `${good}, validation_context: {trusted_ca: ${inline(ca.cert)}, max_verify_depth: 2}`,
    "require_client_certificate: true",
    "validation_context.max_verify_depth: not supported",
  ],
];

describe("a DownstreamTlsContext", () => {
  for (const [title, common, more, story] of refused) {
    it(`is refused by name: ${title}`, () => {
      const found = problems(common, more);
      assert.ok(
        found.some((line) => line.includes(story)),
        found.join("\n"),
      );
    });
  }

  it("takes files, bytes and environment variables, and a key with a password", () => {
    using folder = temporaryFolder();
    const chain = folder.put("chain.pem", first.cert);
    assert.deepEqual(
      problems(
        `tls_certificates: [{certificate_chain: {filename: ${chain}}, private_key: ${inline(first.key)}}, ${certificateYaml(second)}]`,
      ),
      [],
    );
  });

  it("says nothing of a private key in a refusal", () => {
    const key = inline(first.key.subarray(0, 80));
    const found = problems(
      `tls_certificates: [{certificate_chain: ${inline(first.cert)}, private_key: ${key}}]`,
    );
    const secret = first.key.toString().split("\n")[1]!;
    assert.ok(found.length > 0 && found.every((line) => !line.includes(secret.slice(0, 16))));
  });

  it("warns when a validation context lets clients without a certificate in", () => {
    const found = problems(`${good}, validation_context: {trusted_ca: ${inline(ca.cert)}}`);
    assert.equal(found.length, 1);
    assert.match(found[0]!, /require_client_certificate: not set: a client without a certificate is let in/);
  });
});
