import type { ClientTraits } from "./client-traits.ts";
import type { TlsCertificate } from "./tls-certificate.ts";

/** What counts of a certificate when a client names a server. */
type CertificateChoice = Pick<TlsCertificate, "facts" | "ecdsaCurve">;

/**
 * The certificate for a client, by Envoy's rule: one with the server's name, then one with a wildcard for it, then the first of all, or
 * the first that suits the client when all are looked at (`full_scan_certs_on_sni_mismatch`, or no name). An ECDSA one on a curve
 * of the client's goes before an RSA one.
 */
export function chooseCertificate<Certificate extends CertificateChoice>(
  certificates: readonly Certificate[],
  client: ClientTraits,
  scansAll: boolean,
): Certificate | undefined {
  const { serverName } = client;
  if (serverName !== "") {
    const exact = best(certificates, client, (names) => names.includes(serverName));
    if (exact) return exact;
    const dot = serverName.indexOf(".", 1);
    if (dot > 0 && dot < serverName.length - 1) {
      const wildcard = `*${serverName.slice(dot)}`;
      const found = best(certificates, client, (names) => names.includes(wildcard));
      if (found) return found;
    }
    if (!scansAll) return certificates[0];
  }
  return best(certificates, client, () => true) ?? certificates[0];
}

function best<Certificate extends CertificateChoice>(
  certificates: readonly Certificate[],
  { ecdsaCurves }: ClientTraits,
  fits: (names: readonly string[]) => boolean,
): Certificate | undefined {
  const fitting = certificates.filter((certificate) => fits(serverNames(certificate)));
  const ecdsa = fitting.find(({ ecdsaCurve }) => ecdsaCurve !== undefined && ecdsaCurves.has(ecdsaCurve));
  return ecdsa ?? fitting.find(({ ecdsaCurve }) => ecdsaCurve === undefined);
}

/** The DNS names of a certificate; the common name of one without any alternative name (RFC 6125, 6.4.4). */
function serverNames({ facts }: CertificateChoice): readonly string[] {
  if (facts.certificate.subjectAltName !== undefined) return facts.namesOf("dns");
  return facts.commonName === "" ? [] : [facts.commonName];
}
