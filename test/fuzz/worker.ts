import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { runTarget } from "./run-target.ts";
import { targets } from "./targets.ts";

const { name, seed, count }: { name: string; seed: number; count: number } = workerData;
const target = targets.find((one) => one.name === name);
if (!target || !parentPort) throw new Error(`there is no target ${name}`);
const slice = 2_000;
for (let from = 0; from < count; from += slice) {
  // Before the slice: where it does not come to its end, this says where to look.
  tell(parentPort, { at: from });
  const finding = runTarget(target, seed, from, Math.min(from + slice, count));
  if (!finding) continue;
  tell(parentPort, { finding: { ...finding, input: finding.input.toString("hex") } });
  break;
}
parentPort.close();

function tell(port: MessagePort, message: object): void {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads has no origin
  port.postMessage(message);
}
