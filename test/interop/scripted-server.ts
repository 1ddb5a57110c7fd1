import type { Message } from "../../src/schema/message.ts";
import { CLUSTER, LISTENER } from "../../src/schema/type-urls.ts";
import type { SessionMode } from "../../data-plane/xds-client/session.ts";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import type { dataPlanes } from "../e2e/data-planes.ts";
import type { JsonObject } from "../kit/json.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import type { ScriptedStream, ScriptedXds } from "../kit/scripted-xds.ts";
import { until } from "../kit/within.ts";

/** A RouteConfiguration that answers everything with a text. */
export function answering(name: string, text: string): Message {
  const route = {
    match: { prefix: "/" },
    direct_response: { status: 200, body: { inline_string: text } },
  };
  return { name, virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] };
}

/** A server that sends whole sets of a type, in the dialect of the mode. */
export class Server {
  readonly stream: ScriptedStream;
  readonly #mode: SessionMode;
  #nonce = 0;

  constructor(stream: ScriptedStream, mode: SessionMode) {
    this.stream = stream;
    this.#mode = mode;
  }

  /** Answers what was asked last of the type. */
  send(typeUrl: string, version: string, ...resources: readonly Message[]): void {
    this.#nonce += 1;
    const nonce = `n${this.#nonce}`;
    if (this.#mode === "sotw") return this.stream.sendAll(typeUrl, version, nonce, resources);
    const byName = resources.map(
      (resource) => [String(resource["name"]), [version, resource] as const] as const,
    );
    this.stream.sendChanges(typeUrl, nonce, Object.fromEntries(byName));
  }

  remove(typeUrl: string, name: string): void {
    this.#nonce += 1;
    this.stream.sendChanges(typeUrl, `n${this.#nonce}`, {}, [name]);
  }

  /** The text of the next refusal of a type; the ACKs before it are skipped. */
  async refusal(typeUrl: string): Promise<string> {
    for (;;) {
      const detail = (await this.stream.nextOf(typeUrl))["error_detail"];
      if (typeof detail === "object" && detail !== null && "message" in detail) return String(detail.message);
    }
  }
}

/** Starts a proxy with these static listeners, answers CDS and LDS with nothing, and waits until the listeners' `typeUrl` is asked for. */
export async function begin(
  xds: ScriptedXds,
  mode: SessionMode,
  start: (typeof dataPlanes)[number]["start"],
  typeUrl: string,
  ...listeners: readonly JsonObject[]
): Promise<AsyncDisposable & { readonly proxy: ProxyProcess; readonly server: Server }> {
  const bootstrap = adsBootstrap(xds, mode, { staticResources: { listeners } });
  const proxy = await start(bootstrap, { untilLive: false });
  const server = new Server(await xds.stream(), mode);
  await server.stream.nextOf(CLUSTER);
  server.send(CLUSTER, "1");
  await server.stream.nextOf(LISTENER);
  server.send(LISTENER, "1");
  await server.stream.nextOf(typeUrl);
  return { proxy, server, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

/** Asks for `/` and gives status and body; undefined when nobody listens. */
export async function ask(
  port: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      headers: { ...headers, connection: "close" },
    });
    return `${response.status} ${await response.text()}`;
  } catch {
    return undefined; // Refused or reset.
  }
}

/** Resolves when `/` is answered like this. */
export async function answers(port: number, wanted: string): Promise<void> {
  const isThere = async () => ((await ask(port)) === wanted ? true : undefined);
  await until(10_000, () => `port ${port} answers ${wanted}`, isThere);
}

/** Resolves when a statistic has the value. */
export async function proxyStat(proxy: ProxyProcess, name: string, value: number): Promise<void> {
  const isThere = async () => (await proxy.admin.stats()).get(name) === value || undefined;
  await until(10_000, () => `${name} is ${value}`, isThere);
}
