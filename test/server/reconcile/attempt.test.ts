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
  readAtMs: 5,
  origin: { kind: "folder", path: "/c" },
};

function tryWith(load: AttemptOptions["load"], current?: Revision, removals = cautiousRemovals) {
  return attempt(tree, { current, removals, load });
}

async function revisionOf(...names: string[]): Promise<Revision> {
  const result = await tryWith(() => loaded(names));
  assert.equal(result.kind, "accepted");
  return result.revision;
}

function typeSet(revision: Revision) {
  return revision.groups.get("default")!.snapshot.types.get(CDS);
}

describe("attempt()", () => {
  it("accepts a load without errors, warnings kept", async () => {
    const warning: Problem = { code: "w", severity: "warning", message: "hm" };
    const result = await tryWith(() => loaded(["a"], [warning]));
    assert.equal(result.kind, "accepted");
    assert.deepEqual(
      [result.isNew, result.revision.problems, result.revision.createdAtMs],
      [true, [warning], 5],
    );
  });

  it("XDS-137 refuses a load that would let everybody in, unless removals are meant", async () => {
    const authorization = { rules: [{ principals: ["a"], isOperator: false }] };
    const guarded = await tryWith(() => ({ ...loaded(["a"]), authorization }));
    assert.equal(guarded.kind, "accepted");
    assert.deepEqual(guarded.revision.authorization, authorization);
    assert.notEqual(guarded.revision.id, (await revisionOf("a")).id);
    const open = await tryWith(() => loaded(["a"]), guarded.revision);
    assert.equal(open.kind, "refused");
    assert.deepEqual(
      [open.refusal.reason, open.refusal.problems.map(({ code }) => code)],
      ["removals", ["authorization-removed"]],
    );
    const meant = await tryWith(() => loaded(["a"]), guarded.revision, {
      allowsEmptyTypes: true,
      largestShare: 1,
    });
    assert.equal(meant.kind, "accepted");
  });

  it("refuses a load with any error, with all its problems", async () => {
    const problems: Problem[] = [
      { code: "w", severity: "warning", message: "hm" },
      { code: "e", severity: "error", message: "no" },
    ];
    const result = await tryWith(() => loaded(["a"], problems), await revisionOf("a"));
    assert.equal(result.kind, "refused");
    assert.deepEqual([result.refusal.reason, result.refusal.problems], ["errors", problems]);
  });

  it("refuses what could not be read", async () => {
    const problems: Problem[] = [{ code: "folder-missing", severity: "error", message: "gone" }];
    const options = { current: undefined, removals: cautiousRemovals } as const;
    const result = await attempt(
      { kind: "failed", problems, readAtMs: 7 },
      { ...options, load: () => loaded([]) },
    );
    assert.deepEqual(result, {
      kind: "refused",
      refusal: { atMs: 7, reason: "unreadable", problems, files: [] },
    });
  });

  it("is not new when nodes would get nothing else, and shares what has not changed", async () => {
    const current = await revisionOf("a", "b");
    const result = await tryWith(() => loaded(["a", "b"]), current);
    assert.equal(result.kind, "accepted");
    assert.equal(result.isNew, false);
    assert.equal(typeSet(result.revision), typeSet(current));
  });

  it("refuses a text that breaks the loader itself, instead of falling over", async () => {
    const result = await tryWith(() => {
      throw new Error("boom");
    });
    assert.equal(result.kind, "refused");
    assert.equal(result.refusal.problems[0]!.message, "the configuration could not be loaded: boom");
  });

  it("holds back a load that would empty a type of a group, and lets it pass when told to (XDS-71)", async () => {
    const current = await revisionOf("a", "b");
    const held = await tryWith(() => loaded([]), current);
    assert.equal(held.kind, "refused");
    assert.equal(held.refusal.reason, "removals");
    assert.match(held.refusal.problems[0]!.message, /^group default would lose all 2 Cluster resources; /);
    const meant = await tryWith(() => loaded([]), current, { allowsEmptyTypes: true, largestShare: 1 });
    assert.equal(meant.kind, "accepted");
  });
});

describe("excessiveRemovals() (XDS-71)", () => {
  const cases: [string, string[], { allowsEmptyTypes: boolean; largestShare: number }, number][] = [
    ["one of four may go", ["a", "b", "c"], cautiousRemovals, 0],
    ["three of four may go", ["a"], cautiousRemovals, 0],
    ["four of four may not", [], cautiousRemovals, 1],
    ["all replaced by others is not empty", ["x"], cautiousRemovals, 0],
    ["more than the set share may not", ["a"], { allowsEmptyTypes: false, largestShare: 0.5 }, 1],
    ["exactly the set share may", ["a", "b"], { allowsEmptyTypes: false, largestShare: 0.5 }, 0],
  ];
  for (const [name, next, policy, count] of cases) {
    it(name, async () => {
      const [current, after] = [await revisionOf("a", "b", "c", "d"), await revisionOf(...next)];
      assert.equal(excessiveRemovals(current, after, policy).length, count);
    });
  }

  it("names the group and the type of everything that a vanished group would lose", async () => {
    const both = await tryWith(() => ({
      groups: [{ name: "edge", match: {}, resources: [resource(CDS, "a"), resource(LDS, "l")] }],
      problems: [],
    }));
    assert.equal(both.kind, "accepted");
    const messages = excessiveRemovals(both.revision, await revisionOf("a"), cautiousRemovals).map(
      (p) => p.message,
    );
    assert.match(messages[0]!, /^group edge would lose all 1 Cluster/);
    assert.match(messages[1]!, /^group edge would lose all 1 Listener/);
  });
});
