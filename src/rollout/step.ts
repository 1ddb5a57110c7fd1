import { unreachable } from "../base/unreachable.ts";
import { policyOf } from "../config/rollout-policy.ts";
import type { Revision } from "../snapshot/revision.ts";
import { nowhere } from "../snapshot/serving.ts";
import { advance, complete, fail, passProbe, probeKey, restartClocks, skipStage } from "./advance.ts";
import { changedGroups } from "./extents.ts";
import {
  endRun,
  enterStage,
  isRunning,
  nodesByGroup,
  quarantined,
  type Running,
  stageOf,
  withStep,
} from "./runs.ts";
import type {
  Moment,
  Offer,
  Outcome,
  RolloutAction,
  RolloutCommand,
  RolloutEvent,
  RolloutRecord,
  RolloutState,
  Run,
  Trigger,
} from "./state.ts";

/**
 * What a rollout does next. Pure: everything that is known is in the state and the event, everything that is to be done
 * in the actions. A `serve` action comes exactly when what is served has changed.
 */
export function stepRollout(state: RolloutState, event: RolloutEvent): Outcome {
  const outcome = react(state, event);
  const { serving } = outcome.state;
  if (!serving || serving === state.serving) return outcome;
  // First of all, since nodes may be running what was just taken back.
  return { ...outcome, actions: [{ kind: "serve", serving }, ...outcome.actions] };
}

/** When the next `ticked` is due, on the monotonic clock; undefined when only events can change anything. */
export function nextDeadlineMs({ run }: RolloutState): number | undefined {
  if (!run || run.paused) return undefined;
  const deadlines = [...run.groups.values()].map(({ phase }) => {
    if (phase.kind === "acking") return phase.deadlineMs;
    return phase.kind === "soaking" ? phase.untilMs : Infinity;
  });
  const first = Math.min(...deadlines);
  return Number.isFinite(first) ? first : undefined;
}

/** The state in a new process: what was measured by the clock of the old one starts anew. */
export function resumeRollout(state: RolloutState, moment: Moment): RolloutState {
  return isRunning(state) ? restartClocks(state, moment) : state;
}

function react(state: RolloutState, event: RolloutEvent): Outcome {
  switch (event.kind) {
    case "offered":
      return offered({ ...state, head: event.offer }, event.offer, event);
    case "observed":
      return goOn({ ...state, nodes: event.nodes }, event);
    case "ticked":
      return goOn(state, event);
    case "probed":
      return probed(state, event);
    case "commanded":
      return commanded(state, event.command, event.by, event);
    default:
      return unreachable(event);
  }
}

function goOn(state: RolloutState, moment: Moment): Outcome {
  return isRunning(state) ? advance(state, moment) : { state, actions: [] };
}

function offered(state: RolloutState, offer: Offer, moment: Moment): Outcome {
  const { revision, policies } = offer;
  if (!state.serving) return first(state, offer, moment);
  if (isRunning(state)) {
    const { candidate, stable } = state.serving;
    const isSamePolicy = JSON.stringify(state.run.policies) === JSON.stringify(policies);
    if (revision.id === candidate.revision.id && isSamePolicy) {
      // The same content, perhaps elsewhere in the texts.
      const serving = { stable, candidate: { ...candidate, revision } };
      return goOn({ ...state, serving }, moment);
    }
    const reason =
      revision.id === candidate.revision.id
        ? "its rollout policy changed"
        : `the source has ${revision.id} now`;
    const ended = endRun(state, { result: "superseded", reason, stable }, moment);
    const next = offered(ended.state, offer, moment);
    return { ...next, actions: [...ended.actions, ...next.actions] };
  }
  if (revision.id === state.serving.stable.id) {
    return { state: { ...state, serving: { stable: revision } }, actions: [] };
  }
  const kept = state.quarantine.get(revision.id);
  if (!kept) return start(state, offer, "source", moment);
  const message = `it is not applied again: ${kept.reason}`;
  return {
    state,
    actions: [{ kind: "tell", news: { event: "quarantined", revisionId: revision.id, message } }],
  };
}

/** There is nothing to go back to, and nodes that have nothing: all get it. */
function first(state: RolloutState, { revision }: Offer, { atMs }: Moment): Outcome {
  const number = state.lastNumber + 1;
  return {
    state: { ...state, serving: { stable: revision }, lastNumber: number },
    actions: [
      {
        kind: "record",
        record: {
          number,
          revisionId: revision.id,
          source: revision.source,
          trigger: "source",
          startedAtMs: atMs,
          endedAtMs: atMs,
          result: "completed",
          reason: "it is the first revision",
          steps: [],
          refusals: [],
        },
      },
    ],
  };
}

function start(
  { serving, ...rest }: RolloutState,
  { revision, policies }: Offer,
  trigger: Trigger,
  moment: Moment,
  by?: string,
): Outcome {
  if (!serving) return { state: rest, actions: [] };
  const groups = changedGroups(serving.stable, revision);
  const run: Run = {
    number: rest.lastNumber + 1,
    trigger,
    ...(by !== undefined && { by }),
    startedAtMs: moment.atMs,
    policies,
    groups: new Map(groups.map((name) => [name, { stage: 0, phase: { kind: "waiting" } }])),
    steps: [],
  };
  const extents = new Map(groups.map((name) => [name, nowhere]));
  let state: Running = {
    ...rest,
    lastNumber: run.number,
    serving: { stable: serving.stable, candidate: { revision, extents } },
    run,
  };
  for (const [group, nodes] of nodesByGroup(state)) state = enterStage(state, group, 0, nodes, moment);
  const stages = Math.max(...groups.map((name) => policyOf(policies, name).stages.length));
  const message = `rollout ${run.number} in ${stages === 1 ? "one stage" : `${stages} stages`}: ${groups.join(", ")}`;
  // No advance: what is known of the nodes is from before they were given it.
  return {
    state,
    actions: [
      {
        kind: "tell",
        news: { event: "started", revisionId: revision.id, message, ...(by !== undefined && { by }) },
      },
    ],
  };
}

