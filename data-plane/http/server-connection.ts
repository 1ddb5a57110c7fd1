import type { Socket } from "node:net";
import type { BodyFraming } from "../http-codec/body-framing.ts";
import { isAuthority } from "../http-codec/characters.ts";
import type { CodecError } from "../http-codec/codec-error.ts";
import { badMessage } from "../http-codec/codec-error.ts";
import type { HeadAnswer } from "../http-codec/message-reader.ts";
import { MessageReader } from "../http-codec/message-reader.ts";
import type { RequestLine } from "../http-codec/start-line.ts";
import { readRequestLine } from "../http-codec/start-line.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import { Deadline } from "../network/deadline.ts";
import { HeaderList } from "../network/header-list.ts";
import type { DownstreamConnection } from "../resources/extension.ts";
import { Exchange } from "./exchange.ts";
import { removeHopHeaders } from "./hop-headers.ts";
import type { ManagerConfig } from "./manager-config.ts";
import type { Manager } from "./manager.ts";
import { countAnswer } from "./manager-stats.ts";
import { statusPhrase } from "./status-number.ts";
import { responseText } from "./write-head.ts";

/** What becomes of the connection. */
type State =
  | "open"
  /** The last answer is on its way out; what comes in is dropped. */
  | "closing"
  | "closed";

/** What a head that does not come in time is answered with. */
interface HeadLimit {
  readonly timeoutMs: number;
  readonly text: string;
  readonly counter: "downstream_rq_header_timeout" | "downstream_rq_timeout" | "downstream_rq_idle_timeout";
}

/** A downstream connection that speaks HTTP/1.1: one request after the other, each answered before the next is read. */
export class ServerConnection {
  readonly manager: Manager;
  readonly info: ConnectionInfo;
  /** For the answer to the present request. Here, because a timer for each request would cost more than the request's own work. */
  readonly answerDeadline: Deadline;
  /** For the whole of the present request. */
  readonly requestDeadline: Deadline;
  /** For the next movement of the present exchange. */
  readonly streamDeadline: Deadline;
  readonly #socket: Socket;
  readonly #bufferLimitBytes: number;
  readonly #reader: MessageReader<RequestLine>;
  #exchange: Exchange | undefined;
  #state: State = "open";
  /** Bytes of requests that must wait for the answer to the present one. */
  #pending: Buffer | undefined;
  #isPausedByUpstream = false;
  /** Which limit a head that is coming has; undefined when none is coming. */
  #headLimit: HeadLimit | undefined;
  #isReading = false;
  #isCorked = false;
  #keepsAlive = true;
  #requests = 0;
  /** Of the whole connection while it has no request, else of the head that is coming. */
  readonly #idle: Deadline;

