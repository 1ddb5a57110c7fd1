import type { Gates } from "../config/rollout-policy.ts";
import type { CandidateRefusal, ObservedNode } from "./state.ts";

/** The nodes of a group that should have the candidate. */
export interface Tally {
  readonly count: number;
  readonly synced: number;
  /** Ids of those that have not accepted all of it. */
  readonly pending: readonly string[];
  readonly refusals: readonly CandidateRefusal[];
  /** Ids. */
  readonly lost: readonly string[];
}

export function tallyOf(nodes: Iterable<ObservedNode>, candidateId: string): Tally {
  const pending: string[] = [];
  const refusals: CandidateRefusal[] = [];
  const lost: string[] = [];
  let count = 0;
  let synced = 0;
  for (const { node, revisionId, state, refusal } of nodes) {
    if (state === "lost") {
      lost.push(node.id);
      continue;
    }
    count += 1;
    if (refusal) refusals.push(refusal);
    else if (state === "synced" && revisionId === candidateId) synced += 1;
    else pending.push(node.id);
  }
  return { count, synced, pending, refusals, lost };
}

/** Why the stage has failed whatever the time, or undefined. */
export function failureNow(gates: Gates, { refusals, lost }: Tally): string | undefined {
  if (refusals.length > gates.maxRefusals) {
    const [first] = refusals;
    const reason = first ? `; ${first.node}: ${first.message}` : "";
    return `${nodes(refusals.length)} refused it, ${limit(gates.maxRefusals)}${reason}`;
  }
  if (gates.maxLost !== undefined && lost.length > gates.maxLost) {
    return `${nodes(lost.length)} went away with it, ${limit(gates.maxLost)}: ${listed(lost)}`;
  }
  return undefined;
}

/** True when all nodes have answered, so that there is nothing to wait for. */
export function isAnswered({ minNodes }: Gates, { count, pending }: Tally): boolean {
  return count > 0 && count >= minNodes && pending.length === 0;
}

/** Why the stage has failed now that its time is over, or undefined when what there is is enough. */
export function failureAtDeadline(gates: Gates, { count, synced, pending }: Tally): string | undefined {
  if (count < gates.minNodes)
    return `${nodes(count)} connected, the stage asks for at least ${gates.minNodes}`;
  // A refusal within the limit is an answer too.
  const silent = pending.length;
  if (silent === 0 || synced * 100 >= gates.ackedPercent * count) return undefined;
  const share = gates.ackedPercent < 100 ? `, ${gates.ackedPercent} % have to` : "";
  return `${silent} of ${nodes(count)} have not accepted it within ${gates.ackedWithinMs / 1000} s${share}: ${listed(pending)}`;
}

function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}

function limit(most: number): string {
  return most === 0 ? "none may" : `at most ${most} may`;
}

function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, 5).join(", ");
  return ids.length > 5 ? `${shown} and ${ids.length - 5} more` : shown;
}
