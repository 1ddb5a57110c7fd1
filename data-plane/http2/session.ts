import type { HeaderList } from "../network/header-list.ts";
import { TokenBucket } from "../network/token-bucket.ts";
import type { Http2Stats } from "./codec-stats.ts";
import type { Frame } from "./frames.ts";
import {
  clientPreface,
  defaultMaxFrameBytes,
  defaultWindowBytes,
  ErrorCode,
  Flag,
  frameHeaderBytes,
  frameOf,
  FrameType,
  goAwayFrame,
  maxWindowBytes,
  pingFrame,
  resetFrame,
  Setting,
  settingsFrame,
  windowUpdateFrame,
} from "./frames.ts";
import { FrameReader } from "./frame-reader.ts";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackEncoder } from "./hpack-encoder.ts";
import { InboundCount } from "./inbound-limits.ts";
import { readRequestHead, readResponseHead, readTrailers } from "./message-head.ts";
import { OpenBlock } from "./open-block.ts";
import type { FrameTransport } from "./output.ts";
import { FrameOutput } from "./output.ts";
import type { Http2Limits } from "./http2-limits.ts";
import type { SessionEvents, SessionFailure, StreamEnding } from "./session-events.ts";
import type { ResetBy, StreamSink } from "./stream.ts";
import { Http2Stream } from "./stream.ts";

export interface SessionOptions {
  readonly role: "client" | "server";
  readonly limits: Http2Limits;
  /** What may wait on a stream before `sendData` asks for a pause. */
  readonly bufferLimitBytes: number;
  readonly stats: Http2Stats;
  readonly transport: FrameTransport;
  readonly events: SessionEvents;
  /** Milliseconds of a clock that goes forward only. */
  readonly monotonic: () => number;
  /** How many bytes go out, at every write. */
  readonly onWritten: (bytes: number) => void;
}

/** Entries of one SETTINGS frame, as many as nghttp2 in Envoy takes. */
const maxSettings = 32;
/** RST_STREAM frames of a client: a thousand at once and 33 a second, as nghttp2 in Envoy has it (CVE-2023-44487). */
const resetRate = { maxTokens: 1000, tokensPerFill: 33, fillIntervalMs: 1000 };

/** One HTTP/2 connection (RFC 9113), of either side: frames in, events out, frames out. No I/O of its own, no timers. */
export class Http2Session {
  readonly #options: SessionOptions;
  readonly #isServer: boolean;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #encoder: HpackEncoder;
  readonly #inbound: InboundCount;
  /** From a client's first RST_STREAM on. */
  #resets: TokenBucket | undefined;
  readonly #output: FrameOutput;
  readonly #streams = new Map<number, Http2Stream>();
  /** Streams with something to send, in the order of their turns. */
  readonly #ready = new Set<Http2Stream>();
  /** What of the client's preface is still to come. */
  #prefaceLeft: number;
  #hasSettings = false;
  #isSettingsAcked = false;
  /** What a stream may bring at first; ours counts once the peer has taken note of it (section 6.5.3). */
  #localWindowBytes = defaultWindowBytes;
  #block: OpenBlock | undefined;
  #sendWindow = defaultWindowBytes;
  #receiveWindow: number;
  #untoldBytes = 0;
  #peerWindowBytes = defaultWindowBytes;
  #peerFrameBytes = defaultMaxFrameBytes;
  #peerMaxStreams = Number.POSITIVE_INFINITY;
  /** Highest number of a stream that the peer opened. */
  #lastPeerId = 0;
  #nextId = 1;
  /** Streams of the peer above this are not served any more. */
  #lastServedId = maxWindowBytes;
  #state: "open" | "failed" = "open";
  #isFlushQueued = false;
  #isPumping = false;
  #openCount = 0;

