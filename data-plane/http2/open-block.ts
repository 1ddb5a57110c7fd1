import type { HpackDecoder } from "./hpack-decoder.ts";
import type { Http2Limits } from "./http2-limits.ts";

const tryBytes = 16384;
/** Of one header block (CVE-2024-28182); as many as Envoy lets nghttp2 take, room for the 8 MiB that a head may have at most. */
const maxContinuations = 512;

/** A header block that is not whole: only its continuation may come. Decoded as far as it goes, so that little of it waits, however long. */
export class OpenBlock {
  readonly streamId: number;
  readonly isNew: boolean;
  readonly isLast: boolean;
  /** What could not be decoded yet. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** CONTINUATION frames that have come. */
  #continuations = 0;
  /** So many bytes are worth a try: trying after each of many small frames would take the square of their number. */
  #nextTryBytes = tryBytes;

  constructor(streamId: number, isNew: boolean, isLast: boolean) {
    this.streamId = streamId;
    this.isNew = isNew;
    this.isLast = isLast;
  }

  /** Counts a continuation; false when it is one too many. */
  mayGoOn(): boolean {
    this.#continuations += 1;
    return this.#continuations <= maxContinuations;
  }

  /** Keeps a copy of a piece. False when the block cannot be decoded. */
  hold(piece: Buffer, decoder: HpackDecoder, limits: Http2Limits): boolean {
    this.#pieces.push(Buffer.from(piece));
    this.#bytes += piece.length;
    if (this.#bytes < this.#nextTryBytes) return true;
    const bytes = Buffer.concat(this.#pieces, this.#bytes);
    const decoded = decoder.decode(bytes, limits, false);
    if (decoded.kind !== "more") return false;
    this.#pieces = [bytes.subarray(decoded.consumed)];
    this.#bytes = bytes.length - decoded.consumed;
    this.#nextTryBytes = Math.max(tryBytes, this.#bytes * 2);
    return true;
  }

  /** What is left to decode, with the last piece. */
  whole(last: Buffer): Buffer {
    return Buffer.concat([...this.#pieces, last], this.#bytes + last.length);
  }
}
