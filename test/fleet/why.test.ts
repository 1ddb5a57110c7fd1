import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fleet } from "../../src/fleet/fleet.ts";
import { explain, typesOfName, type WhyFacts } from "../../src/fleet/why.ts";
import { whyText } from "../../src/fleet/why-text.ts";
import type { Resource } from "../../src/snapshot/resource.ts";
import { makeRevision, type Revision } from "../../src/snapshot/revision.ts";
import { makeResource } from "../../src/snapshot/resource.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { XdsEvent } from "../../src/xds/events.ts";
import type { ResourceStanding } from "../../src/xds/trace.ts";
import { CDS, close, connect, envoy, LDS, subscribe } from "./transcript.ts";

const nowMs = 61_000;

function cluster(name: string, text = "1"): Resource {
  return makeResource({ typeUrl: CDS, name, bytes: Buffer.from(text) });
}

function revision(groups: Readonly<Record<string, readonly Resource[]>>): Revision {
  return makeRevision({
    groups: Object.entries(groups).map(([name, resources]) => ({
      name,
      match: { cluster: name },
      snapshot: Snapshot.of(resources),
    })),
    source: { kind: "program" },
    createdAtMs: 0,
  });
}

const served = revision({ edge: [cluster("payments"), cluster("users")], core: [cluster("ledger")] });
const version = cluster("payments").version;
const asked: readonly XdsEvent[] = [...connect(1, envoy("edge-1")), subscribe(1, CDS)];

function factsOf(more: Partial<WhyFacts> & { readonly events?: readonly XdsEvent[] } = {}): WhyFacts {
  const fleet = new Fleet({ resourcesOf: () => new Map() });
  for (const event of more.events ?? asked) fleet.apply(event);
  return {
    nodeId: "edge-1",
    resource: { typeUrl: CDS, name: "payments" },
    nodes: fleet.nodes(nowMs),
    newest: served,
    own: served,
    streams: [],
    ...more,
  };
}

function told(standing: ResourceStanding, isWriting = false): Partial<WhyFacts> {
  return { streams: [{ streamId: 1, standing, isWriting }] };
}

const refusal = {
  nonce: "2",
  version,
  acceptedVersion: "",
  code: 13,
  message: "Unknown cluster type\n",
  atMs: 58_000,
};

