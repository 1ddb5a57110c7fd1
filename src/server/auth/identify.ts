import type { PeerCertificate } from "node:tls";
import { certificateNames } from "../tls/certificate-names.ts";
import type { TokenCheck } from "./served-tokens.ts";

/** What a call brings along. */
export interface Credentials {
  /** The certificate of its connection, when it was verified. */
  readonly certificate: PeerCertificate | undefined;
  /** Its `authorization` metadata. */
  readonly authorization: string | undefined;
}

/** Who makes a call: what it has proved, or why it is not let in. */
export type Identity =
  | { readonly kind: "known"; readonly principals: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Where tokens are asked for, a right one or a verified certificate lets in (XDS-138); a wrong one does not, whatever
 * certificate comes with it.
 */
export function identify(
  { certificate, authorization }: Credentials,
  tokens: TokenCheck | undefined,
): Identity {
  // A CA that lets its clients choose their URI must not let them pose as a token.
  const principals = certificateNames(certificate).filter((name) => !name.startsWith("token:"));
  if (!tokens) return { kind: "known", principals };
  const token = tokens.nameOf(authorization);
  if (token !== undefined) return { kind: "known", principals: [...principals, `token:${token}`] };
  if (authorization !== undefined)
    return { kind: "refused", reason: "the bearer token is not one of this server" };
  if (certificate) return { kind: "known", principals };
  return { kind: "refused", reason: 'a token is needed: send the metadata "authorization: Bearer TOKEN"' };
}
