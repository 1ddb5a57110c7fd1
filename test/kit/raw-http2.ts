import { connect, type Socket } from "node:net";

/** What a client says first (RFC 9113, 3.4). */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Names of the types of frames, by number (RFC 9113, 6). */
export const frameNames = [
  "DATA",
  "HEADERS",
  "PRIORITY",
  "RST_STREAM",
  "SETTINGS",
  "PUSH_PROMISE",
  "PING",
  "GOAWAY",
  "WINDOW_UPDATE",
] as const;

/** One frame. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** The headers of a gRPC call, as HPACK literals. */
export function callHeaders(path: string): Buffer {
  const fields: readonly [string, string][] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "attacker"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ];
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

function text(part: string): Buffer {
  return Buffer.concat([Buffer.from([part.length]), Buffer.from(part)]);
}

/** A header field without indexing, with a name of its own (RFC 7541, 6.2.2); texts up to 126 bytes. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), text(name), text(value)]);
}

/** A header block of literals: name, value, name, value, … */
export const fields = (...flat: readonly string[]): Buffer =>
  Buffer.concat(flat.flatMap((name, at) => (at % 2 === 0 ? [literal(name, flat[at + 1]!)] : [])));

/** Four bytes of a number. */
export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** SETTINGS with one entry. */
export function setting(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(value, 2);
  return frame(frameType.settings, 0, 0, bytes);
}

/** Many frames, one behind the other. */
export const repeat = (count: number, make: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(index)));

/** A frame as it came. */
interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A peer that speaks HTTP/2 frame by frame, whatever the rules say. */
export class RawHttp2 implements Disposable {
  readonly socket: Socket;
  /** Resolves when the server has ended the connection. */
  readonly closed: Promise<unknown>;
  #received: Buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    // A connection that the server cuts while we write breaks with an error; the close says enough.
    this.socket.on("error", () => undefined);
    this.socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    this.closed = new Promise((resolve) => this.socket.once("close", resolve));
  }

  /** Says the preface and an empty SETTINGS. */
  begin(): void {
    this.write(preface, frame(frameType.settings, 0, 0));
  }

  write(...parts: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts));
  }

  /** Frames that came so far. */
  get frames(): readonly RawFrame[] {
    const frames = [];
    let offset = 0;
    while (offset + 9 <= this.#received.length) {
      const length = this.#received.readUIntBE(offset, 3);
      if (offset + 9 + length > this.#received.length) break;
      frames.push({
        type: this.#received[offset + 3]!,
        flags: this.#received[offset + 4]!,
        streamId: this.#received.readUInt32BE(offset + 5),
        payload: this.#received.subarray(offset + 9, offset + 9 + length),
      });
      offset += 9 + length;
    }
    return frames;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}
