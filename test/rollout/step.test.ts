import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { policiesByDefault } from "../../src/config/rollout-policy.ts";
import type { RolloutCommand } from "../../src/rollout/state.ts";
import { nextDeadlineMs, resumeRollout } from "../../src/rollout/step.ts";
import { type Answer, percent, policies, revisionOf, Rollouts } from "./rollouts.ts";

const one = revisionOf("one");
const two = revisionOf("two");
const three = revisionOf("three");
const staged = policies([percent(25), percent(100)]);

function fleetOf(count: number, answer: Answer = "accepts"): Record<string, Answer> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`node-${index}`, answer]));
}

/** A fleet that has revision one, and is offered revision two. */
function rolling(answers: Record<string, Answer>, policy = staged): Rollouts {
  const rollouts = new Rollouts(answers);
  rollouts.offer({ revision: one, policies: policy });
  rollouts.offer({ revision: two, policies: policy });
  return rollouts;
}

function command(rollouts: Rollouts, what: RolloutCommand) {
  return rollouts.step({ kind: "commanded", by: "ann", command: what });
}

function results(rollouts: Rollouts): readonly string[] {
  return rollouts.actions.flatMap((action) => (action.kind === "record" ? [action.record.result] : []));
}

const probe = { kind: "http", url: "http://edge/health", timeoutMs: 1, attempts: 1 } as const;

/** With a probe that is asked for. */
function probing() {
  const rollouts = rolling(fleetOf(4), policies([percent(50, { probe }), percent(100)]));
  const { actions } = rollouts.pass(10_000);
  const [asked] = [...rollouts.actions, ...actions].flatMap((action) =>
    action.kind === "probe" ? [action] : [],
  );
  assert.ok(asked);
  assert.deepEqual(asked.probe, probe);
  return { rollouts, key: asked.key };
}

