/**
 * Writes protobuf wire primitives into one buffer that grows by doubling and is used again for the next message.
 * A length that is not known yet is left one byte; `close` makes room where it needs more.
 */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(4096);
  #length = 0;

  /** A copy of what was written since the last `reset`. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  reset(): void {
    this.#length = 0;
    // One giant message must not keep its buffer for ever.
    if (this.#bytes.length > 1 << 20) this.#bytes = Buffer.allocUnsafeSlow(4096);
  }

  uint32(value: number): void {
    this.#reserve(5);
    this.#varint32(value);
  }

  /** The varint of a 64-bit value given as two unsigned halves. */
  varint64(low: number, high: number): void {
    this.#reserve(10);
    let restLow = low >>> 0;
    let restHigh = high >>> 0;
    while (restHigh > 0) {
      this.#bytes[this.#length] = (restLow & 0x7f) | 0x80;
      this.#length += 1;
      restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0;
      restHigh >>>= 7;
    }
    this.#varint32(restLow);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#bytes.writeUInt32LE(value >>> 0, this.#length);
    this.#length += 4;
  }

  fixed64(low: number, high: number): void {
    this.fixed32(low);
    this.fixed32(high);
  }

  float(value: number): void {
    this.#reserve(4);
    this.#bytes.writeFloatLE(value, this.#length);
    this.#length += 4;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#bytes.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  /** Length-delimited UTF-8. */
  string(value: string): void {
    // A UTF-16 unit is at most three bytes, so up to 42 of them have a length of one byte.
    if (value.length <= 42) {
      this.#reserve(1 + value.length * 3);
      const written = this.#writeShort(value, this.#length + 1);
      this.#bytes[this.#length] = written;
      this.#length += 1 + written;
      return;
    }
    const size = Buffer.byteLength(value);
    this.uint32(size);
    this.#reserve(size);
    this.#bytes.write(value, this.#length, size, "utf8");
    this.#length += size;
  }

  /** Length-delimited bytes. */
  bytes(value: Uint8Array): void {
    this.uint32(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Opens a length-delimited part; give the result to `close`. */
  open(): number {
    this.#reserve(1);
    this.#length += 1;
    return this.#length;
  }

  /** Writes the length of everything since `open`. */
  close(start: number): void {
    const size = this.#length - start;
    if (size < 128) {
      this.#bytes[start - 1] = size;
      return;
    }
    const extra = size < 1 << 14 ? 1 : size < 1 << 21 ? 2 : size < 1 << 28 ? 3 : 4;
    this.#reserve(extra);
    this.#bytes.copyWithin(start + extra, start, this.#length);
    this.#length = start - 1;
    this.#varint32(size);
    this.#length += size;
  }

  #varint32(value: number): void {
    let rest = value >>> 0;
    while (rest > 127) {
      this.#bytes[this.#length] = (rest & 0x7f) | 0x80;
      this.#length += 1;
      rest >>>= 7;
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  /** ASCII in a loop is several times faster than a call into the runtime; anything else leaves it to that. */
  #writeShort(value: string, at: number): number {
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 127) return this.#bytes.write(value, at, value.length * 3, "utf8");
      this.#bytes[at + index] = code;
    }
    return value.length;
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
