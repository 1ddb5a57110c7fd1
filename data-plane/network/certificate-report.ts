import type { CertificateFacts } from "./certificate-facts.ts";

/** A certificate in use, and where it came from: the path of its file, or `<inline>`. */
export interface UsedCertificate {
  readonly facts: CertificateFacts;
  readonly from: string;
}

/** The certificates of one TLS context in use, as `/certs` shows them. */
export interface CertificateReport {
  /** Whom peers' certificates must lead to. */
  readonly authorities: readonly UsedCertificate[];
  /** What this side shows; leaves alone. */
  readonly own: readonly UsedCertificate[];
}
