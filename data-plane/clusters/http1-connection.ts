import type { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "../network/http-message.ts";
import type {
  StreamRequest,
  StreamReset,
  UpstreamStream,
  UpstreamStreamEvents,
} from "../network/http-stream.ts";
import type { UpstreamConnection } from "../network/upstream.ts";
import type { BodyFraming } from "../http-codec/body-framing.ts";
import type { MessageLimits } from "../http-codec/message-reader.ts";
import { MessageReader } from "../http-codec/message-reader.ts";
import { MessageWriter } from "../http-codec/message-writer.ts";
import { requestFraming } from "../http-codec/sent-framing.ts";
import { requestText } from "../http-codec/write-head.ts";
import type { PooledConnection, PooledConnectionOwner } from "./http-pool.ts";
import type { StatusLine } from "../http-codec/start-line.ts";
import { readStatusLine } from "../http-codec/start-line.ts";

/** What an HTTP/1.1 connection is made with, beside the connection itself. */
export interface Http1ConnectionOptions {
  readonly limits: MessageLimits;
  /** Trailers are read and written; else they are dropped. */
  readonly hasTrailers: boolean;
}

/** The exchange that a connection is busy with. */
interface Exchange {
  readonly events: UpstreamStreamEvents;
  readonly head: RequestHead;
  isRequestWhole: boolean;
}

/** A connection to an upstream that speaks HTTP/1.1: one exchange after the other. */
export class Http1Connection implements PooledConnection, UpstreamStream {
  readonly protocol = "HTTP/1.1";
  readonly #upstream: UpstreamConnection;
  readonly #owner: PooledConnectionOwner;
  readonly #options: Http1ConnectionOptions;
  readonly #reader: MessageReader<StatusLine>;
  readonly #writer: MessageWriter;
  #exchange: Exchange | undefined;
  #mayGoOn = true;
  /** Between an exchange and the next one it is seen whether there may be one. */
  #isReady = true;
  #isClosed = false;
  #isDraining = false;
  #isPaused = false;
  /** No HTTP follows any more. */
  #isTunnel = false;
  /** Exchanges so far. */
  served = 0;

  constructor(upstream: UpstreamConnection, options: Http1ConnectionOptions, owner: PooledConnectionOwner) {
    this.#upstream = upstream;
    this.#owner = owner;
    this.#options = options;
    this.#reader = new MessageReader(readStatusLine, false, options.limits, {
      onHead: (line, headers, framing) => this.#onHead(line, headers, framing),
      onData: (data) => this.#exchange?.events.onData(data),
      onEnd: (trailers) => this.#onEnd(trailers),
    });
    const { socket, traffic } = upstream;
    this.#writer = new MessageWriter({
      socket,
      limitBytes: upstream.bufferLimitBytes,
      sendsTrailers: options.hasTrailers,
      // The PROXY header goes out in front of the first head.
      prefix: upstream.header,
      onSent(bytes) {
        traffic.upstream_cx_tx_bytes_total += bytes;
      },
    });
    socket.on("data", (bytes: Buffer) => this.#onBytes(bytes));
    socket.on("end", () => this.#onSocketEnd());
    socket.on("close", () => this.#onSocketEnd());
    socket.on("drain", () => this.#exchange?.events.onDrain());
  }

  get host() {
    return this.#upstream.host;
  }

  get local() {
    return this.#upstream.local;
  }

  get capacity(): number {
    return this.#isReady && !this.#isClosed && !this.#isDraining ? 1 : 0;
  }

  get active(): number {
    return this.#exchange ? 1 : 0;
  }

  /** Takes the next exchange. */
  begin(request: StreamRequest): UpstreamStream {
    this.served += 1;
    this.#isReady = false;
    this.#mayGoOn = true;
    this.#exchange = { events: request, head: request.head, isRequestWhole: false };
    this.#reader.next();
    return this;
  }

  /** No exchange after the present one. */
  drain(): void {
    this.#isDraining = true;
    if (!this.#exchange) this.close("local");
  }

  sendHead(head: RequestHead, isLast: boolean): void {
    const framing = requestFraming(head, isLast);
    this.#writer.head(requestText(head, framing.lines), framing, isLast);
    if (isLast && this.#exchange) this.#exchange.isRequestWhole = true;
  }

  sendData(data: Buffer): boolean {
    return this.#writer.data(data);
  }

  end(trailers: HeaderList | undefined): void {
    this.#writer.end(trailers);
    if (this.#exchange) this.#exchange.isRequestWhole = true;
  }

  pause(): void {
    this.#upstream.traffic.upstream_flow_control_paused_reading_total += 1;
    this.#isPaused = true;
    this.#upstream.socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#upstream.traffic.upstream_flow_control_resumed_reading_total += 1;
    this.#upstream.socket.resume();
  }

  cancel(): void {
    if (!this.#exchange) return;
    this.#exchange = undefined;
    this.#owner.onStreamEnd(this);
    this.#close("local", true);
  }

  /** Closes a connection that serves nobody. */
  close(by: "local" | "remote"): void {
    this.#close(by, false);
  }

  #onBytes(bytes: Buffer): void {
    this.#upstream.traffic.upstream_cx_rx_bytes_total += bytes.length;
    // What nobody asked for (a response on an idle connection) is the end of trust in it.
    if (!this.#exchange) return this.#close("local", false);
    const read = this.#reader.read(bytes);
    if (this.#reader.error) this.#fail("protocol-error");
    else if (!this.#exchange) this.#afterEnd(read < bytes.length);
  }

  /**
   * The response has ended. Only now may there be another exchange: bytes behind it are nobody's, and the next one must not take what
   * follows them for its response.
   */
  #afterEnd(hasSurplus: boolean): void {
    if (hasSurplus) return this.#close("local", false);
    if (this.#isClosed) return;
    this.#isReady = true;
    this.#owner.onCapacity(this);
  }

  #onHead({ status, isOld }: StatusLine, headers: HeaderList, framing: BodyFraming) {
    const exchange = this.#exchange;
    if (!exchange) return "no-body";
    if (status < 200 && status !== 101) {
      exchange.events.onInterim(status, headers);
      return "interim";
    }
    const { method, isUpgrade } = exchange.head;
    const isTunnel = (status === 101 && isUpgrade) || (method === "CONNECT" && status < 300);
    const connection = headers.get("connection")?.toLowerCase();
    const isKept = isOld ? connection === "keep-alive" : !hasToken(connection, "close");
    if (!isKept) this.#upstream.traffic.upstream_cx_close_notify += 1;
    const hasNoBody = method === "HEAD" || status === 101 || status === 204 || status === 304;
    this.#mayGoOn = isKept && status !== 101 && !isTunnel && (hasNoBody || framing.kind !== "until-close");
    const isLast = isTunnel ? false : hasNoBody || framing.kind === "none";
    this.#isTunnel = isTunnel;
    // The end is told with the head, so that head and end go out together.
    exchange.events.onHead(status, headers, isLast);
    if (isTunnel) return "tunnel";
    return hasNoBody ? "no-body" : "body";
  }

  #onEnd(trailers: HeaderList | undefined): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    this.#owner.onStreamEnd(this);
    exchange.events.onEnd(this.#options.hasTrailers ? trailers : undefined);
    // The last piece may have been too much for the client; the next exchange has nothing to do with that.
    this.resume();
    if (!this.#mayGoOn || !exchange.isRequestWhole || this.#isDraining)
      this.#close("local", !exchange.isRequestWhole);
  }

  #onSocketEnd(): void {
    if (this.#isClosed) return;
    // A body without a length ends here, a tunnel breaks off.
    if (!this.#isTunnel) this.#endReading();
    if (this.#exchange) this.#fail("connection-termination");
    else this.#close("remote", false);
  }

  /** An end in the middle of a response is to Envoy an error of the protocol too. */
  #endReading(): void {
    const isWithin = !this.#reader.isIdle;
    this.#reader.end();
    if (isWithin && this.#exchange) this.#upstream.traffic.upstream_cx_protocol_error += 1;
  }

  #fail(reason: StreamReset): void {
    if (reason === "protocol-error") this.#upstream.traffic.upstream_cx_protocol_error += 1;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.onStreamEnd(this);
    this.#close(reason === "protocol-error" ? "local" : "remote", true);
    exchange?.events.onReset(reason);
  }

  #close(by: "local" | "remote", isBusy: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#writer.drop();
    this.#upstream.release(by, isBusy);
    this.#upstream.socket.destroy();
    this.#owner.onClose(this);
  }
}

function hasToken(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  return value === token || value.split(",").some((part) => part.trim() === token);
}
