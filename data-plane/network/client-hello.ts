/** An extension of a ClientHello, as it came. `data` is a view of the bytes that were read. */
export interface HelloExtension {
  readonly type: number;
  readonly data: Buffer;
}

/** A TLS ClientHello (RFC 8446, section 4.1.2). */
export interface ClientHello {
  /** `legacy_version`: 0x0303 in TLS 1.2 and 1.3. */
  readonly version: number;
  readonly cipherSuites: readonly number[];
  /** In order; no type twice. */
  readonly extensions: readonly HelloExtension[];
}

/** What the beginning of a stream is. `size`: how many bytes it took to tell. */
export type HelloVerdict =
  | { readonly kind: "more" }
  | { readonly kind: "hello"; readonly hello: ClientHello; readonly size: number }
  | { readonly kind: "not-tls"; readonly size: number };

const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_RECORD = 22;
const HANDSHAKE_HEADER_BYTES = 4;
const CLIENT_HELLO = 1;
/** 2^14 and what encryption may add: BoringSSL refuses a longer record before it is there. */
const MAX_RECORD_BYTES = 16_384 + 320;
/** BoringSSL's limit of a handshake message. */
export const MAX_HELLO_BYTES = 16_384;

const more: HelloVerdict = { kind: "more" };

function notTls(size: number): HelloVerdict {
  return { kind: "not-tls", size };
}

/**
 * Looks for a ClientHello at the beginning of a stream, in as many records as it likes. Says when what is there cannot become one any
 * more, at the same byte as Envoy: five bytes are needed to tell, and the types of a record and of a message count when those are
 * whole.
 */
