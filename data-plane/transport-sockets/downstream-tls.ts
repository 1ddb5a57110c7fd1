import { TLSSocket } from "node:tls";
import type { Problem } from "../../src/base/problem.ts";
import type { DownstreamTlsContext } from "../../src/schema/api.ts";
import type { CertificateFacts } from "../network/certificate-facts.ts";
import type {
  DownstreamHandshake,
  DownstreamTransportSocket,
  Extension,
  RunContext,
} from "../resources/extension.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse, warn } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { noEffect, oneOf, unsupportedFields } from "../resources/support.ts";
import { durationMs, wrapped } from "../resources/values.ts";
import type { ClientTraits } from "../tls/client-traits.ts";
import { clientTraits, noTraits } from "../tls/client-traits.ts";
import type { CommonTls } from "../tls/common-tls.ts";
import type { SecretContext } from "../tls/common-tls.ts";
import { certificateCount, parseCommonTls } from "../tls/common-tls.ts";
import { certificateReport } from "../tls/certificate-report.ts";
import { LiveSecrets } from "../tls/live-secrets.ts";
import { chainErrorOf, peerCertificateOf } from "../tls/peer-certificate.ts";
import { readHello } from "./read-hello.ts";
import type { ServerPlan } from "../tls/server-contexts.ts";
import { ServerContexts } from "../tls/server-contexts.ts";
import { ticketKeysSecret } from "../tls/secret-kinds.ts";
import type { SecretSource } from "../tls/secret-source.ts";
import { parseSecretConfig } from "../tls/secret-source.ts";
import { parseTicketKeys } from "../tls/ticket-keys.ts";
import type { TlsCertificate } from "../tls/tls-certificate.ts";
import { TlsStats } from "../tls/tls-stats.ts";
import type { PeerValidation } from "../tls/validation-context.ts";
import type { PeerVerdict } from "../tls/verify-peer.ts";
import { notAsked, verifyPeer } from "../tls/verify-peer.ts";

const typeName = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";

const support: SupportTable = {
  common_tls_context: true,
  require_client_certificate: true,
  full_scan_certs_on_sni_mismatch: true,
  prefer_client_ciphers: true,
  session_timeout: true,
  session_ticket_keys: true,
  session_ticket_keys_sds_secret_config: true,
  disable_stateless_session_resumption: true,
  // Sessions are kept by tickets alone, so there is nothing to switch off.
  disable_stateful_session_resumption: noEffect,
  ocsp_staple_policy: oneOf("LENIENT_STAPLING"),
  // Envoy reads neither.
  require_sni: oneOf(false),
};

/** `envoy.transport_sockets.tls` of a filter chain: TLS with clients, by Node's own implementation. */
export const downstreamTls: Extension<DownstreamTransportSocket> = {
  typeName,
  parse(message, context, path) {
    const tls = asType(typeName, message);
    const common = parseCommonTls(tls.common_tls_context, "server", context, `${path}.common_tls_context`);
    const problems: Problem[] = [...unsupportedFields(message, support, path), ...common.problems];
    const ticketKey = parseTickets(tls, context, path);
    problems.push(...ticketKey.problems);
    const { own, named } = certificateCount(tls.common_tls_context);
    if (own + named === 0) {
      const rule = "No TLS certificates found for server context";
      problems.push(refuse(`${path}.common_tls_context.tls_certificates`, rule));
    }
    if (own > 0 && named > 0) {
      const rule = "SDS and non-SDS TLS certificates may not be mixed in server contexts";
      problems.push(refuse(`${path}.common_tls_context.tls_certificate_sds_secret_configs`, rule));
    }
    if (!common.value) return { problems };
    const { certificates, validation } = common.value;
    if (validation && !tls.require_client_certificate) {
      const story = "not set: a client without a certificate is let in";
      problems.push(warn(`${path}.require_client_certificate`, story));
    }
    if (wrapped(tls.require_client_certificate, false, false) && !validation) {
      const story = "without a validation_context no client is asked for a certificate";
      problems.push(warn(`${path}.require_client_certificate`, story));
    }
    if (problems.some(({ severity }) => severity === "error")) return { problems };
    const plan = serverPlan(tls, common.value);
    const sources = {
      certificates,
      ...(validation && { validation }),
      ...(ticketKey.value && { ticketKey: ticketKey.value }),
    };
    return parsed((run, scope) => new DownstreamTls(plan, sources, run, scope), problems);
  },
};

function parseTickets(
  tls: DownstreamTlsContext,
  context: SecretContext,
  path: string,
): Parsed<SecretSource<Buffer> | undefined> {
  const { session_ticket_keys: own, session_ticket_keys_sds_secret_config: named } = tls;
  if (named) {
    const at = `${path}.session_ticket_keys_sds_secret_config`;
    return parseSecretConfig(named, ticketKeysSecret, context, at);
  }
  if (!own) return { value: undefined, problems: [] };
  const { value, problems } = parseTicketKeys(own, context.local, `${path}.session_ticket_keys`);
  return value ? { value: { kind: "fixed", value }, problems } : { problems };
}

