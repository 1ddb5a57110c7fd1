import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What an upstream says to a check. */
export type CheckAnswer =
  | "silent"
  | "reset"
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** An HTTP/1 upstream of checks, and of requests beside them. */
export interface CheckedHttp extends AsyncDisposable {
  readonly port: number;
  /** Heads as they came, by path: the last request of each. */
  readonly heads: ReadonlyMap<string, readonly string[]>;
  /** Requests so far on the connection of the last request of a path. */
  readonly reuse: ReadonlyMap<string, number>;
  /** What paths that have no answer of their own are answered from now on. */
  answer(how: CheckAnswer): void;
}

/** `answers`: by path, for good. */
export async function startCheckedHttp(
  answers: Readonly<Record<string, CheckAnswer>> = {},
): Promise<CheckedHttp> {
  let usual: CheckAnswer = { status: 200 };
  const heads = new Map<string, readonly string[]>();
  const reuse = new Map<string, number>();
  const requests = new WeakMap<Socket, number>();
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const path = request.url ?? "";
    const count = (requests.get(request.socket) ?? 0) + 1;
    requests.set(request.socket, count);
    reuse.set(path, count);
    heads.set(path, headLines(request));
    answerWith(answers[path] ?? usual, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("an HTTP server has a port");
  return {
    port: address.port,
    heads,
    reuse,
    answer(how) {
      usual = how;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function answerWith(how: CheckAnswer, request: IncomingMessage, response: ServerResponse): void {
  if (how === "silent") return;
  if (how === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  const body = how.body ?? "";
  request.resume();
  response.writeHead(how.status, { ...how.headers, "content-length": body.length });
  response.end(body);
}

function headLines({ method, url, httpVersion, rawHeaders }: IncomingMessage): readonly string[] {
  const lines = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1] ?? ""}`] : [],
  );
  return [`${method} ${url} HTTP/${httpVersion}`, ...lines];
}
