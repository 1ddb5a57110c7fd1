import type { Address } from "./address.ts";
import { formatAddress, formatHost } from "./address.ts";
import type { ConnectionInfo, MetadataValue } from "./connection-info.ts";
import type { HttpProtocol } from "./http-message.ts";
import type { Host } from "./upstream.ts";

/** What a format string is evaluated against. */
export interface FormatSource {
  /** The connection that the `%DOWNSTREAM_…%` operators mean. */
  readonly connection: Pick<
    ConnectionInfo,
    "id" | "remote" | "local" | "directRemote" | "directLocal" | "metadata" | "filterState"
  >;
  readonly upstreamHost?: Host;
  /** This side's end of the upstream connection. */
  readonly upstreamLocal?: Address;
  /** The cluster that was chosen. */
  readonly upstreamCluster?: string;
  /** What has gone over the connection so far: only access logs know. */
  readonly transfer?: Transfer;
  /** The request that it is about; absent on a bare connection. */
  readonly exchange?: HttpExchange;
  readonly hostname: string;
}

/** A request and what came of it, as far as it has come. */
export interface HttpExchange {
  /** A header by its lower-case name, or `:method`, `:path`, `:authority`, `:scheme`. */
  request(name: string): string | undefined;
  response(name: string): string | undefined;
  /** 0 before there is one. */
  readonly status: number;
  readonly protocol: HttpProtocol;
  /** Short forms, in the order in which they came about: `UF`, `NR`. */
  readonly flags: readonly string[];
  /** How often an upstream was tried: `%UPSTREAM_REQUEST_ATTEMPT_COUNT%`. */
  readonly attempts: number;
  /** What the transport socket said of the last failure: `%UPSTREAM_TRANSPORT_FAILURE_REASON%`. */
  readonly upstreamFailure: string | undefined;
  /** `%RESPONSE_CODE_DETAILS%`, in Envoy's words; empty before there is an answer. */
  readonly details: string;
  readonly routeName: string | undefined;
  readonly virtualHost: string | undefined;
}

/** What went over a connection, headers of the PROXY protocol not counted (PP-94). */
export interface Transfer {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly durationMs: number;
}

/** A parsed format string: the text for a source. A value that is missing reads `-`. */
export type Format = (source: FormatSource) => string;

/** Reads the argument of an operator and gives what it yields for a source. */
type Operator = (argument: string) => (source: FormatSource) => string | undefined;

const port = (address: Address) => (address.family === "pipe" ? undefined : String(address.port));
const none = () => undefined;
const nothing: Operator = () => none;

/** `NAME` or `NAME?OTHER`: the first of the two that is there. */
function header(of: (exchange: HttpExchange, name: string) => string | undefined): Operator {
  return (argument) => {
    const names = argument.toLowerCase().split("?");
    return ({ exchange }) => {
      if (!exchange) return undefined;
      for (const name of names) {
        const value = of(exchange, name);
        if (value !== undefined) return value;
      }
      return undefined;
    };
  };
}

function number(of: (transfer: Transfer) => number): (source: FormatSource) => string | undefined {
  return ({ transfer }) => transfer && String(of(transfer));
}

