import type { TLSSocket } from "node:tls";
import { connect as connectTls } from "node:tls";
import type { CertificateFacts } from "../network/certificate-facts.ts";
import type { TlsConnection } from "../network/tls-connection.ts";
import type { TlsWish } from "../network/upstream.ts";
import type {
  Extension,
  RunContext,
  UpstreamHandshake,
  UpstreamTransportSocket,
} from "../resources/extension.ts";
import { parsed } from "../resources/parsed.ts";
import type { ClientPlan, KeptSession } from "../tls/client-contexts.ts";
import { ClientContext } from "../tls/client-contexts.ts";
import { certificateReport } from "../tls/certificate-report.ts";
import { LiveSecrets } from "../tls/live-secrets.ts";
import { peerCertificateOf } from "../tls/peer-certificate.ts";
import { TlsStats } from "../tls/tls-stats.ts";
import { handshakeFailure, verifyFailure } from "../tls/transport-failure.ts";
import type { ClientTls } from "../tls/upstream-tls-context.ts";
import { parseUpstreamTls, upstreamTlsType } from "../tls/upstream-tls-context.ts";
import type { PeerVerdict, ShownCertificate } from "../tls/verify-peer.ts";
import { notAsked, verifyPeer } from "../tls/verify-peer.ts";

/** `envoy.transport_sockets.tls` of a cluster: TLS with upstreams, by Node's own implementation. */
export const upstreamTls: Extension<UpstreamTransportSocket> = {
  typeName: upstreamTlsType,
  parse(message, context, path) {
    const { value: client, problems } = parseUpstreamTls(message, context, path);
    if (!client) return { problems };
    return parsed((run, scope) => new UpstreamTls(client, run, scope), problems);
  },
};

/** What is offered by ALPN. */
function offeredProtocols({ alpnProtocols }: ClientPlan, wish: TlsWish | undefined) {
  if (wish?.onlyProtocols && wish.onlyProtocols.length > 0) return wish.onlyProtocols;
  return alpnProtocols.length > 0 ? alpnProtocols : wish?.protocols;
}

/** TLS of one cluster. */
class UpstreamTls implements UpstreamTransportSocket {
  readonly #plan: ClientPlan;
  readonly #stats: TlsStats;
  readonly #log: RunContext["log"];
  readonly #secrets: LiveSecrets<ClientContext>;

  constructor(client: ClientTls, run: RunContext, scope: string) {
    const { plan } = client;
    this.#plan = plan;
    this.#stats = new TlsStats(run.stats, scope);
    this.#log = run.log;
    this.#secrets = new LiveSecrets(run, `${scope}.client_ssl_socket_factory`, (follow) => {
      const certificate = client.certificate && follow(client.certificate);
      const validation = client.validation && follow(client.validation);
      return () => {
        if ((certificate && !certificate()) || (validation && !validation())) return undefined;
        return new ClientContext(plan, { certificate: certificate?.(), validation: validation?.() });
      };
    });
  }

  header(): undefined {
    return undefined;
  }

  readonly certificates = () => {
    const secrets = this.#secrets.current?.secrets;
    return secrets && certificateReport(secrets.certificate ? [secrets.certificate] : [], secrets.validation);
  };

  readonly secure = (handshake: UpstreamHandshake): void => {
    const { params, allowsRenegotiation } = this.#plan;
    const alpnProtocols = offeredProtocols(this.#plan, handshake.wish);
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
