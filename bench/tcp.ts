import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { peerPath } from "../test/kit/peers.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOf } from "./kit/usage.ts";

const run = promisify(execFile);

/** How long one measurement lasts, and how many connections are open at once. */
const seconds = 4;
const connections = 64;
const warmUpSeconds = 2;

interface Workload {
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** Reads the figure from wrk's own report. */
  read(report: string): number;
}

const requestsASecond = (report: string) => Number(/Requests\/sec:\s+([\d.]+)/.exec(report)?.[1]);

const workloads: readonly Workload[] = [
  {
    name: "V1 header, kept alive",
    metric: "requests",
    unit: "1/s",
    path: "/",
    headers: [],
    read: requestsASecond,
  },
  {
    name: "V1 header, a connection a request",
    metric: "connections",
    unit: "1/s",
    path: "/",
    headers: ["Connection: close"],
    read: requestsASecond,
  },
  {
    name: "V1 header, bulk",
    metric: "bytes",
    unit: "MiB/s",
    path: "/bulk",
    headers: [],
    read: (report) => {
      const [, value, unit] = /Transfer\/sec:\s+([\d.]+)(KB|MB|GB)/.exec(report) ?? [];
      return Number(value) * ({ KB: 1 / 1024, MB: 1, GB: 1024 }[unit ?? ""] ?? Number.NaN);
    },
  },
];

export const tcpMarks: readonly Mark[] = [
  {
    scenario: workloads[0]!.name,
    metric: "requests",
    ours: "chancery",
    theirs: "envoy",
    bound: { atLeast: 0.9 },
  },
  {
    scenario: workloads[1]!.name,
    metric: "connections",
    ours: "chancery",
    theirs: "envoy",
    bound: { atLeast: 0.8 },
  },
];

/**
 * One relay at a time between wrk and nginx: it accepts plain TCP and writes a V1 header to nginx, which demands
 * one. Every relay has one worker; rounds go through the relays in turn, so that a noisy machine hits all alike.
 */
export async function runTcp(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  // nginx reads the bulk file as another user than root.
  chmodSync(folder, 0o755);
  const backendPort = await freePort();
  await using _backend = await startNginx(folder, backendPort);
  const relays = await Promise.all(
    Object.entries(relayCommands).map(async ([name, command]) => ({ name, command, port: await freePort() })),
  );
  const samples = new Map<string, Sample[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const relay of relays) {
      await using running = await startRelay(relay.command(folder, relay.port, backendPort), relay.port);
      for (const workload of workloads) {
        log(`${workload.name}: ${relay.name}, round ${round} of ${rounds}`);
        const key = JSON.stringify([workload.name, relay.name]);
        samples.set(key, [...(samples.get(key) ?? []), await drive(workload, relay.port, running.pid)]);
      }
    }
  }
  return workloads.flatMap((workload) =>
    relays.flatMap(({ name }) =>
      toFigures(workload, name, samples.get(JSON.stringify([workload.name, name])) ?? []),
    ),
  );
}

interface Sample {
  /** In the workload's unit. */
  readonly rate: number;
  /** Processor time of the relay for one of what the workload counts, in microseconds: noise hardly moves it. */
  readonly cpuMicroseconds: number;
}

function toFigures(workload: Workload, contestant: string, taken: readonly Sample[]): Figure[] {
  const figure = (metric: string, unit: string, values: readonly number[]): Figure => ({
    scenario: workload.name,
    contestant,
    metric,
    unit,
    value: median(values),
    rounds: values,
  });
  return [
    figure(
      workload.metric,
      workload.unit,
      taken.map(({ rate }) => rate),
    ),
    figure(
      "relay CPU for each",
      "us",
      taken.map(({ cpuMicroseconds }) => cpuMicroseconds),
    ),
  ];
}

async function drive(workload: Workload, port: number, relayPid: number): Promise<Sample> {
  const headers = workload.headers.flatMap((header) => ["-H", header]);
  const url = `http://127.0.0.1:${port}${workload.path}`;
  const load = (duration: number) =>
    run("wrk", ["-t1", `-c${connections}`, `-d${duration}s`, ...headers, url]);
  // A proxy runs for months: what its first seconds cost (JIT, growing heaps, cold caches) is not what is measured.
  await load(warmUpSeconds);
  const before = usageOf(relayPid);
  const { stdout } = await load(seconds);
  const after = usageOf(relayPid);
  if (/Non-2xx/.test(stdout)) throw new Error(`the backend refused requests:\n${stdout}`);
  const rate = workload.read(stdout);
  return { rate, cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / (rate * seconds) };
}

type Command = readonly [program: string, ...args: string[]];

/** Each relay as a command, made from a scratch folder, the port to listen on, and nginx's port. */
const relayCommands: Readonly<Record<string, (folder: string, port: number, backend: number) => Command>> = {
  chancery: (folder, port, backend) => {
    const main = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));
    return [process.execPath, main, "proxy", "-c", writeBootstrap(folder, port, backend), "-l", "warning"];
  },
  envoy: (folder, port, backend) => [
    peerPath("envoy"),
    "-c",
    writeBootstrap(folder, port, backend),
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "-l",
    "warning",
  ],
  haproxy: (folder, port, backend) => {
    const path = join(folder, "haproxy.cfg");
    writeFileSync(
      path,
      `global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server one 127.0.0.1:${backend} send-proxy
`,
    );
    return [peerPath("haproxy"), "-db", "-f", path];
  },
};

function writeBootstrap(folder: string, port: number, backend: number): string {
  const path = join(folder, `bootstrap-${port}.json`);
  const address = (value: number) => ({ socket_address: { address: "127.0.0.1", port_value: value } });
  const bootstrap = {
    static_resources: {
      listeners: [
        {
          name: "front",
          address: address(port),
          filter_chains: [
            {
              filters: [
                {
                  name: "tcp",
                  typed_config: {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                    stat_prefix: "front",
                    cluster: "back",
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: "back",
          type: "STATIC",
          connect_timeout: "5s",
          load_assignment: {
            cluster_name: "back",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backend) } }] }],
          },
          transport_socket: {
            name: "envoy.transport_sockets.upstream_proxy_protocol",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
              config: { version: "V1" },
              transport_socket: {
                name: "envoy.transport_sockets.raw_buffer",
                typed_config: {
                  "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
                },
              },
            },
          },
        },
      ],
    },
  };
  writeFileSync(path, JSON.stringify(bootstrap));
  return path;
}

async function startNginx(folder: string, port: number): Promise<AsyncDisposable> {
  const path = join(folder, "nginx.conf");
  writeFileSync(join(folder, "bulk"), Buffer.alloc(4 << 20, "x"));
  writeFileSync(
    path,
    `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log error;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port} proxy_protocol backlog=4096;
    location = / { return 200 "hello"; }
    location = /bulk { root ${folder}; }
  }
}
`,
  );
  return startRelay([peerPath("nginx"), "-p", folder, "-c", path], port);
}

interface Relay extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a process and waits until its port takes connections. */
async function startRelay([program, ...args]: Command, port: number): Promise<Relay> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const exited = once(child, "exit");
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended before it listened`);
    await setTimeout(20);
  }
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false; // Refused: the process is still starting.
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
