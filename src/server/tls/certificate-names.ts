import type { PeerCertificate } from "node:tls";

/**
 * The URI and DNS names of a certificate that was verified, without their kind. The subject does not count, and kinds
 * that look alike (an e-mail address) neither. Node quotes names that hold a comma or a quote, so that no name can pose
 * as two.
 */
export function certificateNames(certificate: PeerCertificate | undefined): readonly string[] {
  const names: string[] = [];
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  const text = certificate?.subjectaltname ?? "";
  while (entry.lastIndex < text.length) {
    const [, kind, value = ""] = entry.exec(text) ?? [];
    // Not in the form that is known: nothing of it is believed.
    if (kind === undefined) return [];
    if (kind !== "URI" && kind !== "DNS") continue;
    names.push(value.startsWith('"') ? String(JSON.parse(value)) : value);
  }
  return names;
}
