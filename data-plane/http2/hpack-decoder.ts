import { decodeHuffman } from "./huffman.ts";
import { staticCount, staticTable } from "./static-table.ts";

/** What one header block may hold; what is beyond is read, for the table's sake, and dropped. */
export interface HeaderLimits {
  readonly maxHeaders: number;
  /** Names and values, without the framing. */
  readonly maxHeadBytes: number;
  /** One name or value; a longer one is not even read. */
  readonly maxFieldBytes: number;
}

export type DecodedHeaders =
  /** Names and values by turns, pseudo headers included. */
  | { readonly kind: "headers"; readonly flat: string[] }
  /** More than the limits allow; the table is intact. */
  | { readonly kind: "too-large"; readonly what: "count" | "bytes" }
  /** COMPRESSION_ERROR: nothing that comes after it can be understood. */
  | { readonly kind: "broken"; readonly reason: string }
  /** The block is not whole; the first `consumed` bytes are decoded, the others belong in front of what follows. */
  | { readonly kind: "more"; readonly consumed: number };

/** What an entry of the table counts beside its octets (RFC 7541, section 4.1). */
export const entryOverhead = 32;

/** Thrown within this file only: a block is left from the depth of an integer. */
class Broken extends Error {}
/** As `Broken`, where what is missing may still come. */
class Cut extends Broken {}

/** Reads header blocks of one direction of one connection (RFC 7541). */
export class HpackDecoder {
  /** What SETTINGS_HEADER_TABLE_SIZE of ours allows. */
  readonly #mostBytes: number;
  #maxBytes: number;
  /** Entries by turns name and value, the oldest first; those before `#from` are gone. */
  #entries: string[] = [];
  #from = 0;
  #bytes = 0;
  /** Of the block that is being decoded. */
  #flat: string[] = [];
  #flatBytes = 0;
  #tooLarge: "count" | "bytes" | undefined;
  #block: Buffer = noBytes;
  #at = 0;
  #scratch: Buffer = noBytes;

  constructor(maxTableBytes: number) {
    this.#mostBytes = maxTableBytes;
    this.#maxBytes = maxTableBytes;
  }

  /** Takes a block, or as much of it as has come; `isWhole`: nothing follows. */
  decode(block: Buffer, limits: HeaderLimits, isWhole = true): DecodedHeaders {
    this.#block = block;
    this.#at = 0;
    let done = 0;
    try {
      while (this.#at < block.length) {
        this.#field(limits);
        done = this.#at;
      }
    } catch (error) {
      if (error instanceof Cut && !isWhole) return { kind: "more", consumed: done };
      if (error instanceof Broken) return { kind: "broken", reason: error.message };
      throw error;
    } finally {
      this.#block = noBytes;
    }
    return isWhole ? this.#end() : { kind: "more", consumed: done };
  }

  #end(): DecodedHeaders {
    const flat = this.#flat;
    const tooLarge = this.#tooLarge;
    this.#flat = [];
    this.#flatBytes = 0;
    this.#tooLarge = undefined;
    return tooLarge ? { kind: "too-large", what: tooLarge } : { kind: "headers", flat };
  }

  #field(limits: HeaderLimits): void {
    const first = this.#block[this.#at]!;
    if (first & 0x80) {
      const index = this.#integer(7);
      return this.#keep(this.#nameAt(index), this.#valueAt(index), limits);
    }
    if ((first & 0xe0) === 0x20) {
      // A change of the table's size stands before all fields (section 4.2).
      if (this.#flat.length > 0) throw new Broken("a table size update behind a field");
      return this.#resize(this.#integer(5));
    }
    const isIndexed = (first & 0x40) !== 0;
    const index = this.#integer(isIndexed ? 6 : 4);
    const name = index === 0 ? this.#string(limits) : this.#nameAt(index);
    const value = this.#string(limits);
    if (isIndexed) this.#insert(name, value);
    this.#keep(name, value, limits);
  }

  #keep(name: string, value: string, { maxHeaders, maxHeadBytes }: HeaderLimits): void {
    this.#flatBytes += name.length + value.length;
    if (this.#flat.length >= maxHeaders * 2) this.#tooLarge ??= "count";
    if (this.#flatBytes > maxHeadBytes) this.#tooLarge ??= "bytes";
    if (this.#tooLarge === undefined) this.#flat.push(name, value);
  }

  #integer(prefixBits: number): number {
    const block = this.#block;
    const most = (1 << prefixBits) - 1;
    let value = block[this.#at]! & most;
    this.#at += 1;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const octet = block[this.#at];
      if (octet === undefined) throw new Cut("an integer that is cut");
      this.#at += 1;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new Broken("an integer that is too large");
  }

  #string({ maxFieldBytes }: HeaderLimits): string {
    const block = this.#block;
    const first = block[this.#at];
    if (first === undefined) throw new Cut("a field that is cut");
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (length > maxFieldBytes) throw new Broken(`a string of ${length} bytes, limit is ${maxFieldBytes}`);
    if (to > block.length) throw new Cut("a string that is cut");
    this.#at = to;
    if (first < 0x80) return block.toString("latin1", from, to);
    const room = Math.ceil((length * 8) / 5);
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafe(Math.max(256, room));
    const size = decodeHuffman(block, from, to, this.#scratch);
    if (size < 0) throw new Broken("a string in no Huffman code");
    return this.#scratch.toString("latin1", 0, size);
  }

  #nameAt(index: number): string {
    if (index === 0) throw new Broken("the index 0");
    if (index <= staticCount) return staticTable[index * 2 - 2]!;
    return this.#entries[this.#place(index)]!;
  }

  #valueAt(index: number): string {
    if (index <= staticCount) return staticTable[index * 2 - 1]!;
    return this.#entries[this.#place(index) + 1]!;
  }

  #place(index: number): number {
    const place = this.#entries.length - (index - staticCount) * 2;
    if (place < this.#from) throw new Broken(`the index ${index} of no entry`);
    return place;
  }

  #insert(name: string, value: string): void {
    this.#entries.push(name, value);
    this.#bytes += name.length + value.length + entryOverhead;
    this.#evict();
  }

  #resize(maxBytes: number): void {
    if (maxBytes > this.#mostBytes)
      throw new Broken(`a table of ${maxBytes} bytes, limit is ${this.#mostBytes}`);
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  #evict(): void {
    const entries = this.#entries;
    while (this.#bytes > this.#maxBytes) {
      this.#bytes -= entries[this.#from]!.length + entries[this.#from + 1]!.length + entryOverhead;
      this.#from += 2;
    }
    // Let go of the evicted now and then only: moving the rest up costs.
    if (this.#from < 256 && this.#from < entries.length) return;
    this.#entries = entries.slice(this.#from);
    this.#from = 0;
  }
}

const noBytes = Buffer.alloc(0);
