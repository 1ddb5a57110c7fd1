import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import type { JsonObject } from "../kit/json.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { until } from "../kit/within.ts";
import { inputOf } from "./run-target.ts";
import * as seeds from "./seeds.ts";

/** Everything that a listener can be begun with. */
const target = {
  name: "live",
  seeds: [...seeds.proxyHeaders, ...seeds.requests, ...seeds.hellos, ...seeds.conversations],
  run: () => undefined,
};

/** Connections of the admin client come and go; what leaks, leaks by the hundred. */
export const fewDescriptors = 4;
/** A connection that its client has ended is closed in less than this. */
const closeLimitMs = 10_000;

export interface LiveResult {
  readonly connections: number;
  readonly answered: number;
  /** Resident memory of the proxy after a tenth of them and at the end, in MiB. */
  readonly memory: readonly [number, number];
  /** Before and after, without the upstream connections that wait for a request. */
  readonly descriptors: readonly [number, number];
  /** Iterations whose connection stayed open; empty when all is well. */
  readonly hanging: readonly number[];
}

/**
 * Throws mutated beginnings at a proxy that runs: PROXY headers, TLS, HTTP/1.1 and HTTP/2 on one port. Throws when the proxy ends, or does
 * not answer a good request any more.
 */
export async function runLive(seed: number, count: number, log: (line: string) => void): Promise<LiveResult> {
  const upstream = createServer((request, response) => {
    request.resume().on("end", () => response.end("ok"));
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const bound = upstream.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  await using proxy = await startBundledProxy(bootstrap(bound.port));
  const port = await proxy.admin.listenerPort("all");
  const { pid } = proxy.child;
  const before = readdirSync(`/proc/${pid}/fd`).length;
  const hanging: number[] = [];
  let answered = 0;
  let next = 0;
  let earlyMemory = 0;
  const worker = async () => {
    while (next < count && hanging.length < 10) {
      const iteration = next++;
      const outcome = await throwAt(port, seed, iteration);
      if (outcome === "hangs") hanging.push(iteration);
      if (outcome === "answered") answered += 1;
      if (iteration === Math.trunc(count / 10)) earlyMemory = residentMiB(pid);
      if (iteration % 10_000 === 9_999) log(`live: ${iteration + 1} of ${count} connections`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  await using good = await connectTo(port);
  good.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await good.receivedThat((bytes) => bytes.includes("200 OK") && bytes.includes("ok"));
  good.destroy();
  await until(closeLimitMs, "no connection is left", async () => {
    const active = await proxy.admin.stats("downstream_cx_active");
    return [...active.values()].every((value) => value === 0) || undefined;
  });
  const memory = [earlyMemory, residentMiB(pid)] as const;
  const idle = [...(await proxy.admin.stats("upstream_cx_active")).values()].reduce(
    (sum, value) => sum + value,
    0,
  );
  const descriptors = [before, readdirSync(`/proc/${pid}/fd`).length - idle] as const;
  upstream.close();
  upstream.closeAllConnections();
  return { connections: count, answered, memory, descriptors, hanging };
}

type Outcome = "answered" | "closed" | "hangs";

/** Sends one mutated beginning, in two pieces, ends it and waits for the close. */
async function throwAt(port: number, seed: number, iteration: number): Promise<Outcome> {
  const [input, cut] = inputOf(target, seed, iteration);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let isAnswered = false;
  socket.on("data", () => {
    isAnswered = true;
  });
  // A reset is a way to close.
  socket.on("error", () => socket.destroy());
  const closed = new Promise<Outcome>((resolve) => {
    socket.on("end", () => socket.destroy());
    socket.on("close", () => resolve(isAnswered ? "answered" : "closed"));
  });
  socket.write(input.subarray(0, cut));
  socket.end(input.subarray(cut));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve("hangs"), closeLimitMs);
  });
  const outcome = await Promise.race([closed, late]);
  clearTimeout(timer);
  socket.destroy();
  return outcome;
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

const extension = (name: string, config: JsonObject = {}) => ({
  name,
  typed_config: { "@type": `type.googleapis.com/envoy.extensions.filters.${name}`, ...config },
});

const address = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

function bootstrap(upstreamPort: number): JsonObject {
  const manager = extension("network.http_connection_manager.v3.HttpConnectionManager", {
    stat_prefix: "fuzz",
    use_remote_address: true,
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "up", timeout: "2s" } }],
        },
      ],
    },
    http_filters: [extension("http.router.v3.Router")],
  });
  const endpoint = { endpoint: { address: address(upstreamPort) } };
  return {
    static_resources: {
      listeners: [
        {
          name: "all",
          address: address(0),
          listener_filters_timeout: "1s",
          listener_filters: [
            extension("listener.proxy_protocol.v3.ProxyProtocol", {
              allow_requests_without_proxy_protocol: true,
            }),
            extension("listener.tls_inspector.v3.TlsInspector"),
            extension("listener.http_inspector.v3.HttpInspector"),
          ],
          filter_chains: [{ filters: [manager] }],
        },
      ],
      clusters: [
        {
          name: "up",
          type: "STATIC",
          load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints: [endpoint] }] },
        },
      ],
    },
  };
}
