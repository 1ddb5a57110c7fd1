import type { MessageTypes } from "../../src/schema/api.ts";
import type { SecretKind } from "./secret-source.ts";
import { parseTicketKeys } from "./ticket-keys.ts";
import type { TlsCertificate } from "./tls-certificate.ts";
import { parseTlsCertificate } from "./tls-certificate.ts";
import type { PeerValidation } from "./validation-context.ts";
import { parseValidationContext } from "./validation-context.ts";

export const certificateSecret: SecretKind<"tls_certificate", TlsCertificate> = {
  field: "tls_certificate",
  noun: "static secret",
  read: parseTlsCertificate,
};

export const ticketKeysSecret: SecretKind<"session_ticket_keys", Buffer> = {
  field: "session_ticket_keys",
  noun: "tls session ticket keys",
  read: parseTicketKeys,
};

type ValidationMessage =
  MessageTypes["envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext"];

/** `defaults`: what it is merged over (`combined_validation_context`). */
export function validationSecret(
  defaults: ValidationMessage | undefined,
): SecretKind<"validation_context", PeerValidation> {
  return {
    field: "validation_context",
    noun: "static certificate validation context",
    read: (message, local, path) =>
      parseValidationContext(defaults ? merged(defaults, message) : message, local, path),
  };
}

/** As protobuf merges: lists one behind the other, everything else from the latter where it is set. */
function merged(first: ValidationMessage, second: ValidationMessage): ValidationMessage {
  const lists: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(second)) {
    const before: unknown = Object.entries(first).find(([name]) => name === field)?.[1];
    if (Array.isArray(before) && Array.isArray(value)) lists[field] = [...before, ...value];
  }
  return { ...first, ...second, ...lists };
}
