import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startNginxBackend } from "../kit/nginx-backend.ts";
import { freePort, type Program, startProgram } from "../kit/program.ts";
import type { Figure, Mark } from "../kit/report.ts";
import { median } from "../kit/statistics.ts";
import { usageOf } from "../kit/usage.ts";
import { measureWithWrk } from "../kit/wrk.ts";
import type { GatewayPorts } from "./gateways.ts";
import { gatewayCommands } from "./gateways.ts";

const run = promisify(execFile);

/** How long one measurement of ours lasts; wrk's own are in its kit. */
const seconds = 4;
const warmUpSeconds = 2;
const http2Streams = 100;
const pacedConnections = 64;

/** What one measurement gives. */
interface Sample {
  readonly rate: number;
  /** Processor time of the gateway, in seconds a second. */
  readonly cpuShare: number;
}

interface Workload {
  readonly scenario: string;
  readonly metric: string;
  measure(ports: GatewayPorts, pid: number): Promise<Sample>;
}

async function wrk(port: number, headers: readonly string[], pid: number): Promise<Sample> {
  const { requestsPerSecond, cpuShare } = await measureWithWrk(`http://127.0.0.1:${port}/`, headers, pid);
  return { rate: requestsPerSecond, cpuShare };
}

const keptAlive: Workload = {
  scenario: "HTTP/1.1, kept alive",
  metric: "requests",
  measure: ({ plain }, pid) => wrk(plain, [], pid),
};

const workloads: readonly Workload[] = [
  keptAlive,
  {
    scenario: "HTTP/1.1, use_remote_address and x-forwarded-for",
    metric: "requests",
    measure: ({ remoteAddress }, pid) => wrk(remoteAddress, ["X-Forwarded-For: 10.1.2.3"], pid),
  },
  {
    scenario: "HTTP/1.1, a connection a request",
    metric: "connections",
    measure: ({ plain }, pid) => wrk(plain, ["Connection: close"], pid),
  },
  {
    scenario: `HTTP/2, ${http2Streams} streams on a connection`,
    metric: "requests",
    measure: ({ plain }, pid) => measureHttp2(plain, pid),
  },
];

const paced = { scenario: "HTTP/1.1, half of what Envoy can", metric: "p99 latency" };
const sides = { ours: "chancery", theirs: "envoy" } as const;

export const httpMarks: readonly Mark[] = [
  ...workloads.map(({ scenario, metric }) => ({ scenario, metric, ...sides, bound: { atLeast: 0.8 } })),
  { ...paced, ...sides, bound: { atMost: 1.5 } },
];

/** What one contestant showed of one thing, a value a round. */
type Key = Omit<Figure, "value" | "rounds">;

/**
 * One gateway at a time, with one worker, in front of nginx over HTTP/1.1; rounds go through the gateways in turn, so that a noisy
 * machine hits all alike. Then both once more, at half the rate that Envoy has shown.
 */
export async function runHttp(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  const backendPort = await freePort();
  await using _nginx = await startNginxBackend(folder, backendPort, "");
  const samples = new Map<string, number[]>();
  const add = (key: Key, value: number) => {
    const id = JSON.stringify(key);
    samples.set(id, [...(samples.get(id) ?? []), value]);
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of Object.keys(gatewayCommands)) {
      await using gateway = await startGateway(contestant, folder, backendPort);
      for (const { scenario, metric, measure } of workloads) {
        log(`${scenario}: ${contestant}, round ${round} of ${rounds}`);
        const { rate, cpuShare } = await measure(gateway.ports, gateway.program.pid);
        add({ scenario, contestant, metric, unit: "1/s" }, rate);
        add({ scenario, contestant, metric: "gateway CPU for each", unit: "us" }, (cpuShare * 1e6) / rate);
        const { residentMiB } = usageOf(gateway.program.pid);
        add({ scenario, contestant, metric: "memory behind it", unit: "MiB" }, residentMiB);
      }
    }
  }
  const envoyKey: Key = {
    scenario: keptAlive.scenario,
    contestant: sides.theirs,
    metric: keptAlive.metric,
    unit: "1/s",
  };
  const rate = Math.round(median(samples.get(JSON.stringify(envoyKey)) ?? []) / 2);
  for (let round = 1; round <= rounds; round += 1) {
    for (const contestant of Object.keys(gatewayCommands)) {
      log(`${paced.scenario} (${rate}/s): ${contestant}, round ${round} of ${rounds}`);
      await using gateway = await startGateway(contestant, folder, backendPort);
      const { p50, p99 } = await measurePaced(gateway.ports.plain, rate);
      add({ ...paced, contestant, unit: "ms" }, p99);
      add({ ...paced, metric: "median latency", contestant, unit: "ms" }, p50);
    }
  }
  const figures = [...samples].map(([id, values]) => {
    const key: Key = JSON.parse(id);
    return { ...key, value: median(values), rounds: values };
  });
  return figures.toSorted((a, b) => a.scenario.localeCompare(b.scenario));
}

interface Gateway extends AsyncDisposable {
  readonly ports: GatewayPorts;
  readonly program: Program;
}

async function startGateway(contestant: string, folder: string, backendPort: number): Promise<Gateway> {
  const ports = { plain: await freePort(), remoteAddress: await freePort() };
  const program = await startProgram(gatewayCommands[contestant]!(folder, ports, backendPort), ports.plain);
  return { ports, program, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Runs one of the load makers beside this file, and reads the line that it prints. */
async function load(name: string, ...args: readonly number[]): Promise<Readonly<Record<string, number>>> {
  const script = fileURLToPath(new URL(`${name}.js`, import.meta.url));
  const { stdout } = await run(process.execPath, [script, ...args.map(String)]);
  const report: Readonly<Record<string, number>> = JSON.parse(stdout);
  if (report["failed"] !== 0) throw new Error(`requests failed: ${stdout}`);
  return report;
}

async function measureHttp2(port: number, pid: number): Promise<Sample> {
  await load("http2-load", port, http2Streams, warmUpSeconds);
  const before = usageOf(pid);
  const { answered = 0 } = await load("http2-load", port, http2Streams, seconds);
  const after = usageOf(pid);
  return { rate: answered / seconds, cpuShare: (after.cpuSeconds - before.cpuSeconds) / seconds };
}

async function measurePaced(port: number, rate: number): Promise<{ p50: number; p99: number }> {
  await load("paced-load", port, rate, pacedConnections, warmUpSeconds);
  const {
    p50 = Number.NaN,
    p99 = Number.NaN,
    answered,
    asked,
  } = await load("paced-load", port, rate, pacedConnections, seconds);
  if (answered !== asked) throw new Error(`${answered} of ${asked} requests were answered`);
  return { p50, p99 };
}
