import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assert as check, nat, property, string } from "fast-check";
import type { NodeMatch } from "../../src/config/node-match.ts";
import type { Node } from "../../src/snapshot/node.ts";
import { makeResource } from "../../src/snapshot/resource.ts";
import { makeRevision, type Revision } from "../../src/snapshot/revision.ts";
import {
  type Candidate,
  everywhere,
  type Extent,
  newResources,
  nowhere,
  placeOf,
  revisionFor,
  wholeShare,
} from "../../src/snapshot/serving.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";

function revisionOf(content: string, groups: Readonly<Record<string, NodeMatch>> = { all: {} }): Revision {
  const resource = makeResource({ typeUrl: "type.test/T", name: "r", bytes: Buffer.from(content) });
  return makeRevision({
    groups: Object.entries(groups).map(([name, match]) => ({
      name,
      match,
      snapshot: Snapshot.of([resource]),
    })),
    source: { kind: "program" },
    createdAtMs: 0,
  });
}

function nodeOf(id: string, cluster = ""): Node {
  const locality = { region: "", zone: "", sub_zone: "" };
  return { id, cluster, locality, userAgentName: "", userAgentVersion: "", clientFeatures: [] };
}

function candidate(revision: Revision, extents: Readonly<Record<string, Extent>>): Candidate {
  return { revision, extents: new Map(Object.entries(extents)) };
}

const stable = revisionOf("old");
const next = revisionOf("new");
const fleet = Array.from({ length: 1000 }, (_, index) => nodeOf(`edge-${index}`));

function firstTenth(revision: Revision): readonly string[] {
  return fleet.filter(({ id }) => placeOf(revision.id, id) < wholeShare / 10).map(({ id }) => id);
}

describe("revisionFor", () => {
  it("gives every node the stable revision while there is no candidate", () => {
    const { revision, group } = revisionFor({ stable }, nodeOf("a"));
    assert.equal(revision, stable);
    assert.equal(group?.name, "all");
  });

  const rows: readonly { name: string; extent: Extent; id: string; isReached: boolean }[] = [
    { name: "nobody of a group that it has not reached", extent: nowhere, id: "a", isReached: false },
    { name: "everybody of a group that it has reached", extent: everywhere, id: "a", isReached: true },
    {
      name: "a node that matches",
      extent: { share: 0, matches: [{ id: "can*" }] },
      id: "canary",
      isReached: true,
    },
    {
      name: "no node that does not match",
      extent: { share: 0, matches: [{ id: "can*" }] },
      id: "a",
      isReached: false,
    },
    {
      name: "a node below the share",
      extent: { share: placeOf(next.id, "a") + 1, matches: [] },
      id: "a",
      isReached: true,
    },
    {
      name: "no node at the share",
      extent: { share: placeOf(next.id, "a"), matches: [] },
      id: "a",
      isReached: false,
    },
  ];
  for (const { name, extent, id, isReached } of rows) {
    it(`gives the candidate to ${name}`, () => {
      const serving = { stable, candidate: candidate(next, { all: extent }) };
      assert.equal(revisionFor(serving, nodeOf(id)).revision === next, isReached);
    });
  }

  it("gives the candidate to nodes of groups that no extent names, and to nodes of no group", () => {
    const serving = { stable, candidate: candidate(next, {}) };
    assert.equal(revisionFor(serving, nodeOf("a")).revision, next);
    const grouped = {
      stable: revisionOf("old", { edge: { cluster: "edge" } }),
      candidate: serving.candidate,
    };
    assert.equal(revisionFor(grouped, nodeOf("a", "other")).revision, next);
  });

  it("moves a node between groups only with the candidate, by the stage of the group that it comes to", () => {
    const before = revisionOf("old", { edge: {} });
    const after = revisionOf("new", { canary: { id: "c*" }, edge: {} });
    const at = (extents: Readonly<Record<string, Extent>>) =>
      revisionFor({ stable: before, candidate: candidate(after, extents) }, nodeOf("c1")).group?.name;
    assert.equal(at({ canary: nowhere, edge: everywhere }), "edge");
    assert.equal(at({ canary: everywhere, edge: nowhere }), "canary");
  });

  it("takes a group away from its nodes by the stage of that group", () => {
    const before = revisionOf("old", { gone: { cluster: "gone" } });
    const after = revisionOf("new", { other: { cluster: "other" } });
    const at = (extent: Extent) =>
      revisionFor({ stable: before, candidate: candidate(after, { gone: extent }) }, nodeOf("a", "gone"))
        .group?.name;
    assert.equal(at(nowhere), "gone");
    assert.equal(at(everywhere), undefined);
  });

  it("takes a share of a large fleet that is close to what it says, other nodes for another revision", () => {
    const first = firstTenth(next);
    assert.ok(first.length > 70 && first.length < 130, `${first.length} of 1000`);
    const second = firstTenth(revisionOf("newer"));
    const both = first.filter((id) => second.includes(id)).length;
    assert.ok(both < first.length / 2, `${both} of ${first.length} are first again`);
  });

  it("never takes the candidate from a node as its extent grows", () => {
    check(
      property(string(), nat(wholeShare), nat(wholeShare), (id, one, other) => {
        const has = (share: number) =>
          revisionFor({ stable, candidate: candidate(next, { all: { share, matches: [] } }) }, nodeOf(id))
            .revision === next;
        assert.ok(!has(Math.min(one, other)) || has(Math.max(one, other)));
      }),
    );
  });
});

const input = (name: string, text = name) => ({ typeUrl: "type.test/T", name, bytes: Buffer.from(text) });
const withAll = (snapshot: Snapshot): Revision =>
  makeRevision({
    groups: [{ name: "all", match: {}, snapshot }],
    source: { kind: "program" },
    createdAtMs: 0,
  });
const newNames = (...[before, now]: Parameters<typeof newResources>) =>
  [...newResources(before, now)].map(({ name }) => name);

describe("newResources", () => {
  const first = Snapshot.of(["a", "b", "c"].map((name) => input(name)));
  const before = withAll(first);
  const after = withAll(first.with([input("b", "changed"), input("d")]));

  it("are all of them at first", () => {
    assert.deepEqual(newNames(undefined, { stable: before }), ["a", "b", "c"]);
  });

  it("XDS-130 are those that changed, and none when a candidate comes, goes on or becomes stable", () => {
    assert.deepEqual(newNames({ stable: before }, { stable: after }), ["b", "d"]);
    const rollout = { stable: before, candidate: candidate(after, {}) };
    assert.deepEqual(newNames({ stable: before }, rollout), ["b", "d"]);
    assert.deepEqual(newNames(rollout, { ...rollout, candidate: candidate(after, { all: everywhere }) }), []);
    assert.deepEqual(newNames(rollout, { stable: after }), []);
  });
});
