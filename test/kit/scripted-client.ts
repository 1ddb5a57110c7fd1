import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { within } from "./within.ts";

/** How the other side has left a connection: still there, an orderly end, or a reset. */
export type Ending = "open" | "fin" | "reset";

/** A TCP client that does what a test says, and keeps what comes back. */
export class ScriptedClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly localAddress: string;
  readonly localPort: number;
  #received: Buffer = Buffer.alloc(0);
  readonly #closed: Promise<void>;
  #isClosed = false;
  #ending: Ending = "open";

  constructor(socket: Socket) {
    this.#socket = socket;
    this.localAddress = socket.localAddress ?? "";
    this.localPort = socket.localPort ?? 0;
    socket.setNoDelay(true);
    // A reset is a way to close; `closed` and `ending` tell.
    socket.on("error", () => {
      this.#ending = "reset";
    });
    socket.once("end", () => {
      this.#ending = "fin";
    });
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      socket.emit("recorded");
    });
    this.#closed = new Promise((resolve) => {
      const close = (): void => {
        this.#isClosed = true;
        resolve();
      };
      socket.once("end", close).once("close", close);
    });
  }

  get received(): Buffer {
    return this.#received;
  }

  /** True when the server has shut its sending side or closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What the server has done to its side. */
  get ending(): Ending {
    return this.#ending;
  }

  /** Writes the bytes; nothing happens when the server has closed. */
  write(bytes: Uint8Array | string): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Shuts the sending side. */
  end(): void {
    this.#socket.end();
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Resets the connection. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Stops reading, so that the server's bytes pile up, until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resolves when the server has shut its sending side, closed or reset the connection. */
  async closed(ms = 10_000): Promise<void> {
    await within(ms, "the server closes the connection", this.#closed);
  }

  /** Resolves with everything received once that passes. */
  async receivedThat(passes: (bytes: Buffer) => boolean, ms = 10_000): Promise<Buffer> {
    const arrived = (async () => {
      while (!passes(this.#received)) {
        if (this.#isClosed) throw new Error(`closed after ${this.#received.toString("latin1")}`);
        await Promise.race([once(this.#socket, "recorded"), this.#closed]);
      }
      return this.#received;
    })();
    return within(ms, () => `the answer; got ${this.#received.toString("latin1")}`, arrived);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }
}

/** Connects, from an address of the system's choice unless `from` has one. The client may go on sending when the server has shut its side. */
export async function connectTo(
  port: number,
  host = "127.0.0.1",
  from: { readonly localAddress?: string } = {},
): Promise<ScriptedClient> {
  const socket = connect({ port, host, allowHalfOpen: true, ...from });
  await once(socket, "connect");
  return new ScriptedClient(socket);
}

/** True when something listens there. */
export async function canConnect(port: number, host = "127.0.0.1"): Promise<boolean> {
  try {
    await using client = await connectTo(port, host);
    return client.localPort > 0;
  } catch {
    return false; // Refused: nobody listens yet.
  }
}
