import { buildXdsBench, type Contestant, type XdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOf } from "./kit/usage.ts";

/** A fleet of one size and protocol variant, and how many updates it lives through. */
interface Scenario {
  readonly name: string;
  readonly mode: "sotw" | "delta";
  readonly streams: number;
  readonly clusters: number;
  readonly updates: number;
}

const load = { clusters: 1000, updates: 10 };
const sotw: Scenario = { ...load, name: "sotw 200 streams x 1000 clusters", mode: "sotw", streams: 200 };
const delta: Scenario = { ...load, name: "delta 2000 streams x 1000 clusters", mode: "delta", streams: 2000 };

const updateCpu = "server CPU an update";
const lastAck = "update to last ACK";

const mark = (
  { name: scenario }: Scenario,
  metric: string,
  atMost: number,
  theirs = "go-control-plane",
): Mark => ({ scenario, metric, ours: "chancery", theirs, bound: { atMost } });

export const fanoutMarks: readonly Mark[] = [
  mark(sotw, updateCpu, 1 / 4),
  mark(sotw, lastAck, 1 / 2.5),
  mark(delta, updateCpu, 1 / 8),
  mark(delta, lastAck, 1 / 5),
  mark(delta, "memory", 0.4),
];

/**
 * Pushes one changed cluster at a time to a whole fleet and measures, on both servers in turn, the processor time
 * that the server spends on an update and the time until the last ACK.
 */
export async function runFanout(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  return runScenarios([sotw, delta], rounds, log);
}

/** Fewer updates where there is more, for go-control-plane takes seconds for each: it looks at every resource for every stream. */
const curve: readonly Scenario[] = [
  { clusters: 1_000, updates: 40 },
  { clusters: 10_000, updates: 20 },
  { clusters: 100_000, updates: 5 },
].map((size) => ({
  ...size,
  name: `${size.clusters} resources, one changed, 50 delta streams`,
  mode: "delta",
  streams: 50,
}));
const least = curve[0]!;
const most = curve[2]!;
const withLeast = `chancery with ${least.clusters}`;

/** A hundred times the resources may cost no more than twice as much: a change is what is paid for (XDS-130). */
export const curveMarks: readonly Mark[] = [
  ...curve.map((scenario) => mark(scenario, updateCpu, 1)),
  mark(most, updateCpu, 2, withLeast),
];

/** The same for sets of resources that differ in size a hundredfold, while the change stays one resource. */
export async function runCurve(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const figures = await runScenarios(curve, rounds, log);
  const ours = figures.filter(
    ({ scenario, metric, contestant }) =>
      scenario === least.name && metric === updateCpu && contestant === "chancery",
  );
  return [...figures, ...ours.map((figure) => ({ ...figure, scenario: most.name, contestant: withLeast }))];
}

async function runScenarios(
  scenarios: readonly Scenario[],
  rounds: number,
  log: (line: string) => void,
): Promise<Figure[]> {
  const bench = buildXdsBench();
  const figures: Figure[] = [];
  for (const scenario of scenarios) {
    const samples = new Map(bench.contestants.map(({ name }) => [name, [] as Sample[]]));
    for (let round = 1; round <= rounds; round += 1) {
      for (const contestant of bench.contestants) {
        log(`${scenario.name}: ${contestant.name}, round ${round} of ${rounds}`);
        samples.get(contestant.name)!.push(await measure(bench, contestant, scenario));
      }
    }
    for (const [contestant, taken] of samples) figures.push(...toFigures(scenario.name, contestant, taken));
  }
  return figures;
}

interface Sample {
  readonly startCpuMs: number;
  readonly firstAckMs: number;
  readonly updateCpuMs: number;
  readonly lastAckMs: number;
  readonly residentMiB: number;
}

async function measure(bench: XdsBench, contestant: Contestant, scenario: Scenario): Promise<Sample> {
  const { mode, streams, clusters } = scenario;
  await using server = contestant.start({ clusters });
  const [port = ""] = await server.expect("listening");
  const idle = usageOf(server.pid);
  await using fleet = bench.startFleet(port, {
    streams,
    mode,
    resources: clusters,
    "streams-a-connection": mode === "sotw" ? 1 : 10,
  });
  const [firstAckMs] = await fleet.expect("ready");
  const loaded = usageOf(server.pid);
  const lastAckMs: number[] = [];
  for (let number = 1; number <= scenario.updates; number += 1) {
    fleet.send("wait");
    await fleet.expect("armed");
    server.send(`update ${number}`);
    const [elapsed] = await fleet.expect("acked");
    lastAckMs.push(Number(elapsed));
  }
  const done = usageOf(server.pid);
  return {
    startCpuMs: (loaded.cpuSeconds - idle.cpuSeconds) * 1000,
    firstAckMs: Number(firstAckMs),
    updateCpuMs: ((done.cpuSeconds - loaded.cpuSeconds) * 1000) / scenario.updates,
    lastAckMs: median(lastAckMs),
    residentMiB: done.residentMiB,
  };
}

function toFigures(scenario: string, contestant: string, samples: readonly Sample[]): Figure[] {
  const figure = (metric: string, unit: string, pick: (sample: Sample) => number): Figure => {
    const values = samples.map(pick);
    return { scenario, contestant, metric, unit, value: median(values), rounds: values };
  };
  return [
    figure("server CPU for all first responses", "ms", (sample) => sample.startCpuMs),
    figure("all first ACKs", "ms", (sample) => sample.firstAckMs),
    figure(updateCpu, "ms", (sample) => sample.updateCpuMs),
    figure(lastAck, "ms", (sample) => sample.lastAckMs),
    figure("memory", "MiB", (sample) => sample.residentMiB),
  ];
}
