import { setTimeout } from "node:timers/promises";
import { ServedFolder } from "./kit/chancery-serve.ts";
import { buildXdsBench, type XdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOf } from "./kit/usage.ts";

const clusters = 500;
const endpoints = 20;
const streams = 500;
const changesASecond = 50;
const content = { content: "endpoints", clusters };
const cpu = "server CPU a second";
const p99 = "p99 from change to ACK";
const limitMs = 250;

const scenarios = [
  { name: `sotw: ${changesASecond} changes a second of ${clusters * endpoints} endpoints`, mode: "sotw" },
  { name: `delta: ${changesASecond} changes a second of ${clusters * endpoints} endpoints`, mode: "delta" },
] as const;

export const edsMarks: readonly Mark[] = scenarios.flatMap(({ name: scenario }) => [
  { scenario, metric: cpu, ours: "chancery", theirs: "go-control-plane", bound: { atMost: 1 / 4 } },
  { scenario, metric: p99, ours: "chancery", theirs: "limit", bound: { atMost: 1 } },
]);

/** A server of endpoints, and how one of its clusters is changed. */
interface Served extends AsyncDisposable {
  readonly port: string;
  readonly pid: number;
  /** The zone tells when the change was made. */
  change(number: number, zone: string): void;
}

/**
 * Endpoints that change one cluster at a time, to a fleet that wants all of them. Chancery is `chancery serve` and each change
 * a file that is replaced; go-control-plane is a LinearCache that is told of each change in its own process.
 */
export async function runEds(
  rounds: number,
  log: (line: string) => void,
  seconds: number,
): Promise<Figure[]> {
  const bench = buildXdsBench();
  const figures: Figure[] = [];
  for (const { name: scenario, mode } of scenarios) {
    figures.push({ scenario, contestant: "limit", metric: p99, unit: "ms", value: limitMs, rounds: [] });
    for (const [contestant, start] of [
      ["chancery", serveFolder],
      ["go-control-plane", () => serveLinearCache(bench)],
    ] as const) {
      const samples: Sample[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        log(`${scenario}: ${contestant}, round ${round} of ${rounds}`);
        samples.push(await measure(bench, start, mode, seconds));
      }
      const figure = (metric: string, unit: string, pick: (sample: Sample) => number) => {
        const values = samples.map(pick);
        figures.push({ scenario, contestant, metric, unit, value: median(values), rounds: values });
      };
      figure(cpu, "ms", ({ cpuMs }) => cpuMs);
      figure("median from change to ACK", "ms", ({ medianMs }) => medianMs);
      figure(p99, "ms", ({ p99Ms }) => p99Ms);
      figure("ACKed changes, all streams", "count", ({ count }) => count);
    }
  }
  return figures;
}

interface Sample {
  readonly cpuMs: number;
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

async function measure(
  bench: XdsBench,
  start: () => Promise<Served>,
  mode: "sotw" | "delta",
  seconds: number,
): Promise<Sample> {
  await using server = await start();
  await using fleet = bench.startFleet(server.port, { ...content, streams, mode });
  await fleet.expect("ready");
  const before = usageOf(server.pid).cpuSeconds;
  const startMs = performance.now();
  for (let number = 0; number < seconds * changesASecond; number += 1) {
    const dueMs = startMs + (number * 1000) / changesASecond;
    await setTimeout(Math.max(0, dueMs - performance.now()));
    server.change(number, `made-at-${Math.round((performance.timeOrigin + performance.now()) * 1000)}`);
  }
  // What was made last is on its way.
  await setTimeout(2_000);
  const cpuMs = ((usageOf(server.pid).cpuSeconds - before) * 1000) / seconds;
  fleet.send("times");
  const [count, medianMs, p99Ms] = await fleet.expect("times");
  return { cpuMs, count: Number(count), medianMs: Number(medianMs), p99Ms: Number(p99Ms) };
}

async function serveFolder(): Promise<Served> {
  const folder = new ServedFolder();
  const change = (number: number, zone: string) => {
    const index = number % clusters;
    folder.write(`endpoints/${nameOf(index)}.yaml`, assignmentText(index, zone));
  };
  for (let index = 0; index < clusters; index += 1) change(index, "");
  const eds = "{type: EDS, eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}, name: ";
  const names = Array.from({ length: clusters }, (_, index) => `- ${eds}${nameOf(index)}}\n`);
  folder.write("clusters.yaml", `clusters:\n${names.join("")}`);
  const port = await folder.start();
  return { port, pid: folder.pid, change, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function serveLinearCache({ contestants }: XdsBench): Promise<Served> {
  const server = contestants
    .find(({ name }) => name === "go-control-plane")!
    .start({ ...content, endpoints });
  const [port = ""] = await server.expect("listening");
  return {
    port,
    pid: server.pid,
    change: (number, zone) => server.send(`update ${number} ${zone}`),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function nameOf(index: number): string {
  return `cluster-${String(index).padStart(5, "0")}`;
}

/** What `assignment` of peers/gcp makes. */
function assignmentText(index: number, zone: string): string {
  const lines = Array.from({ length: endpoints }, (_, number) => {
    const address = `10.${index >> 8}.${index & 255}.${number + 1}`;
    return `  - {endpoint: {address: {socket_address: {address: ${address}, port_value: 8080}}}}\n`;
  });
  return `endpoints:
- cluster_name: ${nameOf(index)}
  endpoints:
  - locality: {region: eu, zone: "${zone}"}
    lb_endpoints:
${lines.map((line) => `  ${line}`).join("")}`;
}
