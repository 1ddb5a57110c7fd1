import { AnsweringNodes } from "./kit/answering-nodes.ts";
import type { Figure, Mark } from "./kit/report.ts";
import { ServedRepository } from "./kit/served-repository.ts";
import { median } from "./kit/statistics.ts";

const nodeCount = 200;
const clusterCount = 100;
/** All that a stage waits for is the answers of its nodes. */
const staged = "rollout: {stages: [{percent: 10}, {percent: 50}], gates: {soak: 0s}}\n";
const atOnce = "";
const rollback = "from the refusal to the last node that has the old one again";
const rollbackLimitMs = 2_000;

const pushes = [
  { name: `push to ${nodeCount} nodes at once, webhook`, policy: atOnce, poll: "60s", isTold: true },
  { name: `push to ${nodeCount} nodes in three stages, webhook`, policy: staged, poll: "60s", isTold: true },
  {
    name: `push to ${nodeCount} nodes in three stages, asked every second`,
    policy: staged,
    poll: "1s",
    isTold: false,
  },
] as const;
const refusal = `${nodeCount} nodes have it and one refuses`;

export const rolloutMarks: readonly Mark[] = [
  { scenario: refusal, metric: rollback, ours: "chancery", theirs: "limit", bound: { atMost: 1 } },
];

/** From the end of `git push` to the ACKs of a fleet, and from a refusal to a fleet that has what it had before. */
export async function runRollout(rounds: number, log: (line: string) => void): Promise<Figure[]> {
  const figures: Figure[] = [];
  const add = (scenario: string, samples: readonly Readonly<Record<string, number>>[]) => {
    for (const metric of Object.keys(samples[0] ?? {})) {
      const values = samples.map((sample) => sample[metric]!);
      figures.push({
        scenario,
        contestant: "chancery",
        metric,
        unit: "ms",
        value: median(values),
        rounds: values,
      });
    }
  };
  for (const push of pushes) {
    log(`${push.name}, ${rounds} rounds`);
    add(push.name, await measurePushes(push, rounds));
  }
  log(`${refusal}, ${rounds} rounds`);
  const limit = { contestant: "limit", metric: rollback, unit: "ms", value: rollbackLimitMs, rounds: [] };
  figures.push({ scenario: refusal, ...limit });
  const samples: Record<string, number>[] = [];
  for (let round = 0; round < rounds; round += 1) samples.push({ [rollback]: await measureRollback() });
  add(refusal, samples);
  return figures;
}

async function measurePushes({ policy, poll, isTold }: (typeof pushes)[number], rounds: number) {
  await using served = new ServedRepository({ "chancery.yaml": policy, "clusters.yaml": clusters(0) });
  using nodes = new AnsweringNodes(nodeCount, await served.start(poll));
  await nodes.until(areEqual);
  const samples: Record<string, number>[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const before = nodes.version;
    served.commit({ "clusters.yaml": clusters(round) });
    served.push();
    const pushedAtMs = Date.now();
    if (isTold) await served.deliver();
    const readAtMs = await served.said("revision is served");
    const startedAtMs = await served.said("rollout has started");
    const ackedAtMs = await nodes.until((held) => areEqual(held) && held[0] !== before);
    samples.push({
      "commit read and checked": readAtMs - pushedAtMs,
      "first stage served": startedAtMs - pushedAtMs,
      "last ACK": ackedAtMs - pushedAtMs,
    });
    await served.said("rollout is complete");
  }
  return samples;
}

/** The worst case: all nodes have it, and the last one refuses. */
async function measureRollback(): Promise<number> {
  await using served = new ServedRepository({ "chancery.yaml": atOnce, "clusters.yaml": clusters(0) });
  using nodes = new AnsweringNodes(nodeCount, await served.start("60s"));
  await nodes.until(areEqual);
  const before = nodes.version;
  nodes.keep();
  served.commit({ "clusters.yaml": clusters(1) });
  served.push();
  await served.deliver();
  await nodes.until((held) => nodes.mayRefuse && held.slice(0, -1).every((version) => version !== before));
  const refusedAtMs = nodes.refuse();
  return (await nodes.until((held) => areEqual(held) && held[0] === before)) - refusedAtMs;
}

function areEqual(held: readonly (string | undefined)[]): boolean {
  return held[0] !== undefined && held.every((version) => version === held[0]);
}

/** Each number is another content of every cluster. */
function clusters(number: number): string {
  const names = Array.from(
    { length: clusterCount },
    (_, index) => `cluster-${String(index).padStart(3, "0")}`,
  );
  return `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: ${number + 1}s}\n`).join("")}`;
}
