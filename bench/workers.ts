import { ServedFolder } from "./kit/chancery-serve.ts";
import { buildXdsBench, type XdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOfAll } from "./kit/usage.ts";

const clusters = 1_000;
const updates = 10;
const one = "one process";
const two = "chancery";

/** SotW sends each stream all clusters again, delta the one that changed. */
const scenarios = [
  { name: `sotw: 200 streams x ${clusters} clusters`, mode: "sotw", streams: 200, perConnection: 1 },
  { name: `delta: 2000 streams x ${clusters} clusters`, mode: "delta", streams: 2000, perConnection: 10 },
] as const;

type Scenario = (typeof scenarios)[number];

const firstAck = "start of the fleet to its first ACKs";
const lastAck = "change of the file to last ACK";
const cpu = "CPU of all processes, an update";
const memory = "memory of all processes";

/** Cost has a bound; what is gained depends on how many cores there are beside the fleet's. */
export const workersMarks: readonly Mark[] = scenarios.flatMap(({ name: scenario }) => [
  { scenario, metric: cpu, ours: two, theirs: one, bound: { atMost: 2 } },
  { scenario, metric: memory, ours: two, theirs: one, bound: { atMost: 3 } },
]);

interface Sample {
  readonly firstAckMs: number;
  readonly lastAckMs: number;
  readonly cpuMs: number;
  readonly residentMiB: number;
}

/** `chancery serve` with two workers beside the same without, over the same folder and fleets: what they gain, and cost. */
export async function runWorkers(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const bench = buildXdsBench();
  const figures: Figure[] = [];
  for (const scenario of scenarios) {
    const contestants = [
      { contestant: two, flags: ["--workers", "2"], samples: [] as Sample[] },
      { contestant: one, flags: [], samples: [] as Sample[] },
    ];
    for (let round = 1; round <= rounds; round += 1) {
      for (const { contestant, flags, samples } of contestants) {
        log(`${scenario.name}: ${contestant === two ? "two workers" : one}, round ${round} of ${rounds}`);
        samples.push(await measure(bench, flags, scenario));
      }
    }
    for (const { contestant, samples } of contestants) {
      const figure = (metric: string, unit: string, pick: (sample: Sample) => number) => {
        const values = samples.map(pick);
        figures.push({
          scenario: scenario.name,
          contestant,
          metric,
          unit,
          value: median(values),
          rounds: values,
        });
      };
      figure(firstAck, "ms", ({ firstAckMs }) => firstAckMs);
      figure(lastAck, "ms", ({ lastAckMs }) => lastAckMs);
      figure(cpu, "ms", ({ cpuMs }) => cpuMs);
      figure(memory, "MiB", ({ residentMiB }) => residentMiB);
    }
  }
  return figures;
}

async function measure(
  bench: XdsBench,
  flags: readonly string[],
  { mode, streams, perConnection }: Scenario,
): Promise<Sample> {
  await using folder = new ServedFolder();
  folder.write("clusters.yaml", clusterLines(clusters - 1, 1));
  folder.write("changing.yaml", clusterLine("changing", 1));
  const port = await folder.start(flags);
  const content = { content: "clusters", resources: clusters, "streams-a-connection": perConnection };
  await using fleet = bench.startFleet(port, { ...content, streams, mode });
  const [firstAckMs] = await fleet.expect("ready");
  const before = usageOfAll(folder.pid).cpuSeconds;
  const lastAckMs: number[] = [];
  for (let number = 2; number <= updates + 1; number += 1) {
    fleet.send("wait");
    await fleet.expect("armed");
    folder.write("changing.yaml", clusterLine("changing", number));
    const [tookMs] = await fleet.expect("acked");
    lastAckMs.push(Number(tookMs));
  }
  const { cpuSeconds, residentMiB } = usageOfAll(folder.pid);
  return {
    firstAckMs: Number(firstAckMs),
    lastAckMs: median(lastAckMs),
    cpuMs: ((cpuSeconds - before) * 1_000) / updates,
    residentMiB,
  };
}

function clusterLines(count: number, seconds: number): string {
  const names = Array.from({ length: count }, (_, index) => `cluster-${String(index).padStart(5, "0")}`);
  return `clusters:\n${names.map((name) => lineOf(name, seconds)).join("")}`;
}

function clusterLine(name: string, seconds: number): string {
  return `clusters:\n${lineOf(name, seconds)}`;
}

function lineOf(name: string, seconds: number): string {
  return `- {name: ${name}, type: STATIC, connect_timeout: ${seconds}s}\n`;
}
