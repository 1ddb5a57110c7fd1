import { createHash, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { MessageTypes } from "../../src/schema/api.ts";
import type { Message } from "../../src/schema/message.ts";
import { CertificateFacts } from "../network/certificate-facts.ts";
import type { LocalData } from "../resources/data-source.ts";
import { dataSourceSupport, readDataSource } from "../resources/data-source.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { notSupported, unsupportedFields } from "../resources/support.ts";
import type { GrpcTls } from "../xds-client/grpc-transport.ts";
import { ClientContext } from "./client-contexts.ts";
import type { SecretContext } from "./common-tls.ts";
import { parseUpstreamTls } from "./upstream-tls-context.ts";
import type { PeerValidation } from "./validation-context.ts";
import { verifyPeer } from "./verify-peer.ts";

type SslCredentials = MessageTypes["envoy.config.core.v3.GrpcService.GoogleGrpc.SslCredentials"];

/** SDS would have to come over the very connection that it is for. */
const noSds = "secrets of the control plane's own cluster cannot come over SDS";

/**
 * TLS with the control plane, as the transport socket of its cluster says. gRPC leaves the handshake to Node, which looks at names and
 * hashes only where the chain is good; what would need them without is refused.
 */
export function parseGrpcTls(
  message: Message,
  context: Pick<SecretContext, "local" | "staticSecrets">,
  path: string,
): Parsed<GrpcTls> {
  const { value, problems: found } = parseUpstreamTls(
    message,
    { ...context, sourceRefusal: () => noSds },
    path,
  );
  const problems = [...found];
  if (value?.certificate?.kind === "sds" || value?.validation?.kind === "sds") {
    problems.push(refuse(`${path}.common_tls_context`, noSds));
  }
  const certificate = value?.certificate?.kind === "fixed" ? value.certificate.value : undefined;
  const validation = value?.validation?.kind === "fixed" ? value.validation.value : undefined;
  if (validation) problems.push(...unverifiable(validation, `${path}.common_tls_context`));
  if (!value || problems.some(({ severity }) => severity === "error")) return { problems };
  const { plan } = value;
  const { secureContext } = new ClientContext(plan, { certificate, validation });
  const expected = plan.verifiesServerName && plan.serverName !== "" ? plan.serverName : undefined;
  return parsed(
    {
      secureContext,
      ...(plan.serverName !== "" && { serverName: plan.serverName }),
      verifiesChain: validation !== undefined,
      refusalOf: (certificateDer) => validation && refusalOf(certificateDer, validation, expected),
    },
    problems,
  );
}

function unverifiable(validation: PeerValidation, path: string) {
  const at = `${path}.validation_context`;
  return [
    ...(validation.authorities.length === 0
      ? [notSupported(`${at}.trusted_ca`, "a control plane without a trusted CA")]
      : []),
    ...(validation.allowsExpired ? [notSupported(`${at}.allow_expired_certificate`)] : []),
    ...(validation.acceptsUntrusted ? [notSupported(`${at}.trust_chain_verification`)] : []),
  ];
}

function refusalOf(
  der: Buffer,
  validation: PeerValidation,
  expected: string | undefined,
): string | undefined {
  const facts = new CertificateFacts(new X509Certificate(der));
  return verifyPeer({ facts, chainError: undefined, shownBy: "server" }, validation, expected).fault?.reason;
}

/** `google_grpc.channel_credentials.ssl_credentials`: the server must be who its address says. */
export function parseSslCredentials(
  message: SslCredentials,
  local: LocalData,
  path: string,
): Parsed<GrpcTls> {
  const support = {
    root_certs: dataSourceSupport,
    private_key: dataSourceSupport,
    cert_chain: dataSourceSupport,
  };
  const read = (field: keyof typeof support) => readDataSource(message[field], local, `${path}.${field}`);
  const [roots, key, chain] = [read("root_certs"), read("private_key"), read("cert_chain")];
  const problems = [
    ...unsupportedFields(message, support, path),
    ...[roots, key, chain].flatMap((one) => one.problems),
  ];
  const given = (one: typeof roots) =>
    one.value && one.value.bytes.length > 0 ? one.value.bytes : undefined;
  const [ca, keyPem, cert] = [given(roots), given(key), given(chain)];
  try {
    const secureContext = createSecureContext({
      ...(ca && { ca }),
      ...(keyPem && { key: keyPem }),
      ...(cert && { cert }),
    });
    // Of what was given, empty or not: the context itself cannot be looked into.
    const digest = createHash("sha256")
      .update(JSON.stringify([ca, keyPem, cert]))
      .digest("hex");
    return parsed({ secureContext, digest, verifiesChain: true }, problems);
  } catch {
    // Neither a key nor the library's words on it belong into a message.
    return { problems: [...problems, refuse(path, "the certificates or the key cannot be used")] };
  }
}
