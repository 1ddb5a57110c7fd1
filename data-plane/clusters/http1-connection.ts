import type { HeaderList } from "../network/header-list.ts";
import type { StreamReset, UpstreamStream, UpstreamStreamEvents } from "../network/http-stream.ts";
import type { UpstreamConnection } from "../network/upstream.ts";
import type { BodyFraming } from "../http-codec/body-framing.ts";
import type { MessageLimits } from "../http-codec/message-reader.ts";
import { MessageReader } from "../http-codec/message-reader.ts";
import type { StatusLine } from "../http-codec/start-line.ts";
import { readStatusLine } from "../http-codec/start-line.ts";

/** What a pool is told of its connections. */
export interface Http1ConnectionOwner {
  /** The exchange is over; the connection may take the next one. */
  onIdle(connection: Http1Connection): void;
  /** The exchange is over, whether the connection goes on or not. */
  onExchangeEnd(connection: Http1Connection, reset: StreamReset | "cancelled" | undefined): void;
  /** Called once. */
  onClose(connection: Http1Connection): void;
}

/** The exchange that a connection is busy with. */
interface Exchange {
  readonly events: UpstreamStreamEvents;
  readonly isHead: boolean;
  isRequestWhole: boolean;
}

/** A connection to an upstream that speaks HTTP/1.1: one exchange after the other. */
export class Http1Connection implements UpstreamStream {
  readonly #upstream: UpstreamConnection;
  readonly #owner: Http1ConnectionOwner;
  readonly #reader: MessageReader<StatusLine>;
  /** The PROXY header, until it has gone out in front of the first head. */
  #prefix: Buffer | undefined;
  #exchange: Exchange | undefined;
  #mayGoOn = true;
  #isClosed = false;
  #isDraining = false;
  #isPaused = false;
  /** Exchanges so far. */
  served = 0;

  constructor(upstream: UpstreamConnection, limits: MessageLimits, owner: Http1ConnectionOwner) {
    this.#upstream = upstream;
    this.#owner = owner;
    this.#prefix = upstream.header;
    this.#reader = new MessageReader(readStatusLine, false, limits, {
      onHead: (line, headers, framing) => this.#onHead(line, headers, framing),
      onData: (data) => this.#exchange?.events.onData(data),
      onEnd: (trailers) => this.#onEnd(trailers),
    });
    const { socket } = upstream;
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

  get isUsable(): boolean {
    return !this.#isClosed && this.#exchange === undefined;
  }

  /** Takes the next exchange. */
  begin(events: UpstreamStreamEvents, method: string): void {
    this.served += 1;
    this.#mayGoOn = true;
    this.#exchange = { events, isHead: method === "HEAD", isRequestWhole: false };
    this.#reader.next();
  }

  /** No exchange after the present one. */
  drain(): void {
    this.#isDraining = true;
    if (!this.#exchange) this.close("local");
  }

  writeHead(head: string, body: Buffer | undefined): boolean {
    const prefix = this.#prefix;
    this.#prefix = undefined;
    if (!prefix && !body) return this.#write(head, head.length);
    // In one piece, so that it leaves in one segment.
    const prefixBytes = prefix?.length ?? 0;
    const bytes = Buffer.allocUnsafe(prefixBytes + head.length + (body?.length ?? 0));
    prefix?.copy(bytes, 0);
    bytes.write(head, prefixBytes, "latin1");
    body?.copy(bytes, prefixBytes + head.length);
    return this.#write(bytes, bytes.length);
  }

  write(data: Buffer | string): boolean {
    return this.#write(data, data.length);
  }

  end(): void {
    const exchange = this.#exchange;
    if (exchange) exchange.isRequestWhole = true;
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
    this.#owner.onExchangeEnd(this, "cancelled");
    this.#close("local", true);
  }

  /** Closes a connection that serves nobody. */
  close(by: "local" | "remote"): void {
    this.#close(by, false);
  }

  #write(data: Buffer | string, length: number): boolean {
    const { socket, traffic, bufferLimitBytes } = this.#upstream;
    traffic.upstream_cx_tx_bytes_total += length;
    const isTaken = typeof data === "string" ? socket.write(data, "latin1") : socket.write(data);
    return isTaken || socket.writableLength <= bufferLimitBytes;
  }

  #onBytes(bytes: Buffer): void {
    this.#upstream.traffic.upstream_cx_rx_bytes_total += bytes.length;
    // What nobody asked for (a response on an idle connection) is the end of trust in it.
    if (!this.#exchange) return this.#close("local", false);
    const read = this.#reader.read(bytes);
    if (this.#reader.error) this.#fail("protocol-error");
    // Bytes behind the end of a response.
    else if (read < bytes.length && !this.#isClosed) this.#endSurplus();
  }

  #endSurplus(): void {
    if (!this.#exchange) this.#close("local", false);
  }

  #onHead({ status, isOld }: StatusLine, headers: HeaderList, framing: BodyFraming) {
    const exchange = this.#exchange;
    if (!exchange) return "no-body";
    if (status < 200 && status !== 101) return "interim";
    const connection = headers.get("connection")?.toLowerCase();
    const isKept = isOld ? connection === "keep-alive" : !hasToken(connection, "close");
    const hasNoBody = exchange.isHead || status === 204 || status === 304;
    this.#mayGoOn = isKept && status !== 101 && (hasNoBody || framing.kind !== "until-close");
    const isLast = hasNoBody || framing.kind === "none";
    // The end is told with the head, so that head and end go out together.
    exchange.events.onHead(status, headers, isLast);
    if (status === 101) return "tunnel";
    return hasNoBody ? "no-body" : "body";
  }

  #onEnd(trailers: HeaderList | undefined): void {
    const exchange = this.#exchange;
    if (!exchange) return;
    this.#exchange = undefined;
    this.#owner.onExchangeEnd(this, undefined);
    exchange.events.onEnd(trailers);
    // The last piece may have been too much for the client; the next exchange has nothing to do with that.
    this.resume();
    if (!this.#mayGoOn || !exchange.isRequestWhole || this.#isDraining) this.#close("local", false);
    else if (!this.#isClosed) this.#owner.onIdle(this);
  }

  #onSocketEnd(): void {
    if (this.#isClosed) return;
    // A body without a length ends here.
    this.#reader.end();
    if (this.#exchange) this.#fail("connection-termination");
    else this.#close("remote", false);
  }

  #fail(reason: StreamReset): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#owner.onExchangeEnd(this, reason);
    this.#close(reason === "protocol-error" ? "local" : "remote", true);
    exchange?.events.onReset(reason);
  }

  #close(by: "local" | "remote", isBusy: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#upstream.release(by, isBusy);
    this.#upstream.socket.destroy();
    this.#owner.onClose(this);
  }
}

function hasToken(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  return value === token || value.split(",").some((part) => part.trim() === token);
}
