import type { CertificateFacts } from "../certificate-facts.ts";
import type { SubjectAltName } from "../subject-alt-names.ts";
import type { TlsConnection } from "../tls-connection.ts";
import type { Operator, OperatorTable, OperatorValue } from "./operator.ts";
import { plain } from "./operator.ts";
import { parseTimeFormat } from "./time-format.ts";

type Side = "peer" | "local";

const ofConnection = (of: (tls: TlsConnection) => string): Operator =>
  plain(({ connection }) => (connection.tls && of(connection.tls)) || undefined);

const ofCertificate = (side: Side, of: (facts: CertificateFacts) => OperatorValue): Operator =>
  plain(({ connection }) => {
    const facts = connection.tls?.[side];
    return (facts && of(facts)) || undefined;
  });

function moment(of: (facts: CertificateFacts) => number): Operator {
  return {
    argument: "optional",
    hasLength: false,
    read(argument) {
      const format = parseTimeFormat(argument, false);
      if (typeof format !== "function") return format;
      return ({ connection }) => connection.tls?.peer && format(of(connection.tls.peer));
    },
  };
}

function names(prefix: string, side: Side): OperatorTable {
  const operator = (kind: SubjectAltName["kind"]) =>
    ofCertificate(side, (facts) => facts.namesOf(kind).join(","));
  return {
    [`${prefix}_URI_SAN`]: operator("uri"),
    [`${prefix}_DNS_SAN`]: operator("dns"),
    [`${prefix}_IP_SAN`]: operator("ip"),
    [`${prefix}_EMAIL_SAN`]: operator("email"),
    [`${prefix}_SUBJECT`]: ofCertificate(side, ({ subject }) => subject),
  };
}

const ofChain = (of: (facts: CertificateFacts) => string): Operator =>
  ofCertificate("peer", ({ chain }) => chain.map(of).join(","));

/** About the TLS of the downstream connection. The group and the session's id are not to be had from OpenSSL by Node. */
export const tlsOperators: OperatorTable = {
  DOWNSTREAM_TLS_VERSION: ofConnection(({ version }) => version),
  DOWNSTREAM_TLS_CIPHER: ofConnection(({ cipher }) => cipher),
  ...names("DOWNSTREAM_PEER", "peer"),
  ...names("DOWNSTREAM_LOCAL", "local"),
  DOWNSTREAM_PEER_ISSUER: ofCertificate("peer", ({ issuer }) => issuer),
  DOWNSTREAM_PEER_SERIAL: ofCertificate("peer", ({ serial }) => serial),
  DOWNSTREAM_PEER_FINGERPRINT_1: ofCertificate("peer", ({ fingerprint1 }) => fingerprint1),
  DOWNSTREAM_PEER_FINGERPRINT_256: ofCertificate("peer", ({ fingerprint256 }) => fingerprint256),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1: ofChain(({ fingerprint1 }) => fingerprint1),
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256: ofChain(({ fingerprint256 }) => fingerprint256),
  DOWNSTREAM_PEER_CHAIN_SERIALS: ofChain(({ serial }) => serial),
  DOWNSTREAM_PEER_CERT: ofCertificate("peer", ({ urlEncodedPem }) => urlEncodedPem),
  DOWNSTREAM_PEER_CERT_V_START: moment(({ validFromMs }) => validFromMs),
  DOWNSTREAM_PEER_CERT_V_END: moment(({ validToMs }) => validToMs),
};
