import { buildXdsBench, type Contestant, type XdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOf } from "./kit/usage.ts";

const streams = 5000;
const content = { content: "mixed", clusters: 100 };
const acked = "last ACK after the first connection";
const broken = "streams that broke and came again";
const cpu = "server CPU";

/** The mode of streams, each on a connection of its own as an Envoy has it. */
const scenarios = [
  { name: `sotw: ${streams} streams in a second`, mode: "sotw" },
  { name: `delta: ${streams} streams in a second`, mode: "delta" },
] as const;

export const stormMarks: readonly Mark[] = scenarios.flatMap(({ name: scenario }) => [
  { scenario, metric: acked, ours: "chancery", theirs: "go-control-plane", bound: { atMost: 1 } },
  { scenario, metric: cpu, ours: "chancery", theirs: "go-control-plane", bound: { atMost: 1 } },
  // 0 of 1: not one.
  { scenario, metric: broken, ours: "chancery", theirs: "limit", bound: { atMost: 0 } },
]);

interface Sample {
  readonly ackedMs: number;
  readonly broken: number;
  readonly cpuMs: number;
}

/**
 * A fleet that comes back: streams that are opened within one second and ask for clusters, endpoints, listeners and routes,
 * until each has ACKed all of them.
 */
export async function runStorm(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const bench = buildXdsBench();
  const figures: Figure[] = [];
  for (const { name: scenario, mode } of scenarios) {
    figures.push({ scenario, contestant: "limit", metric: broken, unit: "count", value: 1, rounds: [] });
    for (const contestant of bench.contestants) {
      const samples: Sample[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        log(`${scenario}: ${contestant.name}, round ${round} of ${rounds}`);
        samples.push(await measure(bench, contestant, mode));
      }
      const figure = (metric: string, unit: string, pick: (sample: Sample) => number) => {
        const values = samples.map(pick);
        const value = metric === broken ? Math.max(...values) : median(values);
        figures.push({ scenario, contestant: contestant.name, metric, unit, value, rounds: values });
      };
      figure(acked, "ms", ({ ackedMs }) => ackedMs);
      figure(cpu, "ms", ({ cpuMs }) => cpuMs);
      figure(broken, "count", (sample) => sample.broken);
    }
  }
  return figures;
}

async function measure(bench: XdsBench, contestant: Contestant, mode: "sotw" | "delta"): Promise<Sample> {
  await using server = contestant.start(content);
  const [port = ""] = await server.expect("listening");
  const before = usageOf(server.pid).cpuSeconds;
  await using fleet = bench.startFleet(port, { ...content, streams, mode, spread: "1s" });
  const [ackedMs, count] = await fleet.expect("ready");
  const cpuMs = (usageOf(server.pid).cpuSeconds - before) * 1000;
  return { ackedMs: Number(ackedMs), broken: Number(count), cpuMs };
}
