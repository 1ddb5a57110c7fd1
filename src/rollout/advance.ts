import { unreachable } from "../base/unreachable.ts";
import { policyOf } from "../config/rollout-policy.ts";
import { revisionFor } from "../snapshot/serving.ts";
import { failureAtDeadline, failureNow, isAnswered, type Tally, tallyOf } from "./judge.ts";
import { describeStage, endRun, enterStage, nodesByGroup, type Running, stageOf, withStep } from "./runs.ts";
import type { GroupRun, Moment, ObservedNode, Outcome, Phase, RolloutAction } from "./state.ts";

/** What became of a group's stage. */
type Verdict =
  | { readonly kind: "stay" }
  | { readonly kind: "phase"; readonly phase: Phase }
  | { readonly kind: "probe" }
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly reason: string };

/** Takes every group as far as its gates let it, and ends the rollout when a gate fails or all groups are through. */
export function advance(from: Running, moment: Moment): Outcome {
  let state = from;
  const actions: RolloutAction[] = [];
  for (const [group, nodes] of nodesByGroup(state)) {
    for (;;) {
      const now = state.run.groups.get(group)!;
      const reached = reachedNodes(state, nodes);
      const tally = tallyOf(reached, state.serving.candidate.revision.id);
      const verdict = judge(state, group, now, tally, moment);
      if (verdict.kind === "failed") {
        const failed = fail(
          state,
          `group ${group}, ${describeStage(state.run, group, now.stage)}: ${verdict.reason}`,
          moment,
          tally,
        );
        return { ...failed, actions: [...actions, ...failed.actions] };
      }
      if (verdict.kind === "stay") break;
      if (verdict.kind === "phase") {
        state = withPhase(state, group, { ...now, phase: verdict.phase });
        if (verdict.phase.kind === "waiting" || verdict.phase.kind === "done") {
          actions.push(...passedNews(state, group, now, tally));
        }
      } else if (verdict.kind === "probe") {
        const { probe } = stageOf(state.run, group, now).gates;
        state = withPhase(state, group, { ...now, phase: { kind: "probing" } });
        if (probe) actions.push({ kind: "probe", key: probeKey(state, group), probe });
      } else {
        actions.push(...passedNews(state, group, now, tally));
        state = enterStage(state, group, now.stage + 1, nodes, moment);
      }
    }
  }
  if (![...state.run.groups.values()].every(({ phase }) => phase.kind === "done")) return { state, actions };
  const ended = complete(state, "all gates have passed", moment);
  return { ...ended, actions: [...actions, ...ended.actions] };
}

/** Names a probe of a stage, so that what comes of an earlier one is not taken for it. */
export function probeKey({ run }: Running, group: string): string {
  return `${run.number} ${run.groups.get(group)?.stage ?? 0} ${group}`;
}

/** The candidate is what all nodes have from now on. */
export function complete(state: Running, reason: string, moment: Moment, by?: string): Outcome {
  const stable = state.serving.candidate.revision;
  return endRun(state, { result: "completed", reason, stable, ...(by !== undefined && { by }) }, moment);
}

/** A gate has failed: everything goes back, or stops where it is. */
export function fail(state: Running, reason: string, moment: Moment, tally?: Tally): Outcome {
  const { run, serving } = state;
  const isHeld = [...run.groups.keys()].some((group) => !policyOf(run.policies, group).rollsBack);
  const refusals = tally?.refusals ?? [];
  if (!isHeld) {
    return endRun(state, { result: "rolled-back", reason, stable: serving.stable, refusals }, moment);
  }
  const paused = { by: "gate", reason };
  return {
    state: { ...state, run: withStep({ ...run, paused }, { atMs: moment.atMs, what: `paused: ${reason}` }) },
    actions: [
      {
        kind: "tell",
        news: { event: "paused", revisionId: serving.candidate.revision.id, message: reason, refusals },
      },
    ],
  };
}

/** A group goes on although its gates have not passed, because a person says so. */
export function skipStage(state: Running, group: string, moment: Moment): Running {
  const now = state.run.groups.get(group)!;
  if (now.phase.kind === "done") return state;
  if (isLast(state, group, now)) return withPhase(state, group, { ...now, phase: { kind: "done" } });
  return enterStage(state, group, now.stage + 1, nodesByGroup(state).get(group) ?? [], moment);
}

