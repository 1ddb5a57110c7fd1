import { policyOf, type Stage } from "../config/rollout-policy.ts";
import type { Revision } from "../snapshot/revision.ts";
import { type Extent, nowhere, type Serving } from "../snapshot/serving.ts";
import { grow, stagedGroupOf } from "./extents.ts";
import type {
  CandidateRefusal,
  GroupRun,
  Moment,
  News,
  ObservedNode,
  RolloutAction,
  RolloutRecord,
  RolloutResult,
  RolloutState,
  RolloutStep,
  Run,
} from "./state.ts";

/** Enough to tell the story; a rollout that is paused and resumed on and on does not grow. */
const mostSteps = 200;
const mostRefusals = 20;
const mostQuarantined = 100;

/** A state with a rollout under way. */
export interface Running extends RolloutState {
  readonly serving: Serving & { readonly candidate: NonNullable<Serving["candidate"]> };
  readonly run: Run;
}

export function isRunning(state: RolloutState): state is Running {
  return state.run !== undefined && state.serving?.candidate !== undefined;
}

/** The observed nodes of each group that the rollout is about. */
export function nodesByGroup(state: Running): ReadonlyMap<string, readonly ObservedNode[]> {
  const { stable, candidate } = state.serving;
  const groups = new Map<string, ObservedNode[]>([...state.run.groups.keys()].map((name) => [name, []]));
  for (const observed of state.nodes) {
    const name = stagedGroupOf(stable, candidate.revision, observed.node);
    if (name !== undefined) groups.get(name)?.push(observed);
  }
  return groups;
}

/** The stage that a group is in. */
export function stageOf({ policies }: Run, group: string, { stage }: GroupRun): Stage {
  return policyOf(policies, group).stages[stage]!;
}

/** The next stage of a group begins: more nodes get the candidate, and the clock starts. */
export function enterStage(
  state: Running,
  group: string,
  stage: number,
  nodes: readonly ObservedNode[],
  { nowMs, atMs }: Moment,
): Running {
  const { run, serving } = state;
  const { candidate } = serving;
  const entered = policyOf(run.policies, group).stages[stage]!;
  const ids = nodes.filter(({ state: standing }) => standing !== "lost").map(({ node }) => node.id);
  const extent = grow(candidate.extents.get(group) ?? nowhere, entered, candidate.revision.id, ids);
  const extents = new Map<string, Extent>(candidate.extents).set(group, extent);
  const phase = { kind: "acking", deadlineMs: nowMs + entered.gates.ackedWithinMs } as const;
  return {
    ...state,
    serving: { ...serving, candidate: { ...candidate, extents } },
    run: withStep(
      { ...run, groups: new Map(run.groups).set(group, { stage, phase }) },
      { atMs, what: `group ${group}: ${describeStage(run, group, stage)}` },
    ),
  };
}

/** `stage 2 of 3, 50 %`. */
export function describeStage({ policies }: Run, group: string, stage: number): string {
  const { stages } = policyOf(policies, group);
  const { reach } = stages[stage]!;
  const whom =
    reach.kind === "percent" ? `${reach.percent} %` : `nodes that match ${JSON.stringify(reach.match)}`;
  return `stage ${stage + 1} of ${stages.length}, ${whom}`;
}

export function withStep(run: Run, step: RolloutStep): Run {
  return { ...run, steps: [...run.steps, step].slice(-mostSteps) };
}

export function quarantined(
  quarantine: RolloutState["quarantine"],
  revisionId: string,
  atMs: number,
  reason: string,
): RolloutState["quarantine"] {
  const others = [...quarantine].filter(([id]) => id !== revisionId).slice(1 - mostQuarantined);
  return new Map([...others, [revisionId, { revisionId, atMs, reason }]]);
}

/** The rollout is over; `stable` is what all nodes are served from then on. */
export function endRun(
  state: Running,
  end: {
    readonly result: Exclude<RolloutResult, "refused">;
    readonly reason: string;
    readonly stable: Revision;
    readonly by?: string;
    readonly refusals?: readonly CandidateRefusal[];
  },
  { atMs }: Moment,
): { readonly state: RolloutState; readonly actions: readonly RolloutAction[] } {
  const { run, serving, ...rest } = state;
  const { revision } = serving.candidate;
  const { result, reason, stable, by, refusals = [] } = end;
  const keepsAway = result === "rolled-back" || result === "aborted";
  const record: RolloutRecord = {
    number: run.number,
    revisionId: revision.id,
    source: revision.source,
    trigger: run.trigger,
    ...(run.by !== undefined && { by: run.by }),
    startedAtMs: run.startedAtMs,
    endedAtMs: atMs,
    result,
    reason,
    steps: withStep(run, { atMs, what: `${result}: ${reason}`, ...(by !== undefined && { by }) }).steps,
    refusals: refusals.slice(0, mostRefusals),
  };
  const news: News = {
    event: result,
    revisionId: revision.id,
    message: reason,
    ...(by !== undefined && { by }),
    refusals: record.refusals,
  };
  return {
    state: {
      ...rest,
      serving: { stable },
      quarantine: keepsAway ? quarantined(rest.quarantine, revision.id, atMs, reason) : rest.quarantine,
    },
    actions: [
      { kind: "tell", news },
      { kind: "record", record },
    ],
  };
}
