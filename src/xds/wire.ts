/** Bytes that an unsigned varint takes. */
export function varintSize(value: number): number {
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

/** Writes length-delimited protobuf fields into a buffer of the exact size, which the caller has worked out. */
export class WireWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** Tag and length; what is written next is the content. Field numbers up to 15 only. */
  open(field: number, length: number): void {
    this.bytes[this.#at++] = (field << 3) | 2;
    let rest = length;
    while (rest > 127) {
      this.bytes[this.#at++] = (rest & 127) | 128;
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
    this.bytes.set(content, this.#at);
    this.#at += content.length;
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
 * The fields of an encoded message in their order. Varints are read as unsigned and exact up to 2^53; fixed32 and
 * fixed64 values come as bytes. Views share the memory of `bytes`. Throws WireError.
 */
export function* fieldsOf(bytes: Buffer): Generator<WireField> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; count += 1, scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new WireError(`message ends inside a number at byte ${at - 1}`);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new WireError(`number of more than 10 bytes before byte ${at}`);
  };
  const take = (length: number) => {
    if (length > bytes.length - at) {
      throw new WireError(`field of ${length} bytes at byte ${at}, but ${bytes.length - at} are left`);
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new WireError(`field number 0 before byte ${at}`);
    switch (tag % 8) {
      case 0:
        yield { number, varint: varint() };
        break;
      case 1:
        yield { number, bytes: take(8) };
        break;
      case 2:
        yield { number, bytes: take(varint()) };
        break;
      case 5:
        yield { number, bytes: take(4) };
        break;
      default:
        throw new WireError(`wire type ${tag % 8} before byte ${at}`);
    }
  }
}
