import type { Problem } from "../../src/base/problem.ts";
import type { CommonTlsContext } from "../../src/schema/api.ts";
import type { ParseContext } from "../resources/extension.ts";
import type { Parsed } from "../resources/parsed.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import type { SupportTable } from "../resources/support.ts";
import { unsupportedFields } from "../resources/support.ts";
import { certificateSecret, validationSecret } from "./secret-kinds.ts";
import type { SecretSource } from "./secret-source.ts";
import { parseSecretConfig } from "./secret-source.ts";
import type { TlsCertificate } from "./tls-certificate.ts";
import { parseTlsCertificate } from "./tls-certificate.ts";
import type { TlsParams } from "./tls-params.ts";
import { parseTlsParams } from "./tls-params.ts";
import type { PeerValidation } from "./validation-context.ts";
import { parseValidationContext } from "./validation-context.ts";

/** What both sides of TLS are configured with. */
export interface CommonTls {
  readonly params: TlsParams;
  readonly alpnProtocols: readonly string[];
  readonly certificates: readonly SecretSource<TlsCertificate>[];
  readonly validation?: SecretSource<PeerValidation>;
}

const support: SupportTable = {
  tls_params: true,
  tls_certificates: true,
  tls_certificate_sds_secret_configs: true,
  validation_context: true,
  validation_context_sds_secret_config: true,
  combined_validation_context: {
    default_validation_context: true,
    validation_context_sds_secret_config: true,
  },
  alpn_protocols: true,
};

/** What reading secrets may look at. */
export type SecretContext = Pick<ParseContext, "local" | "staticSecrets" | "sourceRefusal">;

/** `envoy.extensions.transport_sockets.tls.v3.CommonTlsContext`. */
export function parseCommonTls(
  message: CommonTlsContext | null | undefined,
  side: "server" | "client",
  context: SecretContext,
  path: string,
): Parsed<CommonTls> {
  const common = message ?? {};
  const problems: Problem[] = [...unsupportedFields(common, support, path)];
  const take = <Value>({ value, problems: found }: Parsed<Value>): Value | undefined => {
    problems.push(...found);
    return value;
  };
  const params = take(parseTlsParams(common.tls_params, side, `${path}.tls_params`));
  const own = (common.tls_certificates ?? []).flatMap((certificate, index) => {
    const at = `${path}.tls_certificates[${index}]`;
    const value = take(parseTlsCertificate(certificate, context.local, at));
    return value ? [{ kind: "fixed", value } as const] : [];
  });
  const named = (common.tls_certificate_sds_secret_configs ?? []).flatMap((config, index) => {
    const at = `${path}.tls_certificate_sds_secret_configs[${index}]`;
    return take(parseSecretConfig(config, certificateSecret, context, at)) ?? [];
  });
  const validation = take(parseValidation(common, context, path));
  const alpnProtocols = common.alpn_protocols ?? [];
  if (alpnProtocols.some((protocol) => Buffer.byteLength(protocol) > 255)) {
    problems.push(refuse(`${path}.alpn_protocols`, "Invalid ALPN protocol string"));
  }
  if (!params) return { problems };
  return parsed(
    { params, alpnProtocols, certificates: [...own, ...named], ...(validation && { validation }) },
    problems,
  );
}

/** How many certificates are configured, good or not. */
export function certificateCount(common: CommonTlsContext | null | undefined): {
  readonly own: number;
  readonly named: number;
} {
  return {
    own: common?.tls_certificates?.length ?? 0,
    named: common?.tls_certificate_sds_secret_configs?.length ?? 0,
  };
}

function parseValidation(
  common: CommonTlsContext,
  context: SecretContext,
  path: string,
): Parsed<SecretSource<PeerValidation> | undefined> {
  const { validation_context: own, validation_context_sds_secret_config: named } = common;
  const combined = common.combined_validation_context;
  if (own) {
    const { value, problems } = parseValidationContext(own, context.local, `${path}.validation_context`);
    return value ? { value: { kind: "fixed", value }, problems } : { problems };
  }
  if (named) {
    const at = `${path}.validation_context_sds_secret_config`;
    return parseSecretConfig(named, validationSecret(undefined), context, at);
  }
  if (!combined) return { value: undefined, problems: [] };
  const at = `${path}.combined_validation_context.validation_context_sds_secret_config`;
  const kind = validationSecret(combined.default_validation_context ?? {});
  return parseSecretConfig(combined.validation_context_sds_secret_config ?? {}, kind, context, at);
}
