import { constants, createHash } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { chooseCertificate } from "./choose-certificate.ts";
import type { ClientTraits } from "./client-traits.ts";
import type { TlsCertificate } from "./tls-certificate.ts";
import type { TlsParams } from "./tls-params.ts";
import { trustOptions } from "./trust-options.ts";
import type { PeerValidation } from "./validation-context.ts";

/** How a server of one filter chain does its handshakes, secrets aside. */
export interface ServerPlan {
  readonly params: TlsParams;
  readonly alpnProtocols: readonly string[];
  readonly requiresClientCertificate: boolean;
  readonly scansAllCertificates: boolean;
  readonly prefersClientCiphers: boolean;
  readonly issuesTickets: boolean;
  /** Seconds; absent: the library's own. */
  readonly sessionTimeoutSeconds?: number;
}

/** What its handshakes are done with. */
export interface ServerSecrets {
  /** Not empty. */
  readonly certificates: readonly TlsCertificate[];
  /** Absent: nobody is asked for a certificate. */
  readonly validation?: PeerValidation | undefined;
  /** As Envoy has them, 80 bytes; absent: keys of this process alone. */
  readonly ticketKey?: Buffer | undefined;
}

/** The secure contexts of a certificate. */
interface CertificateContexts {
  /** For clients up to TLS 1.2: the server's order of ciphers counts, unless it is told otherwise. */
  readonly ordered: SecureContext;
  /** For TLS 1.3: of its ciphers BoringSSL takes the first of the client's. */
  readonly modern: SecureContext;
}

/** The secure contexts of a server with one set of secrets. */
export class ServerContexts {
  readonly secrets: ServerSecrets;
  readonly demand: ClientDemand;
  readonly #scansAll: boolean;
  readonly #byCertificate: ReadonlyMap<TlsCertificate, CertificateContexts>;

  /** @throws the library's error when it does not take the secrets */
  constructor(plan: ServerPlan, secrets: ServerSecrets) {
    const shared = sharedOptions(plan, secrets);
    this.secrets = secrets;
    this.demand = clientDemand(plan, secrets.validation);
    this.#scansAll = plan.scansAllCertificates;
    this.#byCertificate = new Map(
      secrets.certificates.map((certificate) => {
        const options = { ...shared, cert: certificate.chainPem, key: certificate.keyPem };
        const modern = createSecureContext({ ...options, honorCipherOrder: false });
        const ordered = plan.prefersClientCiphers
          ? modern
          : createSecureContext({ ...options, honorCipherOrder: true });
        return [certificate, { ordered, modern }];
      }),
    );
  }

  /** The certificate to show to a client, with its context. */
  forClient(client: ClientTraits): { readonly certificate: TlsCertificate; readonly context: SecureContext } {
    const certificate = chooseCertificate(this.secrets.certificates, client, this.#scansAll);
    const contexts = certificate && this.#byCertificate.get(certificate);
    if (!contexts) throw new TypeError("a server has at least one certificate");
    return { certificate, context: client.speaksTls13 ? contexts.modern : contexts.ordered };
  }
}

/** What clients are asked for. */
interface ClientDemand {
  readonly asks: boolean;
  readonly requires: boolean;
}

/**
 * As Envoy has it: without authorities `require_client_certificate` means nothing, while names and hashes ask for a certificate even
 * without it.
 */
function clientDemand(plan: ServerPlan, validation: PeerValidation | undefined): ClientDemand {
  if (!validation) return { asks: false, requires: false };
  const { authorities, names, hashes, keyHashes, acceptsUntrusted } = validation;
  const hasIdentity = names.length + hashes.length + keyHashes.length > 0;
  const hasAuthorities = authorities.length > 0;
  return {
    asks: hasIdentity || hasAuthorities || acceptsUntrusted,
    requires: (hasIdentity && !acceptsUntrusted) || (hasAuthorities && plan.requiresClientCertificate),
  };
}

function sharedOptions(plan: ServerPlan, secrets: ServerSecrets): SecureContextOptions {
  const { validation, ticketKey } = secrets;
  return {
    ...plan.params,
    sessionIdContext: sessionContext(secrets),
    ...(plan.sessionTimeoutSeconds !== undefined && { sessionTimeout: plan.sessionTimeoutSeconds }),
    ...(!plan.issuesTickets && { secureOptions: constants.SSL_OP_NO_TICKET }),
    ...(ticketKey && ticketKey.length > 0 && { ticketKeys: nodeTicketKey(ticketKey) }),
    ...(validation && trustOptions(validation)),
  };
}

/** A session goes on only with the same certificates and the same demands on the client's. */
function sessionContext({ certificates, validation }: ServerSecrets): string {
  const hash = createHash("sha256");
  for (const { facts } of certificates) hash.update(facts.certificate.raw);
  if (validation) {
    for (const { certificate } of validation.authorities) hash.update(certificate.raw);
    for (const crl of validation.crls) hash.update(crl);
    hash.update(validation.identity);
  }
  return hash.digest("hex").slice(0, 32);
}

/** OpenSSL takes 48 bytes where BoringSSL takes 80: processes with one key of Envoy's have one of these in common. */
function nodeTicketKey(key: Buffer): Buffer {
  return createHash("sha512").update(key).digest().subarray(0, 48);
}
