import { X509Certificate } from "node:crypto";

const certificateBlock =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const crlBlock = /-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g;

/** The certificates of a PEM text, in its order; undefined when there is none, or one that cannot be read. */
export function readCertificates(pem: Buffer): readonly X509Certificate[] | undefined {
  const blocks = pem.toString("latin1").match(certificateBlock) ?? [];
  if (blocks.length === 0) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined; // The caller refuses the whole text by its place.
  }
}

/** The revocation lists of a PEM text, each a text of its own. */
export function crlsOf(pem: Buffer): readonly string[] {
  return pem.toString("latin1").match(crlBlock) ?? [];
}
