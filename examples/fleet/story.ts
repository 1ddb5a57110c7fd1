import type { ControlPlaneProcess, EndedRollout } from "./control-plane.ts";
import type { Proxies } from "./proxies.ts";
import { show } from "./program.ts";
import type { Repository } from "./repository.ts";
import type { SimulatedNodes } from "./simulated-nodes.ts";

export interface Scene {
  readonly plane: ControlPlaneProcess;
  readonly repository: Repository;
  readonly proxies: Proxies;
  readonly nodes: SimulatedNodes;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Plays the commits; true when each ended as it should. */
export async function tellStory({ plane, repository, proxies, nodes, say, signal }: Scene): Promise<boolean> {
  const admin = ["--admin-address", plane.adminAddress];
  const all = proxies.count + nodes.count;
  say(`\n1. The first commit is there: ${all} nodes connect`);
  const tookMs = await plane.untilSynced(all, signal);
  say(`   all ${all} hold it, ${seconds(tookMs)} after that`);

  say('\n2. A good commit, "Serve release 2": one proxy, then a quarter, then all');
  await repository.change("release 1", "release 2", "Serve release 2");
  await plane.reconcile();
  await show("rollout", "status", "--wait", ...admin);
  const good = await last(plane);
  say(`   ${good.result} ${seconds(good.endedAtMs - good.startedAtMs)} after it began`);

  say("\n3. A commit that validation refuses: nothing of it reaches any node");
  await repository.change("direct_response:", "direct_respose:", "Serve release 3");
  say(indent(await plane.reconcile()));
  await repository.revert();
  await plane.reconcile();

  say("\n4. A commit that only a proxy can refuse: its access log has an operator that does not exist");
  await repository.change("%RESPONSE_CODE%", "%RESPONSE_CODES%", "Log more of a response");
  await plane.reconcile();
  await show("rollout", "status", "--wait", ...admin);
  const bad = await last(plane);
  const [refusal] = bad.refusals;
  if (refusal) {
    say(`   ${refusal.node} refused it; taken back ${seconds(bad.endedAtMs - refusal.atMs)} later`);
  }
  say(`   ${bad.result}: ${bad.reason}`);

  say("\n5. What is known of it all: chancery rollout history");
  await show("rollout", "history", ...admin);
  return good.result === "completed" && bad.result === "rolled-back";
}

async function last(plane: ControlPlaneProcess): Promise<EndedRollout> {
  const history = await plane.history();
  // What was refused before it was rolled out has the number 0.
  return history.reduce((newest, each) => (each.number > newest.number ? each : newest));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "   ");
}
