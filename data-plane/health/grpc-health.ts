/** `grpc.health.v1.HealthCheckRequest` in the frame of a gRPC message. */
export function healthRequest(serviceName: string): Buffer {
  const name = Buffer.from(serviceName);
  // Field 1, a string; proto3 leaves an empty one out.
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const SERVING = 1;
/** A HealthCheckResponse is two bytes; this leaves room for fields to come. */
const MAX_RESPONSE_BYTES = 1024;

/** Takes the messages of a response apart as they come. */
export class HealthResponse {
  #held: Buffer = Buffer.alloc(0);
  #status: number | undefined;

  /** SERVING was the one answer. */
  get isServing(): boolean {
    return this.#status === SERVING;
  }

  /** False when this is no HealthCheckResponse, or more than one, or too long to be one. */
  add(data: Buffer): boolean {
    this.#held = Buffer.concat([this.#held, data]);
    while (this.#held.length >= 5) {
      const length = this.#held.readUInt32BE(1);
      if (length > MAX_RESPONSE_BYTES) return false;
      if (this.#held.length < 5 + length) break;
      const isPlain = this.#held[0] === 0;
      const message = this.#held.subarray(5, 5 + length);
      this.#held = this.#held.subarray(5 + length);
      if (length === 0) continue;
      const status = isPlain && this.#status === undefined ? statusOf(message) : undefined;
      if (status === undefined) return false;
      this.#status = status;
    }
    return this.#held.length <= 5 + MAX_RESPONSE_BYTES;
  }
}

/** Field 1 of the message, an enum, 0 when unset; undefined when the bytes are no message. */
function statusOf(message: Buffer): number | undefined {
  let status = 0;
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    if (!tag) return undefined;
    const field = readField(message, tag.next, tag.value & 7);
    if (!field) return undefined;
    if (tag.value === 0x08) status = field.value;
    at = field.next;
  }
  return status;
}

interface Read {
  readonly value: number;
  readonly next: number;
}

/** A field by its wire type; `value` means something for varints only. */
function readField(bytes: Buffer, at: number, wireType: number): Read | undefined {
  if (wireType === 0) return readVarint(bytes, at);
  const length = wireType === 2 ? readVarint(bytes, at) : undefined;
  const size = wireType === 1 ? 8 : wireType === 5 ? 4 : length?.value;
  if (size === undefined) return undefined;
  const next = (length?.next ?? at) + size;
  return next > bytes.length ? undefined : { value: 0, next };
}

/** At most ten bytes, of which the numbers that mean something need one. */
function readVarint(bytes: Buffer, start: number): Read | undefined {
  let value = 0;
  for (let at = start; at < Math.min(bytes.length, start + 10); at += 1) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, next: at + 1 };
  }
  return undefined;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}
