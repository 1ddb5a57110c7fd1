import { buildXdsBench, type Contestant, type XdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";
import { usageOf } from "./kit/usage.ts";

interface Scenario {
  readonly name: string;
  readonly mode: "sotw" | "delta";
  readonly streamsAConnection: number;
}

/** An Envoy has a connection of its own; behind a proxy or in one process many streams share one. */
const scenarios: readonly Scenario[] = [
  { name: "sotw, a connection each", mode: "sotw", streamsAConnection: 1 },
  { name: "delta, a connection each", mode: "delta", streamsAConnection: 1 },
  { name: "delta, 100 streams a connection", mode: "delta", streamsAConnection: 100 },
];

const metric = "memory a stream";
/** What the project promises of an idle stream. */
const promisedKiB = 40;

export const idleMarks: readonly Mark[] = scenarios.flatMap(({ name: scenario }) => [
  { scenario, metric, ours: "chancery", theirs: "promise", bound: { atMost: 1 } },
  { scenario, metric, ours: "chancery", theirs: "go-control-plane", bound: { atMost: 1 } },
]);

/** What the first streams need besides, such as code and a heap that has grown, is not what one more costs. */
const streamsBefore = 1000;
const streamsMore = 2000;

const content = { content: "mixed", clusters: 100 };

/**
 * The memory of the server's process that an idle stream costs which has subscribed to clusters, endpoints, listeners and
 * routes and has ACKed them all: what 3,000 streams have resident more than 1,000, garbage collected both times.
 */
export async function runIdle(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const bench = buildXdsBench();
  const figures: Figure[] = [];
  for (const scenario of scenarios) {
    const { name } = scenario;
    for (const contestant of bench.contestants) {
      const values: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        log(`${name}: ${contestant.name}, round ${round} of ${rounds}`);
        values.push(await measure(bench, contestant, scenario));
      }
      figures.push(figure(name, contestant.name, values));
    }
    figures.push(figure(name, "promise", [promisedKiB]));
  }
  return figures;
}

function figure(scenario: string, contestant: string, values: readonly number[]): Figure {
  return { scenario, contestant, metric, unit: "KiB", value: median(values), rounds: values };
}

async function measure(
  bench: XdsBench,
  contestant: Contestant,
  { mode, streamsAConnection }: Scenario,
): Promise<number> {
  await using server = contestant.start(content);
  const [port = ""] = await server.expect("listening");
  const residentKiB = async () => {
    server.send("collect");
    await server.expect("collected");
    return usageOf(server.pid).residentMiB * 1024;
  };
  const options = { ...content, mode, "streams-a-connection": streamsAConnection };
  await using first = bench.startFleet(port, { ...options, streams: streamsBefore });
  await first.expect("ready");
  const before = await residentKiB();
  await using second = bench.startFleet(port, { ...options, streams: streamsMore });
  await second.expect("ready");
  return ((await residentKiB()) - before) / streamsMore;
}
