import type { CertificateReport } from "../network/certificate-report.ts";
import type { TlsCertificate } from "./tls-certificate.ts";
import type { PeerValidation } from "./validation-context.ts";

/** What `/certs` tells of a TLS context. */
export function certificateReport(
  certificates: readonly TlsCertificate[],
  validation: PeerValidation | undefined,
): CertificateReport {
  return {
    authorities: (validation?.authorities ?? []).map((facts) => ({ facts, from: validation?.from ?? "" })),
    own: certificates.map(({ facts, from }) => ({ facts, from })),
  };
}
