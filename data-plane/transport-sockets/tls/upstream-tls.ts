import type { TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import type { Problem } from "../../../src/base/problem.ts";
import type { UpstreamTlsContext } from "../../../src/schema/api.ts";
import type { CertificateFacts } from "../../network/certificate-facts.ts";
import type { TlsConnection } from "../../network/tls-connection.ts";
import type {
  Extension,
  RunContext,
  UpstreamHandshake,
  UpstreamTransportSocket,
} from "../../resources/extension.ts";
import { asType } from "../../resources/message-type.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { oneOf, unsupportedFields } from "../../resources/support.ts";
import { wrapped } from "../../resources/values.ts";
import type { ClientPlan, KeptSession } from "./client-contexts.ts";
import { ClientContext } from "./client-contexts.ts";
import type { CommonTls } from "./common-tls.ts";
import { certificateCount, parseCommonTls } from "./common-tls.ts";
import { LiveSecrets } from "./live-secrets.ts";
import { peerCertificateOf } from "./peer-certificate.ts";
import type { SecretSource } from "./secret-source.ts";
import type { TlsCertificate } from "./tls-certificate.ts";
import { TlsStats } from "./tls-stats.ts";
import { handshakeFailure, verifyFailure } from "./transport-failure.ts";
import type { PeerValidation } from "./validation-context.ts";
import type { PeerVerdict, ShownCertificate } from "./verify-peer.ts";
import { notAsked, verifyPeer } from "./verify-peer.ts";

const typeName = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

const support: SupportTable = {
  common_tls_context: true,
  sni: true,
  auto_host_sni: true,
  auto_sni_san_validation: true,
  allow_renegotiation: true,
  max_session_keys: true,
  // OpenSSL looks at the key usage of a server's RSA certificate in no case.
  enforce_rsa_key_usage: oneOf(false),
};

/** `envoy.transport_sockets.tls` of a cluster: TLS with upstreams, by Node's own implementation. */
export const upstreamTls: Extension<UpstreamTransportSocket> = {
  typeName,
  parse(message, context, path) {
    const tls = asType(typeName, message);
    const at = `${path}.common_tls_context`;
    const common = parseCommonTls(tls.common_tls_context, "client", context, at);
    const problems: Problem[] = [...unsupportedFields(message, support, path), ...common.problems];
    const { own, named } = certificateCount(tls.common_tls_context);
    if (own + named > 1) {
      const rule = "Multiple TLS certificates are not supported for client contexts";
      problems.push(refuse(`${at}.tls_certificates`, rule));
    }
    if (tls.sni?.includes("\0")) {
      problems.push(refuse(`${path}.sni`, "SNI names containing NULL-byte are not allowed"));
    }
    if (!common.value) return { problems };
    const { certificates, validation } = common.value;
    const lacksAuthority =
      validation?.kind === "fixed" ? validation.value.authorities.length === 0 : !validation;
    if (tls.auto_sni_san_validation && lacksAuthority) {
      const lack = validation ? "configuring a trusted CA" : "a validation context";
      const rule = `'auto_sni_san_validation' was configured without ${lack}`;
      problems.push(refuse(`${path}.auto_sni_san_validation`, rule));
    }
    if (problems.some(({ severity }) => severity === "error")) return { problems };
    const plan = clientPlan(tls, common.value);
    const sources = { certificate: certificates[0], validation };
    return parsed((run, scope) => new UpstreamTls(plan, sources, run, scope), problems);
  },
};

function clientPlan(tls: UpstreamTlsContext, { params, alpnProtocols }: CommonTls): ClientPlan {
  return {
    params,
    alpnProtocols,
    serverName: tls.sni ?? "",
    namesHost: tls.auto_host_sni ?? false,
    verifiesServerName: tls.auto_sni_san_validation ?? false,
    allowsRenegotiation: tls.allow_renegotiation ?? false,
    maxSessions: wrapped(tls.max_session_keys, 0, 1),
  };
}

/** Where the secrets of a client come from. */
interface ClientSources {
  readonly certificate: SecretSource<TlsCertificate> | undefined;
  readonly validation: SecretSource<PeerValidation> | undefined;
}

/** TLS of one cluster. */
class UpstreamTls implements UpstreamTransportSocket {
  readonly #plan: ClientPlan;
  readonly #stats: TlsStats;
  readonly #log: RunContext["log"];
  readonly #secrets: LiveSecrets<ClientContext>;

  constructor(plan: ClientPlan, sources: ClientSources, run: RunContext, scope: string) {
    this.#plan = plan;
    this.#stats = new TlsStats(run.stats, scope);
    this.#log = run.log;
    this.#secrets = new LiveSecrets(run, `${scope}.client_ssl_socket_factory`, (follow) => {
      const certificate = sources.certificate && follow(sources.certificate);
      const validation = sources.validation && follow(sources.validation);
      return () => {
        if ((certificate && !certificate()) || (validation && !validation())) return undefined;
        return new ClientContext(plan, { certificate: certificate?.(), validation: validation?.() });
      };
    });
  }

  header(): undefined {
    return undefined;
  }

  readonly secure = (handshake: UpstreamHandshake): void => {
    const { params, allowsRenegotiation } = this.#plan;
    const alpnProtocols =
      this.#plan.alpnProtocols.length > 0 ? this.#plan.alpnProtocols : handshake.wish?.protocols;
    const client = this.#secrets.current;
    if (!client) {
      this.#secrets.counters.upstream_context_secrets_not_ready += 1;
      handshake.onFailure("TLS error: Secret is not supplied by SDS");
      return;
    }
    const serverName = this.#serverName(handshake);
    const verifiedName = handshake.wish?.verifiedName;
    const session = client.session(params.maxVersion === "TLSv1.3");
    const secured = connectTls({
      socket: handshake.socket,
      secureContext: client.secureContext,
      ...(serverName !== "" && { servername: serverName }),
      ...(alpnProtocols && { ALPNProtocols: [...alpnProtocols] }),
      ...(session && { session: session.bytes }),
      // What the certificate must be is looked at below, by Envoy's rules.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    if (!allowsRenegotiation) secured.disableRenegotiation();
    let isSettled = false;
    const fail = (reason: string) => {
      if (isSettled) return;
      isSettled = true;
      secured.destroy();
      this.#log.debug("TLS with an upstream failed", { connection: handshake.context.connectionId, reason });
      handshake.onFailure(reason);
    };
    secured.on("error", (error) => {
      const code = "code" in error ? String(error.code) : "";
      this.#stats.countFailure(code);
      fail(handshakeFailure(code));
    });
    secured.once("close", () => fail(""));
    // Up to TLS 1.2 it comes before the handshake is over, and only then is it known to be worth keeping.
    let early: Buffer | undefined;
    let shown: ShownCertificate | undefined;
    secured.on("session", (bytes: Buffer) => {
      if (isSettled) client.keepSession({ bytes, shown });
      else early = bytes;
    });
    secured.once("secureConnect", () => {
      shown = shownBy(secured, session, client.secrets.validation?.authorities ?? []);
      const verdict = this.#verify(client, shown, serverName, verifiedName);
      if (verdict.fault) this.#stats.counters[verdict.fault.counter] += 1;
      if (!verdict.isAccepted) return fail(verifyFailure(verdict.fault?.reason ?? ""));
      isSettled = true;
      if (early) client.keepSession({ bytes: early, shown });
      const connection: TlsConnection = {
        version: secured.getProtocol() ?? "",
        cipher: secured.getCipher().name,
        alpn: secured.alpnProtocol || "",
        serverName,
        peer: shown?.facts,
        isPeerValidated: verdict.isValidated,
        local: client.secrets.certificate?.facts,
      };
      this.#stats.countHandshake(connection, secured.isSessionReused());
      handshake.onSecured(secured, connection);
    });
  };

  /** What the request asks for goes before the host's own name, and that before the configured one. */
  #serverName({ wish, context }: UpstreamHandshake): string {
    if (wish && wish.serverName !== "") return wish.serverName;
    const { hostname } = context.host;
    return this.#plan.namesHost && hostname !== "" ? hostname : this.#plan.serverName;
  }

  #verify(
    { secrets: { validation } }: ClientContext,
    shown: ShownCertificate | undefined,
    serverName: string,
    verifiedName: string | undefined,
  ): PeerVerdict {
    if (!validation) return notAsked;
    if (!shown) {
      const reason = "verify cert failed: empty cert chain";
      return { isAccepted: false, isValidated: false, fault: { counter: "fail_verify_error", reason } };
    }
    const own = this.#plan.verifiesServerName && serverName !== "" ? serverName : undefined;
    return verifyPeer(shown, validation, verifiedName ?? own);
  }
}

/** What the server showed, now or when the session began. */
function shownBy(
  socket: TLSSocket,
  session: KeptSession | undefined,
  authorities: readonly CertificateFacts[],
): ShownCertificate | undefined {
  if (socket.isSessionReused()) return session?.shown;
  const facts = peerCertificateOf(socket, authorities);
  const chainError = socket.authorized ? undefined : String(socket.authorizationError);
  return facts && { facts, chainError, shownBy: "server" };
}
