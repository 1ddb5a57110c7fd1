import type { HeaderList } from "../network/header-list.ts";

/** Who is told what comes on a stream, in this order; `onReset` instead of whatever is still missing. */
export interface StreamSink {
  /** Of a response: 100 to 199 are followed by another. `isLast`: `onEnd` comes at once. */
  onHead(status: number, headers: HeaderList, isLast: boolean): void;
  onData(data: Buffer): void;
  onEnd(trailers: HeaderList | undefined): void;
  /** `code`: an ErrorCode. */
  onReset(code: number, by: ResetBy): void;
  /** What had to wait has gone out, enough of it for more to be welcome. */
  onDrain(): void;
}

/** Who ended a stream before its end: the peer with RST_STREAM, this side because of what the peer sent, or the connection. */
export type ResetBy = "peer" | "messaging" | "connection";

/** One direction of a stream. */
type Side =
  | "open"
  /** Its end is queued behind data. */
  | "ending"
  | "ended";

/** What a stream needs from its session. */
export interface StreamSession {
  /** The stream has something to send. */
  pump(stream: Http2Stream): void;
  sendHeaders(stream: Http2Stream, pseudo: readonly string[], flat: readonly string[], isLast: boolean): void;
  reset(stream: Http2Stream, code: number): void;
  /** Lets the peer send as many bytes more. */
  credit(stream: Http2Stream, bytes: number): void;
  ended(stream: Http2Stream): void;
}

const noHeaders: readonly string[] = [];
/** Beyond this share of a larger buffer, a small piece that waits is copied, lest it hold the whole of it. */
const heldShare = 4;

/** One stream of a session: its windows, and what waits for them. */
export class Http2Stream {
  /** 0 until its head is sent, for a stream of this side. */
  id = 0;
  readonly #session: StreamSession;
  readonly #bufferLimitBytes: number;
  sink: StreamSink | undefined;
  /** What the peer lets this side send; below zero when it took some back. */
  sendWindow: number;
  /** What this side still lets the peer send. */
  receiveWindow: number;
  /** Received and not credited yet, because nobody wants more for now. */
  withheldBytes = 0;
  /** Received, credited, and not told to the peer yet. */
  untoldBytes = 0;
  /** What of the body `content-length` promises is still to come. */
  expectedBytes: number | undefined;
  /** The final head of the response has come, or that of the request. */
  hasHead = false;
  /** The peer is told to stop once this side has said all, whatever it still has to say. */
  resetsAtEnd = false;
  local: Side = "open";
  remote: Exclude<Side, "ending"> = "open";
  #isPaused = false;
  #isClosed = false;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #wantsDrain = false;
  #trailers: readonly string[] | undefined;

  constructor(session: StreamSession, sendWindow: number, receiveWindow: number, bufferLimitBytes: number) {
    this.#session = session;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
    this.#bufferLimitBytes = bufferLimitBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** There is something to send: data, or an end that waits for nothing any more. */
  get hasQueue(): boolean {
    return this.#queuedBytes > 0 || this.local === "ending";
  }

  get hasTrailers(): boolean {
    return this.#trailers !== undefined;
  }

  sendHead(pseudo: readonly string[], headers: HeaderList, isLast: boolean): void {
    if (this.local !== "open" || this.#isClosed) return;
    if (isLast) this.local = "ended";
    this.#session.sendHeaders(this, pseudo, headers.flat, isLast);
    if (isLast) this.#session.ended(this);
  }

  /** False: nothing more, please, before `onDrain`. */
  sendData(data: Buffer): boolean {
    if (this.local !== "open" || this.#isClosed) return true;
    if (data.length === 0) return this.#isTaken();
    this.#queue.push(data);
    this.#queuedBytes += data.length;
    this.#session.pump(this);
    this.#keepSmall();
    return this.#isTaken();
  }

  end(trailers: HeaderList | undefined): void {
    if (this.local !== "open" || this.#isClosed) return;
    this.local = "ending";
    if (trailers && trailers.count > 0) this.#trailers = trailers.flat;
    this.#session.pump(this);
  }

  /** Breaks the stream off. No event follows. */
  reset(code: number): void {
    if (!this.#isClosed) this.#session.reset(this, code);
  }

  /** While paused the peer's window is not opened again. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused || this.withheldBytes === 0) return;
    const bytes = this.withheldBytes;
    this.withheldBytes = 0;
    this.#session.credit(this, bytes);
  }

  /** Takes from the queue what one frame may carry; `isLast`: END_STREAM goes with it. For the session. */
  take(most: number): { readonly data: Buffer; readonly isLast: boolean } {
    const first = this.#queue[0];
    let data = noBytes;
    if (first) {
      data = first.length <= most ? first : first.subarray(0, most);
      if (data === first) this.#queue.shift();
      else this.#queue[0] = first.subarray(most);
      this.#queuedBytes -= data.length;
    }
    const isLast = this.#queuedBytes === 0 && this.local === "ending" && this.#trailers === undefined;
    if (isLast) this.local = "ended";
    return { data, isLast };
  }

  /** Sends the trailers, once nothing is before them. For the session. */
  flushTrailers(): void {
    const trailers = this.#trailers;
    if (!trailers || this.#queuedBytes > 0) return;
    this.#trailers = undefined;
    this.local = "ended";
    this.#session.sendHeaders(this, noHeaders, trailers, true);
  }

  /** Tells the sink when enough has gone out. For the session. */
  tellDrained(): void {
    if (!this.#wantsDrain || this.#queuedBytes > this.#bufferLimitBytes / 2) return;
    this.#wantsDrain = false;
    this.sink?.onDrain();
  }

  /** The stream is no more; gives its sink, which hears nothing from now on. For the session. */
  close(): StreamSink | undefined {
    const { sink } = this;
    this.#isClosed = true;
    this.sink = undefined;
    this.#queue = [];
    this.#queuedBytes = 0;
    return sink;
  }

  #isTaken(): boolean {
    if (this.#queuedBytes <= this.#bufferLimitBytes) return true;
    this.#wantsDrain = true;
    return false;
  }

  #keepSmall(): void {
    const at = this.#queue.length - 1;
    const last = this.#queue[at];
    if (last && last.length * heldShare < last.buffer.byteLength) this.#queue[at] = Buffer.from(last);
  }
}

const noBytes: Buffer = Buffer.alloc(0);
