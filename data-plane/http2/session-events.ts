import type { RequestHead } from "../network/http-message.ts";
import type { Http2Stream, ResetBy } from "./stream.ts";

/** Why a session ended by its own doing; Envoy's words where it has some. */
export interface SessionFailure {
  /** `flood`: the peer asks for more than it takes. */
  readonly kind: "protocol" | "flood";
  readonly reason: string;
}

/** How a stream ended before its end; `local`: this side gave it up. */
export interface StreamEnding {
  /** An ErrorCode. */
  readonly code: number;
  readonly by: ResetBy | "local";
}

/** What the owner of a session is told. */
export interface SessionEvents {
  /** A client's request; whoever serves it sets `stream.sink` before this returns. `isLast`: no body follows. */
  onRequest(stream: Http2Stream, head: RequestHead, isLast: boolean): void;
  /** A client's request that is none, and is not served. */
  onBadRequest(): void;
  /** The peer takes no new streams. Those that it will not serve have been reset. */
  onGoAway(code: number): void;
  /** The peer allows another number of streams at once. */
  onMaxStreams(): void;
  /** A frame has come; `isPingAck`: the answer to a ping of ours. */
  onFrame(isPingAck: boolean): void;
  /** A stream is over, and its sink is about to hear of it. `reset`: why, when that was before its end. */
  onStreamEnd(stream: Http2Stream, reset: StreamEnding | undefined): void;
  /** The last frame is written, no other will be; the connection is to be closed. */
  onFail(failure: SessionFailure): void;
}
