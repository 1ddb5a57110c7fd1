import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fleet } from "../../src/fleet/fleet.ts";
import { nodeConfigReport } from "../../src/server/node-config-report.ts";
import { whyReport, type WhySource } from "../../src/server/why-report.ts";
import { makeResource } from "../../src/snapshot/resource.ts";
import { makeRevision, type Revision } from "../../src/snapshot/revision.ts";
import { nowhere } from "../../src/snapshot/serving.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { ResourceStanding } from "../../src/xds/trace.ts";
import { CDS, envoy, LDS, subscribe } from "../fleet/transcript.ts";

function revision(text: string): Revision {
  const resources = [
    makeResource({ typeUrl: CDS, name: "a", bytes: Buffer.from(text) }),
    makeResource({ typeUrl: CDS, name: "same", bytes: Buffer.from("1") }),
    makeResource({ typeUrl: LDS, name: "a", bytes: Buffer.from("1") }),
  ];
  const groups = [{ name: "edge", match: {}, snapshot: Snapshot.of(resources) }];
  return makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 });
}

const stable = revision("1");
const next = revision("2");
const versionOf = (of: Revision, name: string) =>
  of.groups.get("edge")!.snapshot.typeSet(CDS).resources.get(name)!.version;

/** One node, of this revision, that holds all that it should. */
function sourceOf(served: Revision, more: Partial<WhySource> = {}) {
  const fleet = new Fleet({ resourcesOf: () => new Map() });
  const peer = "127.0.0.1:5001";
  fleet.apply({
    kind: "streamOpened",
    streamId: 1,
    atMs: 1,
    streamKind: "sotw",
    service: { kind: "ads" },
    peer,
  });
  fleet.apply({ kind: "nodeKnown", streamId: 1, atMs: 1, node: envoy("edge-1") });
  fleet.apply({ kind: "groupAssigned", streamId: 1, atMs: 1, group: "edge", revisionId: served.id });
  fleet.apply(subscribe(1, CDS));
  const standing = (name: string): ResourceStanding => ({ kind: "holds", version: versionOf(served, name) });
  return {
    nowMs: 2000,
    nodes: fleet.nodes(2000),
    streams: [],
    serving: { stable, candidate: { revision: next, extents: new Map([["edge", nowhere]]) } },
    standings: async (_: string, { typeUrl, name }: { typeUrl: string; name: string }) => [
      {
        streamId: 1,
        isWriting: false,
        standing: typeUrl === CDS ? standing(name) : ({ kind: "typeNotAsked" } as const),
      },
    ],
    holdings: async () => [
      {
        streamId: 1,
        isWriting: false,
        holdings: ["a", "same"].map((name) => ({ typeUrl: CDS, name, standing: standing(name) })),
      },
    ],
    contentOf: () => ({}),
    ...more,
  };
}

describe("why and config during a rollout (XDS-61)", () => {
  it("say that it has not reached the node, of what it changes alone", async () => {
    const source = sourceOf(stable);
    const kinds = async (name: string) => {
      const { items } = await whyReport({ node: "edge-1", name, type: "CDS" }, source);
      return items.map(({ reason }) => reason.kind);
    };
    assert.deepEqual(await kinds("a"), ["otherRevision"]);
    assert.deepEqual(await kinds("same"), ["holds"]);
    const report = await nodeConfigReport({ node: "edge-1", limit: 10, hasContent: false }, source);
    assert.deepEqual(
      report.items.map(({ name, holds, version, heldVersion }) => [name, holds, version, heldVersion]),
      [
        ["a", "other", versionOf(next, "a"), versionOf(stable, "a")],
        ["same", "current", versionOf(next, "same"), versionOf(stable, "same")],
      ],
    );
  });

  it("say nothing of it to a node that it has reached", async () => {
    const { items } = await whyReport({ node: "edge-1", name: "a", type: "Cluster" }, sourceOf(next));
    assert.deepEqual(
      items.map(({ reason, holds }) => [reason.kind, holds]),
      [["holds", "current"]],
    );
  });
});

async function problem(name: string, type?: string): Promise<string | undefined> {
  return (await whyReport({ node: "edge-1", name, type }, sourceOf(next))).problem;
}

describe("whyReport()", () => {
  it("answers for every type that has a resource of the name", async () => {
    const { items } = await whyReport({ node: "edge-1", name: "a" }, sourceOf(next));
    assert.deepEqual(
      items.map(({ typeUrl, reason }) => [typeUrl, reason.kind]),
      [
        [CDS, "holds"],
        [LDS, "typeNotAsked"],
      ],
    );
  });

  it("says what is wrong with a type or a name that nothing has, and what is near", async () => {
    assert.equal(await problem("a", "Clutser"), 'there is no resource type "Clutser"; did you mean Cluster?');
    assert.equal(await problem("smae"), 'no group has a resource called "smae"; did you mean same?');
  });
});
