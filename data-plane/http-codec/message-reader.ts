import { unreachable } from "../../src/base/unreachable.ts";
import { HeaderList } from "../network/header-list.ts";
import type { BodyFraming } from "./body-framing.ts";
import { framingOf } from "./body-framing.ts";
import { ChunkedBody } from "./chunked-body.ts";
import type { CodecError } from "./codec-error.ts";
import { readHeaderLines } from "./header-lines.ts";

/** What may come in one message. */
export interface MessageLimits {
  /** Of the head, and of the trailers, first line and line breaks included. */
  readonly maxHeadBytes: number;
  readonly maxHeaders: number;
  /** A message may have a length beside its chunks: the chunks count. False when absent. */
  readonly allowsChunkedLength?: boolean;
}

/** What the reader of a head makes of it. */
export type HeadAnswer = "body" | "no-body" | "interim" | "tunnel" | CodecError;

/** Who is told what the bytes mean, in this order: head, any number of data, end. Called within `read` only. */
export interface MessageSink<StartLine> {
  /**
   * A head is whole. For a response the answer may say that there is no body, whatever the headers say (HEAD, 204, 304), or that
   * another head follows (1xx), or that no HTTP follows any more (101), or
   * that the message is not to be taken.
   */
  onHead(line: StartLine, headers: HeaderList, framing: BodyFraming): HeadAnswer;
  onData(data: Buffer): void;
  /** The message is whole; `trailers` of a chunked body that had any. Nothing behind it is read until `next`. */
  onEnd(trailers: HeaderList | undefined): void;
}

type State =
  | { readonly kind: "head" }
  | { readonly kind: "length"; left: number }
  | { readonly kind: "chunked"; readonly body: ChunkedBody }
  | { readonly kind: "trailers" }
  | { readonly kind: "until-close" }
  /** The message is over; bytes that come belong to the next one. */
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: CodecError };

const LF = 10;
const CR = 13;
const noBytes = Buffer.alloc(0);
const headState: State = { kind: "head" };
const trailersState: State = { kind: "trailers" };
const untilCloseState: State = { kind: "until-close" };
const endedState: State = { kind: "ended" };

/** Reads HTTP/1 messages of one direction of one connection, in pieces as they come. No I/O. */
export class MessageReader<StartLine extends object> {
  readonly #readStartLine: (line: string) => StartLine | CodecError;
  readonly #isRequest: boolean;
  readonly #limits: MessageLimits;
  readonly #sink: MessageSink<StartLine>;
  #state: State = headState;
  /** A head or trailers that are not whole yet. */
  #held: Buffer = noBytes;
  /** Where in `#held` the search for the end goes on. */
  #searched = 0;

  constructor(
    readStartLine: (line: string) => StartLine | CodecError,
    isRequest: boolean,
    limits: MessageLimits,
    sink: MessageSink<StartLine>,
  ) {
    this.#readStartLine = readStartLine;
    this.#isRequest = isRequest;
    this.#limits = limits;
    this.#sink = sink;
  }

  /** What was wrong; no byte is read any more. */
  get error(): CodecError | undefined {
    return this.#state.kind === "failed" ? this.#state.error : undefined;
  }

  /** Nothing of a message has come. */
  get isIdle(): boolean {
    return this.#state.kind === "head" && this.#held.length === 0;
  }

  /** The message is over and the next may be read: `read` goes on with it. */
  next(): void {
    if (this.#state.kind === "ended") this.#state = headState;
  }

  /** Takes bytes as far as they belong to the present message, and says how many: fewer than there are when it has ended or failed. */
  read(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      const next = this.#step(bytes, at);
      if (next < 0) return at;
      at = next;
    }
    return at;
  }

  /** The connection has ended. False when that cuts a message short. */
  end(): boolean {
    if (this.#state.kind === "until-close") {
      this.#state = endedState;
      this.#sink.onEnd(undefined);
    }
    return this.#state.kind === "ended" || this.isIdle;
  }

  /** One step; where the next begins, or -1 when no more is to be read. */
  #step(bytes: Buffer, at: number): number {
    const state = this.#state;
    switch (state.kind) {
      case "head":
      case "trailers":
        return this.#readBlock(bytes, at, state.kind);
      case "length": {
        const end = Math.min(bytes.length, at + state.left);
        state.left -= end - at;
        this.#sink.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
        if (state.left === 0 && this.#state === state) this.#endMessage(undefined);
        return end;
      }
      case "chunked":
        return this.#readChunked(state.body, bytes, at);
      case "until-close":
        this.#sink.onData(at === 0 ? bytes : bytes.subarray(at));
        return bytes.length;
      case "ended":
      case "failed":
        return -1;
      default:
        return unreachable(state);
    }
  }

