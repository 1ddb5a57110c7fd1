import { decodeHuffman } from "./huffman.ts";
import { staticCount, staticTable } from "./static-table.ts";

/** What one header block may hold; what is beyond is read, for the table's sake, and dropped. */
export interface HeaderLimits {
  readonly maxHeaders: number;
  /** Names and values, without the framing. */
  readonly maxHeadBytes: number;
}

export type DecodedHeaders =
  /** Names and values by turns, pseudo headers included. */
  | { readonly kind: "headers"; readonly flat: string[] }
  /** More than the limits allow; the table is intact. */
  | { readonly kind: "too-large" }
  /** COMPRESSION_ERROR: nothing that comes after it can be understood. */
  | { readonly kind: "broken"; readonly reason: string };

/** What an entry of the table counts beside its octets (RFC 7541, section 4.1). */
export const entryOverhead = 32;

/** Thrown within this file only: a block is left from the depth of an integer. */
class Broken extends Error {}

/** Reads header blocks of one direction of one connection (RFC 7541). */
export class HpackDecoder {
  /** What SETTINGS_HEADER_TABLE_SIZE of ours allows. */
  readonly #mostBytes: number;
  #maxBytes: number;
  /** Entries by turns name and value, the oldest first; those before `#from` are gone. */
  #entries: string[] = [];
  #from = 0;
  #bytes = 0;
  #block: Buffer = noBytes;
  #at = 0;
  #scratch: Buffer = noBytes;

  constructor(maxTableBytes: number) {
    this.#mostBytes = maxTableBytes;
    this.#maxBytes = maxTableBytes;
  }

  decode(block: Buffer, limits: HeaderLimits): DecodedHeaders {
    this.#block = block;
    this.#at = 0;
    try {
      return this.#decode(limits);
    } catch (error) {
      if (error instanceof Broken) return { kind: "broken", reason: error.message };
      throw error;
    } finally {
      this.#block = noBytes;
    }
  }

  #decode(limits: HeaderLimits): DecodedHeaders {
    const block = this.#block;
    const flat: string[] = [];
    let bytes = 0;
    let isTooLarge = false;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      let name: string;
      let value: string;
      if (first & 0x80) {
        const index = this.#integer(7);
        name = this.#nameAt(index);
        value = this.#valueAt(index);
      } else if ((first & 0xe0) === 0x20) {
        // A change of the table's size stands before all fields (section 4.2).
        if (flat.length > 0) throw new Broken("a table size update behind a field");
        this.#resize(this.#integer(5));
        continue;
      } else {
        const isIndexed = (first & 0x40) !== 0;
        const index = this.#integer(isIndexed ? 6 : 4);
        name = index === 0 ? this.#string() : this.#nameAt(index);
        value = this.#string();
        if (isIndexed) this.#insert(name, value);
      }
      bytes += name.length + value.length;
      if (bytes > limits.maxHeadBytes || flat.length >= limits.maxHeaders * 2) isTooLarge = true;
      if (!isTooLarge) flat.push(name, value);
    }
    return isTooLarge ? { kind: "too-large" } : { kind: "headers", flat };
  }

  #integer(prefixBits: number): number {
    const block = this.#block;
    const most = (1 << prefixBits) - 1;
    let value = block[this.#at]! & most;
    this.#at += 1;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const octet = block[this.#at];
      if (octet === undefined) break;
      this.#at += 1;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new Broken("an integer that is cut or too large");
  }

  #string(): string {
    const block = this.#block;
    const first = block[this.#at];
    if (first === undefined) throw new Broken("a field that is cut");
    const length = this.#integer(7);
    const from = this.#at;
    const to = from + length;
    if (to > block.length) throw new Broken("a string that is cut");
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
    if (maxBytes > this.#mostBytes) throw new Broken(`a table of ${maxBytes} bytes, limit is ${this.#mostBytes}`);
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
