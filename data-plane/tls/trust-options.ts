import type { SecureContextOptions } from "node:tls";
import type { PeerValidation } from "./validation-context.ts";

/** What OpenSSL looks at a peer's chain with, on either side. */
export function trustOptions({ authorities, authorityPem, crls }: PeerValidation): SecureContextOptions {
  // Whom the chain leads to does not count without authorities, and nobody is trusted by default.
  if (authorities.length === 0) return { ca: [] };
  // As Envoy does: an authority may be any certificate, not only one that signed itself.
  return { ca: authorityPem, allowPartialTrustChain: true, ...(crls.length > 0 && { crl: [...crls] }) };
}