function serverPlan(tls: DownstreamTlsContext, { params, alpnProtocols }: CommonTls): ServerPlan {
  return {
    params,
    alpnProtocols,
    requiresClientCertificate: wrapped(tls.require_client_certificate, false, false),
    scansAllCertificates: wrapped(tls.full_scan_certs_on_sni_mismatch, false, false),
    prefersClientCiphers: tls.prefer_client_ciphers ?? false,
    issuesTickets: !(tls.disable_stateless_session_resumption ?? false),
    ...(tls.session_timeout && {
      sessionTimeoutSeconds: Math.trunc(durationMs(tls.session_timeout, 0) / 1000),
    }),
  };
}

/** Where the secrets of a server come from. */
interface ServerSources {
  readonly certificates: readonly SecretSource<TlsCertificate>[];
  readonly validation?: SecretSource<PeerValidation>;
  readonly ticketKey?: SecretSource<Buffer>;
}

/** TLS of one filter chain. */
class DownstreamTls implements DownstreamTransportSocket {
  readonly #plan: ServerPlan;
  readonly #stats: TlsStats;
  readonly #log: RunContext["log"];
  readonly #secrets: LiveSecrets<ServerContexts>;

  constructor(plan: ServerPlan, sources: ServerSources, run: RunContext, scope: string) {
    this.#plan = plan;
    this.#stats = new TlsStats(run.stats, scope);
    this.#log = run.log;
    this.#secrets = new LiveSecrets(run, `${scope}.server_ssl_socket_factory`, (follow) => {
      const certificates = sources.certificates.map(follow);
      const validation = sources.validation && follow(sources.validation);
      const ticketKey = sources.ticketKey && follow(sources.ticketKey);
      return () => {
        const held = certificates.flatMap((certificate) => certificate() ?? []);
        const isWhole = held.length === certificates.length;
        if (!isWhole || (validation && !validation()) || (ticketKey && !ticketKey())) return undefined;
        return new ServerContexts(plan, {
          certificates: held,
          validation: validation?.(),
          ticketKey: ticketKey?.(),
        });
      };
    });
  }

  /**
   * Reads the ClientHello before OpenSSL does: Node lets a server name choose a certificate, but not the client's algorithms, and it
   * ends a handshake without a common ALPN protocol, which goes on without one in Envoy.
   */
  readonly secure = (handshake: DownstreamHandshake): void => {
    const contexts = this.#secrets.current;
    if (!contexts) {
      this.#secrets.counters.downstream_context_secrets_not_ready += 1;
      handshake.socket.destroy();
      return;
    }
    readHello(handshake.socket, handshake.early, (hello, bytes) => {
      const isModern = this.#plan.params.maxVersion === "TLSv1.3";
      this.#answer(handshake, contexts, bytes, hello ? clientTraits(hello, isModern) : noTraits);
    });
  };

  readonly certificates = () => {
    const secrets = this.#secrets.current?.secrets;
    return secrets && certificateReport(secrets.certificates, secrets.validation);
  };

  #answer(
    handshake: DownstreamHandshake,
    contexts: ServerContexts,
    hello: Buffer,
    client: ClientTraits,
  ): void {
    const { socket, info } = handshake;
    const { alpnProtocols } = this.#plan;
    const { certificate, context } = contexts.forClient(client);
    const hasCommonProtocol = alpnProtocols.some((protocol) => client.protocols.includes(protocol));
    // The handshake begins with what waits in the socket below.
    if (hello.length > 0) socket.unshift(hello);
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      ...(hasCommonProtocol && { ALPNProtocols: [...alpnProtocols] }),
      requestCert: contexts.demand.asks,
      // Only whether there is one: what it must be is looked at when the handshake is over.
      rejectUnauthorized: contexts.demand.requires,
    });
    const giveUp = () => secured.destroy();
    secured.on("error", (error) => {
      this.#stats.countFailure("code" in error ? String(error.code) : "");
      this.#log.debug("TLS with a client failed", { connection: info.id, error: error.message });
      giveUp();
    });
    // Read on until the handshake is over, or its end is not seen; there is nothing to read before it.
    secured.on("end", giveUp);
    secured.resume();
    secured.once("secure", () => {
      secured.off("end", giveUp);
      secured.pause();
      const peer = peerCertificateOf(secured, contexts.secrets.validation?.authorities ?? []);
      const verdict = verdictOf(secured, peer, contexts);
      if (verdict.fault) this.#stats.counters[verdict.fault.counter] += 1;
      if (!verdict.isAccepted) {
        this.#log.debug("TLS with a client failed", { connection: info.id, error: verdict.fault?.reason });
        giveUp();
        return;
      }
      info.tls = {
        version: secured.getProtocol() ?? "",
        cipher: secured.getCipher().name,
        alpn: secured.alpnProtocol || "",
        serverName: client.serverName,
        peer,
        isPeerValidated: verdict.isValidated,
        local: certificate.facts,
      };
      this.#stats.countHandshake(info.tls, secured.isSessionReused());
      handshake.onSecured(secured);
    });
  }
}

function verdictOf(
  secured: TLSSocket,
  peer: CertificateFacts | undefined,
  { secrets, demand }: ServerContexts,
): PeerVerdict {
  if (peer && secrets.validation) {
    return verifyPeer(
      { facts: peer, chainError: chainErrorOf(secured), shownBy: "client" },
      secrets.validation,
    );
  }
  // OpenSSL has refused it already; a session that goes on must not let it in either.
  const reason = "verify cert failed: empty cert chain";
  return !peer && demand.requires
    ? { isAccepted: false, isValidated: false, fault: { counter: "fail_verify_no_cert", reason } }
    : notAsked;
}
