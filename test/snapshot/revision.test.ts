import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node } from "../../src/snapshot/node.ts";
import { makeRevision, matchGroup, type Group } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";

const snapshot = Snapshot.of([]);
const group = (name: string, match: Group["match"]): Group => ({ name, match, snapshot });
const node: Node = {
  id: "edge-1",
  cluster: "edge",
  locality: { region: "", zone: "", sub_zone: "" },
  userAgentName: "envoy",
  userAgentVersion: "1.40.0",
  clientFeatures: [],
};
const revisionOf = (...groups: readonly Group[]) =>
  makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 });

describe("matchGroup()", () => {
  it("takes the first group that matches the node", () => {
    const { groups } = revisionOf(
      group("inner", { cluster: "inner" }),
      group("edge", { cluster: "edge" }),
      group("all", {}),
    );
    assert.equal(matchGroup(node, groups)?.name, "edge");
    assert.equal(matchGroup({ ...node, cluster: "other" }, groups)?.name, "all");
  });

  it("XDS-16 has no group for a node that none matches", () => {
    assert.equal(matchGroup(node, revisionOf(group("inner", { cluster: "inner" })).groups), undefined);
  });
});

describe("makeRevision()", () => {
  it("has an id that follows from the groups alone", () => {
    const edge = group("edge", { cluster: "edge" });
    assert.equal(
      revisionOf(edge).id,
      makeRevision({ groups: [edge], source: { kind: "folder", path: "x" }, createdAtMs: 9 }).id,
    );
    assert.notEqual(revisionOf(edge).id, revisionOf(group("edge", { cluster: "other" })).id);
  });

  it("takes no group name twice", () => {
    assert.throws(() => revisionOf(group("a", {}), group("a", {})), /two groups are called a/);
  });
});
