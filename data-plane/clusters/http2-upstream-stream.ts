import { ErrorCode } from "../http2/frames.ts";
import type { Http2Stream, ResetBy, StreamSink } from "../http2/stream.ts";
import { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "../network/http-message.ts";
import type { StreamReset, UpstreamStream, UpstreamStreamEvents } from "../network/http-stream.ts";
import type { UpstreamConnection } from "../network/upstream.ts";

/** What a stream needs of its connection. */
interface StreamConnection {
  readonly upstream: UpstreamConnection;
  resetReason(code: number, by: ResetBy): StreamReset;
}

/** One request and its response on a connection to an upstream that speaks HTTP/2. */
export class Http2UpstreamStream implements UpstreamStream, StreamSink {
  readonly protocol = "HTTP/2";
  readonly #connection: StreamConnection;
  readonly #stream: Http2Stream;
  readonly #events: UpstreamStreamEvents;
  /** What the connection was wanted for, in the words of HTTP/1.1. */
  #upgrade: string | undefined;
  #isPaused = false;

  constructor(connection: StreamConnection, stream: Http2Stream, events: UpstreamStreamEvents) {
    this.#connection = connection;
    this.#stream = stream;
    this.#events = events;
  }

  get host() {
    return this.#connection.upstream.host;
  }

  get local() {
    return this.#connection.upstream.local;
  }

  sendHead(head: RequestHead, isLast: boolean): void {
    this.#upgrade = head.isUpgrade ? head.headers.get("upgrade") : undefined;
    const pseudo = pseudoHeaders(head);
    // An upgrade is a CONNECT with a protocol here (RFC 8441).
    if (this.#upgrade !== undefined) pseudo.push(":protocol", this.#upgrade);
    this.#stream.sendHead(pseudo, ownHeaders(head.headers, head.isUpgrade), isLast);
  }

  sendData(data: Buffer): boolean {
    return this.#stream.sendData(data);
  }

  end(trailers: HeaderList | undefined): void {
    this.#stream.end(trailers);
  }

  pause(): void {
    this.#connection.upstream.traffic.upstream_flow_control_paused_reading_total += 1;
    this.#isPaused = true;
    this.#stream.pause(true);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connection.upstream.traffic.upstream_flow_control_resumed_reading_total += 1;
    this.#stream.pause(false);
  }

  cancel(): void {
    this.#stream.reset(ErrorCode.internal);
  }

  onHead(status: number, headers: HeaderList, isLast: boolean): void {
    if (status < 200) return this.#events.onInterim(status, headers);
    if (this.#upgrade === undefined || status !== 200) return this.#events.onHead(status, headers, isLast);
    headers.set("upgrade", this.#upgrade);
    headers.set("connection", "upgrade");
    this.#events.onHead(101, headers, isLast);
  }

  onData(data: Buffer): void {
    this.#events.onData(data);
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#events.onEnd(trailers);
    // What is left of the request is wanted by nobody.
    if (this.#stream.local !== "ended") this.#stream.reset(ErrorCode.internal);
  }

  onReset(code: number, by: ResetBy): void {
    this.#events.onReset(this.#connection.resetReason(code, by));
  }

  onDrain(): void {
    this.#events.onDrain();
  }
}

function pseudoHeaders({ method, path, scheme, headers, isUpgrade }: RequestHead): string[] {
  const authority = headers.get("host") ?? "";
  if (method === "CONNECT" && !isUpgrade) return [":authority", authority, ":method", method];
  return [
    ":authority",
    authority,
    ":path",
    path,
    ":method",
    isUpgrade ? "CONNECT" : method,
    ":scheme",
    scheme,
  ];
}

/** Without `host`, which is `:authority` there, and what asks for an upgrade. */
function ownHeaders({ flat }: HeaderList, isUpgrade: boolean): HeaderList {
  const own: string[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const name = flat[at]!;
    if (name === "host" || (isUpgrade && (name === "connection" || name === "upgrade"))) continue;
    own.push(name, flat[at + 1]!);
  }
  return new HeaderList(own);
}
