import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fleet, type FleetOptions } from "../../src/fleet/fleet.ts";
import type { XdsEvent } from "../../src/xds/events.ts";
import { ack, CDS, close, connect, envoy, LDS, nack, send, subscribe } from "./transcript.ts";

function fleetAfter(events: readonly XdsEvent[], options: Partial<FleetOptions> = {}): Fleet {
  const fleet = new Fleet({ resourcesOf: () => new Map(), ...options });
  for (const event of events) fleet.apply(event);
  return fleet;
}

function onlyNode(events: readonly XdsEvent[], options: Partial<FleetOptions> = {}) {
  const [node, ...others] = fleetAfter(events, options).nodes(2000);
  assert.ok(node);
  assert.equal(others.length, 0);
  return node;
}

const start = [...connect(1, envoy("e1")), subscribe(1, CDS, "a", "b")];

describe("Fleet", () => {
  it("shows who a node is, where from and since when (XDS-145)", () => {
    const { types, ...node } = onlyNode([...connect(1, envoy("e1")), subscribe(1, CDS)]);
    assert.deepEqual(node, {
      id: "e1",
      cluster: "edge",
      group: "edge",
      revisionId: "r1",
      userAgentName: "envoy",
      userAgentVersion: "1.40.0",
      peer: "127.0.0.1:5001",
      streamKind: "sotw",
      streamCount: 1,
      connectedSinceMs: 1000,
    });
    assert.deepEqual(types, [
      { typeUrl: CDS, state: "NOT_SENT", isWildcard: true, nameCount: 0, refusalCount: 0 },
    ]);
  });

  it("knows nothing of a stream that never said who it is", () => {
    const [opened] = connect(1, envoy("e1"));
    assert.deepEqual(fleetAfter([opened!]).nodes(2000), []);
    assert.deepEqual(fleetAfter([opened!, close(1, 1500)]).nodes(2000), []);
  });

  it("shows a node that no group matches without a group (XDS-16)", () => {
    assert.equal(onlyNode(connect(1, envoy("e1"), 1000, "")).group, undefined);
  });

  const sent = send(1, CDS, "n1", "v1");
  const accepted = ack(1, CDS, "n1", "v1");
  const refused = nack(1, CDS, "n1", "v1", "no");
  const sentNext = send(1, CDS, "n2", "v2");
  const cases: [string, XdsEvent[], string][] = [
    ["NOT_SENT before the first response", [], "NOT_SENT"],
    ["STALE while a response is on its way", [sent], "STALE"],
    ["SYNCED once it is accepted", [sent, accepted], "SYNCED"],
    ["NACKED after a refusal", [sent, refused], "NACKED"],
    ["NACKED still while the next response is on its way", [sent, refused, sentNext], "NACKED"],
    [
      "SYNCED again with the next ACK of the type (XDS-58)",
      [sent, refused, sentNext, ack(1, CDS, "n2", "v2")],
      "SYNCED",
    ],
    ["STALE when a newer response left before the ACK came", [sent, sentNext, accepted], "STALE"],
  ];
  for (const [name, events, state] of cases) {
    it(`shows ${name}`, () => assert.equal(onlyNode([...start, ...events]).types[0]!.state, state));
  }

  it("takes the word of the live session on whether what was accepted is what is wanted", () => {
    const fleet = fleetAfter([...start, sent, accepted]);
    const live = {
      streamId: 1,
      streamKind: "sotw",
      service: { kind: "ads" },
      peer: "127.0.0.1:5001",
      openedAtMs: 1000,
      bufferedBytes: 0,
      types: [{ typeUrl: CDS, isWildcard: true, names: new Set<string>(), state: "STALE" }],
    } as const;
    assert.equal(fleet.nodes(2000, [live])[0]!.types[0]!.state, "STALE");
    assert.equal(fleet.nodes(2000)[0]!.types[0]!.state, "SYNCED");
  });

  it("traces a refusal to the commit that its node was served (XDS-147)", () => {
    const commit = {
      kind: "git",
      url: "https://git.example/fleet",
      commit: "c0ffee",
      author: "Ada <ada@example>",
      committedAtMs: 1,
      subject: "Move payments",
    } as const;
    const fleet = new Fleet({
      resourcesOf: () => new Map(),
      sourceOf: (revisionId) => (revisionId === "r1" ? commit : undefined),
    });
    for (const event of [...start, sent, nack(1, CDS, "n1", "v1", "no")]) fleet.apply(event);
    assert.deepEqual(fleet.nodes(2000)[0]!.types[0]!.refusal?.source, commit);
  });

  it("records a refusal with time, nonce, versions, code and the masked text (XDS-58, XDS-139)", () => {
    const text = "Failed to load -----BEGIN PRIVATE KEY-----\nMII";
    const [type] = onlyNode([...start, sent, accepted, sentNext, nack(1, CDS, "n2", "v2", text)]).types;
    assert.deepEqual(type!.refusal, {
      atMs: 1004,
      nonce: "n2",
      version: "v2",
      acceptedVersion: "",
      code: 13,
      message: "Failed to load -----BEGIN PRIVATE KEY----- [masked]",
      resources: [],
    });
    assert.deepEqual([type!.sentVersion, type!.ackedVersion, type!.refusalCount], ["v2", "v1", 1]);
  });

  it("traces a refusal to the line of the resource that its text names", () => {
    const place = { file: "edge.yaml", line: 7, column: 3 };
    const resourcesOf = (group: string, typeUrl: string) =>
      new Map(group === "edge" && typeUrl === LDS ? [["web", { origin: { place } }]] : []);
    const text = "Error adding/updating listener(s) web: cannot bind '127.0.0.1:80': Permission denied\n";
    const events = [...start, send(1, LDS, "n1", "v1"), nack(1, LDS, "n1", "v1", text)];
    const { types } = onlyNode(events, { resourcesOf });
    assert.deepEqual(types.find((type) => type.typeUrl === LDS)!.refusal!.resources, [
      { name: "web", reason: "cannot bind '127.0.0.1:80': Permission denied", place },
    ]);
  });

  it("keeps a node that went, marked as away, for the set time (XDS-145)", () => {
    const fleet = fleetAfter([...start, close(1, 5000)], { awayForMs: 100 });
    const [away] = fleet.nodes(5099);
    assert.deepEqual([away!.awaySinceMs, away!.streamCount, away!.types.length], [5000, 0, 1]);
    assert.deepEqual(fleet.nodes(5100), []);
    assert.equal(fleet.connectedCount, 0);
  });

  it("is connected again when the node comes back", () => {
    const restarted = connect(2, envoy("e1", { userAgentVersion: "1.41.0" }), 1600);
    const node = onlyNode([...start, close(1, 1500), ...restarted]);
    const { awaySinceMs, connectedSinceMs, userAgentVersion } = node;
    assert.deepEqual([awaySinceMs, connectedSinceMs, userAgentVersion], [undefined, 1600, "1.41.0"]);
  });

  it("counts several streams of one id, shows the newest, and outlives the end of either (XDS-9)", () => {
    const second = [...connect(2, envoy("e1"), 1500), send(2, CDS, "m1", "v2"), ack(2, CDS, "m1", "v2")];
    const both = [...start, sent, ...second];
    const node = onlyNode(both);
    assert.deepEqual([node.streamCount, node.connectedSinceMs, node.peer], [2, 1000, "127.0.0.1:5002"]);
    assert.equal(node.types[0]!.ackedVersion, "v2");
    assert.equal(onlyNode([...both, close(1, 1600)]).streamCount, 1);
    assert.equal(onlyNode([...both, close(2, 1600)]).types[0]!.sentVersion, "v1");
  });

  it("remembers at most so many nodes that went, the latest ones", () => {
    const events = Array.from({ length: 50 }, (_, i) => [...connect(i, envoy(`e${i}`)), close(i, 2000 + i)]);
    const nodes = fleetAfter(events.flat(), { mostAway: 3 }).nodes(2100);
    assert.deepEqual(
      nodes.map((node) => node.id),
      ["e47", "e48", "e49"],
    );
  });
});
