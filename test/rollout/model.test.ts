import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Arbitrary,
  array,
  assert as check,
  constantFrom,
  integer,
  oneof,
  property,
  record,
} from "fast-check";
import { policiesByDefault } from "../../src/config/rollout-policy.ts";
import { isRunning } from "../../src/rollout/runs.ts";
import type { RolloutCommand } from "../../src/rollout/state.ts";
import { nextDeadlineMs, resumeRollout } from "../../src/rollout/step.ts";
import { type Answer, percent, policies, revisionOf, Rollouts } from "./rollouts.ts";

const revisions = ["a", "b", "c"].map(revisionOf);
const allPolicies = [
  policiesByDefault,
  policies([percent(20), percent(50), percent(100)]),
  policies([percent(40, { maxRefusals: 1, ackedPercent: 60 }), percent(100)]),
  policies([{ ...percent(30), waitsForPromote: true }, percent(100)]),
  policies([percent(50), percent(100)], false),
];
const ids = ["n0", "n1", "n2", "n3", "n4"];

const happening = oneof(
  record({
    kind: constantFrom("offer"),
    revision: constantFrom(...revisions),
    policy: constantFrom(...allPolicies),
  }),
  record({
    kind: constantFrom("answer"),
    id: constantFrom(...ids),
    answer: constantFrom<Answer[]>("accepts", "refuses", "silent", "leaves"),
  }),
  record({ kind: constantFrom("pass"), ms: integer({ min: 0, max: 90_000 }) }),
  record({ kind: constantFrom("restart") }),
  record({
    kind: constantFrom("command"),
    command: oneof(
      constantFrom<RolloutCommand[]>(
        { kind: "pause" },
        { kind: "resume" },
        { kind: "abort" },
        { kind: "retry" },
        { kind: "promote", isFull: false },
        { kind: "promote", isFull: true },
      ),
      record({ kind: constantFrom("undo" as const), revision: constantFrom(...revisions) }),
    ),
  }),
);

type Happening = typeof happening extends Arbitrary<infer One> ? One : never;

function happen(rollouts: Rollouts, event: Happening): void {
  if (event.kind === "offer") rollouts.offer({ revision: event.revision, policies: event.policy });
  else if (event.kind === "answer") {
    rollouts.answer(event.id, event.answer);
    rollouts.observe();
  } else if (event.kind === "pass") rollouts.pass(event.ms);
  else if (event.kind === "command") rollouts.step({ kind: "commanded", by: "ann", command: event.command });
  else {
    // The monotonic clock of another process, or of the machine after a reboot, begins anew.
    rollouts.nowMs = 0;
    rollouts.state = resumeRollout(rollouts.state, { nowMs: 0, atMs: 0 });
  }
}

/** What nodes and people get to see of a rollout, but for times. */
function seen({ state, actions }: Rollouts): unknown {
  const { serving, run, quarantine } = state;
  return {
    serving,
    groups: run?.groups,
    paused: run?.paused,
    quarantined: [...quarantine.keys()],
    ends: actions.flatMap((action) => (action.kind === "record" ? [action.record.result] : [])),
  };
}

/** What must hold whatever has happened. */
function checkInvariants({ state }: Rollouts): void {
  const { serving, run, quarantine } = state;
  assert.equal(
    run !== undefined,
    serving?.candidate !== undefined,
    "a run is a candidate and the other way round",
  );
  if (!serving) return;
  assert.ok(!quarantine.has(serving.stable.id), "what is stable is not quarantined");
  if (!serving.candidate) return;
  assert.ok(!quarantine.has(serving.candidate.revision.id), "a quarantined revision is served to nobody");
  assert.notEqual(serving.candidate.revision.id, serving.stable.id);
}

describe("rollouts, whatever happens", () => {
  it("keep their promises", () => {
    check(
      property(array(happening, { maxLength: 60 }), (happenings) => {
        const rollouts = new Rollouts(Object.fromEntries(ids.map((id) => [id, "accepts" as const])));
        let served = rollouts.state.serving;
        for (const event of happenings) {
          const before = rollouts.state;
          const reachedBefore = rollouts.reached();
          const seen = rollouts.actions.length;
          happen(rollouts, event);
          checkInvariants(rollouts);
          const news = rollouts.actions.slice(seen);
          for (const action of news) if (action.kind === "serve") served = action.serving;
          assert.equal(served, rollouts.state.serving, "nodes are served what the state says");
          const ends = news.flatMap((action) => (action.kind === "record" ? [action.record] : []));
          if (before.run && before.run.number === rollouts.state.run?.number) {
            const reached = new Set(rollouts.reached());
            assert.ok(
              reachedBefore.every((id) => reached.has(id)),
              "nobody loses a candidate that goes on",
            );
          } else if (before.run) {
            assert.ok(
              ends.some(({ number }) => number === before.run?.number),
              "every rollout has an end on record",
            );
          }
          const last = ends.at(-1);
          if (last && ["rolled-back", "aborted"].includes(last.result) && !rollouts.state.run) {
            assert.equal(rollouts.state.serving?.stable.id, before.serving?.stable.id, "it ends at stable");
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("go the same way when the wall clock jumps", () => {
    const day = 86_400_000;
    check(
      property(
        array(happening, { maxLength: 40 }),
        array(integer({ min: -400 * day, max: 400 * day }), { minLength: 1, maxLength: 10 }),
        (happenings, jumps) => {
          let steps = 0;
          const jumping = (nowMs: number) => {
            steps += 1;
            return 1_700_000_000_000 + nowMs + jumps[steps % jumps.length]!;
          };
          const fleet = Object.fromEntries(ids.map((id) => [id, "accepts" as const]));
          const [steady, odd] = [new Rollouts(fleet), new Rollouts(fleet, jumping)];
          for (const event of happenings) {
            happen(steady, event);
            happen(odd, event);
            assert.deepEqual(seen(odd), seen(steady));
          }
        },
      ),
    );
  });

  it("end by themselves unless a person has to say something", () => {
    check(
      property(
        constantFrom(...allPolicies),
        array(constantFrom<Answer[]>("accepts", "refuses", "silent", "leaves"), {
          minLength: 0,
          maxLength: 5,
        }),
        (policy, answers) => {
          const rollouts = new Rollouts(
            Object.fromEntries(answers.map((answer, index) => [`n${index}`, answer])),
          );
          rollouts.offer({ revision: revisions[0]!, policies: policy });
          rollouts.offer({ revision: revisions[1]!, policies: policy });
          for (let round = 0; round < 50; round += 1) {
            const atMs = nextDeadlineMs(rollouts.state);
            if (atMs === undefined) break;
            rollouts.pass(Math.max(0, atMs - rollouts.nowMs));
          }
          assert.equal(nextDeadlineMs(rollouts.state), undefined);
          if (!isRunning(rollouts.state)) return;
          const { run } = rollouts.state;
          const waits = [...run.groups.values()].some(({ phase }) => phase.kind === "waiting");
          assert.ok(waits || run.paused !== undefined);
        },
      ),
    );
  });
});
