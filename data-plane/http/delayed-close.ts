import type { Deadline } from "../network/deadline.ts";

/** What of a socket is looked at and done here. */
export interface ClosingSocket {
  /** What is written and has not gone out. */
  readonly writableLength: number;
  /** `destroySoon` was called. */
  readonly writableEnded: boolean;
  resume(): unknown;
  /** Ends the side of the proxy behind what is written, and closes then. */
  destroySoon(): void;
  destroy(): unknown;
}

interface DelayedCloseOptions {
  readonly socket: ClosingSocket;
  /** Nothing else is set on it from now on; `onDeadline` is to be called when it has passed. */
  readonly deadline: Pick<Deadline, "set" | "clear">;
  /** `delayed_close_timeout`; 0: the proxy closes as soon as everything has gone out. */
  readonly delayedCloseMs: number;
  /** `stream_idle_timeout`: how long a client may take nothing at all of what is left; 0 for any time. */
  readonly streamIdleTimeoutMs: number;
  /** The client has not closed in time. */
  readonly onTimeout: () => void;
}

/**
 * The end of a connection to a client whose last answer is written. The client closes, which keeps the answer safe; the proxy does
 * when the client has had everything for `delayed_close_timeout`. As in Envoy that time begins anew as long as some of the answer goes
 * out, so that a slow client gets it whole. Envoy cuts a client that takes nothing for that time; since Node tells of progress by
 * whole writes only, it has `stream_idle_timeout` here.
 */
export class DelayedClose {
  readonly #options: DelayedCloseOptions;
  #leftBytes: number;
  #stalledMs = 0;

  constructor(options: DelayedCloseOptions) {
    const { socket, deadline, delayedCloseMs } = options;
    this.#options = options;
    this.#leftBytes = socket.writableLength;
    if (delayedCloseMs === 0) this.#closeBehindAll();
    else {
      // What comes is dropped: left unread it would turn the close into a reset.
      socket.resume();
      deadline.set(delayedCloseMs);
    }
  }

  onDeadline(): void {
    const { socket, deadline, delayedCloseMs, streamIdleTimeoutMs, onTimeout } = this.#options;
    if (socket.writableEnded) return void socket.destroy();
    const leftBytes = socket.writableLength;
    const isStalled = leftBytes === this.#leftBytes;
    this.#leftBytes = leftBytes;
    this.#stalledMs = isStalled ? this.#stalledMs + delayedCloseMs : 0;
    const allowedMs = leftBytes === 0 ? delayedCloseMs : streamIdleTimeoutMs || Number.POSITIVE_INFINITY;
    if (this.#stalledMs < allowedMs) return deadline.set(delayedCloseMs);
    onTimeout();
    if (leftBytes === 0) this.#closeBehindAll();
    else socket.destroy();
  }

  /** Closes when all that is written has gone out; not to a client that takes nothing of it for as long as a stream may be idle. */
  #closeBehindAll(): void {
    const { socket, deadline, streamIdleTimeoutMs } = this.#options;
    socket.destroySoon();
    if (streamIdleTimeoutMs > 0) deadline.set(streamIdleTimeoutMs);
    else deadline.clear();
  }
}
