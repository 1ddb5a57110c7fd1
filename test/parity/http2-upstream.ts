import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import { FrameReader } from "../../data-plane/http2/frame-reader.ts";
import { HpackDecoder } from "../../data-plane/http2/hpack-decoder.ts";
import { frame, frameType } from "../kit/raw-http2.ts";
import { fields, number, setting } from "./http2-client.ts";

const decoding = { maxHeaders: 1000, maxHeadBytes: 1 << 20, maxFieldBytes: 1 << 20 };
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const ok = fields(":status", "200");

/** Frames to answer a request with, by its path; anything else is answered with 200 and the request's head and body. */
const answers: Readonly<Record<string, (streamId: number) => readonly Buffer[]>> = {
  "/refuse": (id) => [frame(frameType.rstStream, 0, id, number(7))],
  "/cancel": (id) => [frame(frameType.rstStream, 0, id, number(8))],
  "/connect-error": (id) => [frame(frameType.rstStream, 0, id, number(10))],
  "/middle": (id) => [
    frame(frameType.headers, 4, id, ok),
    frame(frameType.data, 0, id, Buffer.from("abc")),
    frame(frameType.rstStream, 0, id, number(2)),
  ],
  "/goaway": () => [frame(frameType.goAway, 0, 0, Buffer.alloc(8))],
  "/goaway-after": (id) => [
    frame(frameType.goAway, 0, 0, Buffer.concat([number(id), number(0)])),
    frame(frameType.headers, 5, id, ok),
  ],
  "/no-status": (id) => [frame(frameType.headers, 5, id, fields("x", "y"))],
  "/bad-status": (id) => [frame(frameType.headers, 5, id, fields(":status", "abc"))],
  "/upper": (id) => [frame(frameType.headers, 5, id, fields(":status", "200", "X-A", "1"))],
  "/connection": (id) => [frame(frameType.headers, 5, id, fields(":status", "200", "connection", "close"))],
  "/push": (id) => [frame(5, 4, id, Buffer.concat([number(2), fields(":method", "GET")]))],
  "/http1": () => [Buffer.from("HTTP/1.1 200 OK\r\n\r\n")],
  "/101": (id) => [frame(frameType.headers, 5, id, fields(":status", "101"))],
  "/interim": (id) => [
    frame(frameType.headers, 4, id, fields(":status", "103", "link", "x")),
    frame(frameType.headers, 5, id, ok),
  ],
  "/many": (id) => [
    frame(
      frameType.headers,
      5,
      id,
      fields(":status", "200", ...Array.from({ length: 120 }, (_, index) => [`x-${index}`, "1"]).flat()),
    ),
  ],
  "/short": (id) => [
    frame(frameType.headers, 4, id, fields(":status", "200", "content-length", "9")),
    frame(frameType.data, 1, id, Buffer.from("abc")),
  ],
  "/trailers": (id) => [
    frame(frameType.headers, 4, id, ok),
    frame(frameType.data, 0, id, Buffer.from("abc")),
    frame(frameType.headers, 5, id, fields("x-t", "1")),
  ],
  "/silence": () => [],
  "/websocket": (id) => [
    frame(frameType.headers, 4, id, ok),
    frame(frameType.data, 0, id, Buffer.from("welcome")),
  ],
};

const isPseudo = (line: string) => line.startsWith(":");

/** An upstream that speaks HTTP/2 frame by frame, as a case asks it by path. Prior knowledge, or behind a PROXY line. */
export interface Http2Upstream extends AsyncDisposable {
  readonly port: number;
  /** What came, frame by frame and without settings and windows, since this was last asked. */
  heard(): readonly string[];
}

/** `maxStreams`: SETTINGS_MAX_CONCURRENT_STREAMS. */
export async function startHttp2Upstream(maxStreams?: number): Promise<Http2Upstream> {
  const sockets = new Set<Socket>();
  let heard: string[] = [];
  let taken = 0;
  const server = createServer((socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on("error", () => socket.destroy()); // The proxy may reset what it does not like.
    socket.on("close", () => sockets.delete(socket));
    serve(socket, taken, maxStreams, (line) => heard.push(line));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    heard() {
      const lines = heard;
      heard = [];
      return lines;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

function serve(
  socket: Socket,
  connection: number,
  maxStreams: number | undefined,
  say: (line: string) => void,
): void {
  const decoder = new HpackDecoder(4096);
  const reader = new FrameReader(1 << 20);
  const bodies = new Map<number, string>();
  let start: string | undefined = "";
  const finish = (id: number, head: string, trailers = "") => {
    const body = bodies.get(id) ?? "";
    const shown = body.length > 1000 ? `${body.length} bytes` : body;
    const told = `connection ${connection}\n${head}\n${shown}\n${trailers}`;
    socket.write(
      Buffer.concat([frame(frameType.headers, 4, id, ok), frame(frameType.data, 1, id, Buffer.from(told))]),
    );
  };
  const heads = new Map<number, string>();
  socket.on("data", (bytes: Buffer) => {
    let rest = bytes;
    if (start !== undefined) {
      start += bytes.toString("latin1");
      const at = start.indexOf(preface);
      if (at < 0) return;
      if (at > 0) say(`before the preface: ${start.slice(0, at).replace(/\d+(?= \d+\r)/, "N")}`);
      rest = Buffer.from(start.slice(at + preface.length), "latin1");
      start = undefined;
      socket.write(maxStreams === undefined ? frame(frameType.settings, 0, 0) : setting(3, maxStreams));
    }
    reader.read(rest, ({ type, flags, streamId, payload }) => {
      if (type === frameType.rstStream) say(`reset ${payload.readUInt32BE(0)}`);
      if (type === frameType.goAway) say(`goaway ${payload.readUInt32BE(4)}`);
      if (type === frameType.settings && !(flags & 1)) socket.write(frame(frameType.settings, 1, 0));
      if (type === frameType.data)
        bodies.set(streamId, (bodies.get(streamId) ?? "") + payload.toString("latin1"));
      if (type === frameType.data && payload.length > 0) {
        const more = number(payload.length);
        socket.write(frame(frameType.windowUpdate, 0, 0, more));
        if (!(flags & 1)) socket.write(frame(frameType.windowUpdate, 0, streamId, more));
      }
      if (type === frameType.headers) {
        const decoded = decoder.decode(payload, decoding);
        const flat = decoded.kind === "headers" ? decoded.flat : [decoded.kind, ""];
        const lines = flat.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${flat[at + 1] ?? ""}`] : []));
        // The order of pseudo headers means nothing.
        const text = [...lines.filter(isPseudo).sort(), ...lines.filter((line) => !isPseudo(line))].join(
          "\n",
        );
        if (heads.has(streamId)) return finish(streamId, heads.get(streamId)!, text) === undefined;
        heads.set(streamId, text);
        const answer = answers[flat[flat.indexOf(":path") + 1] ?? ""];
        if (answer) {
          socket.write(Buffer.concat(answer(streamId)));
          return true;
        }
      }
      const head = heads.get(streamId);
      if (head !== undefined && flags & 1 && (type === frameType.data || type === frameType.headers)) {
        const isAnswered = answers[/^:path: (.*)$/m.exec(head)?.[1] ?? ""] !== undefined;
        if (!isAnswered) finish(streamId, head);
      }
      return true;
    });
  });
}
