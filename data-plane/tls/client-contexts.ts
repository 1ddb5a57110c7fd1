import type { SecureContext } from "node:tls";
import { createSecureContext } from "node:tls";
import type { TlsCertificate } from "./tls-certificate.ts";
import type { TlsParams } from "./tls-params.ts";
import { trustOptions } from "./trust-options.ts";
import type { PeerValidation } from "./validation-context.ts";
import type { ShownCertificate } from "./verify-peer.ts";

/** How a client of one cluster does its handshakes, secrets aside. */
export interface ClientPlan {
  readonly params: TlsParams;
  readonly alpnProtocols: readonly string[];
  /** Empty: none is sent. */
  readonly serverName: string;
  /** The host's own name goes before `serverName` (`auto_host_sni`). */
  readonly namesHost: boolean;
  /** The certificate must have the name that was sent (`auto_sni_san_validation`). */
  readonly verifiesServerName: boolean;
  readonly allowsRenegotiation: boolean;
  /** Sessions to keep, over all hosts; 0: none. */
  readonly maxSessions: number;
}

/** What its handshakes are done with. */
export interface ClientSecrets {
  readonly certificate?: TlsCertificate | undefined;
  /** Absent: the server is whoever it says it is, as in Envoy. */
  readonly validation?: PeerValidation | undefined;
}

/** What a connection can go on with, and who the other side was then: Node does not tell again. */
export interface KeptSession {
  readonly bytes: Buffer;
  readonly shown: ShownCertificate | undefined;
}

/** The secure context of a client with one set of secrets, and the sessions that servers gave it. */
export class ClientContext {
  readonly secrets: ClientSecrets;
  readonly secureContext: SecureContext;
  readonly #maxSessions: number;
  /** The newest last. */
  readonly #sessions: KeptSession[] = [];

  /** @throws the library's error when it does not take the secrets */
  constructor(plan: ClientPlan, secrets: ClientSecrets) {
    const { certificate, validation } = secrets;
    this.secrets = secrets;
    this.#maxSessions = plan.maxSessions;
    this.secureContext = createSecureContext({
      ...plan.params,
      ...(certificate && { cert: certificate.chainPem, key: certificate.keyPem }),
      ...(validation && trustOptions(validation)),
    });
  }

  /** The session to try to go on with. One of TLS 1.3 is good for one connection only. */
  session(isSingleUse: boolean): KeptSession | undefined {
    return isSingleUse ? this.#sessions.pop() : this.#sessions.at(-1);
  }

  keepSession(session: KeptSession): void {
    if (this.#maxSessions === 0) return;
    if (this.#sessions.length >= this.#maxSessions) this.#sessions.shift();
    this.#sessions.push(session);
  }
}
