import { HpackDecoder } from "../../../data-plane/http2/hpack-decoder.ts";
import { FrameReader } from "../../../data-plane/http2/frame-reader.ts";
import type { Frame } from "../../../data-plane/http2/frames.ts";
import { http2Stats } from "../../../data-plane/http2/codec-stats.ts";
import type { Http2Limits } from "../../../data-plane/http2/http2-limits.ts";
import type { FrameTransport } from "../../../data-plane/http2/output.ts";
import type { SessionFailure } from "../../../data-plane/http2/session-events.ts";
import { Http2Session } from "../../../data-plane/http2/session.ts";
import type { Http2Stream, ResetBy, StreamSink } from "../../../data-plane/http2/stream.ts";
import type { HeaderList } from "../../../data-plane/network/header-list.ts";
import type { RequestHead } from "../../../data-plane/network/http-message.ts";
import { http2Config } from "../../../data-plane/resources/http2-options.ts";
import { StatsStore } from "../../../data-plane/stats/stats-store.ts";
import { fields, frame, frameNames } from "../../kit/raw-http2.ts";

export { fields, number, repeat, setting } from "../../kit/raw-http2.ts";

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const defaults = http2Config(undefined, { maxHeaders: 100, maxHeadBytes: 60 * 1024 }).limits;

/** What became of a request, event by event. */
export class Served implements StreamSink {
  readonly stream: Http2Stream;
  readonly head: RequestHead | undefined;
  readonly events: string[] = [];
  bytes = 0;

  constructor(stream: Http2Stream, head?: RequestHead) {
    this.stream = stream;
    this.head = head;
    stream.sink = this;
  }

  onHead(status: number, headers: HeaderList, isLast: boolean): void {
    this.events.push(`head ${status} ${headers.flat.join(" ")}${isLast ? " last" : ""}`);
  }

  onData(data: Buffer): void {
    this.bytes += data.length;
    this.events.push(data.length > 40 ? `data of ${data.length}` : `data ${data.toString("latin1")}`);
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.events.push(trailers ? `end ${trailers.flat.join(" ")}` : "end");
  }

  onReset(code: number, by: ResetBy): void {
    this.events.push(`reset ${code} by ${by}`);
  }

  onDrain(): void {
    this.events.push("drain");
  }
}

/** Keeps what is written; takes it at once, or holds it while it is stalled. */
class StallingTransport implements FrameTransport {
  writableLength = 0;
  isStalled = false;
  #written: Buffer[] = [];

  write(bytes: Buffer): boolean {
    this.#written.push(bytes);
    if (this.isStalled) this.writableLength += bytes.length;
    return !this.isStalled;
  }

  cork(): void {
    // Everything is kept as it comes.
  }

  uncork(): void {
    // Nothing was held back.
  }

  take(): Buffer {
    const bytes = Buffer.concat(this.#written);
    this.#written = [];
    return bytes;
  }
}

/** A session over no network. */
export class SessionScene {
  readonly session: Http2Session;
  readonly stats = new StatsStore();
  readonly requests: Served[] = [];
  readonly said: string[] = [];
  failure: SessionFailure | undefined;
  nowMs = 0;
  readonly #transport = new StallingTransport();
  readonly #headers = new HpackDecoder(4096);
  readonly #reader = new FrameReader(1 << 24);

  constructor(role: "client" | "server", limits: Partial<Http2Limits> = {}, bufferLimitBytes = 65536) {
    this.session = new Http2Session({
      role,
      limits: { ...defaults, ...limits },
      bufferLimitBytes,
      stats: http2Stats(this.stats, "http2"),
      transport: this.#transport,
      events: {
        onRequest: (stream, head) => void this.requests.push(new Served(stream, head)),
        onBadRequest: () => this.said.push("bad request"),
        onGoAway: (code) => this.said.push(`goaway ${code}`),
        onMaxStreams: () => this.said.push("max streams"),
        onFrame: (isPingAck) => isPingAck && this.said.push("ping ack"),
        onStreamEnd: () => this.said.push("stream end"),
        onFail: (failure) => {
          this.failure = failure;
        },
      },
      monotonic: () => this.nowMs,
      onWritten: () => undefined,
    });
  }

  /** Says the peer's preface, settings and whatever else. */
  hear(...frames: readonly Buffer[]): this {
    this.session.receive(Buffer.concat(frames));
    return this;
  }

  /** The peer does not read from now on. */
  stall(): void {
    this.#transport.isStalled = true;
  }

  /** The peer reads again. */
  release(): void {
    this.#transport.isStalled = false;
    this.#transport.writableLength = 0;
    this.session.onDrain();
  }

  /** Bytes written since this was last asked. */
  written(): Buffer {
    this.session.flush();
    return this.#transport.take();
  }

  /** Frames written since this was last asked. */
  frames(): readonly Frame[] {
    const found: Frame[] = [];
    const bytes = this.written();
    const start = bytes.subarray(0, preface.length).equals(preface) ? preface.length : 0;
    this.#reader.read(bytes.subarray(start), (one) => found.push(one) > 0);
    return found;
  }

  /** The same in words. */
  spoken(): readonly string[] {
    return this.frames().map((one) => this.#inWords(one));
  }

  stat(name: string): number | undefined {
    return this.stats.counters("http2", [name])[name];
  }

  #inWords({ type, flags, streamId, payload }: Frame): string {
    const start = `${frameNames[type] ?? type}${streamId > 0 ? ` ${streamId}` : ""}`;
    const last = flags & 1 && (type === 0 || type === 1) ? " last" : "";
    if (type === 1) {
      const decoded = this.#headers.decode(payload, {
        maxHeaders: 1000,
        maxHeadBytes: 1e6,
        maxFieldBytes: 1e6,
      });
      return `${start} ${decoded.kind === "headers" ? decoded.flat.join(" ") : decoded.kind}${last}`;
    }
    if (type === 0)
      return `${start} ${payload.length > 40 ? payload.length : payload.toString("latin1")}${last}`;
    if (type === 3) return `${start} ${payload.readUInt32BE(0)}`;
    if (type === 7)
      return `${start} ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)} ${payload.toString("latin1", 8)}`.trimEnd();
    if (type === 8) return `${start} ${payload.readUInt32BE(0)}`;
    return start + (flags & 1 ? " ack" : "");
  }
}

/** A server that has heard a client's preface and settings, and whose own have been looked at. */
export function serverScene(limits: Partial<Http2Limits> = {}, bufferLimitBytes = 65536): SessionScene {
  const scene = new SessionScene("server", limits, bufferLimitBytes);
  scene.session.start();
  scene.hear(preface, frame(4, 0, 0));
  scene.frames();
  return scene;
}

/** The pseudo headers of a request. */
export const pseudo = (method = "GET", path = "/"): readonly string[] => [
  ":method",
  method,
  ":scheme",
  "http",
  ":path",
  path,
  ":authority",
  "a",
];

/** HEADERS of a whole request. */
export const request = (streamId: number, more: readonly string[] = []): Buffer =>
  frame(1, 5, streamId, fields(...pseudo(), ...more));

/** HEADERS of a request whose body follows. */
export const post = (streamId: number, more: readonly string[] = []): Buffer =>
  frame(1, 4, streamId, fields(...pseudo("POST"), ...more));