function probed(
  state: RolloutState,
  { key, failure, ...moment }: Moment & { readonly key: string; readonly failure?: string },
): Outcome {
  if (!isRunning(state)) return { state, actions: [] };
  const found = [...state.run.groups].find(
    ([group, { phase }]) => phase.kind === "probing" && probeKey(state, group) === key,
  );
  if (!found) return { state, actions: [] };
  const [group, now] = found;
  if (failure !== undefined) return fail(state, `group ${group}: its probe failed: ${failure}`, moment);
  if (stageOf(state.run, group, now).waitsForPromote) return advance(passProbe(state, group), moment);
  return advance(skipStage(state, group, moment), moment);
}

function commanded(state: RolloutState, command: RolloutCommand, by: string, moment: Moment): Outcome {
  if (command.kind === "undo") return undo(state, command.revision, by, moment);
  if (command.kind === "retry") return retry(state, by, moment);
  if (!isRunning(state)) return refused(state, "no rollout is under way");
  const { run, serving } = state;
  const revisionId = serving.candidate.revision.id;
  const tell = (event: "paused" | "resumed", message: string): RolloutAction => ({
    kind: "tell",
    news: { event, revisionId, message, by },
  });
  switch (command.kind) {
    case "pause": {
      if (run.paused) return refused(state, `the rollout is paused already: ${run.paused.reason}`);
      const paused = { by, reason: `paused by ${by}` };
      const next = withStep({ ...run, paused }, { atMs: moment.atMs, what: "paused", by });
      return { state: { ...state, run: next }, actions: [tell("paused", paused.reason)] };
    }
    case "resume": {
      if (!run.paused) return refused(state, "the rollout is not paused");
      const resumed = restartClocks(unpaused(state, "resumed", by, moment), moment);
      const next = advance(resumed, moment);
      return { ...next, actions: [tell("resumed", `resumed by ${by}`), ...next.actions] };
    }
    case "promote": {
      if (command.isFull) return complete(state, `promoted to all nodes by ${by}`, moment, by);
      let next = unpaused(state, "promoted", by, moment);
      for (const group of run.groups.keys()) next = skipStage(next, group, moment);
      // Whoever says so for the last stage has seen what its gates have to say.
      const isThrough = [...next.run.groups.values()].every(({ phase }) => phase.kind === "done");
      return isThrough ? complete(next, `promoted by ${by}`, moment, by) : advance(next, moment);
    }
    case "abort":
      return endRun(
        state,
        { result: "aborted", reason: `aborted by ${by}`, stable: serving.stable, by },
        moment,
      );
    default:
      return unreachable(command);
  }
}

function unpaused(state: Running, what: string, by: string, { atMs }: Moment): Running {
  const { paused: _, ...run } = state.run;
  return { ...state, run: withStep(run, { atMs, what, by }) };
}

function retry(state: RolloutState, by: string, moment: Moment): Outcome {
  const { head, quarantine } = state;
  if (isRunning(state)) return refused(state, "a rollout is under way");
  if (!head || !state.serving) return refused(state, "the source has had no valid revision yet");
  if (head.revision.id === state.serving.stable.id)
    return refused(state, "what the source has is what is served");
  const others = new Map([...quarantine].filter(([id]) => id !== head.revision.id));
  return start({ ...state, quarantine: others }, head, "retry", moment, by);
}

/** Back to a revision that was good before, for all nodes at once; what the source has is not applied over it. */
function undo(from: RolloutState, revision: Revision, by: string, moment: Moment): Outcome {
  const reason = `undone by ${by}, back to ${revision.id}`;
  if (!from.serving) return refused(from, "nothing is served yet");
  const ended = isRunning(from)
    ? endRun(from, { result: "aborted", reason, stable: from.serving.stable, by }, moment)
    : { state: from, actions: [] };
  const { serving, head, quarantine, lastNumber } = ended.state;
  if (serving?.stable.id === revision.id) {
    return isRunning(from) ? ended : refused(from, `${revision.id} is what is served`);
  }
  const number = lastNumber + 1;
  const record: RolloutRecord = {
    number,
    revisionId: revision.id,
    source: revision.source,
    trigger: "undo",
    by,
    startedAtMs: moment.atMs,
    endedAtMs: moment.atMs,
    result: "completed",
    reason: `undo by ${by}`,
    steps: [],
    refusals: [],
  };
  const kept = new Map([...quarantine].filter(([id]) => id !== revision.id));
  const isHeadOther = head !== undefined && head.revision.id !== revision.id;
  return {
    state: {
      ...ended.state,
      serving: { stable: revision },
      lastNumber: number,
      quarantine: isHeadOther ? quarantined(kept, head.revision.id, moment.atMs, reason) : kept,
    },
    actions: [
      ...ended.actions,
      { kind: "tell", news: { event: "undone", revisionId: revision.id, message: record.reason, by } },
      { kind: "record", record },
    ],
  };
}

function refused(state: RolloutState, refusal: string): Outcome {
  return { state, actions: [], refusal };
}