/** The stage's probe has passed. */
export function passProbe(state: Running, group: string): Running {
  const now = state.run.groups.get(group)!;
  return withPhase(state, group, { ...now, phase: phaseAfter(state, group, now) });
}

/** Starts the clocks of all stages anew: after a pause, or in a new process, what was measured before is worth nothing. */
export function restartClocks(state: Running, { nowMs }: Moment): Running {
  let next = state;
  for (const [group, now] of state.run.groups) {
    if (now.phase.kind === "done" || now.phase.kind === "waiting") continue;
    const { ackedWithinMs } = stageOf(state.run, group, now).gates;
    next = withPhase(next, group, { ...now, phase: { kind: "acking", deadlineMs: nowMs + ackedWithinMs } });
  }
  return next;
}

function judge(
  { run, serving }: Running,
  group: string,
  now: GroupRun,
  tally: Tally,
  { nowMs }: Moment,
): Verdict {
  const { phase } = now;
  const { gates } = stageOf(run, group, now);
  if (run.paused?.by === "gate") return { kind: "stay" };
  const failure = failureNow(gates, tally);
  if (failure !== undefined) return { kind: "failed", reason: failure };
  if (run.paused) return { kind: "stay" };
  switch (phase.kind) {
    case "acking": {
      const isOver = nowMs >= phase.deadlineMs;
      if (!isAnswered(gates, tally) && !isOver) return { kind: "stay" };
      const late = isOver ? failureAtDeadline(gates, tally) : undefined;
      if (late !== undefined) return { kind: "failed", reason: late };
      // Nobody is there who could show anything by keeping it.
      const soakMs = tally.count === 0 ? 0 : gates.soakMs;
      const untilMs = nowMs + soakMs;
      return {
        kind: "phase",
        phase: { kind: "soaking", untilMs, deadlineMs: untilMs + gates.ackedWithinMs },
      };
    }
    case "soaking": {
      if (nowMs < phase.untilMs) return { kind: "stay" };
      // Nodes that came meanwhile have the time that all others had.
      const late = failureAtDeadline(gates, tally);
      if (late !== undefined && nowMs < phase.deadlineMs) return { kind: "stay" };
      if (late !== undefined) return { kind: "failed", reason: late };
      if (gates.probe) return { kind: "probe" };
      return verdictAfter({ run, serving }, group, now);
    }
    case "waiting":
    case "probing":
    case "done":
      return { kind: "stay" };
    default:
      return unreachable(phase);
  }
}

/** A stage's own gates have passed. */
function verdictAfter(state: Pick<Running, "run" | "serving">, group: string, now: GroupRun): Verdict {
  const { waitsForPromote } = stageOf(state.run, group, now);
  if (waitsForPromote) return { kind: "phase", phase: { kind: "waiting" } };
  return isLast(state, group, now) ? { kind: "phase", phase: { kind: "done" } } : { kind: "passed" };
}

/** A probe that has passed leaves the stage as a soak that is over would, without asking again. */
function phaseAfter(state: Running, group: string, now: GroupRun): Phase {
  const verdict = verdictAfter(state, group, now);
  return verdict.kind === "phase" ? verdict.phase : { kind: "waiting" };
}

function isLast({ run }: Pick<Running, "run">, group: string, { stage }: GroupRun): boolean {
  return stage === policyOf(run.policies, group).stages.length - 1;
}

function withPhase(state: Running, group: string, now: GroupRun): Running {
  return { ...state, run: { ...state.run, groups: new Map(state.run.groups).set(group, now) } };
}

function reachedNodes({ serving }: Running, nodes: readonly ObservedNode[]): readonly ObservedNode[] {
  return nodes.filter(({ node }) => revisionFor(serving, node).revision === serving.candidate.revision);
}

function passedNews(state: Running, group: string, now: GroupRun, tally: Tally): readonly RolloutAction[] {
  const who =
    tally.count === 0 ? "no node was there to ask" : `${tally.synced} of ${tally.count} nodes have it`;
  const message = `group ${group}, ${describeStage(state.run, group, now.stage)}: passed, ${who}`;
  const revisionId = state.serving.candidate.revision.id;
  return [{ kind: "tell", news: { event: "passed", revisionId, message, group } }];
}
