import { once } from "node:events";
import { createServer } from "node:http";
import type { RecordingBackend } from "./recording-backend.ts";
import { startRecordingBackend } from "./recording-backend.ts";

/** What a request may tell an echo backend to do, as headers. */
export const backendHeaders = {
  /** Hex of the bytes to answer with, in place of the echo. */
  answer: "x-answer",
  /** Close behind the answer. */
  close: "x-close",
} as const;

/**
 * An upstream that answers each request with its own head and body as they came, or with the bytes that the request asks for. Only
 * bodies with a length, chunked ones that end in the same read as their head, and none are understood.
 */
export async function startEchoBackend(): Promise<RecordingBackend> {
  return startRecordingBackend({
    answer(connection) {
      let read = 0;
      connection.socket.on("recorded", () => {
        for (;;) {
          const { received } = connection;
          const headEnd = received.indexOf("\r\n\r\n", read);
          if (headEnd < 0) return;
          const head = received.toString("latin1", read, headEnd + 4);
          const length = Number(/^content-length: (\d+)\r$/m.exec(head)?.[1] ?? 0);
          const chunksEnd = head.includes("transfer-encoding: chunked")
            ? received.indexOf("0\r\n\r\n", headEnd + 4) + 5
            : headEnd + 4 + length;
          if (chunksEnd < headEnd + 4 || received.length < chunksEnd) return;
          const whole = received.subarray(read, chunksEnd);
          read = chunksEnd;
          const wanted = new RegExp(`^${backendHeaders.answer}: ([0-9a-f]*)\r$`, "m").exec(head)?.[1];
          const body = head.startsWith("HEAD") ? Buffer.alloc(0) : whole;
          const echo = Buffer.concat([
            Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${whole.length}\r\nX-Up: Yes\r\n\r\n`),
            body,
          ]);
          connection.socket.write(wanted === undefined ? echo : Buffer.from(wanted, "hex"));
          if (head.includes(`${backendHeaders.close}: `)) connection.socket.end();
        }
      });
    },
  });
}

/** A port of 127.0.0.1 that refuses connections: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return address !== null && typeof address === "object" ? address.port : 1;
}
