import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findPeer, peerHint, type PeerName } from "../test/kit/peers.ts";
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
  /** Programs of others that it cannot do without. */
  readonly needs: readonly PeerName[];
  readonly marks: readonly Mark[];
  /** `seconds`: how long the load lasts, where it is load that is measured. */
  run(rounds: number, log: (line: string) => void, seconds: number): Promise<Figure[]>;
}

const benchmarks: Readonly<Record<string, Benchmark>> = {
  cold: { needs: ["go"], marks: coldMarks, run: runCold },
  curve: { needs: ["go"], marks: curveMarks, run: runCurve },
  eds: { needs: ["go"], marks: edsMarks, run: runEds },
  fanout: { needs: ["go"], marks: fanoutMarks, run: runFanout },
  idle: { needs: ["go"], marks: idleMarks, run: runIdle },
  rollout: { needs: ["git"], marks: rolloutMarks, run: runRollout },
  stalled: { needs: ["go"], marks: stalledMarks, run: runStalled },
  storm: { needs: ["go"], marks: stormMarks, run: runStorm },
  order: { needs: ["envoy"], marks: orderMarks, run: runOrder },
  tcp: { needs: ["envoy", "haproxy", "nginx", "wrk"], marks: tcpMarks, run: runTcp },
  turns: { needs: ["go"], marks: turnsMarks, run: runTurns },
  workers: { needs: ["go"], marks: workersMarks, run: runWorkers },
  http: { needs: ["envoy", "nginx", "wrk"], marks: httpMarks, run: runHttp },
  compile: { needs: [], marks: compileMarks, run: runCompile },
  "proxy-protocol": { needs: [], marks: proxyProtocolMarks, run: runProxyProtocol },
};

const usage = `Usage: npm run bench -- ${Object.keys(benchmarks).join("|")} [--rounds N] [--seconds N] [--out FILE]

Measures Chancery and its peers in turn and prints each figure's median with the ratio; exits 1 when a mark is missed,
69 when a program that it needs is not there.`;

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
const missing = benchmark.needs.filter((peer) => findPeer(peer) === undefined);
if (missing.length > 0) {
  console.error(missing.map(peerHint).join("\n"));
  process.exit(69);
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