describe("stepRollout", () => {
  it("gives the first revision to all nodes: there is nothing to go back to", () => {
    const rollouts = new Rollouts(fleetOf(3));
    rollouts.offer({ revision: one, policies: staged });
    assert.deepEqual(rollouts.state.serving, { stable: one });
    assert.equal(rollouts.state.run, undefined);
  });

  it("goes from stage to stage when all nodes have accepted and soaked, then makes the candidate stable", () => {
    const rollouts = rolling(fleetOf(8));
    assert.equal(rollouts.reached().length, 2, "25 % of 8");
    rollouts.pass(9_999);
    assert.equal(rollouts.reached().length, 2);
    rollouts.pass(1);
    assert.equal(rollouts.reached().length, 8);
    rollouts.pass(10_000);
    assert.deepEqual(rollouts.state.serving, { stable: two });
    assert.deepEqual(results(rollouts), ["completed", "completed"]);
  });

  it("gives a small group's first node the first stage", () => {
    assert.equal(rolling(fleetOf(2), policies([percent(1), percent(100)])).reached().length, 1);
  });

  it("rolls back the moment a node refuses, and does not apply the revision again", () => {
    const rollouts = rolling(fleetOf(8, "silent"));
    rollouts.answer(rollouts.reached()[0]!, "refuses");
    const { actions } = rollouts.observe();
    assert.deepEqual(actions[0], { kind: "serve", serving: { stable: one } }, "before anything else");
    assert.deepEqual(results(rollouts).at(-1), "rolled-back");
    rollouts.offer({ revision: two, policies: staged });
    assert.deepEqual(rollouts.state.serving, { stable: one });
    assert.ok(rollouts.state.quarantine.has(two.id));
    rollouts.offer({ revision: three, policies: staged });
    assert.equal(rollouts.state.serving?.candidate?.revision, three, "another one is another matter");
  });

  const failures: readonly { name: string; answer: Answer; waitMs: number; reason: RegExp }[] = [
    {
      name: "a refusal in the soak",
      answer: "refuses",
      waitMs: 5_000,
      reason: /1 node refused it, none may; node-/,
    },
    {
      name: "a node that goes away in the soak",
      answer: "leaves",
      waitMs: 5_000,
      reason: /1 node went away with it/,
    },
  ];
  for (const { name, answer, waitMs, reason } of failures) {
    it(`rolls back for ${name}`, () => {
      const rollouts = rolling(fleetOf(8));
      rollouts.pass(waitMs);
      rollouts.answer(rollouts.reached()[0]!, answer);
      rollouts.observe();
      assert.deepEqual(rollouts.state.serving, { stable: one });
      assert.match(rollouts.state.quarantine.get(two.id)?.reason ?? "", reason);
    });
  }

  it("rolls back when a node has not answered in time, and names it", () => {
    const rollouts = rolling(fleetOf(4, "silent"));
    const [silent] = rollouts.reached();
    rollouts.pass(59_999);
    assert.ok(rollouts.state.run);
    rollouts.pass(1);
    const reason = rollouts.state.quarantine.get(two.id)?.reason;
    assert.match(reason ?? "", new RegExp(`1 of 1 node have not accepted it within 60 s: ${silent}`));
  });

  it("lets a share be enough, and refusals within the limit pass", () => {
    const rollouts = rolling(fleetOf(4), policies([percent(100, { ackedPercent: 50, maxRefusals: 1 })]));
    rollouts.answer("node-0", "refuses");
    rollouts.answer("node-1", "silent");
    rollouts.pass(60_000);
    rollouts.pass(10_000);
    assert.deepEqual(rollouts.state.serving, { stable: two });
  });

  it("does not wait for ever for a group without nodes, unless it asks for some", () => {
    const rollouts = rolling({}, policies([percent(100)]));
    rollouts.pass(60_000);
    assert.deepEqual(rollouts.state.serving, { stable: two });
    const demanding = rolling({}, policies([percent(100, { minNodes: 1 })]));
    demanding.pass(60_000);
    assert.deepEqual(demanding.state.serving, { stable: one });
  });

  it("by default gives all nodes everything at once, minds no silence, and takes it back on a refusal", () => {
    const rollouts = rolling(fleetOf(4, "silent"), policiesByDefault);
    assert.equal(rollouts.reached().length, 4);
    rollouts.pass(30_000);
    rollouts.pass(1_000);
    assert.deepEqual(rollouts.state.serving, { stable: two });
    rollouts.offer({ revision: three, policies: policiesByDefault });
    rollouts.answer("node-2", "refuses");
    rollouts.observe();
    assert.deepEqual(rollouts.state.serving, { stable: two });
  });

  it("stops where it is when nothing is to be rolled back, and leaves the rest to people", () => {
    const rollouts = rolling(fleetOf(4), policies([percent(50), percent(100)], false));
    rollouts.answer(rollouts.reached()[0]!, "refuses");
    rollouts.observe();
    assert.equal(rollouts.state.run?.paused?.by, "gate");
    rollouts.pass(600_000);
    assert.equal(rollouts.reached().length, 2);
    command(rollouts, { kind: "promote", isFull: true });
    assert.deepEqual(rollouts.state.serving, { stable: two });
  });

  it("lets a newer revision take over, whose own stages say who has it", () => {
    const rollouts = rolling(fleetOf(8));
    rollouts.pass(10_000);
    assert.equal(rollouts.reached().length, 8);
    rollouts.offer({ revision: three, policies: staged });
    assert.equal(rollouts.state.serving?.candidate?.revision, three);
    assert.equal(rollouts.reached().length, 2);
    assert.equal(results(rollouts).at(-1), "superseded");
    assert.equal(rollouts.state.quarantine.size, 0);
  });

  const moments: Readonly<Record<string, () => Rollouts>> = {
    acking: () => rolling(fleetOf(8, "silent")),
    soaking: () => rolling(fleetOf(8), policies([percent(25, { soakMs: 60_000 }), percent(100)])),
    probing: () => {
      const rollouts = rolling(fleetOf(8), policies([percent(25, { probe }), percent(100)]));
      rollouts.pass(10_000);
      return rollouts;
    },
    waiting: () => {
      const rollouts = rolling(
        fleetOf(8),
        policies([{ ...percent(25), waitsForPromote: true }, percent(100)]),
      );
      rollouts.pass(10_000);
      return rollouts;
    },
  };
  for (const [phase, begin] of Object.entries(moments)) {
    it(`lets a newer revision take over while the one before is ${phase}, paused or not`, () => {
      for (const isPaused of [false, true]) {
        const rollouts = begin();
        assert.equal(rollouts.state.run?.groups.get("edge")?.phase.kind, phase);
        if (isPaused) command(rollouts, { kind: "pause" });
        rollouts.offer({ revision: three, policies: staged });
        assert.equal(rollouts.state.serving?.candidate?.revision, three);
        assert.equal(rollouts.state.run?.paused, undefined);
        assert.equal(rollouts.reached().length, 2);
        assert.equal(results(rollouts).at(-1), "superseded");
        assert.equal(rollouts.state.quarantine.size, 0);
      }
    });
  }

  it("goes back to stable when the source does", () => {
    const rollouts = rolling(fleetOf(8));
    rollouts.offer({ revision: one, policies: staged });
    assert.deepEqual(rollouts.state.serving, { stable: one });
    assert.equal(rollouts.state.run, undefined);
  });

  it("probes after the soak, and goes by what comes of it", () => {
    const good = probing();
    good.rollouts.step({ kind: "probed", key: "0 0 edge", failure: "of another stage" });
    good.rollouts.step({ kind: "probed", key: good.key });
    assert.equal(good.rollouts.reached().length, 4);
    const bad = probing();
    bad.rollouts.step({ kind: "probed", key: bad.key, failure: "status 503" });
    assert.deepEqual(bad.rollouts.state.serving, { stable: one });
    assert.match(bad.rollouts.state.quarantine.get(two.id)?.reason ?? "", /probe failed: status 503/);
  });

  it("waits for a person where the policy says so", () => {
    const rollouts = rolling(fleetOf(4), policies([{ ...percent(50), waitsForPromote: true }, percent(100)]));
    rollouts.pass(10_000);
    rollouts.pass(10_000_000);
    assert.equal(rollouts.reached().length, 2);
    assert.equal(nextDeadlineMs(rollouts.state), undefined);
    command(rollouts, { kind: "promote", isFull: false });
    assert.equal(rollouts.reached().length, 4);
  });

  it("pauses the clock but not the judgement", () => {
    const rollouts = rolling(fleetOf(8, "silent"));
    command(rollouts, { kind: "pause" });
    rollouts.pass(10_000_000);
    assert.equal(rollouts.reached().length, 2);
    assert.match(command(rollouts, { kind: "pause" }).refusal ?? "", /paused already/);
    command(rollouts, { kind: "resume" });
    rollouts.pass(59_999);
    assert.equal(rollouts.reached().length, 2, "the time of the stage began anew");
    command(rollouts, { kind: "pause" });
    rollouts.answer(rollouts.reached()[0]!, "refuses");
    rollouts.observe();
    assert.deepEqual(rollouts.state.serving, { stable: one });
  });

  it("aborts to stable, and tries again when a person says so", () => {
    const rollouts = rolling(fleetOf(8));
    command(rollouts, { kind: "abort" });
    assert.deepEqual(rollouts.state.serving, { stable: one });
    assert.match(rollouts.state.quarantine.get(two.id)?.reason ?? "", /aborted by ann/);
    command(rollouts, { kind: "retry" });
    assert.equal(rollouts.state.serving?.candidate?.revision, two);
    assert.equal(rollouts.state.quarantine.size, 0);
    assert.equal(rollouts.state.run?.by, "ann");
  });

  it("undoes at once, for all, and does not apply what the source has over it", () => {
    const rollouts = rolling(fleetOf(4));
    command(rollouts, { kind: "promote", isFull: true });
    command(rollouts, { kind: "undo", revision: one });
    assert.deepEqual(rollouts.state.serving, { stable: one });
    rollouts.offer({ revision: two, policies: staged });
    assert.deepEqual(rollouts.state.serving, { stable: one });
    rollouts.offer({ revision: three, policies: staged });
    assert.equal(rollouts.state.serving?.candidate?.revision, three);
  });

  for (const kind of ["pause", "resume", "abort"] as const) {
    it(`refuses to ${kind} when nothing is under way`, () => {
      const rollouts = new Rollouts(fleetOf(1));
      rollouts.offer({ revision: one, policies: staged });
      assert.equal(command(rollouts, { kind }).refusal, "no rollout is under way");
    });
  }

  it("begins the time of a stage anew in a new process", () => {
    const rollouts = rolling(fleetOf(8, "silent"));
    rollouts.pass(59_000);
    // The clock of the new process starts elsewhere.
    rollouts.nowMs = 5;
    rollouts.state = resumeRollout(rollouts.state, { nowMs: 5, atMs: 0 });
    rollouts.pass(59_999);
    assert.equal(rollouts.reached().length, 2);
    rollouts.pass(1);
    assert.deepEqual(rollouts.state.serving, { stable: one });
  });
});
