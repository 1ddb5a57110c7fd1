import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compileMarks, runCompile } from "./compile.ts";
import { coldMarks, runCold } from "./cold.ts";
import { edsMarks, runEds } from "./eds.ts";
import { curveMarks, fanoutMarks, runCurve, runFanout } from "./fanout.ts";
import { httpMarks, runHttp } from "./http/run.ts";
import { idleMarks, runIdle } from "./idle.ts";
import { orderMarks, runOrder } from "./order.ts";
import { type Figure, type Mark, judge, renderMarks, renderTable, writeJson } from "./kit/report.ts";
import { proxyProtocolMarks, runProxyProtocol } from "./proxy-protocol.ts";
import { rolloutMarks, runRollout } from "./rollout.ts";
import { runStalled, stalledMarks } from "./stalled.ts";
import { runStorm, stormMarks } from "./storm.ts";
import { runTcp, tcpMarks } from "./tcp/run.ts";
import { runTurns, turnsMarks } from "./turns.ts";
import { runWorkers, workersMarks } from "./workers.ts";

interface Benchmark {
  readonly marks: readonly Mark[];
  /** `seconds`: how long the load lasts, where it is load that is measured. */
  run(rounds: number, log: (line: string) => void, seconds: number): Promise<Figure[]>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  cold: { marks: coldMarks, run: runCold },
  curve: { marks: curveMarks, run: runCurve },
  eds: { marks: edsMarks, run: runEds },
  fanout: { marks: fanoutMarks, run: runFanout },
  idle: { marks: idleMarks, run: runIdle },
  rollout: { marks: rolloutMarks, run: runRollout },
  stalled: { marks: stalledMarks, run: runStalled },
  storm: { marks: stormMarks, run: runStorm },
  order: { marks: orderMarks, run: runOrder },
  tcp: { marks: tcpMarks, run: runTcp },
  turns: { marks: turnsMarks, run: runTurns },
  workers: { marks: workersMarks, run: runWorkers },
  http: { marks: httpMarks, run: runHttp },
  compile: { marks: compileMarks, run: runCompile },
  "proxy-protocol": { marks: proxyProtocolMarks, run: runProxyProtocol },
};

const usage = `Usage: npm run bench -- ${Object.keys(benchmarks).join("|")} [--rounds N] [--seconds N] [--out FILE]

Measures Chancery and its peers in turn and prints each figure's median with the ratio; exits 1 when a mark is missed.`;

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "60" },
    out: { type: "string" },
    help: { type: "boolean" },
  },
  allowPositionals: true,
});
const name = positionals[0] ?? "";
const benchmark = benchmarks[name];
if (!benchmark || values.help) {
  console.error(usage);
  process.exit(values.help ? 0 : 64);
}

const figures = await benchmark.run(
  Number(values.rounds),
  (line) => console.error(line),
  Number(values.seconds),
);
const results = judge(benchmark.marks, figures);
const out = values.out ?? join(fileURLToPath(import.meta.resolve("#root/bench")), "results", `${name}.json`);
writeJson(out, figures, results);
console.log(`${renderTable(figures, "chancery")}\n\n${renderMarks(results)}\n\nwritten to ${out}`);
process.exitCode = results.every((result) => result.isMet) ? 0 : 1;
