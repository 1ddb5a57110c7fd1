import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Issued } from "../../kit/certificates.ts";

/** A TLS upstream of checks, which may begin with a PROXY header of 16 bytes (V2, LOCAL). */
export interface CheckedTls extends AsyncDisposable {
  readonly port: number;
  /** What is known of the last check: `header` in hex, the name and protocol asked for, the head of the request. */
  readonly seen: Readonly<Record<string, string>>;
}

const HEADER_BYTES = 16;
const V2_FIRST_BYTE = 0x0d;

/** Answers each request with 200. `protocols`: what it speaks by ALPN. */
export async function startCheckedTls(shown: Issued, protocols: readonly string[]): Promise<CheckedTls> {
  const seen: Record<string, string> = {};
  const sockets = new Set<Socket>();
  const secureContext = createSecureContext(shown);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // A check that breaks off is told by its flags.
    socket.once("readable", () => {
      const first = socket.read();
      if (!Buffer.isBuffer(first)) return;
      const headerEnd = first[0] === V2_FIRST_BYTE ? HEADER_BYTES : 0;
      seen["header"] = first.toString("hex", 0, headerEnd);
      if (headerEnd < first.length) socket.unshift(first.subarray(headerEnd));
      secure(socket);
    });
  });
  const secure = (socket: Socket) => {
    const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [...protocols] });
    secured.on("error", () => undefined); // As above.
    secured.once("secure", () => {
      seen["alpn"] = secured.alpnProtocol || "none";
      seen["serverName"] = String(Reflect.get(secured, "servername"));
    });
    secured.on("data", (bytes: Buffer) => {
      seen["request"] = bytes.toString("latin1");
      secured.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return {
    port: address.port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