  constructor(options: SessionOptions) {
    const { limits } = options;
    this.#options = options;
    this.#isServer = options.role === "server";
    this.#reader = new FrameReader(defaultMaxFrameBytes);
    this.#decoder = new HpackDecoder(Math.max(4096, limits.hpackTableBytes));
    this.#encoder = new HpackEncoder(limits.hpackTableBytes);
    this.#inbound = new InboundCount(limits);
    this.#output = new FrameOutput(options.transport, () => this.#queueFlush(), options.onWritten);
    this.#prefaceLeft = this.#isServer ? clientPreface.length : 0;
    this.#receiveWindow = limits.connectionWindowBytes;
  }

  /** Streams that are not over. */
  get streamCount(): number {
    return this.#openCount;
  }

  /** How many streams the peer takes at once. */
  get maxStreams(): number {
    return this.#peerMaxStreams;
  }

  /** Numbers for new streams run out at 2^31. */
  get hasNumbers(): boolean {
    return this.#nextId < maxWindowBytes;
  }

  /** Sends what a connection begins with. `prefix` goes in front of it all. */
  start(prefix?: Buffer): void {
    const { limits } = this.#options;
    if (prefix) this.#output.add(prefix);
    if (!this.#isServer) this.#output.add(clientPreface);
    const settings: [number, number][] = [
      [Setting.headerTableSize, limits.hpackTableBytes],
      [Setting.enableConnectProtocol, 0],
      [Setting.maxConcurrentStreams, limits.maxConcurrentStreams],
      [Setting.initialWindowSize, limits.streamWindowBytes],
    ];
    if (!this.#isServer) settings.unshift([Setting.enablePush, 0]);
    this.#output.add(settingsFrame(settings));
    const more = limits.connectionWindowBytes - defaultWindowBytes;
    if (more > 0) this.#output.add(windowUpdateFrame(0, more));
  }

  /** Takes what the peer sent. */
  receive(bytes: Buffer): void {
    if (this.#state === "failed") return;
    const rest = this.#prefaceLeft > 0 ? this.#readPreface(bytes) : bytes;
    if (rest && !this.#reader.read(rest, this.#onFrame))
      this.#fail(ErrorCode.frameSize, "too large frame size");
    // Counted before it is written: what one read asks for is too much however fast the peer reads (as Envoy counts).
    this.#checkOutbound();
  }

  /** Writes what is gathered, at once. Data waits for this, so that the end of a stream goes out with the last of it. */
  flush(): void {
    if (this.#state === "failed") return;
    this.#pumpAll();
    this.#checkOutbound();
    this.#output.flush();
  }

  /** The transport has sent everything. */
  onDrain(): void {
    this.#output.unblock();
    this.flush();
  }

  /** The connection is gone: streams end with it. */
  onClose(): void {
    this.#state = "failed";
    this.#endAll(ErrorCode.internal);
  }

  /** Opens a stream; its number comes with its head. Client only. */
  open(): Http2Stream {
    this.#openCount += 1;
    this.#options.stats.gauges.streams_active.add(1);
    return this.#newStream();
  }

  /** No new streams from now on. `lastId` of 2^31 - 1 only announces it. */
  goAway(isAnnouncement: boolean): void {
    if (this.#state === "failed") return;
    if (!isAnnouncement) {
      this.#lastServedId = this.#lastPeerId;
      this.#options.stats.counters.goaway_sent += 1;
    }
    this.#output.add(goAwayFrame(isAnnouncement ? maxWindowBytes : this.#lastPeerId, ErrorCode.none, ""));
  }

  /** `payload`: eight bytes. */
  ping(payload: Buffer): void {
    if (this.#state === "open") this.#output.add(pingFrame(payload, false));
  }

  // What follows up to the frames is for the streams.

  pump(stream: Http2Stream): void {
    if (this.#state === "failed") return;
    this.#ready.add(stream);
    this.#queueFlush();
  }

  sendHeaders(
    stream: Http2Stream,
    pseudo: readonly string[],
    flat: readonly string[],
    isLast: boolean,
  ): void {
    if (this.#state === "failed") return;
    if (stream.id === 0) this.#number(stream);
    const encoder = this.#encoder;
    encoder.begin();
    encoder.addAll(pseudo);
    encoder.addAll(flat);
    const block = encoder.end();
    const most = this.#peerFrameBytes;
    const firstBytes = Math.min(block.length, most);
    const isWhole = firstBytes === block.length;
    const flags = (isLast ? Flag.endStream : 0) | (isWhole ? Flag.endHeaders : 0);
    this.#addBlock(FrameType.headers, flags, stream.id, block, 0, firstBytes);
    for (let at = firstBytes; at < block.length;) {
      const end = Math.min(block.length, at + most);
      this.#addBlock(
        FrameType.continuation,
        end === block.length ? Flag.endHeaders : 0,
        stream.id,
        block,
        at,
        end,
      );
      at = end;
    }
  }

  reset(stream: Http2Stream, code: number): void {
    if (this.#state === "open" && stream.id > 0) this.#sendReset(stream.id, code);
    this.#close(stream, { code, by: "local" });
  }

  credit(stream: Http2Stream, bytes: number): void {
    this.#creditConnection(bytes);
    if (stream.isClosed || stream.remote === "ended") return;
    stream.untoldBytes += bytes;
    if (stream.untoldBytes * 2 < this.#localWindowBytes) return;
    stream.receiveWindow += stream.untoldBytes;
    if (this.#state === "open") this.#output.add(windowUpdateFrame(stream.id, stream.untoldBytes));
    stream.untoldBytes = 0;
  }

  ended(stream: Http2Stream): void {
    if (stream.isClosed || stream.local !== "ended") return;
    if (stream.remote === "ended") this.#close(stream, undefined);
    else if (stream.resetsAtEnd) this.reset(stream, ErrorCode.none);
  }

  #number(stream: Http2Stream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#inbound.opened();
  }

  #newStream(): Http2Stream {
    const { bufferLimitBytes } = this.#options;
    return new Http2Stream(this, this.#peerWindowBytes, this.#localWindowBytes, bufferLimitBytes);
  }

  #addBlock(type: number, flags: number, streamId: number, block: Buffer, at: number, end: number): void {
    const frame = frameOf(type, flags, streamId, end - at);
    block.copy(frame, frameHeaderBytes, at, end);
    this.#output.add(frame);
  }

  #sendReset(streamId: number, code: number): void {
    this.#options.stats.counters.tx_reset += 1;
    this.#output.addControl(resetFrame(streamId, code));
  }

  /** One frame a stream and turn, as long as windows and transport let any through. */
  #pumpAll(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let isMoving = true; isMoving;) {
      isMoving = false;
      for (const stream of this.#ready) if (this.#sendPiece(stream)) isMoving = true;
    }
    this.#isPumping = false;
  }

  #sendPiece(stream: Http2Stream): boolean {
    if (stream.isClosed) {
      this.#ready.delete(stream);
      return false;
    }
    const window = Math.min(this.#sendWindow, stream.sendWindow, this.#peerFrameBytes);
    const hasData = stream.queuedBytes > 0;
    if (this.#output.isBlocked || (hasData && window <= 0)) return false;
    if (hasData || !stream.hasTrailers) {
      const { data, isLast } = stream.take(window);
      this.#sendWindow -= data.length;
      stream.sendWindow -= data.length;
      const frame = frameOf(FrameType.data, isLast ? Flag.endStream : 0, stream.id, data.length, 0);
      this.#inbound.sentDataFrames += 1;
      this.#output.add(frame, data);
    }
    stream.flushTrailers();
    if (!stream.hasQueue) this.#ready.delete(stream);
    stream.tellDrained();
    this.ended(stream);
    return true;
  }

  #queueFlush(): void {
    if (this.#isFlushQueued) return;
    this.#isFlushQueued = true;
    // Behind everything else that this turn of the event loop reads: what many other connections bring for this one leaves in one write.
    setImmediate(this.#flushQueued);
  }

  readonly #flushQueued = (): void => {
    this.#isFlushQueued = false;
    this.flush();
  };

  #checkOutbound(): void {
    const { limits, stats } = this.#options;
    if (this.#state === "failed") return;
    if (this.#output.waitingFrames > limits.maxOutboundFrames) {
      stats.counters.outbound_flood += 1;
      this.#flood("Too many frames in the outbound queue.");
    } else if (this.#output.waitingControlFrames > limits.maxOutboundControlFrames) {
      stats.counters.outbound_control_flood += 1;
      this.#flood("Too many control frames in the outbound queue.");
    }
  }

  /** Checks the preface; what is behind it, undefined while nothing is. */
  #readPreface(bytes: Buffer): Buffer | undefined {
    const from = clientPreface.length - this.#prefaceLeft;
    const count = Math.min(bytes.length, this.#prefaceLeft);
    if (clientPreface.compare(bytes, 0, count, from, from + count) !== 0) {
      this.#reject("no HTTP/2 connection preface");
      return undefined;
    }
    this.#prefaceLeft -= count;
    return this.#prefaceLeft > 0 ? undefined : bytes.subarray(count);
  }

  /** One frame; false when nothing more is to be read. A field, because it is handed to the reader for every read. */
  readonly #onFrame = (frame: Frame): boolean => {
    const isPingAck = frame.type === FrameType.ping && (frame.flags & Flag.ack) !== 0;
    this.#options.events.onFrame(isPingAck);
    if (this.#block && (frame.type !== FrameType.continuation || frame.streamId !== this.#block.streamId)) {
      return this.#fail(ErrorCode.protocol, "unexpected non-CONTINUATION frame or stream_id is invalid");
    }
    // The first frame of either side is SETTINGS (section 3.4).
    if (!this.#hasSettings && (frame.type !== FrameType.settings || frame.flags & Flag.ack)) {
      return this.#fail(ErrorCode.protocol, "SETTINGS expected");
    }
    switch (frame.type) {
      case FrameType.data:
        return this.#onData(frame);
      case FrameType.headers:
        return this.#onHeaders(frame);
      case FrameType.priority:
        if (frame.payload.length !== 5) return this.#fail(ErrorCode.frameSize, "");
        return this.#count(frame, 0);
      case FrameType.reset:
        return this.#onReset(frame);
      case FrameType.settings:
        return this.#onSettings(frame);
      case FrameType.pushPromise:
        return this.#reject("PUSH_PROMISE is not allowed");
      case FrameType.ping:
        return this.#onPing(frame);
      case FrameType.goAway:
        return this.#onGoAway(frame);
      case FrameType.windowUpdate:
        return this.#onWindowUpdate(frame);
      case FrameType.continuation:
        return this.#onContinuation(frame);
      default:
        // Frames of unknown types mean nothing (section 4.1).
        return true;
    }
  };

  #count(frame: Frame, paddingBytes: number): boolean {
    const flood = this.#inbound.add(frame, paddingBytes);
    if (!flood) return true;
    this.#options.stats.counters[flood] += 1;
    this.#output.discard();
    return this.#flood(flood);
  }

  /** How many bytes at the end of a frame are padding; -1 when that cannot be. */
  #padding({ flags, payload }: Frame): number {
    if (!(flags & Flag.padded)) return 0;
    const padding = payload[0];
    return padding === undefined || padding >= payload.length ? -1 : padding;
  }

  #onData(frame: Frame): boolean {
    const { streamId, flags, payload } = frame;
    if (streamId === 0) return this.#fail(ErrorCode.protocol, "DATA: stream_id == 0");
    if (this.#isIdle(streamId)) return this.#fail(ErrorCode.protocol, "DATA: stream in idle");
    const padding = this.#padding(frame);
    if (padding < 0) return this.#fail(ErrorCode.protocol, "DATA: invalid padding");
    const start = flags & Flag.padded ? 1 : 0;
    if (!this.#count(frame, padding + start)) return false;
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0)
      return this.#fail(ErrorCode.flowControl, "more than the connection's window");
    const stream = this.#streams.get(streamId);
    if (!stream) {
      // Closed a moment ago: the peer may not know it yet (section 5.1).
      this.#creditConnection(payload.length);
      return true;
    }
    if (stream.remote === "ended") {
      return this.#fail(ErrorCode.streamClosed, "DATA: stream in half-closed(remote)");
    }
    stream.receiveWindow -= payload.length;
    if (stream.receiveWindow < 0) return this.#break(stream, ErrorCode.flowControl, payload.length);
    const data = start === 0 && padding === 0 ? payload : payload.subarray(start, payload.length - padding);
    if (!stream.hasHead) return this.#malformed(stream, payload.length);
    if (stream.expectedBytes !== undefined) {
      stream.expectedBytes -= data.length;
      const isLast = (flags & Flag.endStream) !== 0;
      if (stream.expectedBytes < 0 || (isLast && stream.expectedBytes > 0)) {
        return this.#break(stream, ErrorCode.protocol, payload.length);
      }
    }
    stream.withheldBytes += payload.length;
    if (data.length > 0) stream.sink?.onData(data);
    // What a paused stream brought stays on its account, and on the connection's.
    if (!stream.isPaused) stream.pause(false);
    if (flags & Flag.endStream) this.#endRemote(stream, undefined);
    return this.#state === "open";
  }

  #onHeaders(frame: Frame): boolean {
    const { streamId, flags, payload } = frame;
    if (streamId === 0) return this.#reject("HEADERS of the connection");
    const padding = this.#padding(frame);
    const start = (flags & Flag.padded ? 1 : 0) + (flags & Flag.priority ? 5 : 0);
    if (padding < 0 || start + padding > payload.length) {
      return this.#fail(ErrorCode.protocol, "HEADERS: invalid padding");
    }
    if (!this.#count(frame, padding + start)) return false;
    const isNew = this.#isIdle(streamId);
    if (isNew && !this.#mayOpen(streamId))
      return this.#reject("HEADERS of a stream that is not the peer's to open");
    if (isNew) this.#lastPeerId = streamId;
    // Envoy counts those of requests only, and before it has seen what they are.
    else if (this.#isServer && this.#streams.get(streamId)?.remote === "open")
      this.#options.stats.counters.trailers += 1;
    if (flags & Flag.priority && this.#dependsOnItself(frame))
      return this.#reject("a stream that depends on itself");
    const block = payload.subarray(start, payload.length - padding);
    const isLast = (flags & Flag.endStream) !== 0;
    if (flags & Flag.endHeaders) return this.#onBlock(streamId, isNew, isLast, block);
    this.#block = new OpenBlock(streamId, isNew, isLast);
    return this.#hold(this.#block, block);
  }

  /** Priorities mean nothing here, but nghttp2 in Envoy minds this. */
  #dependsOnItself({ flags, streamId, payload }: Frame): boolean {
    return (payload.readUInt32BE(flags & Flag.padded ? 1 : 0) & maxWindowBytes) === streamId;
  }

  /** A client opens streams with odd numbers; a server none, since it may not push. */
  #mayOpen(streamId: number): boolean {
    return this.#isServer && streamId % 2 === 1;
  }

  #onContinuation(frame: Frame): boolean {
    const block = this.#block;
    if (!block) return this.#fail(ErrorCode.protocol, "CONTINUATION: unexpected");
    if (!this.#count(frame, 0)) return false;
    if (!block.mayGoOn()) return this.#reject("Too many CONTINUATION frames following a HEADER frame");
    if (!(frame.flags & Flag.endHeaders)) return this.#hold(block, frame.payload);
    this.#block = undefined;
    return this.#onBlock(block.streamId, block.isNew, block.isLast, block.whole(frame.payload));
  }

  #hold(block: OpenBlock, piece: Buffer): boolean {
    if (block.hold(piece, this.#decoder, this.#options.limits)) return true;
    return this.#fail(ErrorCode.compression, "");
  }

  #onBlock(streamId: number, isNew: boolean, isLast: boolean, block: Buffer): boolean {
    const { limits, stats } = this.#options;
    const decoded = this.#decoder.decode(block, limits);
    if (decoded.kind === "broken" || decoded.kind === "more") return this.#fail(ErrorCode.compression, "");
    const stream = isNew ? this.#accept(streamId) : this.#streams.get(streamId);
    // Closed a moment ago, or refused.
    if (!stream) return this.#state === "open";
    if (stream.remote === "ended") return this.#reject("HEADERS behind the end of the stream");
    if (decoded.kind === "too-large") {
      stats.counters.header_overflow += 1;
      if (decoded.what === "bytes") stats.counters.header_list_size_too_large += 1;
      if (!stream.hasHead) this.#options.events.onBadRequest();
      return this.#break(stream, ErrorCode.internal, 0);
    }
    return this.#onFields(stream, decoded.flat, isLast);
  }

  /** Takes a client's stream on the books; undefined when it is not to be served. */
  #accept(streamId: number): Http2Stream | undefined {
    const { limits, stats } = this.#options;
    if (streamId > this.#lastServedId) return undefined;
    if (this.#openCount >= limits.maxConcurrentStreams) {
      // Before it has heard of the limit a client cannot be blamed (section 5.1.2).
      if (this.#isSettingsAcked) this.#reject("more streams than allowed");
      else {
        stats.counters.stream_refused_errors += 1;
        this.#sendReset(streamId, ErrorCode.refused);
      }
      return undefined;
    }
    const stream = this.#newStream();
    stream.id = streamId;
    this.#openCount += 1;
    stats.gauges.streams_active.add(1);
    this.#streams.set(streamId, stream);
    this.#inbound.opened();
    return stream;
  }

  #onFields(stream: Http2Stream, flat: readonly string[], isLast: boolean): boolean {
    if (stream.hasHead) {
      const trailers = isLast ? readTrailers(flat) : undefined;
      if (!trailers || (stream.expectedBytes ?? 0) > 0) return this.#malformed(stream);
      this.#endRemote(stream, trailers.count > 0 ? trailers : undefined);
      return this.#state === "open";
    }
    return this.#isServer ? this.#onRequest(stream, flat, isLast) : this.#onResponse(stream, flat, isLast);
  }

  #onRequest(stream: Http2Stream, flat: readonly string[], isLast: boolean): boolean {
    const read = readRequestHead(flat);
    if (read.kind === "malformed") return this.#malformed(stream);
    if (isLast && (read.contentLength ?? 0) > 0) return this.#malformed(stream);
    stream.hasHead = true;
    stream.expectedBytes = read.contentLength;
    if (isLast) stream.remote = "ended";
    this.#options.events.onRequest(stream, read.head, isLast);
    this.ended(stream);
    return this.#state === "open";
  }

  #onResponse(stream: Http2Stream, flat: readonly string[], isLast: boolean): boolean {
    const read = readResponseHead(flat);
    if (read.kind === "malformed") return this.#malformed(stream);
    const { status, headers } = read.head;
    if (status < 200) {
      if (isLast) return this.#malformed(stream);
      stream.sink?.onHead(status, headers, false);
      return this.#state === "open";
    }
    stream.hasHead = true;
    // The length of what a HEAD or a 304 would have had comes without a body.
    if (!isLast) stream.expectedBytes = read.contentLength;
    stream.sink?.onHead(status, headers, isLast);
    if (isLast) this.#endRemote(stream, undefined);
    return this.#state === "open";
  }

  #endRemote(stream: Http2Stream, trailers: HeaderList | undefined): void {
    if (stream.isClosed) return;
    stream.remote = "ended";
    const { sink } = stream;
    // Off the books first: who hears of the end may want the connection for the next one.
    this.ended(stream);
    sink?.onEnd(trailers);
  }

  #onReset({ streamId, payload }: Frame): boolean {
    if (payload.length !== 4) return this.#fail(ErrorCode.frameSize, "");
    if (streamId === 0 || this.#isIdle(streamId)) return this.#reject("RST_STREAM of no stream");
    const stream = this.#streams.get(streamId);
    if (stream) {
      this.#options.stats.counters.rx_reset += 1;
      this.#endBy(stream, payload.readUInt32BE(0), "peer");
    }
    if (this.#isServer && !this.#mayReset()) return this.#fail(ErrorCode.internal, "");
    return this.#state === "open";
  }

  #mayReset(): boolean {
    const nowMs = this.#options.monotonic();
    this.#resets ??= new TokenBucket(resetRate, nowMs);
    return this.#resets.take(nowMs);
  }

  #onSettings({ streamId, flags, payload }: Frame): boolean {
    if (streamId !== 0) return this.#reject("SETTINGS of a stream");
    if (flags & Flag.ack) {
      if (payload.length > 0) return this.#fail(ErrorCode.frameSize, "");
      return this.#onSettingsAck();
    }
    if (payload.length % 6 !== 0) return this.#fail(ErrorCode.frameSize, "");
    if (payload.length > 6 * maxSettings)
      return this.#fail(ErrorCode.enhanceYourCalm, "SETTINGS: too many setting entries");
    this.#hasSettings = true;
    for (let at = 0; at < payload.length; at += 6) {
      if (!this.#apply(payload.readUInt16BE(at), payload.readUInt32BE(at + 2))) return false;
    }
    this.#output.addControl(frameOf(FrameType.settings, Flag.ack, 0, 0));
    return true;
  }

  #onSettingsAck(): boolean {
    if (this.#isSettingsAcked) return this.#reject("SETTINGS: unexpected ACK");
    this.#isSettingsAcked = true;
    const { streamWindowBytes } = this.#options.limits;
    const difference = streamWindowBytes - this.#localWindowBytes;
    this.#localWindowBytes = streamWindowBytes;
    for (const stream of this.#streams.values()) stream.receiveWindow += difference;
    return true;
  }

  #apply(id: number, value: number): boolean {
    switch (id) {
      case Setting.headerTableSize:
        this.#encoder.allow(value);
        return true;
      case Setting.enablePush:
        if (value > 1 || (value === 1 && !this.#isServer)) return this.#reject("ENABLE_PUSH");
        return true;
      case Setting.maxConcurrentStreams:
        this.#peerMaxStreams = value;
        this.#options.events.onMaxStreams();
        return true;
      case Setting.initialWindowSize:
        return this.#moveWindows(value);
      case Setting.maxFrameSize:
        if (value < defaultMaxFrameBytes || value > 0xffffff) {
          return this.#reject("MAX_FRAME_SIZE");
        }
        this.#peerFrameBytes = Math.min(value, maxSentFrameBytes);
        return true;
      default:
        return true;
    }
  }

  #moveWindows(bytes: number): boolean {
    if (bytes > maxWindowBytes) return this.#reject("INITIAL_WINDOW_SIZE");
    const difference = bytes - this.#peerWindowBytes;
    this.#peerWindowBytes = bytes;
    for (const stream of this.#streams.values()) {
      stream.sendWindow += difference;
      if (stream.sendWindow > maxWindowBytes) return this.#reject("INITIAL_WINDOW_SIZE");
    }
    return true;
  }

  #onPing({ streamId, flags, payload }: Frame): boolean {
    if (streamId !== 0) return this.#reject("PING of a stream");
    if (payload.length !== 8) return this.#fail(ErrorCode.frameSize, "");
    if (!(flags & Flag.ack)) this.#output.addControl(pingFrame(payload, true));
    return true;
  }

  #onGoAway({ streamId, payload }: Frame): boolean {
    if (streamId !== 0) return this.#reject("GOAWAY of a stream");
    if (payload.length < 8) return this.#fail(ErrorCode.frameSize, "");
    const lastId = payload.readUInt32BE(0) & maxWindowBytes;
    this.#options.events.onGoAway(payload.readUInt32BE(4));
    if (this.#isServer) return true;
    for (const stream of this.#streams.values()) {
      if (stream.id > lastId) this.#endBy(stream, ErrorCode.refused, "peer");
    }
    return true;
  }

  #onWindowUpdate(frame: Frame): boolean {
    const { streamId, payload } = frame;
    if (payload.length !== 4) return this.#fail(ErrorCode.frameSize, "");
    if (!this.#count(frame, 0)) return false;
    if (this.#isIdle(streamId)) return this.#reject("WINDOW_UPDATE of an idle stream");
    const bytes = payload.readUInt32BE(0) & maxWindowBytes;
    if (bytes === 0) return this.#reject("WINDOW_UPDATE of nothing");
    if (streamId === 0) {
      this.#sendWindow += bytes;
      if (this.#sendWindow > maxWindowBytes) return this.#reject("a window above 2^31 - 1");
    } else {
      const stream = this.#streams.get(streamId);
      if (!stream) return true;
      stream.sendWindow += bytes;
      if (stream.sendWindow > maxWindowBytes) return this.#reject("a window above 2^31 - 1");
    }
    if (this.#ready.size > 0) this.#queueFlush();
    return true;
  }

  /** Nobody has used the number yet. */
  #isIdle(streamId: number): boolean {
    if (streamId === 0) return false;
    const isOwn = (streamId % 2 === 1) !== this.#isServer;
    return isOwn ? streamId >= this.#nextId : streamId > this.#lastPeerId;
  }

  #creditConnection(bytes: number): void {
    this.#untoldBytes += bytes;
    if (this.#untoldBytes * 2 < this.#options.limits.connectionWindowBytes) return;
    this.#receiveWindow += this.#untoldBytes;
    if (this.#state === "open") this.#output.add(windowUpdateFrame(0, this.#untoldBytes));
    this.#untoldBytes = 0;
  }

  /** The head or the trailers are no HTTP, or DATA stands before them; `bytes` of it are on nobody's account yet. */
  #malformed(stream: Http2Stream, bytes = 0): boolean {
    this.#options.stats.counters.rx_messaging_error += 1;
    if (!stream.hasHead) this.#options.events.onBadRequest();
    if (!this.#options.limits.resetsStreamOnInvalidMessage) return this.#reject("invalid HTTP messaging");
    return this.#break(stream, ErrorCode.protocol, bytes);
  }

  /** Ends a stream for what it brought; `bytes` of it are on nobody's account yet. */
  #break(stream: Http2Stream, code: number, bytes: number): boolean {
    this.#creditConnection(bytes);
    this.#sendReset(stream.id, code);
    this.#endBy(stream, code, "messaging");
    return this.#state === "open";
  }

  #endBy(stream: Http2Stream, code: number, by: ResetBy): void {
    this.#close(stream, { code, by })?.onReset(code, by);
  }

  /** Takes the stream off the books; gives who is to be told. */
  #close(stream: Http2Stream, reset: StreamEnding | undefined): StreamSink | undefined {
    if (stream.isClosed) return undefined;
    const withheld = stream.withheldBytes;
    stream.withheldBytes = 0;
    const sink = stream.close();
    this.#streams.delete(stream.id);
    this.#ready.delete(stream);
    this.#openCount -= 1;
    this.#options.stats.gauges.streams_active.add(-1);
    if (withheld > 0) this.#creditConnection(withheld);
    this.#options.events.onStreamEnd(stream, reset);
    return sink;
  }

  /** Ends the connection with a GOAWAY that says why, in the words that Envoy's codec has. */
  #fail(code: number, reason: string): false {
    if (this.#state === "failed") return false;
    this.#output.add(goAwayFrame(this.#lastPeerId, code, reason));
    this.#end("protocol", reason);
    return false;
  }

  /** Ends the connection without a word, as Envoy does for what its codec tells of as an invalid frame. */
  #reject(reason: string): false {
    if (this.#state === "failed") return false;
    this.#output.discard();
    this.#end("protocol", reason);
    return false;
  }

  #flood(reason: string): false {
    if (this.#state === "open") this.#end("flood", reason);
    return false;
  }

  #end(kind: SessionFailure["kind"], reason: string): void {
    this.#state = "failed";
    this.#output.flush();
    this.#options.events.onFail({ kind, reason });
    this.#endAll(ErrorCode.protocol);
  }

  #endAll(code: number): void {
    for (const stream of this.#streams.values()) this.#endBy(stream, code, "connection");
  }
}

/** Larger frames would only let one stream hold up the others. */
const maxSentFrameBytes = 65536;
