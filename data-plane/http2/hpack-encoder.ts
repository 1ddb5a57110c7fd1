import { entryOverhead } from "./hpack-decoder.ts";
import { staticTable } from "./static-table.ts";

/** One value that a name has in a table. */
interface Entry {
  readonly value: string;
  /** In the static table its index; in the dynamic one its number, counted from 1 over the connection. */
  readonly number: number;
}

/** Values that hardly come a second time: an entry for them would only push others out. */
const isFleeting: ReadonlySet<string> = new Set([
  ":path",
  "age",
  "content-length",
  "content-range",
  "date",
  "etag",
  "expires",
  "if-modified-since",
  "if-none-match",
  "last-modified",
  "location",
  "traceparent",
  "x-envoy-upstream-service-time",
  "x-forwarded-for",
  "x-request-id",
]);

/** Secrets: never in a table that an attacker on the same connection could probe (RFC 7541, section 7.1.3). */
const isSecret: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "set-cookie",
]);

const staticEntries = new Map<string, readonly Entry[]>();
for (let at = 0; at < staticTable.length; at += 2) {
  const name = staticTable[at]!;
  const entry = { value: staticTable[at + 1]!, number: at / 2 + 1 };
  staticEntries.set(name, [...(staticEntries.get(name) ?? []), entry]);
}

const staticSize = staticTable.length / 2;
/** Of the default of SETTINGS_HEADER_TABLE_SIZE (RFC 9113, section 6.5.2). */
const defaultTableBytes = 4096;

/** Writes header blocks of one direction of one connection (RFC 7541), strings as they are: their Huffman code would cost more than it saves. */
export class HpackEncoder {
  readonly #mostBytes: number;
  #maxBytes: number;
  /** The table's size has changed, and the peer has yet to be told: the smallest it was, then what it is (section 4.2). */
  #update: { readonly smallest: number } | undefined;
  readonly #byName = new Map<string, Entry[]>();
  /** Names in the order of their entries; those before `#oldest` are gone. */
  #names: string[] = [];
  #oldest = 0;
  #inserted = 0;
  #bytes = 0;
  #out = Buffer.allocUnsafe(512);
  #end = 0;

  /** `mostTableBytes`: what this side spends at most, whatever the peer allows. */
  constructor(mostTableBytes: number) {
    this.#mostBytes = mostTableBytes;
    this.#maxBytes = defaultTableBytes;
    if (mostTableBytes < defaultTableBytes) this.allow(defaultTableBytes);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  allow(maxTableBytes: number): void {
    const bytes = Math.min(maxTableBytes, this.#mostBytes);
    if (bytes === this.#maxBytes) return;
    this.#update = { smallest: Math.min(bytes, this.#update?.smallest ?? this.#maxBytes) };
    this.#maxBytes = bytes;
    this.#evict(0);
  }

  /** Starts a block. */
  begin(): void {
    this.#end = 0;
    const update = this.#update;
    if (!update) return;
    this.#update = undefined;
    if (update.smallest < this.#maxBytes) this.#integer(0x20, 5, update.smallest);
    this.#integer(0x20, 5, this.#maxBytes);
  }

  /** The name in lower case, the value in latin1. */
  add(name: string, value: string): void {
    const room = name.length + value.length + 24;
    if (this.#end + room > this.#out.length) this.#grow(room);
    const fixed = staticEntries.get(name);
    const fixedIndex = fixed && find(fixed, value);
    if (fixedIndex !== undefined) return this.#integer(0x80, 7, fixedIndex);
    const isUnkept = isFleeting.has(name) || isSecret.has(name);
    const own = isUnkept ? undefined : this.#byName.get(name);
    const number = own && find(own, value);
    if (number !== undefined) return this.#integer(0x80, 7, this.#indexOf(number));
    const nameIndex = fixed?.[0]?.number ?? (own?.length ? this.#indexOf(own.at(-1)!.number) : 0);
    const size = name.length + value.length + entryOverhead;
    const isKept = !isUnkept && size <= this.#maxBytes / 4;
    if (isKept) this.#integer(0x40, 6, nameIndex);
    else this.#integer(isSecret.has(name) ? 0x10 : 0, 4, nameIndex);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
    if (isKept) this.#insert(name, value, size);
  }

  addAll(flat: readonly string[]): void {
    for (let at = 0; at < flat.length; at += 2) this.add(flat[at]!, flat[at + 1]!);
  }

  /** The block; to be copied before the next one begins. */
  end(): Buffer {
    return this.#out.subarray(0, this.#end);
  }

  #indexOf(number: number): number {
    return staticSize + this.#inserted - number + 1;
  }

  #insert(name: string, value: string, size: number): void {
    this.#evict(size);
    this.#inserted += 1;
    const entry = { value, number: this.#inserted };
    const entries = this.#byName.get(name);
    if (entries) entries.push(entry);
    else this.#byName.set(name, [entry]);
    this.#names.push(name);
    this.#bytes += size;
  }

  /** Makes room as the peer does: the oldest go. */
  #evict(room: number): void {
    while (this.#bytes > 0 && this.#bytes + room > this.#maxBytes) {
      const name = this.#names[this.#oldest]!;
      this.#oldest += 1;
      const entries = this.#byName.get(name)!;
      const { value } = entries.shift()!;
      if (entries.length === 0) this.#byName.delete(name);
      this.#bytes -= name.length + value.length + entryOverhead;
    }
    if (this.#oldest < 128 && this.#oldest < this.#names.length) return;
    this.#names = this.#names.slice(this.#oldest);
    this.#oldest = 0;
  }

  #integer(first: number, prefixBits: number, value: number): void {
    const out = this.#out;
    const most = (1 << prefixBits) - 1;
    if (value < most) {
      out[this.#end++] = first | value;
      return;
    }
    out[this.#end++] = first | most;
    let rest = value - most;
    for (; rest >= 0x80; rest >>>= 7) out[this.#end++] = (rest & 0x7f) | 0x80;
    out[this.#end++] = rest;
  }

  #string(text: string): void {
    this.#integer(0, 7, text.length);
    this.#end += this.#out.write(text, this.#end, "latin1");
  }

  #grow(room: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#end + room));
    this.#out.copy(larger, 0, 0, this.#end);
    this.#out = larger;
  }
}

function find(entries: readonly Entry[], value: string): number | undefined {
  for (const entry of entries) if (entry.value === value) return entry.number;
  return undefined;
}
