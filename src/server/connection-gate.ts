import { createServer, type Server, type Socket } from "node:net";
import { clearSocketPath, defaultSocketMode, setSocketMode } from "./socket-file.ts";

/** How many connections may be open at once. */
export interface ConnectionLimits {
  /** Connections of all clients. */
  readonly connections: number;
  /** Connections of one address; clients behind one proxy or NAT share it. */
  readonly connectionsPerAddress: number;
}

/** What a gate is made with. */
export interface ConnectionGateOptions {
  readonly limits: ConnectionLimits;
  /** True when clients begin with a TLS handshake: what is said before would not be understood. */
  readonly isTls: boolean;
  /** Permissions of the file of a Unix-domain socket. Default 0600: the own user alone. */
  readonly socketMode?: number | undefined;
  /** True when connections are handed on to somebody who has to read them from their first byte. */
  readonly isHandingOn?: boolean;
  /** Takes a connection that is let in, and says when it is over. */
  readonly take: (socket: Socket, onOver: () => void) => void;
  /** Told of a connection that is not. */
  readonly onRefused: (address: string, reason: string) => void;
}

/** Listening sockets hold this many connections that wait: a whole fleet comes back at once (XDS-128). */
const backlog = 4096;

/** A listening socket that counts connections by address, and turns away those beyond the limits. */
export class ConnectionGate {
  readonly #options: ConnectionGateOptions;
  readonly #server: Server;
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(options: ConnectionGateOptions) {
    this.#options = options;
    const pauseOnConnect = options.isHandingOn ?? false;
    this.#server = createServer({ pauseOnConnect }, (socket) => this.#meet(socket));
  }

  /** Listens on `host:port`, `[v6]:port` or `unix:path`; resolves to the port. Rejects with the system's error. */
  async listen(address: string): Promise<number> {
    const where = listenOptions(address);
    if ("path" in where) await clearSocketPath(where.path);
    const port = await this.#listen(where);
    if ("path" in where) await setSocketMode(where.path, this.#options.socketMode ?? defaultSocketMode);
    return port;
  }

  #listen(where: ReturnType<typeof listenOptions>): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ ...where, backlog }, () => {
        this.#server.off("error", reject);
        const bound = this.#server.address();
        resolve(typeof bound === "object" && bound !== null ? bound.port : 0);
      });
    });
  }

  /** Takes no more connections; those that are open stay. */
  close(): void {
    this.#server.close();
  }

  #meet(socket: Socket): void {
    const { take, limits, isTls, onRefused } = this.#options;
    // Connections by a socket file have no address, and are one machine's.
    const address = socket.remoteAddress ?? "unix";
    const own = this.#byAddress.get(address) ?? 0;
    const reason =
      this.#count >= limits.connections
        ? `${this.#count} connections are open, limit is ${limits.connections}`
        : own >= limits.connectionsPerAddress
          ? `${own} connections of ${address} are open, limit is ${limits.connectionsPerAddress}`
          : undefined;
    if (reason !== undefined) {
      onRefused(address, reason);
      // A peer that is gone already breaks the socket; there is nothing left to do for it.
      socket.on("error", () => undefined);
      if (isTls) socket.destroy();
      else socket.end(goAway(reason), () => socket.destroy());
      return;
    }
    this.#count += 1;
    this.#byAddress.set(address, own + 1);
    take(socket, () => this.#leave(address));
  }

  #leave(address: string): void {
    this.#count -= 1;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }
}

function listenOptions(address: string): { path: string } | { host: string; port: number } {
  if (address.startsWith("unix:")) return { path: address.slice("unix:".length) };
  const colon = address.lastIndexOf(":");
  return {
    host: address.slice(0, colon).replace(/^\[(.*)\]$/, "$1"),
    port: Number(address.slice(colon + 1)),
  };
}

const enhanceYourCalm = 0xb;

/** An empty SETTINGS frame, as every server begins (RFC 9113, 3.4), and a GOAWAY that says why (6.8). */
function goAway(reason: string): Buffer {
  const text = Buffer.from(reason);
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const frame = Buffer.alloc(17);
  frame.writeUIntBE(8 + text.length, 0, 3);
  frame[3] = 7;
  frame.writeUInt32BE(enhanceYourCalm, 13);
  return Buffer.concat([settings, frame, text]);
}
