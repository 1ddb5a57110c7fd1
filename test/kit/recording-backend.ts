import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Ending } from "./scripted-client.ts";
import { within } from "./within.ts";

/** A connection that a backend took, and everything that came in on it. */
export class RecordedConnection {
  readonly socket: Socket;
  /** The peer's address as the kernel has it: what original_src changes. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  #received: Buffer = Buffer.alloc(0);
  #ending: Ending = "open";
  readonly #ended: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      socket.emit("recorded");
    });
    socket.once("end", () => {
      this.#ending = "fin";
    });
    // A reset is a way to close; `ended` and `ending` tell.
    socket.on("error", () => {
      this.#ending = "reset";
    });
    this.#ended = new Promise((resolve) => {
      socket.once("end", resolve).once("close", () => resolve());
    });
  }

  get received(): Buffer {
    return this.#received;
  }

  /** What the peer has done to its side. */
  get ending(): Ending {
    return this.#ending;
  }

  /** True when the peer has shut its sending side. */
  get isEnded(): boolean {
    return this.socket.readableEnded || this.socket.destroyed;
  }

  /** Resolves with everything so far once that passes, which is asked after each read and at the end. */
  async receivedThat(
    passes: (bytes: Buffer) => boolean,
    what = "the expected bytes",
    ms = 10_000,
  ): Promise<Buffer> {
    const arrived = (async () => {
      while (!passes(this.#received)) {
        if (this.isEnded)
          throw new Error(`the connection ended before ${what}: ${this.#received.toString("hex")}`);
        await Promise.race([once(this.socket, "recorded"), this.#ended]);
      }
      return this.#received;
    })();
    return within(ms, () => `${what}; got ${this.#received.toString("hex", 0, 400)}`, arrived);
  }

  /** Resolves when the peer has shut its sending side or the connection is closed. */
  async ended(ms = 10_000): Promise<void> {
    await within(ms, "the connection ends", this.#ended);
  }
}

/**
 * A TCP server that keeps what it receives and answers nothing unless `answer` is given. Everything is closed when the scope ends.
 */
export class RecordingBackend implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #connections: RecordedConnection[] = [];

  constructor(server: Server, port: number, answer: ((connection: RecordedConnection) => void) | undefined) {
    this.port = port;
    this.#server = server;
    server.on("connection", (socket) => {
      const connection = new RecordedConnection(socket);
      this.#connections.push(connection);
      answer?.(connection);
      server.emit("recorded");
    });
  }

  /** In order of arrival. */
  get connections(): readonly RecordedConnection[] {
    return this.#connections;
  }

  /** The connection number `index`, as soon as there is one. */
  async connection(index: number, ms = 10_000): Promise<RecordedConnection> {
    const arrived = (async () => {
      while (this.#connections.length <= index) await once(this.#server, "recorded");
      return this.#connections[index]!;
    })();
    return within(ms, `connection ${index} at the backend`, arrived);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#connections) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Listens on a port of `host`, a free one unless it is given. `answer` is called with each connection, to write or close. */
export async function startRecordingBackend(
  options: { host?: string; port?: number; answer?: (connection: RecordedConnection) => void } = {},
): Promise<RecordingBackend> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("a TCP server has an address with a port");
  return new RecordingBackend(server, address.port, options.answer);
}