/** What the case is, the facts, the kind of the reason, what the node holds, and the sentence. */
const cases: readonly [string, WhyFacts, string, string, string][] = [
  [
    "nothing is served",
    factsOf({ newest: undefined, own: undefined }),
    "nothingServed",
    "nothing",
    "edge-1 does not have Cluster payments: nothing is served, for the source has no valid revision",
  ],
  [
    "no such node ever connected",
    factsOf({ nodeId: "egde-1" }),
    "unknownNode",
    "nothing",
    "egde-1 does not have Cluster payments: no node of this id has connected; did you mean edge-1?",
  ],
  [
    "the node went away",
    factsOf({ events: [...asked, close(1, 31_000)] }),
    "notConnected",
    "nothing",
    "edge-1 does not have Cluster payments: it has not been connected for 30 s, since its stream ended: the client went",
  ],
  [
    "no group matches the node (XDS-16)",
    factsOf({ events: connect(1, envoy("edge-1"), 1000, "") }),
    "noGroup",
    "nothing",
    'edge-1 does not have Cluster payments: no group matches the node: edge is for {"cluster":"edge"}, core is for {"cluster":"core"}',
  ],
  [
    "the rollout has not reached the node",
    factsOf({ newest: revision({ edge: [cluster("payments", "2")] }) }),
    "otherRevision",
    "nothing",
    `edge-1 does not have Cluster payments: it is served revision ${served.id}, and the rollout of ${revision({ edge: [cluster("payments", "2")] }).id} has not reached it`,
  ],
  [
    "the group has no such resource, but another group does",
    factsOf({ resource: { typeUrl: CDS, name: "ledger" }, ...told({ kind: "absent" }) }),
    "notInGroup",
    "nothing",
    "edge-1 does not have Cluster ledger: group edge has none of this name; core has one",
  ],
  [
    "the group has no such resource, the name is near another, and a newer state is not served",
    factsOf({
      resource: { typeUrl: CDS, name: "payment" },
      refusedSource: "errors",
      ...told({ kind: "notSubscribed", nameCount: 1 }),
    }),
    "notInGroup",
    "nothing",
    "edge-1 does not have Cluster payment: group edge has none of this name; did you mean payments?; a newer state of the source is not served (errors)",
  ],
  [
    "the node never asked for the type",
    factsOf({
      events: [...connect(1, envoy("edge-1")), subscribe(1, LDS)],
      ...told({ kind: "typeNotAsked" }),
    }),
    "typeNotAsked",
    "nothing",
    "edge-1 does not have Cluster payments: it has not asked for this type, only for Listener",
  ],
  [
    "the node asks for other names",
    factsOf(told({ kind: "notSubscribed", nameCount: 1 })),
    "notSubscribed",
    "nothing",
    "edge-1 does not have Cluster payments: it asks for 1 resource of this type by name, and this is none of them",
  ],
  [
    "the node refused it, and holds an older one (XDS-58)",
    factsOf(told({ kind: "refused", version, heldVersion: "v0", refusal })),
    "refused",
    "other",
    `edge-1 has an older Cluster payments: it refused version ${version} 3 s ago: Unknown cluster type`,
  ],
  [
    "it is held back by order (XDS-97)",
    factsOf(
      told({
        kind: "heldBack",
        version,
        waitsFor: [{ typeUrl: CDS, name: "b" }, { name: "EDS" }],
        waitedMs: 2000,
      }),
    ),
    "heldBack",
    "nothing",
    "edge-1 does not have Cluster payments: held back for 2 s, until the node accepts Cluster b, EDS",
  ],
  [
    "it is to go, and in use (XDS-96)",
    factsOf({
      resource: { typeUrl: CDS, name: "old" },
      ...told({ kind: "kept", version, usedBy: [{ typeUrl: LDS, name: "front" }] }),
    }),
    "kept",
    "other",
    "edge-1 still has Cluster old: it is to go, and stays until the node accepts what replaces Listener front",
  ],
  [
    "it is gone, and state of the world cannot say so (XDS-64)",
    factsOf({ resource: { typeUrl: CDS, name: "old" }, ...told({ kind: "lingers" }) }),
    "lingers",
    "other",
    "edge-1 still has Cluster old: it is to go, but state of the world cannot say so for this type: the node keeps it until what names it goes",
  ],
  [
    "it was sent and is not answered",
    factsOf(told({ kind: "awaited", version, nonce: "7" })),
    "awaited",
    "nothing",
    "edge-1 does not have Cluster payments: it was sent what is to be, and has not answered; Envoy answers for clusters when they have warmed",
  ],
  [
    "another response of the type is not answered (XDS-45)",
    factsOf(told({ kind: "queued", version, nonce: "7" })),
    "queued",
    "nothing",
    "edge-1 does not have Cluster payments: an earlier response of this type is not answered yet, nonce 7",
  ],
  [
    "it is about to be sent",
    factsOf(told({ kind: "due", version })),
    "due",
    "nothing",
    "edge-1 does not have Cluster payments: it is about to be sent",
  ],
  [
    "the node does not read (XDS-122)",
    factsOf(told({ kind: "due", version, heldVersion: "v0" }, true)),
    "notReading",
    "other",
    "edge-1 has an older Cluster payments: the node does not read what was sent to it before",
  ],
  [
    "the answer was neither yes nor no (XDS-49)",
    factsOf(told({ kind: "unanswered", version })),
    "unanswered",
    "nothing",
    "edge-1 does not have Cluster payments: it was sent, and the answer of the node neither accepts nor refuses it",
  ],
  [
    "its TTL ran out (XDS-112)",
    factsOf(told({ kind: "expired", version, ttlMs: 30_000 })),
    "expired",
    "nothing",
    "edge-1 does not have Cluster payments: its TTL of 30 s ran out, for the node could not be told in time to keep it",
  ],
  [
    "the node has it",
    factsOf(told({ kind: "holds", version })),
    "holds",
    "current",
    `edge-1 has Cluster payments: it accepted version ${version}`,
  ],
];

function nameType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
}

describe("explain()", () => {
  for (const [title, facts, kind, holds, sentence] of cases) {
    it(`finds that ${title}`, () => {
      const why = explain(facts);
      assert.deepEqual([why.reason.kind, why.holds], [kind, holds]);
      assert.equal(whyText(why, nowMs, nameType), sentence);
    });
  }

  it("believes the newest of several streams that asked for the type (XDS-9)", () => {
    const { reason } = explain(
      factsOf({
        streams: [
          { streamId: 2, standing: { kind: "holds", version }, isWriting: false },
          { streamId: 1, standing: { kind: "awaited", version, nonce: "1" }, isWriting: false },
          { streamId: 3, standing: { kind: "typeNotAsked" }, isWriting: false },
        ],
      }),
    );
    assert.equal(reason.kind, "holds");
  });

  it("masks secrets in what a node says (XDS-139)", () => {
    const message = "bad -----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY----- here";
    const why = explain(factsOf(told({ kind: "refused", version, refusal: { ...refusal, message } })));
    assert.doesNotMatch(whyText(why, nowMs, String), /MIIabc/);
    assert.doesNotMatch(JSON.stringify(why), /MIIabc/);
  });
});

describe("typesOfName()", () => {
  it("finds every type that has a resource of the name, in any group", () => {
    const both = revision({
      edge: [cluster("a")],
      core: [makeResource({ typeUrl: LDS, name: "a", bytes: Buffer.from("x") })],
    });
    assert.deepEqual([...typesOfName("a", [both])], [CDS, LDS]);
    assert.equal(typesOfName("b", [both]).size, 0);
  });
});
