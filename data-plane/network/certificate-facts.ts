import type { X509Certificate } from "node:crypto";
import { createHash } from "node:crypto";
import type { SubjectAltName } from "./subject-alt-names.ts";
import { readSubjectAltNames } from "./subject-alt-names.ts";

/** A certificate, read as Envoy shows it. What costs something is worked out when it is asked for. */
export class CertificateFacts {
  readonly certificate: X509Certificate;
  /** The certificates that came with it, itself the first. */
  readonly chain: readonly CertificateFacts[];
  #names: readonly SubjectAltName[] | undefined;

  /** `others`: the rest of the chain. */
  constructor(certificate: X509Certificate, others: readonly X509Certificate[] = []) {
    this.certificate = certificate;
    this.chain = [this, ...others.map((other) => new CertificateFacts(other))];
  }

  /** In the order of the certificate. */
  get names(): readonly SubjectAltName[] {
    this.#names ??= readSubjectAltNames(this.certificate.subjectAltName);
    return this.#names;
  }

  /** The values of one kind of subject alternative name. */
  namesOf(kind: SubjectAltName["kind"]): readonly string[] {
    return this.names.filter((name) => name.kind === kind).map(({ value }) => value);
  }

  /** RFC 2253: `CN=edge,O=Fleet`. */
  get subject(): string {
    return rfc2253(this.certificate.subject);
  }

  /** Empty: none. */
  get commonName(): string {
    const line = this.certificate.subject?.split("\n").findLast((part) => part.startsWith("CN="));
    return line?.slice("CN=".length) ?? "";
  }

  get issuer(): string {
    return rfc2253(this.certificate.issuer);
  }

  /** Lower-case hex. */
  get serial(): string {
    return this.certificate.serialNumber.toLowerCase();
  }

  /** SHA-256 in lower-case hex. */
  get fingerprint256(): string {
    return createHash("sha256").update(this.certificate.raw).digest("hex");
  }

  get fingerprint1(): string {
    return createHash("sha1").update(this.certificate.raw).digest("hex");
  }

  /** PEM, as it can stand in a header. */
  get urlEncodedPem(): string {
    return urlEncoded(this.certificate.toString());
  }

  /** The PEM of the whole chain. */
  get urlEncodedChain(): string {
    return urlEncoded(this.chain.map(({ certificate }) => certificate.toString()).join(""));
  }

  get validFromMs(): number {
    return Date.parse(this.certificate.validFrom);
  }

  get validToMs(): number {
    return Date.parse(this.certificate.validTo);
  }
}

const escapes: Readonly<Record<string, string>> = {
  "\n": "%0A",
  " ": "%20",
  "+": "%2B",
  "/": "%2F",
  "=": "%3D",
};

function urlEncoded(pem: string): string {
  return pem.replaceAll(/[\n +/=]/g, (character) => escapes[character]!);
}

/**
 * A distinguished name on one line, the last part first. Node gives one part a line, escaped as RFC 2253 says, but with characters past
 * ASCII as they are where the RFC's form has their bytes.
 */
function rfc2253(lines: string | undefined): string {
  return (lines ?? "")
    .split("\n")
    .toReversed()
    .join(",")
    .replaceAll(/[^\0-\x7f]+/g, (text) =>
      [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).toUpperCase()}`).join(""),
    );
}
