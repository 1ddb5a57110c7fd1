import { decodeHeader } from "../../data-plane/proxy-protocol/decode-header.ts";
import { backendHeaders } from "../kit/echo-backend.ts";
import {
  startRecordingBackend,
  type RecordedConnection,
  type RecordingBackend,
} from "../kit/recording-backend.ts";
import { headerText } from "./proxy-header.ts";

/**
 * An HTTP/1 upstream that answers each request with its own head and body as they came. Headers of the answer: `x-connection` counts
 * the connections that the upstream has taken (so that reuse is seen), `x-request` the requests on this one, `x-proxy-header` tells
 * the PROXY header that it began with, if any. `x-answer` and `x-close` of a request are obeyed (`backendHeaders`).
 */
export async function startHttpUpstream(): Promise<RecordingBackend> {
  let taken = 0;
  return startRecordingBackend({
    answer(connection) {
      taken += 1;
      serve(connection, taken);
    },
  });
}

function serve(connection: RecordedConnection, number: number): void {
  const { socket } = connection;
  let read = 0;
  let requests = 0;
  let proxyHeader: string | undefined;
  socket.on("recorded", () => {
    if (read === 0) {
      const verdict = decodeHeader(connection.received, {
        allowRequestsWithoutProxyProtocol: true,
        disallowedVersions: [],
      });
      if (verdict.kind === "more") return;
      if (verdict.kind === "accept") {
        read = verdict.consumed;
        proxyHeader = headerText(verdict.header);
      }
    }
    for (;;) {
      const request = nextRequest(connection.received, read);
      if (!request) return;
      read = request.end;
      requests += 1;
      const lines = [
        `x-connection: ${number}`,
        `x-request: ${requests}`,
        ...(proxyHeader === undefined ? [] : [`x-proxy-header: ${proxyHeader}`]),
      ];
      const wanted = valueOf(request.head, backendHeaders.answer);
      socket.write(wanted === undefined ? echo(request, lines) : Buffer.from(wanted, "hex"));
      if (valueOf(request.head, backendHeaders.close) !== undefined) socket.end();
    }
  });
}

interface Request {
  readonly head: string;
  readonly bytes: Buffer;
  readonly end: number;
}

/** Bodies with a length, and chunked ones without extensions and trailers. */
function nextRequest(received: Buffer, start: number): Request | undefined {
  const headEnd = received.indexOf("\r\n\r\n", start) + 4;
  if (headEnd < 4) return undefined;
  const head = received.toString("latin1", start, headEnd);
  const end = /^transfer-encoding: chunked\r$/im.test(head)
    ? received.indexOf("0\r\n\r\n", headEnd) + 5
    : headEnd + Number(valueOf(head, "content-length") ?? 0);
  if (end < headEnd || received.length < end) return undefined;
  return { head, bytes: received.subarray(start, end), end };
}

function valueOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *([^\\r]*)\\r$`, "im").exec(head)?.[1];
}

function echo({ head, bytes }: Request, lines: readonly string[]): Buffer {
  const answer = ["HTTP/1.1 200 OK", `content-length: ${bytes.length}`, ...lines, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(answer), head.startsWith("HEAD ") ? Buffer.alloc(0) : bytes]);
}
