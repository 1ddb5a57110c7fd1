import { parseArgs } from "node:util";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { type SoakResult, soak } from "./soak.ts";
import { faultsOf } from "./verdict.ts";

const usage = `Usage: npm run soak -- [--minutes N] [--rate N] [--plane chancery|envoy]

Runs a data plane under load for 30 minutes: a new configuration every second from our control plane, good requests (--rate, 4,000 a second),
and upstreams that reset, stall and close half. Prints memory and descriptors every ten seconds; exits 1 when a good request is
lost, memory grows in the last two thirds, or descriptors stay open.`;

const planes = { chancery: startBundledProxy, envoy: startEnvoy } as const;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    rate: { type: "string", default: "4000" },
    plane: { type: "string", default: "chancery" },
    help: { type: "boolean" },
  },
});
const { plane } = values;
if (values.help || (plane !== "chancery" && plane !== "envoy")) {
  console.log(usage);
  process.exit(values.help ? 0 : 64);
}
const result = await soak({
  start: (bootstrap) => planes[plane](bootstrap),
  seconds: Number(values.minutes) * 60,
  rate: Number(values.rate),
  onSample: ({ second, residentMiB, descriptors }) =>
    console.log(`${second} s: ${residentMiB.toFixed(0)} MiB, ${descriptors} descriptors`),
});
console.log(report(result));
const faults = faultsOf(result);
for (const fault of faults) console.log(`FAILS: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;

function report({ good, faulty, tcp, descriptors, changes }: SoakResult): string {
  const answers = [...faulty.answers]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([status, count]) => `${status} ${count}`);
  return `${plane}: ${good.sent} good requests, ${good.failed} lost; ${faulty.sent} to the faulty upstream: ${answers.join(", ")}; TCP ${tcp.whole} whole, ${tcp.cut} cut; ${changes} configurations; descriptors ${descriptors.join(" before, ")} after`;
}
