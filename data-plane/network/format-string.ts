import type { MetadataValue } from "./connection-info.ts";
import { addressOperators } from "./format/address-operators.ts";
import type { FormatSource } from "./format/format-source.ts";
import type { OperatorReader, OperatorRefusal, OperatorTable, OperatorValue } from "./format/operator.ts";
import { requestOperators } from "./format/request-operators.ts";
import { streamOperators } from "./format/stream-operators.ts";
import { timeOperators } from "./format/time-operators.ts";
import { tlsOperators } from "./format/tls-operators.ts";

export type { FormatSource, Transfer } from "./format/format-source.ts";

/** A parsed format string: the text for a source. A value that is missing reads `-`. */
export type Format = (source: FormatSource) => string;

/** A piece of a format string: text as it is, or an operator and what its text is cut to. */
export type FormatPart =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "operator"; readonly read: OperatorReader; readonly maxLength: number | undefined };

const operators: OperatorTable = {
  ...addressOperators,
  ...streamOperators,
  ...requestOperators,
  ...timeOperators,
  ...tlsOperators,
};

/** Operators of Envoy 1.40 that are not known here: a format that has one is refused, as it is for names that Envoy has not either. */
const envoyOnly = new Set(
  (
    "BYTES_RETRANSMITTED CEL CLUSTER_METADATA COALESCE COMMON_DURATION DOWNSTREAM_DETECTED_CLOSE_TYPE " +
    "DOWNSTREAM_HANDSHAKE_DURATION DOWNSTREAM_LOCAL_CLOSE_REASON " +
    "METADATA PACKETS_RETRANSMITTED REQUEST_HEADERS_BYTES RESPONSE_HEADERS_BYTES " +
    "RESPONSE_TRAILERS_BYTES ROUNDTRIP_DURATION " +
    "UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED UPSTREAM_CONNECTION_POOL_READY_DURATION UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_FILTER_STATE " +
    "UPSTREAM_HOSTS_ATTEMPTED UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_LOCAL_CLOSE_REASON"
  ).split(" "),
);

/** An operator, or a literal percent sign. */
const operatorPattern = /%(?:([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?)?%/y;

/**
 * Reads Envoy's format string: text with `%OPERATOR(argument):max_length%`, `%%` for a percent sign. Gives the reason when it is
 * none, or names an operator that is not known here. `missing` is what a value that is not there reads.
 */
export function parseFormat(text: string, missing = "-"): Format | { readonly reason: string } {
  const parts = parseFormatParts(text);
  return "reason" in parts ? parts : formatOf(parts, missing);
}

/** The text of parts for a source. */
export function formatOf(parts: readonly FormatPart[], missing: string): Format {
  const [only] = parts;
  if (only?.kind === "literal" && parts.length === 1) return () => only.text;
  return (source) => {
    let text = "";
    for (const part of parts)
      text += part.kind === "literal" ? part.text : (partText(part, source) ?? missing);
    return text;
  };
}

/** The parts of a format string; neighbouring literals are one. */
export function parseFormatParts(text: string): readonly FormatPart[] | { readonly reason: string } {
  const parts: FormatPart[] = [];
  let literal = "";
  let at = 0;
  const flush = () => {
    if (literal !== "") parts.push({ kind: "literal", text: literal });
    literal = "";
  };
  while (at < text.length) {
    const next = text.indexOf("%", at);
    literal += text.slice(at, next < 0 ? text.length : next);
    if (next < 0) break;
    operatorPattern.lastIndex = next;
    const found = operatorPattern.exec(text);
    if (!found) {
      return { reason: `Incorrect configuration: ${text}. Couldn't find valid command at position ${next}` };
    }
    at = operatorPattern.lastIndex;
    const [, name, argument = "", maxLength] = found;
    if (name === undefined) {
      literal += "%";
      continue;
    }
    const read = readOperator(name, argument, maxLength !== undefined);
    if ("reason" in read) return read;
    flush();
    parts.push({
      kind: "operator",
      read,
      maxLength: maxLength === undefined ? undefined : Number(maxLength),
    });
  }
  flush();
  return parts;
}

function readOperator(name: string, argument: string, hasLength: boolean): OperatorReader | OperatorRefusal {
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!operator) {
    if (envoyOnly.has(name) || /_TLS_|_PEER_|_SAN$|_SUBJECT$|_BYTES_|_DURATION$/.test(name)) {
      return { reason: `%${name}% is not supported by the bundled data plane` };
    }
    return { reason: `Not supported field in StreamInfo: ${name}` };
  }
  if (operator.argument === "none" && (argument !== "" || hasLength)) {
    return { reason: `${name} does not take any parameters or length` };
  }
  if (operator.argument === "required" && argument === "") return { reason: `${name} requires parameters` };
  if (!operator.hasLength && hasLength) return { reason: `${name} does not allow length to be specified.` };
  return operator.read(argument);
}

/** The text of an operator, cut; undefined where it has no value. */
export function partText(
  { read, maxLength }: Extract<FormatPart, { readonly kind: "operator" }>,
  source: FormatSource,
): string | undefined {
  const value = read(source);
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value : valueText(value);
  return maxLength === undefined ? text : text.slice(0, maxLength);
}

/** JSON with sorted keys, as Envoy writes structures. */
export function valueText(value: Exclude<OperatorValue, undefined>): string {
  return JSON.stringify(sortKeys(value));
}

function sortKeys(value: MetadataValue): MetadataValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
