import type { Problem } from "../../src/base/problem.ts";
import type { UpstreamTlsContext } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import { asType } from "../resources/message-type.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { oneOf, unsupportedFields } from "../resources/support.ts";
import { wrapped } from "../resources/values.ts";
import type { ClientPlan } from "./client-contexts.ts";
import type { CommonTls, SecretContext } from "./common-tls.ts";
import { certificateCount, parseCommonTls } from "./common-tls.ts";
import type { SecretSource } from "./secret-source.ts";
import type { TlsCertificate } from "./tls-certificate.ts";
import type { PeerValidation } from "./validation-context.ts";

export const upstreamTlsType = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

/** How TLS with an upstream is done, and where its secrets come from. */
export interface ClientTls {
  readonly plan: ClientPlan;
  readonly certificate: SecretSource<TlsCertificate> | undefined;
  readonly validation: SecretSource<PeerValidation> | undefined;
}

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

/** `envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`, refused in Envoy's words. */
export function parseUpstreamTls(message: Message, context: SecretContext, path: string): Parsed<ClientTls> {
  const tls = asType(upstreamTlsType, message);
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
  return parsed({ plan: clientPlan(tls, common.value), certificate: certificates[0], validation }, problems);
}

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
