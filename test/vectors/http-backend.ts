import { EventEmitter, once } from "node:events";
import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import { startRecordingBackend, type RecordedConnection, type RecordingBackend } from "../kit/recording-backend.ts";
import { within } from "../kit/within.ts";

const anyHeader = { allowRequestsWithoutProxyProtocol: true, disallowedVersions: [] };

/** A request without a body, as it came. */
export interface RecordedRequest {
  readonly connection: RecordedConnection;
  /** The PROXY header in front of the connection's first request; empty when there was none. */
  readonly upstreamHeader: Buffer;
  /** By lower-case name; values of a repeated header with commas between. */
  readonly headers: ReadonlyMap<string, string>;
}

/** An upstream that takes a PROXY header or none, keeps each request and answers 200 with an empty body. */
export class HttpBackend implements AsyncDisposable {
  readonly backend: RecordingBackend;
  readonly requests: readonly RecordedRequest[];
  readonly #events: EventEmitter;

  constructor(backend: RecordingBackend, requests: readonly RecordedRequest[], events: EventEmitter) {
    this.backend = backend;
    this.requests = requests;
    this.#events = events;
  }

  /** The request number `index`, as soon as it is whole. */
  async request(index: number): Promise<RecordedRequest> {
    const arrived = (async () => {
      while (this.requests.length <= index) await once(this.#events, "request");
      return this.requests[index]!;
    })();
    return within(10_000, `request ${index} at the backend`, arrived);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]();
  }
}

export async function startHttpBackend(): Promise<HttpBackend> {
  const requests: RecordedRequest[] = [];
  const events = new EventEmitter();
  const answer = (connection: RecordedConnection): void => {
    let upstreamHeader: Buffer | undefined;
    let read = 0;
    connection.socket.on("recorded", () => {
      if (!upstreamHeader) {
        const verdict = decodeHeader(connection.received, anyHeader);
        if (verdict.kind === "more") return;
        read = verdict.kind === "accept" ? verdict.consumed : 0;
        upstreamHeader = connection.received.subarray(0, read);
      }
      for (let end = endOfHead(connection, read); end > 0; end = endOfHead(connection, read)) {
        const headers = headersOf(connection.received.toString("latin1", read, end));
        requests.push({ connection, upstreamHeader, headers });
        read = end;
        connection.socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        events.emit("request");
      }
    });
  };
  return new HttpBackend(await startRecordingBackend({ answer }), requests, events);
}

function endOfHead(connection: RecordedConnection, from: number): number {
  const at = connection.received.indexOf("\r\n\r\n", from);
  return at < 0 ? 0 : at + 4;
}

function headersOf(head: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return headers;
}
