import { EventEmitter, once } from "node:events";
import { connect, type Socket } from "node:net";
import { startTcpServer } from "./tcp-server.ts";

/** A backend that answers every request with 200 and two bytes. */
export async function startPlainBackend(): Promise<AsyncDisposable & { readonly port: number }> {
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
  return startTcpServer((socket) => {
    let rest = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      const parts = (rest + text).split("\r\n\r\n");
      rest = parts.pop() ?? "";
      socket.write(answer.repeat(parts.length));
    });
  });
}

/** What a load came to. */
export interface LoadResult {
  readonly sent: number;
  /** By status code as text; `broken` for a connection that ended before its answer. */
  readonly answers: ReadonlyMap<string, number>;
  readonly failed: number;
  readonly tookMs: number;
}

/**
 * Asks for `/` on kept-alive connections at an even rate, each with one request at a time. When all are busy, requests
 * are made up for later. `stop` waits for the answers that are still out.
 */
export class HttpLoad {
  readonly #port: number;
  readonly #answers = new Map<string, number>();
  readonly #idle: Socket[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  readonly #perMs: number;
  #isStopped = false;
  #sent = 0;
  #answered = 0;
  readonly #events = new EventEmitter();

  constructor(port: number, { rate, connections }: { readonly rate: number; readonly connections: number }) {
    this.#port = port;
    this.#perMs = rate / 1000;
    for (let count = 0; count < connections; count += 1) this.#connect();
    this.#timer = setInterval(() => this.#sendDue(), 2);
  }

  /** Resolves when so many more requests have been answered. */
  async answered(count: number): Promise<void> {
    const goal = this.#answered + count;
    while (this.#answered < goal) await once(this.#events, "answer");
  }

  async stop(): Promise<LoadResult> {
    clearInterval(this.#timer);
    this.#isStopped = true;
    const tookMs = performance.now() - this.#startedAt;
    await this.answered(this.#sent - this.#answered);
    for (const socket of this.#idle) socket.destroy();
    const failed = this.#sent - (this.#answers.get("200") ?? 0);
    return { sent: this.#sent, answers: this.#answers, failed, tookMs };
  }

  #sendDue(): void {
    const due = Math.floor((performance.now() - this.#startedAt) * this.#perMs) - this.#sent;
    for (let count = 0; count < due; count += 1) {
      const socket = this.#idle.shift();
      if (!socket) return;
      this.#sent += 1;
      socket.write("GET / HTTP/1.1\r\nhost: load\r\n\r\n");
      socket.emit("asked");
    }
  }

  #connect(): void {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    let text = "";
    let isAsked = false;
    socket.setEncoding("latin1");
    socket.on("connect", () => {
      if (this.#isStopped) socket.destroy();
      else this.#idle.push(socket);
    });
    socket.on("asked", () => (isAsked = true));
    socket.on("data", (chunk: string) => {
      text += chunk;
      const status = wholeAnswer(text);
      if (status === undefined) return;
      text = "";
      isAsked = false;
      this.#idle.push(socket);
      this.#note(status);
    });
    socket.on("error", () => undefined); // `close` follows, and counts.
    socket.on("close", () => {
      const index = this.#idle.indexOf(socket);
      if (index !== -1) this.#idle.splice(index, 1);
      if (isAsked) this.#note("broken");
      if (!this.#isStopped) this.#connect();
    });
  }

  #note(status: string): void {
    this.#answered += 1;
    this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
    this.#events.emit("answer");
  }
}

/** The status of an answer that is all there, undefined for a part of one. */
function wholeAnswer(text: string): string | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
  return text.length >= end + 4 + length ? text.slice(9, 12) : undefined;
}
