import type { Socket } from "node:net";
import type { BodyFraming } from "../http-codec/body-framing.ts";
import { isAuthority } from "../http-codec/characters.ts";
import type { CodecError } from "../http-codec/codec-error.ts";
import { badMessage } from "../http-codec/codec-error.ts";
import type { HeadAnswer } from "../http-codec/message-reader.ts";
import { MessageReader } from "../http-codec/message-reader.ts";
import { MessageWriter } from "../http-codec/message-writer.ts";
import type { Asked } from "../http-codec/sent-framing.ts";
import { responseFraming } from "../http-codec/sent-framing.ts";
import type { RequestLine } from "../http-codec/start-line.ts";
import { readRequestLine } from "../http-codec/start-line.ts";
import { statusPhrase } from "../http-codec/status-phrase.ts";
import { responseText } from "../http-codec/write-head.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import { Deadline } from "../network/deadline.ts";
import { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "../network/http-message.ts";
import { localReply } from "../network/http-message.ts";
import type { ServerStream } from "../network/http-stream.ts";
import type { DownstreamConnection, DrainDecision } from "../resources/extension.ts";
import { watchLifetime } from "./connection-lifetime.ts";
import { DelayedClose } from "./delayed-close.ts";
import { Exchange } from "./exchange.ts";
import { ExchangeTimers } from "./exchange-timers.ts";
import { headLimit, type HeadLimit } from "./head-limit.ts";
import { readHopHeaders } from "./hop-headers.ts";
import { countAnswer, countBusyEnd, countEnd } from "./manager-stats.ts";
import { checkUnderscores } from "./underscores.ts";
import type { Manager } from "./manager.ts";

/** What tells HTTP/2 from HTTP/1.1, if it comes with the first bytes (as Envoy looks for it). */
const prefaceStart = Buffer.from("PRI * HTTP/2", "latin1");

/** What nearly every request asks for. */
const anything: Asked = { isHead: false, isConnect: false, isOld: false };

/** What becomes of the connection. */
type State =
  | "open"
  /** The last answer is on its way out; what comes in is dropped. */
  | "closing"
  /** It speaks HTTP/2, and another has it. */
  | "handed-over"
  | "closed";

/**
 * A downstream connection that speaks HTTP/1.1: one request after the other, each answered before the next is read. It is itself the
 * stream of the present one.
 */
export class Http1ServerConnection implements ServerStream {
  readonly info: ConnectionInfo;
  /** Of the present request. */
  protocol: "HTTP/1.0" | "HTTP/1.1" = "HTTP/1.1";
  /** What may wait to be written to the client. */
  readonly bufferLimitBytes: number;
  readonly #manager: Manager;
  readonly #timers: ExchangeTimers;
  readonly #drain: DrainDecision;
  readonly #socket: Socket;
  readonly #reader: MessageReader<RequestLine>;
  readonly #writer: MessageWriter;
  #serveHttp2: ((early: Buffer) => void) | undefined;
  /** Something has come, and it is HTTP/1.1. */
  #hasBegun = false;
  #exchange: Exchange | undefined;
  /** What the present answer has to fit. */
  #asked: Asked = anything;
  #isRequestWhole = true;
  #isAnswering = false;
  #state: State = "open";
  /** Bytes of requests that must wait for the answer to the present one. */
  #pending: Buffer | undefined;
  #isPausedByUpstream = false;
  /** Which limit a head that is coming has; undefined when none is coming. */
  #headLimit: HeadLimit | undefined;
  #isReading = false;
  #keepsAlive = true;
  #isEndedByClient = false;
  /** It has been idle for too long; it ends when nothing more comes for a while. */
  #isDraining = false;
  /** The end of the connection is the end of the answer. */
  #endsBody = false;
  #requests = 0;
  /** Of the whole connection while it has no request or is closing, else of the head that is coming. */
  readonly #idle: Deadline;
  #closing: DelayedClose | undefined;
  #endLifetime: (() => void) | undefined;

  constructor(manager: Manager, { info, socket, bufferLimitBytes, drain }: DownstreamConnection) {
    const { counters } = manager.stats;
    this.#manager = manager;
    this.info = info;
    this.bufferLimitBytes = bufferLimitBytes;
    this.#socket = socket;
    this.#drain = drain;
    this.#timers = new ExchangeTimers(manager.run.clock);
    this.#idle = new Deadline(manager.run.clock, () => this.#onIdle());
    const { http1 } = manager.config;
    const readLine = (line: string) => readRequestLine(line, http1);
    this.#reader = new MessageReader(readLine, true, manager.config.limits, {
      onHead: (line, headers, framing) => this.#onHead(line, headers, framing),
      onData: (data) => this.#exchange?.onRequestData(data),
      onEnd: (trailers) => this.#onRequestEnd(trailers),
    });
    this.#writer = new MessageWriter({
      socket,
      limitBytes: bufferLimitBytes,
      sendsTrailers: manager.config.hasTrailers,
      prefix: undefined,
      onSent(bytes) {
        counters.downstream_cx_tx_bytes_total += bytes;
      },
    });
  }

  /**
   * Takes over the socket, which is on the manager's books already. `serveHttp2` gets it, with what has come, when that begins as
   * HTTP/2 does.
   */
  start(early: Buffer, serveHttp2: ((early: Buffer) => void) | undefined): void {
    this.#serveHttp2 = serveHttp2;
    const socket = this.#socket;
    socket.on("data", this.#onBytes);
    socket.on("end", this.#onEnd);
    socket.on("close", () => this.#onClose());
    socket.on("drain", this.#onDrain);
    this.#endLifetime = watchLifetime(this.#manager, this.info, () => this.#onLifetime());
    this.#waitForRequest();
    if (early.length > 0) this.#onBytes(early);
    if (this.#state === "open" || this.#state === "closing") this.#updateReading();
  }

  sendInterim(status: number, headers: HeaderList): void {
    const text = responseText(status, headers, "", this.protocol);
    this.#manager.stats.counters.downstream_cx_tx_bytes_total += text.length;
    this.#socket.write(text, "latin1");
  }

  sendHead(status: number, headers: HeaderList, isLast: boolean): void {
    // What is left of the request would stand in front of the next one.
    if (!this.#isRequestWhole) this.#keepsAlive = false;
    if (this.#drain.drainClose()) {
      this.#manager.stats.counters.downstream_cx_drain_close += 1;
      this.#keepsAlive = false;
    }
    this.#isAnswering = true;
    // Content has no place there (RFC 9110, section 8.6).
    if (status < 200 || status === 204) headers.remove("content-length");
    const framing = responseFraming(status, headers, isLast, this.#asked);
    const { isOld } = this.#asked;
    // Only the end of the connection can tell that of a body without a length.
    this.#endsBody = isOld && !isLast && !headers.has("content-length");
    if (this.#endsBody) this.#keepsAlive = false;
    const isTunnel = status === 101 || (this.#asked.isConnect && status === 200);
    const text = responseText(status, headers, this.#ending(isTunnel) + framing.lines, this.protocol);
    this.#writer.head(text, framing, isLast);
    if (isLast) this.#answered();
  }

  /** What an answer says of the connection behind it. */
  #ending(isTunnel: boolean): string {
    if (isTunnel) return "";
    if (!this.#keepsAlive) return "connection: close\r\n";
    return this.#asked.isOld ? "connection: keep-alive\r\n" : "";
  }

  sendData(data: Buffer): boolean {
    return this.#writer.data(data);
  }

  end(trailers: HeaderList | undefined): void {
    this.#writer.end(trailers);
    this.#answered();
  }

  reset(isHard: boolean): void {
    this.#exchange = undefined;
    // No request is served behind an answer that is not whole.
    this.#state = "closing";
    this.#pending = undefined;
    if (isHard) return void this.#socket.destroy();
    this.#writer.flush();
    this.#close(0);
  }

  closeAfter(): void {
    this.#keepsAlive = false;
  }

  pauseRequest(isPaused: boolean): void {
    if (this.#isPausedByUpstream === isPaused) return;
    this.#isPausedByUpstream = isPaused;
    const { counters } = this.#manager.stats;
    if (isPaused) counters.downstream_flow_control_paused_reading_total += 1;
    else counters.downstream_flow_control_resumed_reading_total += 1;
    this.#updateReading();
  }

  #answered(): void {
    this.#exchange = undefined;
    if (this.#state !== "open") return;
    if (!this.#keepsAlive) return this.#finish();
    this.#isAnswering = false;
    this.#reader.next();
    this.#waitForRequest();
    if (this.#isPausedByUpstream) this.pauseRequest(false);
    // Not from within the reader, which has yet to come back from the request that is now over; and not before the upstream's
    // connection has come back to its pool, to be used again.
    if (this.#pending && !this.#isReading) queueMicrotask(() => this.#readPending());
  }

  readonly #onBytes = (bytes: Buffer): void => {
    if (this.#state !== "open") return;
    if (!this.#hasBegun && !this.#begin(bytes)) return;
    this.#manager.stats.counters.downstream_cx_rx_bytes_total += bytes.length;
    if (this.#pending) {
      this.#pending = Buffer.concat([this.#pending, bytes]);
      return;
    }
    this.#read(bytes);
  };

  /** A client that shuts its side has no use for an answer: Envoy closes too. */
  readonly #onEnd = (): void => {
    this.#isEndedByClient = true;
    this.#socket.destroy();
  };

  /** The first bytes; false when they are not for HTTP/1.1. */
  #begin(bytes: Buffer): boolean {
    this.#hasBegun = true;
    if (this.#serveHttp2 && bytes.subarray(0, prefaceStart.length).equals(prefaceStart)) {
      const socket = this.#socket;
      this.#state = "handed-over";
      socket.pause();
      // Its own listeners only: others may watch the socket too.
      socket.off("data", this.#onBytes);
      socket.off("end", this.#onEnd);
      socket.off("drain", this.#onDrain);
      this.#idle.dispose();
      this.#endLifetime?.();
      this.#serveHttp2(bytes);
      return false;
    }
    const { counters, gauges } = this.#manager.stats;
    counters.downstream_cx_http1_total += 1;
    gauges.downstream_cx_http1_active.add(1);
    return true;
  }

  #read(bytes: Buffer): void {
    let left = bytes;
    this.#isReading = true;
    while (left.length > 0 && this.#state === "open") {
      if (this.#reader.isIdle && this.#isClogged) break;
      const read = this.#reader.read(left);
      if (this.#reader.error) {
        this.#isReading = false;
        this.#refuse(this.#reader.error);
        return;
      }
      left = left.subarray(read);
      // The next request has to wait for the answer to this one.
      if (this.#exchange) break;
      // Answered while it was read.
      this.#reader.next();
    }
    this.#isReading = false;
    this.#pending = left.length > 0 && this.#state === "open" ? left : undefined;
    if (this.#pending) this.#updateReading();
    else if (!this.#exchange && !this.#reader.isIdle) this.#waitForHead();
  }

  readonly #onDrain = (): void => {
    if (this.#exchange) this.#exchange.onResponseDrain();
    else this.#readPending();
  };

  /** The client does not take its answers: until it does it gets no more, or those to many small requests would pile up here. */
  get #isClogged(): boolean {
    return this.#socket.writableNeedDrain && this.#socket.writableLength > this.bufferLimitBytes;
  }

  #readPending(): void {
    if (this.#exchange || this.#state !== "open") return;
    const bytes = this.#pending;
    this.#pending = undefined;
    if (bytes) this.#read(bytes);
    this.#updateReading();
  }

  #updateReading(): void {
    if (this.#state === "closed") return;
    if (this.#pending || this.#isPausedByUpstream) this.#socket.pause();
    else this.#socket.resume();
  }

  #onHead(line: RequestLine, headers: HeaderList, framing: BodyFraming): HeadAnswer {
    const manager = this.#manager;
    const { isOld = false } = line;
    this.protocol = isOld ? "HTTP/1.0" : "HTTP/1.1";
    if (line.authority !== undefined) headers.set("host", line.authority);
    const { defaultHost } = manager.config.http1;
    if (isOld && defaultHost !== "" && !headers.has("host")) headers.set("host", defaultHost);
    const host = headers.get("host");
    if (host !== undefined && !isAuthority(host))
      return badMessage("the host header is no host", "http.invalid_authority");
    if (!checkUnderscores(headers, manager.config.underscores, manager.codecStats))
      return badMessage("a header name with an underscore", "http1.unexpected_underscore");
    const hop = readHopHeaders(headers);
    if (!hop)
      return badMessage("connection names a header that must stay", "http1.connection_header_rejected");
    this.#idle.clear();
    this.#headLimit = undefined;
    this.#requests += 1;
    const { maxRequestsPerConnection: most } = manager.config;
    if (most > 0 && this.#requests >= most) {
      manager.stats.counters.downstream_cx_max_requests_reached += 1;
      this.#keepsAlive = false;
    }
    if (isOld ? !hop.wantsKeepAlive : hop.wantsClose) this.#keepsAlive = false;
    if (headers.get("expect")?.toLowerCase() === "100-continue") {
      headers.remove("expect");
      countAnswer(manager.stats, 100);
      this.sendInterim(100, new HeaderList());
    }
    manager.stats.counters.downstream_rq_http1_total += 1;
    const { method, path } = line;
    const isConnect = method === "CONNECT";
    const isTunnel = isConnect || hop.isUpgrade;
    const isLast = !isTunnel && framing.kind === "none";
    this.#isRequestWhole = isLast;
    const isUsual = method === "GET" && !isOld;
    this.#asked = isUsual ? anything : { isHead: method === "HEAD", isConnect, isOld };
    const head: RequestHead = { method, path, headers, scheme: "http", isUpgrade: hop.isUpgrade };
    const exchange = new Exchange(manager, this, this.#timers, head, isLast);
    this.#exchange = exchange;
    exchange.start();
    return isTunnel ? "tunnel" : "body";
  }

  #onRequestEnd(trailers: HeaderList | undefined): void {
    if (this.#isRequestWhole) return;
    this.#isRequestWhole = true;
    this.#exchange?.onRequestEnd(this.#manager.config.hasTrailers ? trailers : undefined);
  }

  /** Answers bytes that are no HTTP; nothing is read behind them. */
  #refuse({ status, details = "http1.codec_error" }: CodecError): void {
    const { stats } = this.#manager;
    stats.counters.downstream_cx_protocol_error += 1;
    const exchange = this.#exchange;
    if (!exchange || !this.#isAnswering)
      return this.#answerAndClose(status, details, statusPhrase(status), "DPE");
    // In the middle of a body, with an answer on its way already.
    this.#exchange = undefined;
    countBusyEnd(stats.counters, true);
    exchange.onRequestReset("protocol-error");
    this.#writer.flush();
    this.#finish();
  }

  /** Answers what is no request, or will not be whole. */
  #answerAndClose(status: number, details: string, body: string, flag: string | undefined): void {
    if (!this.#exchange) this.#manager.stats.counters.downstream_rq_http1_total += 1;
    this.#isRequestWhole = false;
    this.#headLimit = undefined;
    const exchange = this.#exchange ?? new Exchange(this.#manager, this, this.#timers, noRequest(), false);
    this.#exchange = exchange;
    exchange.refuse(localReply(status, details, body), flag);
  }

  /** The last answer is out. The client closes, which keeps the answer safe; else the connection ends after a while (as in Envoy). */
  #finish(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#pending = undefined;
    this.#close(this.#endsBody ? 0 : this.#manager.config.delayedCloseMs);
  }

  #close(delayedCloseMs: number): void {
    const { config, stats } = this.#manager;
    this.#closing = new DelayedClose({
      socket: this.#socket,
      deadline: this.#idle,
      delayedCloseMs,
      streamIdleTimeoutMs: config.streamIdleTimeoutMs,
      onTimeout() {
        stats.counters.downstream_cx_delayed_close_timeout += 1;
      },
    });
  }

  #waitForRequest(): void {
    const { idleTimeoutMs } = this.#manager.config;
    if (idleTimeoutMs > 0) this.#idle.set(idleTimeoutMs);
    else this.#idle.clear();
  }

  /** From the first byte of a head on; more bytes do not put the end off. */
  #waitForHead(): void {
    if (this.#headLimit || this.#state !== "open") return;
    this.#headLimit = headLimit(this.#manager.config);
    if (this.#headLimit) this.#idle.set(this.#headLimit.timeoutMs);
    else this.#idle.clear();
  }

  #onIdle(): void {
    const { counters } = this.#manager.stats;
    const limit = this.#headLimit;
    if (this.#state === "open" && limit) {
      counters[limit.counter] += 1;
      return this.#answerAndClose(408, limit.details, limit.text, limit.flag);
    }
    if (this.#closing) return this.#closing.onDeadline();
    if (!this.#isDraining) counters.downstream_cx_idle_timeout += 1;
    this.#drainIdle();
  }

  /** The connection has lasted long enough. A request that it serves is its last one. */
  #onLifetime(): void {
    if (this.#state !== "open" || this.#isDraining) return;
    if (this.#exchange || !this.#reader.isIdle) this.#keepsAlive = false;
    else this.#drainIdle();
  }

  /** Ends a connection that has no request. */
  #drainIdle(): void {
    const { drainTimeoutMs } = this.#manager.config;
    if (!this.#hasBegun) {
      this.#state = "closing";
      this.#socket.destroy();
      return;
    }
    if (this.#isDraining || drainTimeoutMs === 0) return this.#finish();
    // One more request may be on its way, and is answered as the last one (as in Envoy).
    this.#isDraining = true;
    this.#keepsAlive = false;
    this.#idle.set(drainTimeoutMs);
  }

  #onClose(): void {
    if (this.#state === "handed-over") return;
    const { run, stats } = this.#manager;
    const { gauges, histograms } = stats;
    histograms.downstream_cx_length_ms.record(run.clock.monotonic() - this.info.acceptedAtMs);
    const isLocal = this.#state === "closing" && !this.#isEndedByClient;
    countEnd(stats, this.info, isLocal, this.#exchange !== undefined);
    if (this.#hasBegun) gauges.downstream_cx_http1_active.add(-1);
    this.#state = "closed";
    this.#idle.dispose();
    this.#endLifetime?.();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onRequestReset("connection-termination");
    this.#timers.dispose();
  }
}

/** What stands for a request that could not be read. */
function noRequest(): RequestHead {
  return { method: "", path: "", headers: new HeaderList(), scheme: "http", isUpgrade: false };
}