function addressOperators(name: string, of: (source: FormatSource) => Address): [string, Operator][] {
  return [
    [`${name}_ADDRESS`, () => (source) => formatAddress(of(source))],
    [`${name}_ADDRESS_WITHOUT_PORT`, () => (source) => formatHost(of(source))],
    [`${name}_PORT`, () => (source) => port(of(source))],
  ];
}

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...addressOperators("DOWNSTREAM_REMOTE", ({ connection }) => connection.remote),
  ...addressOperators("DOWNSTREAM_LOCAL", ({ connection }) => connection.local),
  ...addressOperators("DOWNSTREAM_DIRECT_REMOTE", ({ connection }) => connection.directRemote),
  ...addressOperators("DOWNSTREAM_DIRECT_LOCAL", ({ connection }) => connection.directLocal),
  [
    "CONNECTION_ID",
    () =>
      ({ connection }) =>
        String(connection.id),
  ],
  [
    "HOSTNAME",
    () =>
      ({ hostname }) =>
        hostname,
  ],
  [
    "UPSTREAM_HOST",
    () =>
      ({ upstreamHost }) =>
        upstreamHost && formatAddress(upstreamHost.address),
  ],
  [
    "UPSTREAM_LOCAL_ADDRESS",
    () =>
      ({ upstreamLocal }) =>
        upstreamLocal && formatAddress(upstreamLocal),
  ],
  [
    "UPSTREAM_CLUSTER",
    () =>
      ({ upstreamCluster }) =>
        upstreamCluster,
  ],
  ["BYTES_RECEIVED", () => number(({ bytesReceived }) => bytesReceived)],
  ["BYTES_SENT", () => number(({ bytesSent }) => bytesSent)],
  ["DURATION", () => number(({ durationMs }) => Math.trunc(durationMs))],
  [
    "UPSTREAM_METADATA",
    (argument) => {
      const [namespace = "", ...keys] = argument.split(":");
      return ({ upstreamHost }) => lookUp(upstreamHost?.metadata.filter.get(namespace), keys);
    },
  ],
  [
    "DYNAMIC_METADATA",
    (argument) => {
      const [namespace = "", ...keys] = argument.split(":");
      return ({ connection }) => lookUp(connection.metadata(namespace), keys);
    },
  ],
  [
    "FILTER_STATE",
    (argument) => {
      const [name = "", form, field = ""] = argument.split(":");
      return ({ connection }) => {
        const object = connection.filterState(name);
        return form === "FIELD" ? object?.field(field) : object?.serialize();
      };
    },
  ],
  // What belongs to a request has no value on a bare connection (PP-105).
  ["REQ", header((exchange, name) => exchange.request(name))],
  ["RESP", header((exchange, name) => exchange.response(name))],
  ["TRAILER", nothing],
  ["RESPONSE_CODE", () => (source) => String(source.exchange?.status ?? 0)],
  ["PROTOCOL", () => (source) => source.exchange?.protocol],
]);

/** An operator, or a literal percent sign. */
const operatorPattern = /%(?:([A-Z][A-Z0-9_]*)(?:\(([^)]*)\))?(?::(\d+))?)?%/y;

/**
 * Reads Envoy's format string: text with `%OPERATOR(argument):max_length%`, `%%` for a percent sign. Gives the reason when it is
 * none, or names an operator that is not known here. `missing` is what a value that is not there reads.
 */
export function parseFormat(text: string, missing = "-"): Format | { readonly reason: string } {
  const parts: Format[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf("%", at);
    const literal = text.slice(at, next < 0 ? text.length : next);
    if (literal !== "") parts.push(() => literal);
    if (next < 0) break;
    operatorPattern.lastIndex = next;
    const found = operatorPattern.exec(text);
    if (!found) return { reason: `incorrect operator at ${JSON.stringify(text.slice(next, next + 40))}` };
    const part = parseOperator(found[1], found[2] ?? "", found[3], missing);
    if (typeof part !== "function") return part;
    parts.push(part);
    at = operatorPattern.lastIndex;
  }
  return (source) => parts.map((part) => part(source)).join("");
}

function parseOperator(
  name: string | undefined,
  argument: string,
  maxLength: string | undefined,
  missing: string,
): Format | { readonly reason: string } {
  if (name === undefined) return () => "%";
  const operator = operators.get(name);
  if (!operator) return { reason: `%${name}% is not known to the bundled data plane` };
  const read = operator(argument);
  const limit = maxLength === undefined ? undefined : Number(maxLength);
  return (source) => (read(source) ?? missing).slice(0, limit);
}

/** The value under a path of keys: text as it is, everything else as JSON with sorted keys. */
function lookUp(
  fields: Readonly<Record<string, MetadataValue>> | undefined,
  keys: readonly string[],
): string | undefined {
  let value: MetadataValue | undefined = fields;
  for (const key of keys) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const entries: readonly (readonly [string, MetadataValue])[] = Object.entries(value);
    value = entries.find(([name]) => name === key)?.[1];
  }
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(sortKeys(value));
}

function sortKeys(value: MetadataValue): MetadataValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
