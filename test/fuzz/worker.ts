import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { type Finding, runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const { name, seed, count }: { name: string; seed: number; count: number } = workerData;
const target = targets.find((one) => one.name === name);
if (!target || !parentPort) throw new Error(`there is no target ${name}`);
const slice = 2_000;
let finding: Finding | undefined;
for (let from = 0; from < count && !finding; from += slice) {
  // Before the slice: where it does not come to its end, this says where to look.
  tell(parentPort, { at: from });
  finding = runTarget(target, seed, from, Math.min(from + slice, count));
}
tell(
  parentPort,
  finding ? { finding: { ...finding, input: finding.input.toString("hex") } } : { done: true },
);
// Stays until it is ended, so that what it told arrives.
parentPort.on("message", () => undefined);

function tell(port: MessagePort, message: object): void {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has no origin
  port.postMessage(message);
}
