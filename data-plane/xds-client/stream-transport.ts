/** One gRPC stream, as bytes. */
export interface XdsStream {
  /**
   * The messages of the server, in order, read at the pace of the loop. It ends when the server ends the stream
   * with OK, and throws a StreamError for every other end.
   */
  readonly messages: AsyncIterable<Buffer>;
  /** Resolves when the connection under the stream is up; stays pending when that never happens. */
  readonly connected: Promise<void>;
  send(message: Buffer): void;
  /** Resolves when what was sent is on its way: the receiver takes it. Resolves at the end of the stream too. */
  drained(): Promise<void>;
  /** Ends the stream from this side. Idempotent. */
  cancel(): void;
}

/** Opens streams of one method to one control plane. */
export interface StreamTransport {
  /** Where streams go, for logs: the cluster's name or target. */
  readonly target: string;
  /** The method without its service: `StreamAggregatedResources`. */
  readonly method: string;
  /** A new stream on a new connection. Does not throw: what fails shows in `messages`. */
  open(): XdsStream;
}

/** A stream that ended with another status than OK. */
export class StreamError extends Error {
  /** gRPC status code; 14 when no connection came about. */
  readonly code: number;

  constructor(code: number, details: string) {
    super(details);
    this.name = "StreamError";
    this.code = code;
  }
}
