import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";

/** The longest header line that the PROXY protocol allows, CRLF included (proxy-protocol.txt, section 2.1). */
const headerMaxBytes = 107;

/** What the upstream of the demo learned about one connection; it answers every request with this as JSON. */
export interface Sighting {
  /** The TCP peer: the last proxy. */
  readonly peer: string;
  /** The PROXY line as it came, without CRLF. */
  readonly header: string;
  /** `ADDRESS:PORT` of the client by the header; the peer when the header says UNKNOWN. */
  readonly client: string;
}

/** A server that is listening; disposing closes it and its connections. */
export interface DemoUpstream extends AsyncDisposable {
  readonly port: number;
}

/**
 * A small HTTP server that serves nobody without a PROXY header of version 1, and tells each client what address it
 * saw. Rejects when the port cannot be had.
 */
export async function startUpstream(host: string, port: number): Promise<DemoUpstream> {
  const http = createHttpServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(`${JSON.stringify(sightings.get(request.socket))}\n`);
  });
  const sightings = new WeakMap<Socket, Sighting>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // A reset by the peer is the peer's business; the close that follows cleans up.
    socket.on("error", () => socket.destroy());
    readHeader(socket, (header) => {
      sightings.set(socket, sightingOf(socket, header));
      http.emit("connection", socket);
      socket.resume();
    });
  });
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the upstream has no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Takes the header line off the socket and puts what follows back; a connection without one is closed. */
function readHeader(socket: Socket, onHeader: (line: string) => void): void {
  let received = Buffer.alloc(0);
  const take = (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    const end = received.indexOf("\r\n");
    const isHeader = received.subarray(0, 6).toString("latin1") === "PROXY ".slice(0, received.length);
    if (!isHeader || end + 2 > headerMaxBytes || (end < 0 && received.length >= headerMaxBytes)) {
      socket.destroy();
    } else if (end >= 0) {
      socket.off("data", take);
      socket.pause();
      socket.unshift(received.subarray(end + 2));
      onHeader(received.toString("latin1", 0, end));
    }
  };
  socket.on("data", take);
}

function sightingOf(socket: Socket, header: string): Sighting {
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  const [, protocol, source, , sourcePort] = header.split(" ");
  return { peer, header, client: protocol === "UNKNOWN" ? peer : `${source}:${sourcePort}` };
}
