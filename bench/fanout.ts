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

const scenarios: readonly Scenario[] = [
  { name: "sotw 200 streams x 1000 clusters", mode: "sotw", streams: 200, clusters: 1000, updates: 10 },
  { name: "delta 2000 streams x 1000 clusters", mode: "delta", streams: 2000, clusters: 1000, updates: 10 },
];

export const fanoutMarks: readonly Mark[] = [
  {
    scenario: scenarios[0]!.name,
    metric: "server CPU an update",
    ours: "chancery",
    theirs: "go-control-plane",
    bound: { atMost: 1 / 3 },
  },
  {
    scenario: scenarios[1]!.name,
    metric: "server CPU an update",
    ours: "chancery",
    theirs: "go-control-plane",
    bound: { atMost: 1 / 6 },
  },
  {
    scenario: scenarios[1]!.name,
    metric: "memory",
    ours: "chancery",
    theirs: "go-control-plane",
    bound: { atMost: 0.5 },
  },
];

/**
 * Pushes one changed cluster at a time to a whole fleet and measures, on both servers in turn, the processor time
 * that the server spends on an update and the time until the last ACK.
 */
export async function runFanout(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  return runScenarios(scenarios, rounds, log);
}

const curve: readonly Scenario[] = [1_000, 10_000, 100_000].map((clusters) => ({
  name: `${clusters} resources, one changed, 50 delta streams`,
  mode: "delta",
  streams: 50,
  clusters,
  updates: 10,
}));

export const curveMarks: readonly Mark[] = curve.map(({ name: scenario }) => ({
  scenario,
  metric: "server CPU an update",
  ours: "chancery",
  theirs: "go-control-plane",
  bound: { atMost: 1 },
}));

/** The same for sets of resources that differ in size a hundredfold, while the change stays one resource (XDS-130). */
export async function runCurve(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  return runScenarios(curve, rounds, log);
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
    figure("server CPU an update", "ms", (sample) => sample.updateCpuMs),
    figure("update to last ACK", "ms", (sample) => sample.lastAckMs),
    figure("memory", "MiB", (sample) => sample.residentMiB),
  ];
}
