import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { systemClock } from "../src/base/clock.ts";
import type { ConfigFile } from "../src/config/config-file.ts";
import { Fleet } from "../src/fleet/fleet.ts";
import { loadSchema } from "../src/schema/load.ts";
import { createAdsServer } from "../src/server/ads-server.ts";
import { threadLoader } from "../src/server/loading/thread-loader.ts";
import { Slices } from "../src/server/slices.ts";
import { attempt } from "../src/server/reconcile/attempt.ts";
import type { Revision } from "../src/snapshot/revision.ts";
import { buildXdsBench } from "./kit/contestants.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { median } from "./kit/statistics.ts";

const resources = 10_000;
const streams = 1000;
const limitMs = 50;
const metric = "longest turn";
const load = `${resources} resources loaded`;
const reload = `${resources} resources changed and loaded`;
const first = `first answers to ${streams} streams`;
const push = `all changed, pushed to ${streams} streams`;
const scenarios = [load, first, reload, push];

export const turnsMarks: readonly Mark[] = scenarios.map((scenario) => ({
  scenario,
  metric,
  ours: "chancery",
  theirs: "limit",
  bound: { atMost: 1 },
}));

function filesOf(timeout: string): ConfigFile[] {
  const names = Array.from({ length: resources }, (_, index) => `cluster-${String(index).padStart(5, "0")}`);
  return names.map((name) => ({
    path: `${name}.yaml`,
    text: `clusters:
- name: ${name}
  connect_timeout: ${timeout}
  load_assignment:
    cluster_name: ${name}
    endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 80}}}}]}]
`,
  }));
}

/**
 * How long the event loop of the server is kept from its other work (XDS-126): by loading many resources, and by a fleet
 * that asks for all of them at once, or is told of a change of all of them. 1 ms is what the clock of the measurement adds.
 */
export async function runTurns(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const bench = buildXdsBench();
  const longest = new Map<string, number[]>(scenarios.map((scenario) => [scenario, []]));
  const time = async <T>(scenario: string, work: () => Promise<T>): Promise<T> => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const result = await work();
    // The turn that the work ends in counts too.
    await setTimeout(10);
    delay.disable();
    longest.get(scenario)!.push(delay.max / 1e6);
    log(`${scenario}: longest turn ${(delay.max / 1e6).toFixed(1)} ms`);
    return result;
  };
  for (let round = 1; round <= rounds; round += 1) {
    const ended = new AbortController();
    const loader = threadLoader(loadSchema(), {});
    const slices = new Slices(systemClock);
    const fleet = new Fleet({ resourcesOf: () => new Map() });
    const server = createAdsServer({
      address: "127.0.0.1:0",
      referencesOf: loader.referencesOf,
      drainMs: 0,
      onEvent: (event) => fleet.apply(event),
    });
    let current: Revision | undefined;
    const serve = async (files: readonly ConfigFile[]) => {
      const origin = { kind: "program" } as const;
      const reading = { kind: "tree", files, contentHash: "", readAtMs: systemClock.now(), origin } as const;
      const result = await attempt(reading, {
        current,
        removals: { allowsEmptyTypes: true, largestShare: 1 },
        load: (all) => loader.load(all, ended.signal),
        perform: (steps) => slices.run(steps),
      });
      if (result.kind === "refused") throw new Error(result.refusal.problems[0]?.message);
      current = result.revision;
      return current;
    };
    const before = filesOf("1s");
    const after = filesOf("2s");
    server.setRevision(await time(load, () => serve(before)));
    const { port } = await server.start();
    await using clients = await time(first, async () => {
      const started = bench.startFleet(String(port), { streams, mode: "delta", "streams-a-connection": 10 });
      await started.expect("ready");
      return started;
    });
    const changed = await time(reload, () => serve(after));
    clients.send("wait");
    await clients.expect("armed");
    await time(push, async () => {
      server.setRevision(changed);
      await clients.expect("acked");
    });
    ended.abort();
    await server.close();
  }
  return scenarios.flatMap((scenario) => [
    figure(scenario, "chancery", longest.get(scenario)!),
    figure(scenario, "limit", [limitMs]),
  ]);
}

function figure(scenario: string, contestant: string, values: readonly number[]): Figure {
  return { scenario, contestant, metric, unit: "ms", value: median(values), rounds: values };
}
