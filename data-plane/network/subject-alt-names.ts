import { socketAddress } from "../../src/base/ip-address.ts";

/** A subject alternative name of a certificate. */
export interface SubjectAltName {
  readonly kind: "dns" | "uri" | "email" | "ip";
  /** IP addresses in canonical form. */
  readonly value: string;
}

const kinds: ReadonlyMap<string, SubjectAltName["kind"]> = new Map([
  ["DNS", "dns"],
  ["URI", "uri"],
  ["email", "email"],
  ["IP Address", "ip"],
]);

/** `kind:value`, the value as it is or, where it holds what could be taken for the next name, as a JSON string. */
const entry = /([^:,]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

/**
 * Reads Node's text of the extension (`DNS:a.example, URI:spiffe://fleet/edge`). Kinds that Envoy does not match are left out, as is
 * everything behind text that is not of this form: a name is never made up from a part of another.
 */
export function readSubjectAltNames(text: string | undefined): readonly SubjectAltName[] {
  const names: SubjectAltName[] = [];
  if (text === undefined) return names;
  entry.lastIndex = 0;
  while (entry.lastIndex < text.length) {
    const found = entry.exec(text);
    if (!found) break;
    const kind = kinds.get(found[1]!);
    const value = unquoted(found[2]!);
    if (kind === undefined || value === undefined) continue;
    names.push({ kind, value: kind === "ip" ? (socketAddress(value, 0)?.address ?? value) : value });
  }
  return names;
}

function unquoted(value: string): string | undefined {
  if (!value.startsWith('"')) return value;
  try {
    const read: unknown = JSON.parse(value);
    return typeof read === "string" ? read : undefined;
  } catch {
    return undefined; // Not a name that anybody could be let in by.
  }
}
