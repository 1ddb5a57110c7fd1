import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { HeaderList } from "../network/header-list.ts";
import type { CheckConnection, DialForCheck } from "./check-connection.ts";

/** What comes back on the stream of a check, in this order; `onBroken` instead of whatever is still missing. */
export interface Http2CheckEvents {
  onHead(status: number, headers: ReadonlyMap<string, string>): void;
  onData(data: Buffer): void;
  onEnd(trailers: ReadonlyMap<string, string>): void;
  onBroken(): void;
}

/** A request of a check. */
export interface Http2CheckRequest {
  readonly scheme: string;
  /** `:method` and so on, in the order in which they go out; `:scheme` comes behind them. */
  readonly pseudoHeaders: Readonly<Record<string, string>>;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

type State =
  | { readonly kind: "none" }
  | { readonly kind: "dialing"; readonly cancel: () => void }
  | { readonly kind: "open"; readonly session: ClientHttp2Session; readonly connection: CheckConnection };

/** The stream of the check that is under way. */
interface Exchange {
  readonly stream: ClientHttp2Stream;
  readonly events: Http2CheckEvents;
}

const none: State = { kind: "none" };
const noHeaders: ReadonlyMap<string, string> = new Map();

/**
 * The HTTP/2 connection of a host's checks, with one stream at a time. A friendly GOAWAY lets the check go on and ends the
 * connection behind it; any other fails the check, as in Envoy.
 */
export class Http2CheckSession {
  readonly #dial: DialForCheck;
  #state: State = none;
  #exchange: Exchange | undefined;
  #isGoingAway = false;

  constructor(dial: DialForCheck) {
    this.#dial = dial;
  }

  /** Sends a request, connecting first where there is no connection. */
  request(request: Http2CheckRequest, events: Http2CheckEvents): void {
    if (this.#state.kind === "open") return this.#open(this.#state.session, request, events);
    const cancel = this.#dial(
      (connection) => this.#onConnected(connection, request, events),
      () => {
        this.#state = none;
        events.onBroken();
      },
    );
    this.#state = { kind: "dialing", cancel };
  }

  /** The check is over. `isKept`: the connection may carry the next one. */
  finish(isKept: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange && !exchange.stream.readableEnded) exchange.stream.close(constants.NGHTTP2_CANCEL);
    if (!isKept || this.#isGoingAway) this.close();
  }

  close(): void {
    const state = this.#state;
    this.#state = none;
    this.#exchange = undefined;
    this.#isGoingAway = false;
    if (state.kind === "dialing") state.cancel();
    if (state.kind !== "open") return;
    state.session.destroy();
    state.connection.socket.destroy();
  }

  #onConnected(connection: CheckConnection, request: Http2CheckRequest, events: Http2CheckEvents): void {
    const { socket, header } = connection;
    // In clear in front of everything, the preface included.
    if (header) socket.write(header);
    // HTTP/2 has no use for half a connection: the host's end of it is the end of the session.
    socket.allowHalfOpen = false;
    const session = connect(`${request.scheme}://check`, { createConnection: () => socket });
    this.#state = { kind: "open", session, connection };
    // What a broken session means is told by its stream and its close.
    session.on("error", () => undefined);
    const isCurrent = () => this.#state.kind === "open" && this.#state.session === session;
    session.on("goaway", (code) => {
      if (!isCurrent()) return;
      this.#isGoingAway = true;
      if (this.#exchange && code === constants.NGHTTP2_NO_ERROR) return;
      this.#broken();
    });
    session.on("close", () => {
      if (isCurrent()) this.#broken();
    });
    this.#open(session, request, events);
  }

  #broken(): void {
    const exchange = this.#exchange;
    this.close();
    exchange?.events.onBroken();
  }

  #open(session: ClientHttp2Session, request: Http2CheckRequest, events: Http2CheckEvents): void {
    const { flat } = request.headers;
    const headers: Record<string, string> = { ...request.pseudoHeaders, ":scheme": request.scheme };
    for (let at = 0; at < flat.length; at += 2) headers[flat[at]!] = flat[at + 1]!;
    const stream = session.request(headers, { endStream: request.body.length === 0 });
    this.#exchange = { stream, events };
    const isCurrent = () => this.#exchange?.stream === stream;
    let trailers = noHeaders;
    let hasHead = false;
    stream.on("response", (received) => {
      hasHead = true;
      if (isCurrent()) events.onHead(received[":status"] ?? 0, mapOf(received));
    });
    stream.on("data", (data: Buffer) => {
      if (isCurrent()) events.onData(data);
    });
    stream.on("trailers", (received) => (trailers = mapOf(received)));
    stream.on("end", () => {
      if (!isCurrent()) return;
      // Node lets a stream end in peace that the end of its session has cut off.
      if (hasHead && !stream.aborted) return events.onEnd(trailers);
      this.#exchange = undefined;
      events.onBroken();
    });
    // A stream that ends badly has `close` too.
    stream.on("error", () => undefined);
    stream.on("close", () => {
      if (!isCurrent()) return;
      this.#exchange = undefined;
      events.onBroken();
    });
    if (request.body.length > 0) stream.end(request.body);
  }
}

function mapOf(headers: Readonly<Record<string, string | string[] | number | undefined>>) {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(",") : String(value)] as const],
  );
  return new Map(entries);
}
