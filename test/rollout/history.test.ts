import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keepHistory, revisionsToGoBackTo } from "../../src/rollout/history.ts";
import {
  noRollout,
  type RolloutRecord,
  type RolloutResult,
  type RolloutState,
} from "../../src/rollout/state.ts";
import { revisionOf } from "./rollouts.ts";

const nowMs = 1_000_000;

function record(revisionId: string, agoMs: number, result: RolloutResult = "completed"): RolloutRecord {
  const endedAtMs = nowMs - agoMs;
  const at = { startedAtMs: endedAtMs, endedAtMs };
  return {
    number: 1,
    revisionId,
    source: { kind: "program" },
    trigger: "source",
    ...at,
    result,
    reason: "",
    steps: [],
    refusals: [],
  };
}

function limits(more: {
  readonly maxAgeMs?: number;
  readonly maxCount?: number;
  readonly revisions?: number;
}) {
  return { maxAgeMs: 1_000_000, maxCount: 100, revisions: 10, ...more };
}

const idle: RolloutState = noRollout;
const serving: RolloutState = { ...noRollout, serving: { stable: revisionOf("stable") } };
const quarantining: RolloutState = {
  ...noRollout,
  quarantine: new Map([["bad", { revisionId: "bad", atMs: 0, reason: "refused" }]]),
};
const stableId = revisionOf("stable").id;

describe("keepHistory()", () => {
  const cases: readonly {
    readonly name: string;
    readonly records: readonly RolloutRecord[];
    readonly state?: RolloutState;
    readonly limits: ReturnType<typeof limits>;
    /** Ages of those that stay. */
    readonly stay: readonly number[];
  }[] = [
    {
      name: "lets go of what is older than the age, to the millisecond",
      records: [record("a", 501), record("b", 500), record("c", 1)],
      limits: limits({ maxAgeMs: 500 }),
      stay: [500, 1],
    },
    {
      name: "keeps the newest of too many",
      records: [record("a", 3), record("b", 2), record("c", 1)],
      limits: limits({ maxCount: 2 }),
      stay: [2, 1],
    },
    {
      name: "keeps the last record of what is served, however old",
      records: [record(stableId, 900), record(stableId, 800), record("b", 1)],
      state: serving,
      limits: limits({ maxAgeMs: 500, maxCount: 1 }),
      stay: [800, 1],
    },
    {
      name: "keeps why a revision is quarantined, however much came since",
      records: [record("bad", 900, "rolled-back"), record("b", 3), record("c", 2), record("d", 1)],
      state: quarantining,
      limits: limits({ maxCount: 1 }),
      stay: [900, 1],
    },
    {
      name: "keeps no more of a revision that is neither",
      records: [record("bad", 900, "rolled-back"), record("b", 1)],
      limits: limits({ maxCount: 1 }),
      stay: [1],
    },
    {
      name: "keeps what a clock that was set back has made, which is from the future",
      records: [record("a", -3_600_000), record("b", 1)],
      limits: limits({ maxAgeMs: 500 }),
      stay: [-3_600_000, 1],
    },
  ];
  for (const { name, records, state = idle, limits: given, stay } of cases) {
    it(name, () => {
      const kept = keepHistory(records, state, given, nowMs);
      assert.deepEqual(
        kept.map(({ endedAtMs }) => nowMs - endedAtMs),
        stay,
      );
    });
  }
});

describe("revisionsToGoBackTo()", () => {
  it("are the last that were good, each once, the newest first", () => {
    const records = [
      record("a", 5),
      record("b", 4),
      record("c", 3, "rolled-back"),
      record("a", 2),
      record("d", 1),
    ];
    assert.deepEqual(revisionsToGoBackTo(records, limits({ revisions: 2 })), ["d", "a"]);
    assert.deepEqual(revisionsToGoBackTo(records, limits({})), ["d", "a", "b"]);
  });
});
