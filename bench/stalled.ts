import { setTimeout } from "node:timers/promises";
import { buildXdsBench, type Contestant, type XdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOf } from "./kit/usage.ts";

const streams = 1000;
const changesASecond = 10;
const seconds = 30;
const scenario = `${streams} stalled streams, 5 MiB changing ${changesASecond} times a second for ${seconds} s`;
const content = { clusters: 1000, bytes: 5 * 1024 };
const grown = "memory grown";
const most = "most memory";

export const stalledMarks: readonly Mark[] = [
  { scenario, metric: grown, ours: "chancery", theirs: "limit", bound: { atMost: 1 } },
  { scenario, metric: most, ours: "chancery", theirs: "go-control-plane", bound: { atMost: 1 } },
];

/** A few versions of the content that are not collected yet, and what each stream's socket holds. */
const grownAtMostMiB = 150;

/**
 * Clients that took the first state of 5 MiB and read nothing more, while it changes again and again: what the server's
 * memory grows by from one second after the first change to the last, and the most that it has.
 */
export async function runStalled(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const bench = buildXdsBench();
  const figures: Figure[] = [
    { scenario, contestant: "limit", metric: grown, unit: "MiB", value: grownAtMostMiB, rounds: [] },
  ];
  for (const contestant of bench.contestants) {
    const samples: Sample[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      log(`${scenario}: ${contestant.name}, round ${round} of ${rounds}`);
      samples.push(await measure(bench, contestant, log));
    }
    const figure = (metric: string, unit: string, pick: (sample: Sample) => number) => {
      const values = samples.map(pick);
      figures.push({
        scenario,
        contestant: contestant.name,
        metric,
        unit,
        value: median(values),
        rounds: values,
      });
    };
    figure(grown, "MiB", ({ residentMiB }) => Math.max(...residentMiB) - (residentMiB[0] ?? 0));
    figure(most, "MiB", ({ residentMiB }) => Math.max(...residentMiB));
    figure("server CPU a change", "ms", ({ cpuMs }) => cpuMs);
  }
  return figures;
}

interface Sample {
  /** Second by second. */
  readonly residentMiB: readonly number[];
  readonly cpuMs: number;
}

async function measure(
  bench: XdsBench,
  contestant: Contestant,
  log: (line: string) => void,
): Promise<Sample> {
  await using server = contestant.start(content);
  const [port = ""] = await server.expect("listening");
  await using fleet = bench.startFleet(port, { streams, mode: "sotw", stalled: "" });
  await fleet.expect("ready");
  const cpuBefore = usageOf(server.pid).cpuSeconds;
  const residentMiB: number[] = [];
  let number = 0;
  for (let second = 0; second <= seconds; second += 1) {
    for (let change = 0; change < changesASecond; change += 1) {
      number += 1;
      server.send(`update ${number}`);
      await Promise.all([server.expect("updated"), setTimeout(1000 / changesASecond)]);
    }
    residentMiB.push(usageOf(server.pid).residentMiB);
  }
  const cpuMs = ((usageOf(server.pid).cpuSeconds - cpuBefore) * 1000) / number;
  log(`  MiB resident, second by second: ${residentMiB.map((value) => value.toFixed(0)).join(" ")}`);
  return { residentMiB, cpuMs };
}
