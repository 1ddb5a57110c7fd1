/** Bytes that an unsigned varint takes. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Bytes of a length-delimited field with a one-byte tag. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Bytes of a string field with a one-byte tag; proto3 leaves out an empty one. */
export function stringFieldSize(text: string): number {
  return text === "" ? 0 : fieldSize(Buffer.byteLength(text));
}

/** Bytes of a varint field with a one-byte tag; proto3 leaves out a zero. */
export function varintFieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

/** Writes protobuf fields into a buffer of the exact size, which the caller has worked out. */
export class WireWriter {
  readonly bytes: Buffer;
  /** The same memory with the room before it. */
  readonly withHead: Buffer;
  #at = 0;

  /** `headSize` bytes before the fields are left to whoever frames them. */
  constructor(size: number, headSize = 0) {
    this.withHead = Buffer.allocUnsafe(headSize + size);
    this.bytes = headSize === 0 ? this.withHead : this.withHead.subarray(headSize);
  }

  /** Tag and length; what is written next is the content. Field numbers up to 15 only. */
  open(field: number, length: number): void {
    this.bytes[this.#at++] = (field << 3) | 2;
    this.#varint(length);
  }

  /** An unsigned number up to 2^53; proto3 leaves out a zero. */
  varint(field: number, value: number): void {
    if (value === 0) return;
    this.bytes[this.#at++] = field << 3;
    this.#varint(value);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      // The low seven bits; a number above 2^31 has no other way to them.
      this.bytes[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.#at++] = rest;
  }

  string(field: number, text: string): void {
    if (text === "") return;
    this.open(field, Buffer.byteLength(text));
    this.#at += this.bytes.write(text, this.#at);
  }

  blob(field: number, content: Uint8Array): void {
    this.open(field, content.length);
    this.encoded(content);
  }

  /** Fields that are encoded already, with their tags. */
  encoded(fields: Uint8Array): void {
    this.bytes.set(fields, this.#at);
    this.#at += fields.length;
  }
}

/** One field of an encoded message: its number, and its value as number (varint) or as view of the bytes. */
export type WireField =
  | { readonly number: number; readonly varint: number }
  | { readonly number: number; readonly bytes: Buffer };

/** Thrown for bytes that are no protobuf message. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/**
 * Reads the fields of an encoded message one by one. Varints are read as unsigned and exact up to 2^53; fixed32 and
 * fixed64 values come as bytes. Views share the memory of `bytes`. Its methods throw WireError.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next field, or undefined at the end of the message. */
  next(): WireField | undefined {
    if (this.#at >= this.#bytes.length) return undefined;
    const tag = this.#varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new WireError(`field number 0 before byte ${this.#at}`);
    switch (tag % 8) {
      case 0:
        return { number, varint: this.#varint() };
      case 1:
        return { number, bytes: this.#take(8) };
      case 2:
        return { number, bytes: this.#take(this.#varint()) };
      case 5:
        return { number, bytes: this.#take(4) };
      default:
        throw new WireError(`wire type ${tag % 8} before byte ${this.#at}`);
    }
  }

  /** All fields that follow with this number (up to 15) and are length-delimited, with tags and lengths, as one view. */
  takeRun(number: number): Buffer {
    const start = this.#at;
    const bytes = this.#bytes;
    const tag = (number << 3) | 2;
    while (bytes[this.#at] === tag) {
      const length = bytes[this.#at + 1];
      const end = this.#at + 2 + (length ?? 0);
      // Nearly all names are short and whole: every ACK repeats hundreds of them.
      if (length !== undefined && length < 128 && end <= bytes.length) {
        this.#at = end;
        continue;
      }
      this.#at += 1;
      this.#skip(this.#varint());
    }
    return bytes.subarray(start, this.#at);
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; count += 1, scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new WireError(`message ends inside a number at byte ${this.#at - 1}`);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new WireError(`number of more than 10 bytes before byte ${this.#at}`);
  }

  #take(length: number): Buffer {
    this.#skip(length);
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #skip(length: number): void {
    const left = this.#bytes.length - this.#at;
    if (length > left)
      throw new WireError(`field of ${length} bytes at byte ${this.#at}, but ${left} are left`);
    this.#at += length;
  }
}

/** The fields of an encoded message in their order; see WireReader. */
export function* fieldsOf(bytes: Buffer): Generator<WireField> {
  const reader = new WireReader(bytes);
  for (let field = reader.next(); field; field = reader.next()) yield field;
}
