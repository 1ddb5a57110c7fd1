import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Problem } from "../../../src/base/problem.ts";
import { attempt, type AttemptOptions, type Loaded } from "../../../src/server/reconcile/attempt.ts";
import { cautiousRemovals, excessiveRemovals } from "../../../src/server/reconcile/removals.ts";
import { makeResource } from "../../../src/snapshot/resource.ts";
import type { Revision } from "../../../src/snapshot/revision.ts";
import type { Reading } from "../../../src/sources/reading.ts";

const CDS = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const LDS = "type.googleapis.com/envoy.config.listener.v3.Listener";

function resource(typeUrl: string, name: string, content = name) {
  return makeResource({ typeUrl, name, bytes: Buffer.from(content) });
}

function loaded(names: readonly string[], problems: readonly Problem[] = [], typeUrl = CDS): Loaded {
  return {
    groups: [{ name: "default", match: {}, resources: names.map((name) => resource(typeUrl, name)) }],
    problems,
  };
}

const tree: Reading = {
  kind: "tree",
  files: [],
  contentHash: "x",
  readAtMs: 5,
  origin: { kind: "folder", path: "/c" },
};

function tryWith(load: AttemptOptions["load"], current?: Revision, removals = cautiousRemovals) {
  return attempt(tree, { current, removals, load });
}

function revisionOf(...names: string[]): Revision {
  const result = tryWith(() => loaded(names));
  assert.equal(result.kind, "accepted");
  return result.revision;
}

function typeSet(revision: Revision) {
  return revision.groups.get("default")!.snapshot.types.get(CDS);
}

describe("attempt()", () => {
  it("accepts a load without errors, warnings kept", () => {
    const warning: Problem = { code: "w", severity: "warning", message: "hm" };
    const result = tryWith(() => loaded(["a"], [warning]));
    assert.equal(result.kind, "accepted");
    assert.deepEqual(
      [result.isNew, result.revision.problems, result.revision.createdAtMs],
      [true, [warning], 5],
    );
  });

  it("XDS-137 refuses a load that would let everybody in, unless removals are meant", () => {
    const authorization = { rules: [{ principals: ["a"], isOperator: false }] };
    const guarded = tryWith(() => ({ ...loaded(["a"]), authorization }));
    assert.equal(guarded.kind, "accepted");
    assert.deepEqual(guarded.revision.authorization, authorization);
    assert.notEqual(guarded.revision.id, revisionOf("a").id);
    const open = tryWith(() => loaded(["a"]), guarded.revision);
    assert.equal(open.kind, "refused");
    assert.deepEqual(
      [open.refusal.reason, open.refusal.problems.map(({ code }) => code)],
      ["removals", ["authorization-removed"]],
    );
    const meant = tryWith(() => loaded(["a"]), guarded.revision, { allowsEmptyTypes: true, largestShare: 1 });
    assert.equal(meant.kind, "accepted");
  });

  it("refuses a load with any error, with all its problems", () => {
    const problems: Problem[] = [
      { code: "w", severity: "warning", message: "hm" },
      { code: "e", severity: "error", message: "no" },
    ];
    const result = tryWith(() => loaded(["a"], problems), revisionOf("a"));
    assert.equal(result.kind, "refused");
    assert.deepEqual([result.refusal.reason, result.refusal.problems], ["errors", problems]);
  });

  it("refuses what could not be read", () => {
    const problems: Problem[] = [{ code: "folder-missing", severity: "error", message: "gone" }];
    const options = { current: undefined, removals: cautiousRemovals } as const;
    const result = attempt({ kind: "failed", problems, readAtMs: 7 }, { ...options, load: () => loaded([]) });
    assert.deepEqual(result, {
      kind: "refused",
      refusal: { atMs: 7, reason: "unreadable", problems, files: [] },
    });
  });

  it("is not new when nodes would get nothing else, and shares what has not changed", () => {
    const current = revisionOf("a", "b");
    const result = tryWith(() => loaded(["a", "b"]), current);
    assert.equal(result.kind, "accepted");
    assert.equal(result.isNew, false);
    assert.equal(typeSet(result.revision), typeSet(current));
  });

  it("refuses a text that breaks the loader itself, instead of falling over", () => {
    const result = tryWith(() => {
      throw new Error("boom");
    });
    assert.equal(result.kind, "refused");
    assert.equal(result.refusal.problems[0]!.message, "the configuration could not be loaded: boom");
  });

  it("holds back a load that would empty a type of a group, and lets it pass when told to (XDS-71)", () => {
    const current = revisionOf("a", "b");
    const held = tryWith(() => loaded([]), current);
    assert.equal(held.kind, "refused");
    assert.equal(held.refusal.reason, "removals");
    assert.match(held.refusal.problems[0]!.message, /^group default would lose all 2 Cluster resources; /);
    const meant = tryWith(() => loaded([]), current, { allowsEmptyTypes: true, largestShare: 1 });
    assert.equal(meant.kind, "accepted");
  });
});

describe("excessiveRemovals() (XDS-71)", () => {
  const current = revisionOf("a", "b", "c", "d");
  const cases: [string, Revision, { allowsEmptyTypes: boolean; largestShare: number }, number][] = [
    ["one of four may go", revisionOf("a", "b", "c"), cautiousRemovals, 0],
    ["three of four may go", revisionOf("a"), cautiousRemovals, 0],
    ["four of four may not", revisionOf(), cautiousRemovals, 1],
    ["all replaced by others is not empty", revisionOf("x"), cautiousRemovals, 0],
    ["more than the set share may not", revisionOf("a"), { allowsEmptyTypes: false, largestShare: 0.5 }, 1],
    ["exactly the set share may", revisionOf("a", "b"), { allowsEmptyTypes: false, largestShare: 0.5 }, 0],
  ];
  for (const [name, next, policy, count] of cases) {
    it(name, () => assert.equal(excessiveRemovals(current, next, policy).length, count));
  }

  it("names the group and the type of everything that a vanished group would lose", () => {
    const both = tryWith(() => ({
      groups: [{ name: "edge", match: {}, resources: [resource(CDS, "a"), resource(LDS, "l")] }],
      problems: [],
    }));
    assert.equal(both.kind, "accepted");
    const messages = excessiveRemovals(both.revision, revisionOf("a"), cautiousRemovals).map(
      (p) => p.message,
    );
    assert.match(messages[0]!, /^group edge would lose all 1 Cluster/);
    assert.match(messages[1]!, /^group edge would lose all 1 Listener/);
  });
});
