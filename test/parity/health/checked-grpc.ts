import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

/** An upstream that speaks HTTP/2 and answers `grpc.health.v1.Health/Check`, and any other path with 200. */
export interface CheckedGrpc extends AsyncDisposable {
  readonly port: number;
  /** Header lines of the last request of each path, in their order. */
  readonly heads: ReadonlyMap<string, readonly string[]>;
  /** Bytes of the body of the last request of each path, in hex. */
  readonly bodies: ReadonlyMap<string, string>;
  /** What checks are answered from now on. */
  answer(how: GrpcAnswer): void;
}

/** `payload`: the body in hex; none for a response that is trailers only. */
export interface GrpcAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly payload?: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

const okTrailers = { "grpc-status": "0" };

/** Answers by `grpc.health.v1.HealthCheckResponse.status`. */
export const grpcAnswers = {
  serving: { payload: "00000000020801", trailers: okTrailers },
  notServing: { payload: "00000000020802", trailers: okTrailers },
  serviceUnknown: { payload: "00000000020803", trailers: okTrailers },
  nothingSaid: { payload: "0000000000", trailers: okTrailers },
  twice: { payload: "0000000002080100000000020801", trailers: okTrailers },
  compressed: { payload: "01000000020801", trailers: okTrailers },
  noMessage: { payload: "0000000002ffff", trailers: okTrailers },
  errorBehind: { payload: "00000000020801", trailers: { "grpc-status": "13" } },
  trailersOnly: { trailers: { "grpc-status": "12" } },
  noGrpc: { type: "text/plain", payload: "6869", trailers: okTrailers },
  notFound: { status: 404, payload: "6869", trailers: okTrailers },
} as const satisfies Readonly<Record<string, GrpcAnswer>>;

export async function startCheckedGrpc(): Promise<CheckedGrpc> {
  let how: GrpcAnswer = grpcAnswers.serving;
  const heads = new Map<string, readonly string[]>();
  const bodies = new Map<string, string>();
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    const path = headers[":path"] ?? "";
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
    heads.set(path, lines);
    const parts: Buffer[] = [];
    stream.on("data", (data: Buffer) => parts.push(data));
    // A check that is given up resets its stream.
    stream.on("error", () => undefined);
    stream.on("end", () => {
      bodies.set(path, Buffer.concat(parts).toString("hex"));
      respond(stream, path.startsWith("/grpc.") ? how : { type: "text/plain", payload: "" });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("an HTTP/2 server has a port");
  return {
    port: address.port,
    heads,
    bodies,
    answer(next) {
      how = next;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function respond(stream: ServerHttp2Stream, { status, type, payload, trailers }: GrpcAnswer): void {
  const head = { ":status": status ?? 200, "content-type": type ?? "application/grpc" };
  if (payload === undefined) {
    stream.respond({ ...head, ...trailers }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: trailers !== undefined });
  stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
  stream.end(Buffer.from(payload, "hex"));
}
