import type { HeaderList } from "../network/header-list.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import type { ServerStream } from "../network/http-stream.ts";
import { ErrorCode } from "../http2/frames.ts";
import type { Http2Stream, ResetBy, StreamSink } from "../http2/stream.ts";
import type { ExchangeTimers, TimedExchange } from "./exchange-timers.ts";
import type { Exchange } from "./exchange.ts";

/** What a stream needs of its connection. */
export interface Http2StreamOwner {
  readonly info: ConnectionInfo;
  readonly bufferLimitBytes: number;
  /** An answer begins: time to see whether the connection is to end behind it. */
  onAnswer(): void;
  /** All of the answer is said, though it may not have gone out. */
  onAnswered(): void;
  /** How long what is left of an answer may take to go out; 0 for any time. */
  readonly flushTimeoutMs: number;
  /** It took longer, and is dropped. */
  onFlushTimeout(): void;
  onReset(stream: Http2ServerStream): void;
}

/** One request of a client that speaks HTTP/2, and its answer. */
export class Http2ServerStream implements ServerStream, StreamSink, TimedExchange {
  readonly protocol = "HTTP/2";
  readonly startedAtMs: number;
  readonly timers: ExchangeTimers;
  exchange: Exchange | undefined;
  /** A head of the answer has been sent. */
  hasAnswer = false;
  readonly #owner: Http2StreamOwner;
  readonly #stream: Http2Stream;

  constructor(owner: Http2StreamOwner, stream: Http2Stream, timers: ExchangeTimers, startedAtMs: number) {
    this.#owner = owner;
    this.#stream = stream;
    this.timers = timers;
    this.startedAtMs = startedAtMs;
  }

  get info(): ConnectionInfo {
    return this.#owner.info;
  }

  get bufferLimitBytes(): number {
    return this.#owner.bufferLimitBytes;
  }

  sendInterim(status: number, headers: HeaderList): void {
    this.#stream.sendHead([":status", String(status)], headers, false);
  }

  sendHead(status: number, headers: HeaderList, isLast: boolean): void {
    this.hasAnswer = true;
    // Content has no place there (RFC 9110, section 8.6).
    if (status === 204) headers.remove("content-length");
    this.#owner.onAnswer();
    this.#stream.resetsAtEnd = true;
    if (isLast) this.exchange = undefined;
    this.#stream.sendHead([":status", String(status)], headers, isLast);
    if (isLast) this.#owner.onAnswered();
  }

  sendData(data: Buffer): boolean {
    return this.#stream.sendData(data);
  }

  end(trailers: HeaderList | undefined): void {
    this.exchange = undefined;
    this.#stream.end(trailers);
    this.#owner.onAnswered();
    this.#watchFlush();
  }

  /** A client that takes nothing of the rest would hold it for ever. The timers of the exchange are free: it is over. */
  #watchFlush(): void {
    const { flushTimeoutMs } = this.#owner;
    if (flushTimeoutMs === 0 || this.#stream.isClosed || this.#stream.queuedBytes === 0) return;
    this.timers.begin(this);
    this.timers.set("idle", flushTimeoutMs);
  }

  onDeadline(): void {
    if (this.#stream.queuedBytes === 0) return;
    this.#owner.onFlushTimeout();
    this.#stream.reset(ErrorCode.none);
  }

  closeAfter(): void {
    // Streams do not stand behind one another: the connection goes on.
  }

  reset(_isHard: boolean): void {
    this.exchange = undefined;
    this.#stream.reset(ErrorCode.internal);
  }

  pauseRequest(isPaused: boolean): void {
    this.#stream.pause(isPaused);
  }

  onHead(): void {
    // A request's head came with the stream.
  }

  onData(data: Buffer): void {
    this.exchange?.onRequestData(data);
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.exchange?.onRequestEnd(trailers);
  }

  onReset(_code: number, by: ResetBy): void {
    this.#owner.onReset(this);
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.onRequestReset(
      by === "peer" ? "remote-reset" : by === "messaging" ? "protocol-error" : "connection-termination",
    );
  }

  onDrain(): void {
    this.exchange?.onResponseDrain();
  }
}
