import type { ConnectionInfo, ProxyProtocolState } from "./connection-info.ts";
import type { HeaderList } from "./header-list.ts";
import type { ConnectAttempt, ConnectFailure, Host } from "./upstream.ts";
import type { Address } from "./address.ts";

/** Why an exchange with an upstream ended before its end. */
export type StreamReset = "connection-termination" | "protocol-error";

/** What comes back on a stream to an upstream, in this order; `onReset` instead of whatever is still missing. */
export interface UpstreamStreamEvents {
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
  /** First line and headers as they go out, with the empty line. `body` is what there is of the body already, framed. */
  writeHead(head: string, body: Buffer | undefined): boolean;
  /** False: nothing more, please, before `onDrain`. `data` is framed already. */
  write(data: Buffer | string): boolean;
  /** The request is whole. */
  end(): void;
  /** Stops and goes on reading the response. */
  pause(): void;
  resume(): void;
  /** Gives the exchange up. No event follows. */
  cancel(): void;
}

/** A wish for a stream. */
export interface StreamRequest {
  readonly info: ConnectionInfo;
  /** What the PROXY header, if the cluster writes one, is to say; undefined where no downstream is to be told of (PP-95). */
  readonly downstream: ProxyProtocolState | undefined;
  readonly method: string;
  readonly events: UpstreamStreamEvents;
  /** A connection is there. May be called before `openStream` returns, where one was idle. */
  onReady(stream: UpstreamStream): void;
  /** No stream will come. May be called before `openStream` returns. */
  onFailure(failure: ConnectFailure): void;
}

/** What a cluster does for HTTP. */
export interface HttpUpstream {
  openStream(request: StreamRequest): ConnectAttempt;
  /** Counts a response under `upstream_rq_…`; `isInternal`: to a request that counts as internal. */
  countResponse(status: number, isInternal: boolean): void;
  /** Counts a response that did not come in time. */
  countTimeout(): void;
}
