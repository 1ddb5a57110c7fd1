import { isUtf8 } from "node:buffer";
import { DecodeError } from "./decode-error.ts";

const twoTo32 = 4294967296;

/**
 * Reads protobuf wire primitives from one buffer. `end` bounds every read and is lowered while a nested message
 * is read, so nothing can read past its own length. Throws `DecodeError` (with an empty path).
 */
export class ByteReader {
  readonly bytes: Buffer;
  position = 0;
  end: number;
  /** The two halves of the last 64-bit value read; unsigned 32-bit each. */
  low = 0;
  high = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** A varint cut to its low 32 bits, as tags, lengths, 32-bit integers and enums are read. */
  uint32(): number {
    const { bytes } = this;
    const first = bytes[this.position];
    if (first !== undefined && first < 128 && this.position < this.end) {
      this.position += 1;
      return first;
    }
    this.varint64();
    return this.low;
  }

  /** A varint of up to ten bytes into `low` and `high`. */
  varint64(): void {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    let position = this.position;
    for (let index = 0; index < 10; index += 1) {
      if (position >= end) throw new DecodeError("", "the bytes end inside a varint");
      const byte = bytes[position]!;
      position += 1;
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (index < 9) high |= bits << (7 * index - 32);
      else high |= (bits & 1) << 31;
      if (byte < 128) {
        this.position = position;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw new DecodeError("", "a varint is longer than ten bytes");
  }

  /** Eight little-endian bytes into `low` and `high`. */
  fixed64(): void {
    const at = this.take(8);
    this.low = this.bytes.readUInt32LE(at);
    this.high = this.bytes.readUInt32LE(at + 4);
  }

  /** Moves past `length` bytes and returns where they start. */
  take(length: number): number {
    const start = this.position;
    if (length > this.end - start) {
      throw new DecodeError("", `the bytes end early: ${length} more expected, ${this.end - start} are left`);
    }
    this.position = start + length;
    return start;
  }

  /** Reads a length and lowers `end` to it; the former `end` is returned and set again by the caller. */
  enter(): number {
    const { end } = this;
    const length = this.uint32();
    const start = this.take(length);
    this.position = start;
    this.end = start + length;
    return end;
  }

  /** `low` and `high` as a decimal string. */
  decimal(isSigned: boolean): string {
    const { low, high } = this;
    if (high < 0x200000) return String(high * twoTo32 + low);
    const bits = (BigInt(high) << 32n) | BigInt(low);
    return String(isSigned ? BigInt.asIntN(64, bits) : bits);
  }

  /** A length-delimited UTF-8 string. */
  string(): string {
    const length = this.uint32();
    const start = this.take(length);
    const text = this.bytes.toString("utf8", start, start + length);
    // The replacement character is either written out or stands for a broken sequence; only then look closer.
    if (text.includes("\ufffd") && !isUtf8(this.bytes.subarray(start, start + length))) {
      throw new DecodeError("", "a string is not valid UTF-8");
    }
    return text;
  }

  /** A length-delimited view of the input; shares its memory. */
  slice(): Buffer {
    const length = this.uint32();
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Skips one value of the given tag, groups included, nested at most `depth` deep. */
  skip(tag: number, depth: number): void {
    switch (tag & 7) {
      case 0:
        this.varint64();
        return;
      case 1:
        this.take(8);
        return;
      case 2:
        this.take(this.uint32());
        return;
      case 3:
        this.#skipGroup(tag >>> 3, depth);
        return;
      case 5:
        this.take(4);
        return;
      default:
        throw new DecodeError("", `field ${tag >>> 3} has the invalid wire type ${tag & 7}`);
    }
  }

  #skipGroup(number: number, depth: number): void {
    if (depth <= 0) throw new DecodeError("", "groups are nested too deep");
    for (;;) {
      const tag = this.uint32();
      if ((tag & 7) === 4) {
        if (tag >>> 3 === number) return;
        throw new DecodeError("", `group ${number} is closed by the end of group ${tag >>> 3}`);
      }
      this.skip(tag, depth - 1);
    }
  }
}
