import type { Address } from "../address.ts";
import type { ConnectionInfo } from "../connection-info.ts";
import type { HttpProtocol } from "../http-message.ts";
import type { Host } from "../upstream.ts";
import type { ResponseFlag } from "./response-flags.ts";

/** What a format string is evaluated against. */
export interface FormatSource {
  /** The connection that the `%DOWNSTREAM_…%` operators mean. */
  readonly connection: Pick<
    ConnectionInfo,
    "id" | "remote" | "local" | "directRemote" | "directLocal" | "metadata" | "filterState"
  > &
    Partial<
      Pick<ConnectionInfo, "listenerName" | "filterChainName" | "serverName" | "ja3Hash" | "ja4Hash" | "tls">
    >;
  readonly upstreamHost?: Host | undefined;
  /** This side's end of the upstream connection. */
  readonly upstreamLocal?: Address | undefined;
  /** The cluster that was chosen. */
  readonly upstreamCluster?: string | undefined;
  /** What has gone over the connection so far: only access logs know. */
  readonly transfer?: Transfer | undefined;
  /** The request that it is about; absent on a bare connection. */
  readonly exchange?: HttpExchange | undefined;
  /** How it came out, as far as it has come. */
  readonly outcome?: StreamOutcome | undefined;
  readonly hostname: string;
}

/** A request and what came of it, as far as it has come. */
export interface HttpExchange {
  /**
   * A header by its lower-case name, or `:method`, `:path`, `:authority`, `:scheme`: the first of its values, as logs and formats have
   * it. `isWhole`: all of them with commas between, as matchers see it.
   */
  request(name: string, isWhole?: boolean): string | undefined;
  /** The first of the values of a header. */
  response(name: string): string | undefined;
  /** The first of the values of a trailer of the response by its lower-case name. */
  trailer?(name: string): string | undefined;
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
  /** `%LOCAL_REPLY_BODY%`, where a local reply is being written. */
  readonly localReplyBody?: string;
  readonly routeName: string | undefined;
  readonly virtualHost: string | undefined;
}

/** What went over a connection, headers of the PROXY protocol not counted (PP-94). */
export interface Transfer {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly durationMs: number;
}

/** `envoy.data.accesslog.v3.AccessLogType`, as `%ACCESS_LOG_TYPE%` writes it. */
export type AccessLogType =
  | "NotSet"
  | "TcpConnectionStart"
  | "TcpUpstreamConnected"
  | "TcpPeriodic"
  | "TcpConnectionEnd"
  | "DownstreamStart"
  | "DownstreamPeriodic"
  | "DownstreamEnd";

/** What is known at the end of a request or connection beside what went over it. */
export interface StreamOutcome {
  /** `NotSet` unless given. */
  readonly logType?: AccessLogType | undefined;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Wall clock when the entry is made. */
  readonly endedAtMs: number;
  readonly timing?: StreamTiming | undefined;
  /** The request was one of the health_check filter's. */
  readonly isHealthCheck?: boolean | undefined;
  /** Of a connection; a request has its own. */
  readonly flags?: readonly ResponseFlag[] | undefined;
  /** `%CONNECTION_TERMINATION_DETAILS%` */
  readonly terminationDetails?: string | undefined;
  /** Of a connection: why the upstream could not be reached, or its handshake failed. */
  readonly upstreamFailure?: string | undefined;
  /** Why the client's handshake failed. */
  readonly downstreamFailure?: string | undefined;
  /** `%STREAM_ID%` */
  readonly streamId?: string | undefined;
  /** Of a connection: how often an upstream was tried. */
  readonly attempts?: number | undefined;
  /** `HTTP/1.1`, `HTTP/2`. */
  readonly upstreamProtocol?: string | undefined;
}

/** When something happened to a request, in milliseconds since its start; absent: it has not. */
export interface StreamTiming {
  /** The last byte of the request came. */
  readonly requestEnd?: number | undefined;
  /** The answer of the upstream began. */
  readonly firstUpstreamReceived?: number | undefined;
  /** The last byte of the answer was sent. */
  readonly lastDownstreamSent?: number | undefined;
}
