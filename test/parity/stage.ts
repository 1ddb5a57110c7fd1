import { readFileSync } from "node:fs";
import { answers } from "../data-plane/http/http-scene.ts";
import type { AdminClient } from "../kit/admin-client.ts";
import type { JsonValue } from "../kit/json.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import type { RecordedConnection, RecordingBackend } from "../kit/recording-backend.ts";
import { connectTo, type Ending, type ScriptedClient } from "../kit/scripted-client.ts";
import { pause, until } from "../kit/within.ts";
import { normalise } from "./normalise.ts";
import type { Rig, TcpUpstream } from "./rig.ts";

/** What HTTP/1 bytes were answered. */
export interface Answered {
  /** Heads and bodies as they came, cut at each CRLF. */
  readonly lines: readonly string[];
  readonly ending: Ending;
  readonly [key: string]: JsonValue;
}

interface ExchangeOptions {
  /** `in` unless given. */
  readonly listener?: string;
  /** How many answers come; 1 unless given. */
  readonly count?: number;
  readonly isHead?: boolean;
  /** The client's address, any of 127.0.0.0/8; 127.0.0.1 unless given. */
  readonly from?: string;
  /** Wait for the server to close too. */
  readonly untilClosed?: boolean;
}

/** One case on one plane: clients, and what may be looked at. Clients are closed behind it. */
export class Stage implements AsyncDisposable {
  readonly proxy: ProxyProcess;
  readonly #rig: Rig;
  readonly #clients: ScriptedClient[] = [];
  /** Port → what it is called in outcomes. */
  readonly #names = new Map<number, string>();
  readonly #seen: ReadonlyMap<RecordingBackend, number>;
  readonly #logSizes = new Map<string, number>();

  constructor(proxy: ProxyProcess, rig: Rig) {
    this.proxy = proxy;
    this.#rig = rig;
    rig.tcp.behave();
    this.#seen = new Map([rig.http, rig.tcp.backend].map((backend) => [backend, backend.connections.length]));
    this.name(rig.http.port, "HTTP");
    this.name(rig.tcp.port, "TCP");
    this.name(rig.dead.port, "DEAD");
  }

  get admin(): AdminClient {
    return this.proxy.admin;
  }

  /** Lets a port be called `name` in outcomes; wanted for upstreams of a scene's own. */
  name(port: number, name: string): void {
    this.#names.set(port, name);
  }

  /** A raw client of a listener. */
  async connect(
    listener = "in",
    { host = "127.0.0.1", from }: { readonly host?: string; readonly from?: string } = {},
  ): Promise<ScriptedClient> {
    const port = await this.listenerPort(listener);
    const client = await connectTo(port, host, from === undefined ? {} : { localAddress: from });
    this.#clients.push(client);
    this.name(client.localPort, `CLIENT${this.#clients.length}`);
    return client;
  }

  async listenerPort(listener = "in"): Promise<number> {
    const port = await this.admin.listenerPort(listener);
    this.name(port, listener.toUpperCase());
    return port;
  }

  /** Sends the bytes on a connection of its own and gives what came back. */
  async exchange(
    bytes: string | Uint8Array,
    { listener = "in", count = 1, isHead = false, from, untilClosed = false }: ExchangeOptions = {},
  ): Promise<Answered> {
    const client = await this.connect(listener, from === undefined ? {} : { from });
    client.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    const text = await answers(client, count, isHead);
    if (untilClosed) await client.closed();
    return { lines: text.split("\r\n"), ending: client.ending };
  }

  /** The connection number `index` of this case at an upstream, as soon as there is one. */
  async upstream(upstream: RecordingBackend | TcpUpstream, index = 0): Promise<RecordedConnection> {
    const backend = "backend" in upstream ? upstream.backend : upstream;
    return backend.connection((this.#seen.get(backend) ?? 0) + index);
  }

  /** How many connections an upstream has got in this case. */
  connectionCount(upstream: RecordingBackend | TcpUpstream): number {
    const backend = "backend" in upstream ? upstream.backend : upstream;
    return backend.connections.length - (this.#seen.get(backend) ?? 0);
  }

  /** Lets real time pass, where a case is about time. */
  async passed(ms: number): Promise<void> {
    await pause(ms);
  }

  /** Resolves when a counter or gauge has the value. */
  async untilStat(name: string, value: number): Promise<void> {
    await until(10_000, `${name} is ${value}`, async () => {
      const stats = await this.admin.stats(`^${name}$`);
      return stats.get(name) === value || undefined;
    });
  }

  /** Counters and gauges whose names contain the regular expression and which `act` changed, by how much, once they rest. */
  async counted(pattern: string, act: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
    const before = await this.#restingStats(pattern);
    await act();
    const after = await this.#restingStats(pattern);
    const changed = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const);
    return Object.fromEntries(changed.filter(([, by]) => by !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #restingStats(pattern: string): Promise<ReadonlyMap<string, number>> {
    let last = "";
    return until(5000, `the statistics ${pattern} rest`, async () => {
      // Asking is a request of the admin listener's own.
      const stats = [...(await this.admin.stats(pattern))].filter(
        ([name]) => !/^(listener|http)\.admin\./.test(name),
      );
      const text = JSON.stringify(stats);
      const isResting = text === last;
      last = text;
      return isResting ? new Map(stats) : undefined;
    });
  }

  /** Lines that the file has got since `logMark(file)`, as soon as there are `count` and `areAll` says so. */
  async logLines(
    file: string,
    count: number,
    areAll: (lines: readonly string[]) => boolean = () => true,
  ): Promise<readonly string[]> {
    const start = this.#logSizes.get(file) ?? 0;
    return until(
      10_000,
      () => `${count} lines in ${file}; got ${JSON.stringify(this.#logTail(file, start))}`,
      () => {
        const lines = this.#logTail(file, start).split("\n").slice(0, -1);
        return lines.length >= count && areAll(lines) ? lines : undefined;
      },
    );
  }

  #logTail(file: string, start: number): string {
    return readIfThere(this.#rig.file(file)).toString("utf8", start);
  }

  /** Lets `logLines` count from here: lines that came before are of other cases. */
  logMark(file: string): void {
    this.#logSizes.set(file, readIfThere(this.#rig.file(file)).length);
  }

  /** The outcome without what must differ from run to run. */
  settled(outcome: JsonValue): JsonValue {
    for (const backend of [this.#rig.http, this.#rig.tcp.backend]) {
      for (const { remotePort } of backend.connections) this.name(remotePort, "UPSTREAM_LOCAL");
    }
    return normalise(outcome, { ports: this.#names, folder: this.#rig.file("") });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
  }
}

/** A duration in words: equal on both planes when both are near what is expected. `toleranceMs` is 20 % and 60 ms unless given. */
export function about(ms: number, expectedMs: number, toleranceMs = expectedMs * 0.2 + 60): string {
  return Math.abs(ms - expectedMs) <= toleranceMs ? `about ${expectedMs} ms` : `${Math.round(ms)} ms`;
}

function readIfThere(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0); // Nothing has been logged yet.
  }
}
