import type { Address } from "./address.ts";
import type { ConnectionInfo, ProxyProtocolState } from "./connection-info.ts";
import type { HeaderList } from "./header-list.ts";
import type { HttpProtocol, RequestHead } from "./http-message.ts";
import type { ConnectAttempt, ConnectFailure, Host, HostCriteria, RoutePriority } from "./upstream.ts";

/** Why an exchange on a connection ended before its end. */
export type StreamReset =
  | "connection-termination"
  | "protocol-error"
  /** The upstream did not begin with it (REFUSED_STREAM, or GOAWAY in front of it): it is safe to send again. */
  | "refused"
  /** The other side took it back (RST_STREAM). */
  | "remote-reset"
  /** The other side could not connect where a CONNECT wanted to (CONNECT_ERROR). */
  | "connect-error";

/** What a client tells of its request, in this order; `onReset` instead of whatever is still missing. */
export interface ServerStreamEvents {
  onRequestData(data: Buffer): void;
  onRequestEnd(trailers: HeaderList | undefined): void;
  /** The client is gone or gave the request up. Nothing may be sent any more. */
  onRequestReset(reason: StreamReset): void;
  /** What was sent and had to wait has gone out. */
  onResponseDrain(): void;
}

/**
 * One request and its answer on a connection of a client: what a codec for HTTP/1.1 or HTTP/2 gives the connection manager. The
 * answer is `sendHead`, any number of `sendData`, `end`; or `sendHead` with `isLast` alone. Not to be touched after its end or reset:
 * on HTTP/1.1 the same object then carries the next request.
 */
export interface ServerStream {
  readonly info: ConnectionInfo;
  readonly protocol: HttpProtocol;
  /** What may wait to be sent to the client before the upstream has to pause. */
  readonly bufferLimitBytes: number;
  /** A head that another one follows, such as 100 or 103. */
  sendInterim(status: number, headers: HeaderList): void;
  /** `isLast`: no body and no trailers follow, and no call of `end`. The codec adds what frames the body. The headers are its own then. */
  sendHead(status: number, headers: HeaderList, isLast: boolean): void;
  /** False: nothing more, please, before `onResponseDrain`. The bytes must not change afterwards. */
  sendData(data: Buffer): boolean;
  /** The answer is whole. */
  end(trailers: HeaderList | undefined): void;
  /** No request follows on the connection, as far as the protocol has one at a time: HTTP/1.1 tells with `connection: close`. */
  closeAfter(): void;
  /** Breaks off what is not whole. `isHard`: even what was sent may be lost. No event follows. */
  reset(isHard: boolean): void;
  /** Nothing more of the request is wanted for now, or it is again. */
  pauseRequest(isPaused: boolean): void;
}

/** What comes back on a stream to an upstream, in this order; `onReset` instead of whatever is still missing. */
export interface UpstreamStreamEvents {
  /** A head that another one follows: 100 to 199, except 101. */
  onInterim(status: number, headers: HeaderList): void;
  /** `isLast`: no data follows, and `onEnd` comes at once. */
  onHead(status: number, headers: HeaderList, isLast: boolean): void;
  onData(data: Buffer): void;
  onEnd(trailers: HeaderList | undefined): void;
  onReset(reason: StreamReset): void;
  /** What was written and had to wait has gone out. */
  onDrain(): void;
}

/** One request and its response on a connection to an upstream. Not to be touched after its end, reset or `cancel`. */
export interface UpstreamStream {
  readonly host: Host;
  readonly local: Address;
  readonly protocol: HttpProtocol;
  /**
   * Sends the head; the codec adds what frames the body and changes nothing in `head`. `isLast`: no body follows, and no `end`.
   */
  sendHead(head: RequestHead, isLast: boolean): void;
  /** False: nothing more, please, before `onDrain`. The bytes must not change afterwards. */
  sendData(data: Buffer): boolean;
  /** The request is whole. */
  end(trailers: HeaderList | undefined): void;
  /** Stops and goes on reading the response. */
  pause(): void;
  resume(): void;
  /** Gives the exchange up. No event follows. */
  cancel(): void;
}

/** A wish for a stream, and who is told what comes of it. */
export interface StreamRequest extends UpstreamStreamEvents, HostCriteria {
  readonly priority: RoutePriority;
  readonly info: ConnectionInfo;
  /** What the PROXY header, if the cluster writes one, is to say; undefined where no downstream is to be told of (PP-95). */
  readonly downstream: ProxyProtocolState | undefined;
  readonly head: RequestHead;
  /** What the client speaks, for clusters that speak the same. */
  readonly protocol: HttpProtocol;
  /** Where the connection must come from, as `original_src` wants it; undefined leaves it to the cluster. */
  readonly source: Address | undefined;
  /** A connection is there. May be called before `openStream` returns, where one was idle. */
  onReady(stream: UpstreamStream): void;
  /**
   * No stream will come. May be called before `openStream` returns. `host` is the one that was chosen, `reason` what the transport
   * socket said of it.
   */
  onFailure(failure: ConnectFailure, host?: Host, reason?: string): void;
}

/** Counters of a cluster that retries and timeouts of requests add to. */
interface RequestCounters {
  retry_or_shadow_abandoned: number;
  upstream_rq_per_try_idle_timeout: number;
  upstream_rq_per_try_timeout: number;
  upstream_rq_retry: number;
  upstream_rq_retry_backoff_exponential: number;
  upstream_rq_retry_backoff_ratelimited: number;
  upstream_rq_retry_limit_exceeded: number;
  upstream_rq_retry_overflow: number;
  upstream_rq_retry_success: number;
}

/** The retries that a cluster has under way, under its circuit breaker. */
export interface RequestRetries {
  /** To be added to in place. */
  readonly counters: RequestCounters;
  /** Takes one; false when as many as may be are taken. */
  take(): boolean;
  /** Gives one back. */
  give(): void;
  /** Counts a response that is not passed on, because the request is tried again, under `retry.upstream_rq_…`. */
  countResponse(status: number): void;
}

/** What a cluster does for HTTP. */
export interface HttpUpstream {
  readonly retries: Readonly<Record<RoutePriority, RequestRetries>>;
  /** This share of the requests is not to be sent, 0 to 1. */
  readonly dropFraction: number;
  openStream(request: StreamRequest): ConnectAttempt;
  /** Counts a response under `upstream_rq_…`; `isInternal`: to a request that counts as internal. */
  countResponse(status: number, isInternal: boolean): void;
  /** Notes how long a response that came whole took, under `upstream_rq_time`. */
  countTime(ms: number, isInternal: boolean): void;
  /** Counts a response that did not come in time. */
  countTimeout(): void;
}
