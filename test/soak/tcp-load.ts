import { connect } from "node:net";

const header = "PROXY TCP4 203.0.113.7 198.51.100.9 40000 443\r\n";
const payload = Buffer.alloc(20_000, "p");
/** V2 with two IPv4 addresses. */
const sentHeaderBytes = 28;

/** Opens connections at an even rate; each sends a header and a payload and expects it back behind a V2 header. */
export class TcpLoad {
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  whole = 0;
  cut = 0;

  constructor(port: number, perSecond: number) {
    this.#port = port;
    this.#timer = setInterval(() => {
      const one = this.#run();
      this.#open.add(one);
      void one.then(() => this.#open.delete(one));
    }, 1_000 / perSecond);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #run(): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#port, host: "127.0.0.1" });
      let bytes = 0;
      socket.write(header);
      socket.end(payload);
      socket.on("data", (chunk) => (bytes += chunk.length));
      socket.on("error", () => undefined); // `close` follows.
      socket.on("close", () => {
        if (bytes === sentHeaderBytes + payload.length) this.whole += 1;
        else this.cut += 1;
        resolve();
      });
    });
  }
}
