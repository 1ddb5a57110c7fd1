import { randomUUID } from "node:crypto";
import { env } from "node:process";
import type { MetadataValue } from "../connection-info.ts";
import type { FormatSource, StreamOutcome, StreamTiming, Transfer } from "./format-source.ts";
import { plain, type Operator, type OperatorTable, type OperatorValue } from "./operator.ts";
import { flagsText } from "./response-flags.ts";

const transferred = (of: (transfer: Transfer) => number): Operator =>
  plain(({ transfer }) => transfer && of(transfer));

const outcome = (of: (outcome: StreamOutcome) => OperatorValue): Operator =>
  plain(({ outcome: known }) => known && of(known));

/** Details with their blanks made underscores, so that a line can be split at blanks. */
const joined = (text: string | undefined): string | undefined => text?.replaceAll(" ", "_");

const responseCodeDetails: Operator = {
  argument: "optional",
  hasLength: false,
  read: (argument) =>
    argument === "ALLOW_WHITESPACES"
      ? ({ exchange }) => exchange?.details || undefined
      : ({ exchange }) => joined(exchange?.details || undefined),
};

/** Flags of the request, or of the connection where it is about none. */
export function flagsOf({ exchange, outcome: known }: FormatSource): readonly string[] {
  return exchange?.flags ?? known?.flags ?? [];
}

/** The value under `NAMESPACE:KEY:KEY…`. */
function metadata(
  of: (source: FormatSource, namespace: string) => Readonly<Record<string, MetadataValue>> | undefined,
  hasLength: boolean,
): Operator {
  return {
    argument: "required",
    hasLength,
    read(argument) {
      const [namespace = "", ...keys] = argument.split(":");
      return (source) => lookUp(of(source, namespace), keys);
    },
  };
}

function lookUp(
  fields: Readonly<Record<string, MetadataValue>> | undefined,
  keys: readonly string[],
): OperatorValue {
  let value: OperatorValue = fields;
  for (const key of keys) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const entries: readonly (readonly [string, MetadataValue])[] = Object.entries(value);
    value = entries.find(([name]) => name === key)?.[1];
  }
  return value ?? undefined;
}

const filterState: Operator = {
  argument: "optional",
  hasLength: true,
  read(argument) {
    const [name = "", form = "TYPED", ...fields] = argument.split(":");
    const field = fields.join(":");
    if (name === "") return { reason: "Invalid filter state configuration, key cannot be empty." };
    if (!["PLAIN", "TYPED", "FIELD"].includes(form)) {
      return { reason: "Invalid filter state serialize type, only support PLAIN/TYPED/FIELD." };
    }
    if ((form === "FIELD") !== (field !== "")) {
      return { reason: "Invalid filter state serialize type, FIELD should be used with the field name." };
    }
    return ({ connection }) => {
      const object = connection.filterState(name);
      return form === "FIELD" ? object?.field(field) : object?.serialize();
    };
  },
};

/** A variable of the process as it is when the format is read. One that is not set is `-` even where what is missing reads otherwise. */
const environment: Operator = {
  argument: "required",
  hasLength: true,
  read(name) {
    const value = env[name] ?? "-";
    return () => value;
  },
};

function since(of: (timing: StreamTiming) => number | undefined): Operator {
  return plain(({ outcome: known }) => {
    const ms = known?.timing && of(known.timing);
    return ms === undefined ? undefined : Math.trunc(ms);
  });
}

/** About the connection or request as a whole: who, how much, how long, and how it ended. */
export const streamOperators: OperatorTable = {
  CONNECTION_ID: plain(({ connection }) => connection.id),
  LISTENER_NAME: plain(({ connection }) => connection.listenerName || undefined),
  FILTER_CHAIN_NAME: plain(({ connection }) => connection.filterChainName || undefined),
  REQUESTED_SERVER_NAME: plain(({ connection }) => connection.serverName || undefined),
  TLS_JA3_FINGERPRINT: plain(({ connection }) => connection.ja3Hash),
  TLS_JA4_FINGERPRINT: plain(({ connection }) => connection.ja4Hash),
  // Nothing here traces or sets flags of its own.
  TRACE_ID: plain(() => undefined),
  SPAN_ID: plain(() => undefined),
  CUSTOM_FLAGS: plain(() => ""),
  // Virtual clusters are refused.
  VIRTUAL_CLUSTER_NAME: plain(() => undefined),
  LOCAL_REPLY_BODY: plain(({ exchange }) => exchange?.localReplyBody ?? ""),
  UNIQUE_ID: plain(() => randomUUID()),
  ENVIRONMENT: environment,
  HOSTNAME: plain(({ hostname }) => hostname),
  UPSTREAM_CLUSTER: plain(({ upstreamCluster }) => upstreamCluster),
  UPSTREAM_CLUSTER_RAW: plain(({ upstreamCluster }) => upstreamCluster),
  UPSTREAM_PROTOCOL: outcome(({ upstreamProtocol }) => upstreamProtocol),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: plain(
    ({ exchange, outcome: known }) => exchange?.attempts ?? known?.attempts ?? 0,
  ),
  UPSTREAM_TRANSPORT_FAILURE_REASON: plain(({ exchange, outcome: known }) =>
    joined(exchange?.upstreamFailure ?? known?.upstreamFailure),
  ),
  DOWNSTREAM_TRANSPORT_FAILURE_REASON: outcome(({ downstreamFailure }) => joined(downstreamFailure)),
  RESPONSE_FLAGS: plain((source) => flagsText(flagsOf(source), false)),
  RESPONSE_FLAGS_LONG: plain((source) => flagsText(flagsOf(source), true)),
  RESPONSE_CODE_DETAILS: responseCodeDetails,
  CONNECTION_TERMINATION_DETAILS: outcome(({ terminationDetails }) => terminationDetails),
  ACCESS_LOG_TYPE: plain(({ outcome: known }) => known?.logType ?? "NotSet"),
  STREAM_ID: outcome(({ streamId }) => streamId),
  BYTES_RECEIVED: transferred(({ bytesReceived }) => bytesReceived),
  BYTES_SENT: transferred(({ bytesSent }) => bytesSent),
  DURATION: transferred(({ durationMs }) => Math.trunc(durationMs)),
  REQUEST_DURATION: since(({ requestEnd }) => requestEnd),
  RESPONSE_DURATION: since(({ firstUpstreamReceived }) => firstUpstreamReceived),
  RESPONSE_TX_DURATION: since(({ lastDownstreamSent: last, firstUpstreamReceived: first }) =>
    last === undefined || first === undefined ? undefined : last - first,
  ),
  UPSTREAM_METADATA: metadata(
    ({ upstreamHost }, namespace) => upstreamHost?.metadata.filter.get(namespace),
    false,
  ),
  DYNAMIC_METADATA: metadata(({ connection }, namespace) => connection.metadata(namespace), true),
  FILTER_STATE: filterState,
};
