import type { Problem } from "../../../src/base/problem.ts";
import type { CommonTlsContext } from "../../../src/schema/api.ts";
import type { ParseContext } from "../../resources/extension.ts";
import type { Parsed } from "../../resources/parsed.ts";
import { parsed, refuse } from "../../resources/parsed.ts";
import type { SupportTable } from "../../resources/support.ts";
import { unsupportedFields } from "../../resources/support.ts";
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
  readonly certificates: readonly TlsCertificate[];
  readonly validation?: PeerValidation;
}

const support: SupportTable = {
  tls_params: true,
  tls_certificates: true,
  validation_context: true,
  alpn_protocols: true,
};

/** `envoy.extensions.transport_sockets.tls.v3.CommonTlsContext`. */
export function parseCommonTls(
  message: CommonTlsContext | null | undefined,
  side: "server" | "client",
  { local }: Pick<ParseContext, "local">,
  path: string,
): Parsed<CommonTls> {
  const common = message ?? {};
  const problems: Problem[] = [...unsupportedFields(common, support, path)];
  const take = <Value>({ value, problems: found }: Parsed<Value>): Value | undefined => {
    problems.push(...found);
    return value;
  };
  const params = take(parseTlsParams(common.tls_params, side, `${path}.tls_params`));
  const certificates = (common.tls_certificates ?? []).flatMap(
    (certificate, index) =>
      take(parseTlsCertificate(certificate, local, `${path}.tls_certificates[${index}]`)) ?? [],
  );
  const context = common.validation_context;
  const validation = context && take(parseValidationContext(context, local, `${path}.validation_context`));
  const alpnProtocols = common.alpn_protocols ?? [];
  if (alpnProtocols.some((protocol) => Buffer.byteLength(protocol) > 255)) {
    problems.push(refuse(`${path}.alpn_protocols`, "Invalid ALPN protocol string"));
  }
  if (!params) return { problems };
  return parsed({ params, alpnProtocols, certificates, ...(validation && { validation }) }, problems);
}
