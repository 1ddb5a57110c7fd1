import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNginxBackend } from "../kit/nginx-backend.ts";
import { freePort, startProgram } from "../kit/program.ts";
import type { Figure, Mark } from "../kit/report.ts";
import { median } from "../kit/statistics.ts";
import { measureWithWrk, type WrkSample } from "../kit/wrk.ts";
import { idleMemory, startSilentServer } from "./idle-memory.ts";
import { relayCommands } from "./relays.ts";

interface Workload {
  readonly scenario: string;
  readonly metric: string;
  readonly unit: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly rate: (sample: WrkSample) => number;
  /** Of Envoy's rate. */
  readonly atLeast: number;
}

const workloads: readonly Workload[] = [
  {
    scenario: "V1 header, kept alive",
    metric: "requests",
    unit: "1/s",
    path: "/",
    headers: [],
    rate: (sample) => sample.requestsPerSecond,
    atLeast: 1,
  },
  {
    scenario: "V1 header, a connection a request",
    metric: "connections",
    unit: "1/s",
    path: "/",
    headers: ["Connection: close"],
    rate: (sample) => sample.requestsPerSecond,
    atLeast: 1,
  },
  {
    scenario: "V1 header, bulk",
    metric: "bytes",
    unit: "MiB/s",
    path: "/bulk",
    headers: [],
    rate: (sample) => sample.mebibytesPerSecond,
    atLeast: 0.6,
  },
];

const idle = { scenario: "V1 header, idle", metric: "memory a connection" };
const sides = { ours: "chancery", theirs: "envoy" } as const;

export const tcpMarks: readonly Mark[] = [
  ...workloads.map(({ scenario, metric, atLeast }) => ({ scenario, metric, ...sides, bound: { atLeast } })),
  { ...idle, ...sides, bound: { atMost: 1 } },
];

/** What one contestant showed of one thing, a value a round. */
type Key = Omit<Figure, "value" | "rounds">;

/**
 * One relay at a time: it accepts plain TCP and writes a V1 header to a backend that demands one. Every relay has one worker; rounds go
 * through the relays in turn, so that a noisy machine hits all alike.
 */
export async function runTcp(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "chancery-bench-"));
  const backendPort = await freePort();
  await using _nginx = await startNginxBackend(folder, backendPort, "proxy_protocol");
  await using silent = await startSilentServer();
  const samples = new Map<string, number[]>();
  const add = (key: Key, value: number) => {
    const id = JSON.stringify(key);
    samples.set(id, [...(samples.get(id) ?? []), value]);
  };
  for (let round = 1; round <= rounds; round += 1) {
    for (const [contestant, command] of Object.entries(relayCommands)) {
      {
        const port = await freePort();
        await using relay = await startProgram(command(folder, port, backendPort), port);
        for (const { scenario, metric, unit, path, headers, rate } of workloads) {
          log(`${scenario}: ${contestant}, round ${round} of ${rounds}`);
          const sample = await measureWithWrk(`http://127.0.0.1:${port}${path}`, headers, relay.pid);
          add({ scenario, contestant, metric, unit }, rate(sample));
          const cpu = { scenario, contestant, metric: "relay CPU for each", unit: "us" };
          add(cpu, (sample.cpuShare * 1e6) / rate(sample));
        }
      }
      log(`${idle.scenario}: ${contestant}, round ${round} of ${rounds}`);
      const port = await freePort();
      await using relay = await startProgram(command(folder, port, silent.port), port);
      add({ ...idle, contestant, unit: "KiB" }, await idleMemory(port, relay.pid, silent));
    }
  }
  const figures = [...samples].map(([id, values]) => {
    const key: Key = JSON.parse(id);
    return { ...key, value: median(values), rounds: values };
  });
  return figures.toSorted((a, b) => a.scenario.localeCompare(b.scenario));
}