  #readChunked(body: ChunkedBody, bytes: Buffer, at: number): number {
    const step = body.step(bytes, at);
    switch (step.kind) {
      case "more":
        return bytes.length;
      case "data":
        this.#sink.onData(step.data);
        return step.next;
      case "last":
        this.#state = trailersState;
        return step.next;
      case "bad":
        return this.#fail(step.error);
      default:
        return unreachable(step);
    }
  }

  /** A head or trailers: held until the empty line that ends them. */
  #readBlock(bytes: Buffer, at: number, kind: "head" | "trailers"): number {
    let from = at;
    if (this.#held.length === 0 && kind === "head") {
      // RFC 9112, section 2.2: empty lines before a request line are to be ignored.
      while (from < bytes.length && (bytes[from] === CR || bytes[from] === LF)) from += 1;
      if (from === bytes.length) return from;
    }
    const heldBytes = this.#held.length;
    const block = heldBytes === 0 ? bytes : Buffer.concat([this.#held, bytes.subarray(from)]);
    const start = heldBytes === 0 ? from : 0;
    const end = endOfBlock(block, start, Math.max(start, this.#searched), kind === "trailers");
    const size = (end < 0 ? block.length : end) - start;
    if (size > this.#limits.maxHeadBytes) {
      return this.#fail({
        status: 431,
        reason: `more than ${this.#limits.maxHeadBytes} bytes of headers`,
        details: "http1.headers_too_large",
      });
    }
    if (end < 0) return this.#hold(block, start, bytes.length, kind);
    this.#held = noBytes;
    this.#searched = 0;
    const text = block.toString("latin1", start, end - (block[end - 2] === CR ? 2 : 1));
    const isGood = kind === "head" ? this.#takeHead(text) : this.#takeTrailers(text);
    return isGood ? from + (end - start) - heldBytes : -1;
  }

  #hold(block: Buffer, start: number, read: number, kind: "head" | "trailers"): number {
    const isFirst = this.#held.length === 0;
    // A copy: what came may be a view of a large buffer, and the head may be long in coming.
    this.#held = isFirst ? Buffer.from(block.subarray(start)) : block;
    // A line break may have come by half.
    this.#searched = Math.max(0, this.#held.length - 2);
    if (kind === "trailers") return read;
    const firstLine = this.#held.indexOf(LF);
    if (firstLine < 0) return read;
    // A bad first line is answered at once, not only when the head is whole.
    const line = this.#readStartLine(lineText(this.#held.toString("latin1", 0, firstLine)));
    return isError(line) ? this.#fail(line) : read;
  }

  #takeHead(text: string): boolean {
    const lineEnd = text.indexOf("\n");
    const line = this.#readStartLine(lineText(text.slice(0, lineEnd)));
    if (isError(line)) return this.#fail(line) >= 0;
    const headers = readHeaderLines(text, lineEnd + 1, this.#limits.maxHeaders);
    if (!(headers instanceof HeaderList)) return this.#fail(headers) >= 0;
    const framing = framingOf(headers, this.#isRequest, this.#limits.allowsChunkedLength);
    if ("status" in framing) return this.#fail(framing) >= 0;
    const answer = this.#sink.onHead(line, headers, framing);
    if (typeof answer !== "string") return this.#fail(answer) >= 0;
    this.#begin(framing, answer);
    return true;
  }

  #begin(framing: BodyFraming, answer: Exclude<HeadAnswer, CodecError>): void {
    if (answer === "interim") return;
    if (answer === "tunnel") this.#state = untilCloseState;
    else if (answer === "no-body" || framing.kind === "none") this.#endMessage(undefined);
    else if (framing.kind === "length") this.#state = { kind: "length", left: framing.length };
    else if (framing.kind === "chunked") this.#state = { kind: "chunked", body: new ChunkedBody() };
    else this.#state = untilCloseState;
  }

  #takeTrailers(text: string): boolean {
    const trailers = readHeaderLines(text, 0, this.#limits.maxHeaders);
    if (!(trailers instanceof HeaderList)) return this.#fail(trailers) >= 0;
    this.#endMessage(trailers.count > 0 ? trailers : undefined);
    return true;
  }

  #endMessage(trailers: HeaderList | undefined): void {
    this.#state = endedState;
    this.#sink.onEnd(trailers);
  }

  #fail(error: CodecError): number {
    this.#held = noBytes;
    this.#state = { kind: "failed", error };
    return -1;
  }
}

/** Where the block ends, its empty line included; -1 when that has not come. `from`: not before this the search begins. */
function endOfBlock(block: Buffer, start: number, from: number, mayBeEmpty: boolean): number {
  if (mayBeEmpty) {
    if (block[start] === LF) return start + 1;
    if (block[start] === CR && block[start + 1] === LF) return start + 2;
  }
  for (let at = from; at < block.length; at += 1) {
    if (block[at] !== LF) continue;
    if (block[at + 1] === LF) return at + 2;
    if (block[at + 1] === CR && block[at + 2] === LF) return at + 3;
  }
  return -1;
}

function lineText(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function isError(value: object): value is CodecError {
  return "reason" in value;
}
