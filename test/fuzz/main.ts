import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { fewDescriptors, runLive } from "./live.ts";
import { targets } from "./targets.ts";

const usage = `Usage: npm run fuzz -- [--count N] [--live N] [--seed N] [--target NAME]

Throws mutated PROXY headers, HTTP messages, TLS hellos and HTTP/2 at the parsers of the data plane (5,000,000 of them unless --count says
otherwise) and at a proxy that runs (100,000 connections unless --live does). Exits 1 when one of them crashes, hangs or breaks a rule.

Targets: ${targets.map(({ name }) => name).join(", ")}, live`;

/** A slice of 2,000 inputs that takes longer than this hangs. */
const sliceLimitMs = 60_000;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "5000000" },
    live: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    target: { type: "string" },
    help: { type: "boolean" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const seed = Number(values.seed);
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
const isLive = values.target === undefined || values.target === "live";
if (
  [values.count, values.live, values.seed].some((text) => !/^\d+$/.test(text)) ||
  (chosen.length === 0 && !isLive)
) {
  console.error(usage);
  process.exit(64);
}

const share = Math.ceil(Number(values.count) / Math.max(1, chosen.length));
let failures = 0;
for (const { name } of chosen) {
  const startedAtMs = performance.now();
  const fault = await fuzz(name, share);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  if (fault === undefined) console.log(`ok    ${name}: ${share} inputs in ${seconds} s`);
  else {
    failures += 1;
    console.log(`FAILS ${name}, seed ${seed}: ${fault}`);
  }
}
if (isLive) {
  const result = await runLive(seed, Number(values.live), (line) => console.error(line));
  const [early, late] = result.memory.map((value) => `${value.toFixed(0)} MiB`);
  const facts = `${result.connections} connections, ${result.answered} answered; memory ${early} after a tenth, ${late} at the end; descriptors ${result.descriptors.join(" before, ")} after`;
  const isClean =
    result.hanging.length === 0 && result.descriptors[1] <= result.descriptors[0] + fewDescriptors;
  if (!isClean) failures += 1;
  console.log(
    `${isClean ? "ok   " : "FAILS"} live, seed ${seed}: ${facts}; hanging: ${result.hanging.join(", ") || "none"}`,
  );
}
process.exitCode = failures === 0 ? 0 : 1;

/** What the worker tells: how far it is, what it found, that it is through. */
interface Told {
  readonly at?: number;
  readonly finding?: { readonly iteration: number; readonly input: string; readonly reason: string };
  readonly done?: boolean;
}

/** What went wrong, or undefined. A worker does the work, so that one that hangs can be ended. */
function fuzz(name: string, count: number): Promise<string | undefined> {
  const worker = new Worker(fileURLToPath(import.meta.resolve("./worker.js")), {
    workerData: { name, seed, count },
  });
  return new Promise((resolve) => {
    let at = 0;
    const watch = setTimeout(() => void end(`hangs within iterations ${at} to ${at + 2_000}`), sliceLimitMs);
    // The first word counts: ending the worker makes it exit too.
    const end = async (fault: string | undefined) => {
      clearTimeout(watch);
      resolve(fault);
      await worker.terminate();
    };
    worker.on("message", ({ at: reached, finding, done }: Told) => {
      watch.refresh();
      at = reached ?? at;
      if (finding) void end(`iteration ${finding.iteration}, input ${finding.input}\n${finding.reason}`);
      if (done) void end(undefined);
    });
    worker.on("error", (error) => void end(String(error)));
    worker.on("exit", () => void end(`ended behind iteration ${at}`));
  });
}
