import { policyOf } from "../../config/rollout-policy.ts";
import { describeStage, isRunning, nodesByGroup, type Running } from "../../rollout/runs.ts";
import { tallyOf } from "../../rollout/judge.ts";
import type { Phase, Quarantined, RolloutRecord, RolloutState, Run } from "../../rollout/state.ts";
import type { RevisionSource } from "../../snapshot/revision.ts";
import { revisionFor } from "../../snapshot/serving.ts";

/** A group of a rollout, as the API tells it. */
export interface GroupReport {
  readonly name: string;
  /** Counts from 1. */
  readonly stage: number;
  readonly stages: number;
  /** `stage 2 of 3, 50 %`. */
  readonly description: string;
  readonly phase: Phase["kind"];
  /** Of the connected nodes of the group. */
  readonly nodes: number;
  readonly reached: number;
  readonly synced: number;
  readonly refused: number;
  readonly lost: number;
  /** Ids of some that have not answered. */
  readonly pending: readonly string[];
}

/** A rollout under way, as the API tells it. */
export interface RunReport extends Pick<Run, "number" | "trigger" | "by" | "startedAtMs" | "steps"> {
  readonly revisionId: string;
  readonly source: RevisionSource;
  readonly paused: { readonly by: string; readonly reason: string } | null;
  readonly groups: readonly GroupReport[];
}

/** Where rollouts stand, as the API tells it. */
export interface RolloutReport {
  /** Null before the first revision. */
  readonly stable: string | null;
  readonly rollout: RunReport | null;
  /** The last one that is over. */
  readonly last: RolloutRecord | null;
  readonly quarantine: readonly Quarantined[];
  /** Why what is served would not survive a restart, if it would not. */
  readonly stateError: string | null;
}

/** A node is listed by name only where a person still reads names. */
const mostPending = 20;

export function rolloutReport(
  state: RolloutState,
  history: readonly RolloutRecord[],
  stateError: string | undefined,
): RolloutReport {
  return {
    stable: state.serving?.stable.id ?? null,
    rollout: isRunning(state) ? runReport(state) : null,
    last: history.findLast(({ number }) => number > 0) ?? null,
    quarantine: [...state.quarantine.values()],
    stateError: stateError ?? null,
  };
}

function runReport(state: Running): RunReport {
  const { run, serving } = state;
  const { revision } = serving.candidate;
  const { number, trigger, by, startedAtMs, paused, steps } = run;
  const groups = [...nodesByGroup(state)].map(([name, nodes]): GroupReport => {
    const { stage, phase } = run.groups.get(name)!;
    const reached = nodes.filter(({ node }) => revisionFor(serving, node).revision === revision);
    const tally = tallyOf(reached, revision.id);
    return {
      name,
      stage: stage + 1,
      stages: policyOf(run.policies, name).stages.length,
      description: describeStage(run, name, stage),
      phase: phase.kind,
      nodes: nodes.filter((node) => node.state !== "lost").length,
      reached: tally.count,
      synced: tally.synced,
      refused: tally.refusals.length,
      lost: tally.lost.length,
      pending: tally.pending.slice(0, mostPending),
    };
  });
  return {
    number,
    revisionId: revision.id,
    source: revision.source,
    trigger,
    ...(by !== undefined && { by }),
    startedAtMs,
    paused: paused ?? null,
    groups,
    steps,
  };
}