export function readClientHello(bytes: Buffer): HelloVerdict {
  const pieces: Buffer[] = [];
  let have = 0;
  let at = 0;
  /** Of the whole message, its own header included; unknown before that header is there. */
  let messageBytes: number | undefined;
  for (;;) {
    if (bytes.length - at < RECORD_HEADER_BYTES) return more;
    const length = bytes.readUInt16BE(at + 3);
    // Major version 3 is all TLS; the minor one is free in a first record.
    if (bytes[at + 1] !== 3 || length > MAX_RECORD_BYTES) return notTls(at + RECORD_HEADER_BYTES);
    const end = at + RECORD_HEADER_BYTES + length;
    if (bytes.length < end) return more;
    if (bytes[at] !== HANDSHAKE_RECORD || length === 0) return notTls(end);
    pieces.push(bytes.subarray(at + RECORD_HEADER_BYTES, end));
    have += length;
    at = end;
    if (have < HANDSHAKE_HEADER_BYTES) continue;
    if (messageBytes === undefined) {
      const bodyBytes = joined(pieces).readUIntBE(1, 3);
      if (bodyBytes > MAX_HELLO_BYTES) return notTls(at);
      messageBytes = HANDSHAKE_HEADER_BYTES + bodyBytes;
    }
    // Only now are the pieces put together again: a client may send as many as it has bytes.
    if (have < messageBytes) continue;
    const message = joined(pieces);
    const body = message.subarray(HANDSHAKE_HEADER_BYTES, messageBytes);
    const hello = message[0] === CLIENT_HELLO ? readBody(body) : undefined;
    return hello ? { kind: "hello", hello, size: at } : notTls(at);
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return only && pieces.length === 1 ? only : Buffer.concat(pieces);
}

/** The fields of a ClientHello, or undefined for one that BoringSSL does not take. */
function readBody(body: Buffer): ClientHello | undefined {
  const reader = new ByteReader(body);
  const version = reader.uint(2);
  reader.take(32);
  const session = reader.prefixed(1);
  const suites = reader.prefixed(2);
  const compressions = reader.prefixed(1);
  if (version === undefined || session === undefined || session.length > 32) return undefined;
  if (suites === undefined || suites.length < 2 || suites.length % 2 !== 0) return undefined;
  if (compressions === undefined || compressions.length === 0) return undefined;
  const extensions = reader.isAtEnd ? [] : readExtensions(reader.prefixed(2));
  if (!extensions || !reader.isAtEnd) return undefined;
  const hello = { version, cipherSuites: uint16s(suites), extensions };
  return offersKnownVersion(hello) ? hello : undefined;
}

function readExtensions(block: Buffer | undefined): readonly HelloExtension[] | undefined {
  if (!block) return undefined;
  const reader = new ByteReader(block);
  const extensions: HelloExtension[] = [];
  const seen = new Set<number>();
  while (!reader.isAtEnd) {
    const type = reader.uint(2);
    const data = reader.prefixed(2);
    if (type === undefined || data === undefined || seen.has(type)) return undefined;
    seen.add(type);
    extensions.push({ type, data });
  }
  return extensions;
}

/** TLS 1.0 to 1.3, as `supported_versions` or, without it, the old version field says (RFC 8446, section 4.2.1). */
function offersKnownVersion(hello: ClientHello): boolean {
  const supported = extensionData(hello, extensionType.supportedVersions);
  if (!supported) return hello.version >= 0x0301;
  const list = new ByteReader(supported).prefixed(1);
  return list !== undefined && uint16s(list).some((version) => version >= 0x0301 && version <= 0x0304);
}

/** Extension types that have a meaning here (IANA, TLS ExtensionType Values). */
export const extensionType = {
  serverName: 0,
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  applicationProtocols: 16,
  supportedVersions: 43,
} as const;

/** The data of an extension, or undefined when the hello has none of the type. */
export function extensionData({ extensions }: ClientHello, type: number): Buffer | undefined {
  return extensions.find((extension) => extension.type === type)?.data;
}

/** SNI (RFC 6066, section 3): the host name as sent; "" when there is none, undefined when it is malformed. */
export function serverNameOf(hello: ClientHello): string | undefined {
  const data = extensionData(hello, extensionType.serverName);
  if (!data) return "";
  const outer = new ByteReader(data);
  const list = outer.prefixed(2);
  if (list === undefined || !outer.isAtEnd) return undefined;
  const reader = new ByteReader(list);
  const kind = reader.uint(1);
  const name = reader.prefixed(2);
  if (kind !== 0 || name === undefined || !reader.isAtEnd) return undefined;
  const isValid = name.length > 0 && name.length <= 255 && !name.includes(0);
  return isValid ? name.toString("latin1") : undefined;
}

/** What ALPN (RFC 7301) offers, in order; undefined when there is none or it is malformed, which the handshake will tell. */
export function offeredProtocols(hello: ClientHello): readonly string[] | undefined {
  const data = extensionData(hello, extensionType.applicationProtocols);
  if (!data) return undefined;
  const outer = new ByteReader(data);
  const list = outer.prefixed(2);
  if (list === undefined || list.length < 2 || !outer.isAtEnd) return undefined;
  const reader = new ByteReader(list);
  const protocols: string[] = [];
  while (!reader.isAtEnd) {
    const name = reader.prefixed(1);
    if (name === undefined || name.length === 0) return undefined;
    protocols.push(name.toString("latin1"));
  }
  return protocols;
}

/** The 16-bit numbers in a list; a last odd byte is left out. */
export function uint16s(list: Buffer): number[] {
  return Array.from({ length: list.length >> 1 }, (_, index) => list.readUInt16BE(index * 2));
}

/** Reads a structure from its beginning; what is not there any more reads undefined, and so does everything behind it. */
class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer | undefined {
    const end = this.#at + length;
    if (end > this.#bytes.length) {
      this.#at = Number.POSITIVE_INFINITY;
      return undefined;
    }
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** A number of so many bytes. */
  uint(length: number): number | undefined {
    return this.take(length)?.readUIntBE(0, length);
  }

  /** Bytes behind their own number, which stands in so many bytes. */
  prefixed(lengthBytes: number): Buffer | undefined {
    const length = this.uint(lengthBytes);
    return length === undefined ? undefined : this.take(length);
  }
}