  constructor(manager: Manager, { info, socket, bufferLimitBytes }: DownstreamConnection) {
    this.manager = manager;
    this.info = info;
    this.#socket = socket;
    this.#bufferLimitBytes = bufferLimitBytes;
    this.answerDeadline = new Deadline(manager.run.clock, () => this.#exchange?.onTimeout());
    this.requestDeadline = new Deadline(manager.run.clock, () => this.#exchange?.onRequestTimeout());
    this.streamDeadline = new Deadline(manager.run.clock, () => this.#exchange?.onIdle());
    this.#idle = new Deadline(manager.run.clock, () => this.#onIdle());
    this.#reader = new MessageReader(readRequestLine, true, manager.config.limits, {
      onHead: (line, headers, framing) => this.#onHead(line, headers, framing),
      onData: (data) => this.#exchange?.onRequestData(data),
      onEnd: () => this.#exchange?.onRequestEnd(),
    });
  }

  /** Takes over the socket. */
  start(early: Buffer): void {
    const { counters, gauges } = this.manager.stats;
    counters.downstream_cx_total += 1;
    counters.downstream_cx_http1_total += 1;
    gauges.downstream_cx_active.add(1);
    gauges.downstream_cx_http1_active.add(1);
    const socket = this.#socket;
    socket.on("data", (bytes: Buffer) => this.#onBytes(bytes));
    // A client that shuts its side has no use for an answer: Envoy closes too.
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#onClose());
    socket.on("drain", () => this.#exchange?.onResponseDrain());
    this.#waitForRequest();
    if (early.length > 0) this.#onBytes(early);
    if (this.#state !== "closed") this.#updateReading();
  }

  /** What may wait to be written to the client. */
  get bufferLimitBytes(): number {
    return this.#bufferLimitBytes;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** The connection goes on behind the present answer, as far as the client and the configuration will have it. */
  get keepsAlive(): boolean {
    return this.#keepsAlive;
  }

  /** Sends a head, and what there is of the body. False: nothing more, please, before `onResponseDrain`. */
  write(head: string, body: Buffer | string | undefined): boolean {
    const socket = this.#socket;
    if (body === undefined || body.length === 0) return this.#sent(socket.write(head, "latin1"), head.length);
    if (typeof body === "string")
      return this.#sent(socket.write(head + body, "latin1"), head.length + body.length);
    const bytes = Buffer.allocUnsafe(head.length + body.length);
    bytes.write(head, 0, "latin1");
    body.copy(bytes, head.length);
    return this.#sent(socket.write(bytes), bytes.length);
  }

  writeBody(data: Buffer | string): boolean {
    const isTaken = typeof data === "string" ? this.#socket.write(data, "latin1") : this.#socket.write(data);
    return this.#sent(isTaken, data.length);
  }

  /** Keeps what is written back until the present turn is over, so that pieces leave together. */
  cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    queueMicrotask(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  /** Nothing more of the request is wanted for now, or it is again. */
  pauseRequest(isPaused: boolean): void {
    if (this.#isPausedByUpstream === isPaused) return;
    this.#isPausedByUpstream = isPaused;
    const { counters } = this.manager.stats;
    if (isPaused) counters.downstream_flow_control_paused_reading_total += 1;
    else counters.downstream_flow_control_resumed_reading_total += 1;
    this.#updateReading();
  }

  /** The present exchange is answered. `isRequestWhole`: nothing of its request is still to come. */
  answered(isRequestWhole: boolean): void {
    this.#exchange = undefined;
    if (this.#state !== "open") return;
    if (!this.#keepsAlive || !isRequestWhole) return this.#finish();
    this.#reader.next();
    this.#waitForRequest();
    if (this.#isPausedByUpstream) this.pauseRequest(false);
    // Not from within the reader, which has yet to come back from the request that is now over.
    if (this.#pending && !this.#isReading) this.#readPending();
  }

  /** Ends the connection behind what has been written, an answer that is not whole. */
  cutShort(): void {
    this.#socket.destroySoon();
  }

  /** Ends the connection with no further byte. */
  destroy(): void {
    this.#socket.destroy();
  }

  #sent(isTaken: boolean, bytes: number): boolean {
    this.manager.stats.counters.downstream_cx_tx_bytes_total += bytes;
    return isTaken || this.#socket.writableLength <= this.#bufferLimitBytes;
  }

  #onBytes(bytes: Buffer): void {
    if (this.#state !== "open") return;
    this.manager.stats.counters.downstream_cx_rx_bytes_total += bytes.length;
    if (this.#pending) {
      this.#pending = Buffer.concat([this.#pending, bytes]);
      return;
    }
    this.#read(bytes);
  }

  #read(bytes: Buffer): void {
    let left = bytes;
    this.#isReading = true;
    while (left.length > 0 && this.#state === "open") {
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

  #readPending(): void {
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
    const { manager } = this;
    if (line.authority !== undefined) headers.set("host", line.authority);
    const host = headers.get("host");
    if (host !== undefined && !isAuthority(host)) return badMessage("the host header is no host");
    const connection = headers.get("connection")?.toLowerCase();
    const upgrade = headers.get("upgrade");
    const wantsClose = hasClose(connection) || hasClose(headers.get("proxy-connection")?.toLowerCase());
    const wantsUpgrade =
      upgrade !== undefined && upgrade.toLowerCase() !== "h2c" && (connection ?? "").includes("upgrade");
    if (!removeHopHeaders(headers)) return badMessage("connection names a header that must stay");
    this.#idle.clear();
    this.#headLimit = undefined;
    this.#requests += 1;
    const { maxRequestsPerConnection: most } = manager.config;
    if (most > 0 && this.#requests >= most) {
      manager.stats.counters.downstream_cx_max_requests_reached += 1;
      this.#keepsAlive = false;
    }
    if (wantsClose) this.#keepsAlive = false;
    if (headers.get("expect")?.toLowerCase() === "100-continue") {
      headers.remove("expect");
      this.#socket.write("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
    }
    this.#exchange = new Exchange(this, line.method, line.path, headers, framing);
    this.#exchange.start(wantsUpgrade);
    return "body";
  }

  /** Answers bytes that are no HTTP; nothing is read behind them. */
  #refuse({ status }: CodecError): void {
    const { stats } = this.manager;
    stats.counters.downstream_cx_protocol_error += 1;
    if (status === 431) stats.counters.downstream_rq_too_large += 1;
    if (this.#exchange) {
      // In the middle of a body; an answer may be on its way already.
      this.#keepsAlive = false;
      const { isAnswering } = this.#exchange;
      this.#exchange.abandon();
      this.#exchange = undefined;
      if (isAnswering) return this.#finish();
    }
    this.#answerAndClose(status, statusPhrase(status));
  }

  /** Answers what never became an exchange. */
  #answerAndClose(status: number, body: string): void {
    const { stats, config, date } = this.manager;
    countAnswer(stats, status);
    stats.counters.downstream_rq_total += 1;
    stats.counters.downstream_rq_http1_total += 1;
    const headers = new HeaderList([
      "content-length",
      String(body.length),
      "content-type",
      "text/plain",
      "date",
      date.text,
      "server",
      config.serverName,
      "connection",
      "close",
    ]);
    this.write(responseText(status, headers, ""), body);
    this.#finish();
  }

  #finish(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#pending = undefined;
    // What the client still sends is read and dropped for a while: a reset would take the answer away from it.
    const { delayedCloseMs } = this.manager.config;
    if (delayedCloseMs === 0) return this.#socket.destroySoon();
    this.#socket.end();
    this.#socket.resume();
    this.#idle.set(delayedCloseMs);
  }

  #waitForRequest(): void {
    const { idleTimeoutMs } = this.manager.config;
    if (idleTimeoutMs > 0) this.#idle.set(idleTimeoutMs);
    else this.#idle.clear();
  }

  /** From the first byte of a head on; more bytes do not put the end off. */
  #waitForHead(): void {
    if (this.#headLimit) return;
    this.#headLimit = headLimit(this.manager.config);
    if (this.#headLimit) this.#idle.set(this.#headLimit.timeoutMs);
    else this.#idle.clear();
  }

  #onIdle(): void {
    const { counters } = this.manager.stats;
    const limit = this.#headLimit;
    if (this.#state === "open" && limit) {
      counters[limit.counter] += 1;
      return this.#answerAndClose(408, limit.text);
    }
    if (this.#state === "open") counters.downstream_cx_idle_timeout += 1;
    this.#socket.destroy();
  }

  #onClose(): void {
    const { counters, gauges } = this.manager.stats;
    counters.downstream_cx_destroy += 1;
    counters[this.#state === "closing" ? "downstream_cx_destroy_local" : "downstream_cx_destroy_remote"] += 1;
    gauges.downstream_cx_active.add(-1);
    gauges.downstream_cx_http1_active.add(-1);
    this.#state = "closed";
    this.#idle.dispose();
    this.answerDeadline.dispose();
    this.requestDeadline.dispose();
    this.streamDeadline.dispose();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange) {
      counters.downstream_rq_rx_reset += 1;
      exchange.abandon();
    }
  }
}

/** The limit that is reached first; undefined when there is none. */
function headLimit(config: ManagerConfig): HeadLimit | undefined {
  const limits: readonly HeadLimit[] = [
    {
      timeoutMs: config.headersTimeoutMs,
      text: "request header timeout",
      counter: "downstream_rq_header_timeout",
    },
    { timeoutMs: config.requestTimeoutMs, text: "request timeout", counter: "downstream_rq_timeout" },
    { timeoutMs: config.streamIdleTimeoutMs, text: "stream timeout", counter: "downstream_rq_idle_timeout" },
  ];
  return limits
    .filter(({ timeoutMs }) => timeoutMs > 0)
    .reduce<HeadLimit | undefined>(
      (first, one) => (first && first.timeoutMs <= one.timeoutMs ? first : one),
      undefined,
    );
}

function hasClose(value: string | undefined): boolean {
  if (value === undefined) return false;
  return value === "close" || value.split(",").some((token) => token.trim() === "close");
}
