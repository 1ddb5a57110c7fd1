import { Agent, request } from "node:http";
import type { JsonValue } from "./json.ts";

interface ListenerStatuses {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: {
      readonly socket_address?: { readonly address: string; readonly port_value: number };
    };
  }[];
}

/** Envoy's admin interface, which the bundled data plane has too. */
export class AdminClient {
  readonly #base: string;
  // A connection of its own for each request: one that idles would keep the peer from draining.
  readonly #agent = new Agent({ keepAlive: false });

  /** `base` is `http://127.0.0.1:9901`. */
  constructor(base: string) {
    this.#base = base;
  }

  get address(): string {
    return this.#base;
  }

  /** True when it serves; false also when nobody answers, as while it starts or ends. */
  async isReady(): Promise<boolean> {
    try {
      const { status } = await this.request("GET", "/ready");
      return status === 200;
    } catch {
      return false; // Refused or reset: whoever waits also watches the process.
    }
  }

  /** All counters and gauges by name. `filter`: a regular expression that names must contain. */
  async stats(filter?: string): Promise<ReadonlyMap<string, number>> {
    const query = filter === undefined ? "" : `?filter=${encodeURIComponent(filter)}`;
    const { body } = await this.request("GET", `/stats${query}`);
    const lines = body.split("\n").map((line) => /^(.+): (\d+)$/.exec(line));
    return new Map(lines.flatMap((match) => (match ? [[match[1]!, Number(match[2])] as const] : [])));
  }

  async configDump(): Promise<JsonValue> {
    const { body } = await this.request("GET", "/config_dump?include_eds");
    const dump: JsonValue = JSON.parse(body);
    return dump;
  }

  /** The port that a listener of port 0 got. */
  async listenerPort(name: string): Promise<number> {
    const { body } = await this.request("GET", "/listeners?format=json");
    const { listener_statuses: statuses = [] }: ListenerStatuses = JSON.parse(body);
    const port = statuses.find((status) => status.name === name)?.local_address.socket_address?.port_value;
    if (port === undefined)
      throw new Error(`no listener ${name} among ${statuses.map((s) => s.name).join(", ")}`);
    return port;
  }

  async request(method: "GET" | "POST", path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const call = request(`${this.#base}${path}`, { method, agent: this.#agent }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", reject);
      });
      call.on("error", reject);
      call.end();
    });
  }
}
