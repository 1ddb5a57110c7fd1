import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { v3Types } from "../../src/xds/type-traits.ts";
import { type ClientOptions, type Contents, SessionClient, urlOf } from "./session-client.ts";

const clusters: Contents = { CDS: { a: "1 ttl 9s", b: "1", c: "1 ttl 90s" } };

/** A client that asked for all clusters and accepted them. */
function settled(kind: "sotw" | "delta", contents: Contents = clusters, options: ClientOptions = {}) {
  const client = new SessionClient(kind, contents, options);
  if (kind === "sotw") client.sotw("CDS");
  else client.delta("CDS");
  client.settle();
  return client;
}

/** What is said at each time in milliseconds, all of it accepted. */
function saidAt(client: SessionClient, times: readonly number[]): Record<number, readonly string[]> {
  const said: Record<number, readonly string[]> = {};
  for (const time of times) {
    client.nowMs = time;
    const lines = client.settle();
    if (lines.length > 0) said[time] = lines;
  }
  return said;
}

describe("resources with a TTL, in delta", () => {
  it("XDS-107 XDS-111 are kept by heartbeats at a third of their TTL at most", () => {
    const client = settled("delta");
    assert.equal(client.session.wakeAtMs, 1500);
    const every500 = Array.from({ length: 21 }, (_, index) => index * 500);
    assert.deepEqual(saidAt(client, every500), {
      1500: ["CDS heartbeat a"],
      4500: ["CDS heartbeat a"],
      7500: ["CDS heartbeat a"],
    });
    assert.deepEqual(saidAt(client, [15_000]), {
      15_000: ["CDS heartbeat a", "CDS heartbeat c"],
    });
  });

  it("XDS-111 are kept at times of their own on each stream", () => {
    const wakes = [0, 0.25, 0.5, 0.99].map(
      (beatPhase) => settled("delta", clusters, { beatPhase }).session.wakeAtMs,
    );
    assert.equal(new Set(wakes).size, 4);
    assert.ok(wakes.every((wakeAtMs) => wakeAtMs !== undefined && wakeAtMs <= 3000));
  });

  it("XDS-108 are kept at the version that the client holds, while a newer one waits for its ACK", () => {
    const client = settled("delta");
    client.nowMs = 1000;
    client.set({ CDS: { ...clusters.CDS, a: "2 ttl 9s" } });
    const update = client.next();
    assert.deepEqual(update?.names, ["a"]);
    client.nowMs = 3000;
    const beat = client.next()?.response.plan;
    assert.equal(beat?.isHeartbeat, true);
    assert.deepEqual(beat?.resources[0]?.version, update?.response.plan.resources[0]?.version);
  });

  it("XDS-98 go on while the client keeps back an ACK, as Envoy does while a cluster warms", () => {
    const client = new SessionClient("delta", clusters);
    client.delta("CDS");
    assert.deepEqual(client.drain(), ["CDS a b c"]);
    client.nowMs = 3000;
    assert.deepEqual(client.drain(), ["CDS heartbeat a"]);
  });

  it("XDS-112 are sent in full when heartbeats were late, for the client has dropped them", () => {
    const client = settled("delta");
    assert.deepEqual(saidAt(client, [9_100, 12_200]), { 9100: ["CDS a"], 12_200: ["CDS heartbeat a"] });
  });

  it("XDS-112 are sent in full when the client refuses a heartbeat for what it has dropped", () => {
    const client = settled("delta");
    client.nowMs = 1500;
    assert.deepEqual(client.drain(), ["CDS heartbeat a"]);
    client.nack("CDS", { error: "no such resource" });
    assert.deepEqual(client.drain(), ["CDS a"]);
  });

  it("XDS-50 are not kept when they were refused, and the refusal stays until a real ACK (XDS-58)", () => {
    const client = settled("delta", { CDS: { a: "1 ttl 9s", d: "1 ttl 9s" } });
    client.set({ CDS: { a: "2 ttl 9s", d: "1 ttl 9s" } });
    assert.deepEqual(client.drain(), ["CDS a"]);
    client.nack("CDS");
    client.nowMs = 3000;
    assert.deepEqual(client.settle(), ["CDS heartbeat d"]);
    assert.equal(client.session.status[0]?.state, "NACKED");
  });

  it("XDS-84 XDS-112 are kept at once on a new stream, for they run since the old one", () => {
    const first = settled("delta");
    const resources = first.snapshot.typeSet(urlOf("CDS")).resources.values();
    const initial = Object.fromEntries(Array.from(resources, ({ name, version }) => [name, version]));
    const second = new SessionClient("delta", clusters);
    second.delta("CDS", { initial });
    assert.deepEqual(second.drain(), ["CDS", "CDS heartbeat a", "CDS heartbeat c"]);
  });

  it("XDS-84 that another TTL was given since are sent anew", () => {
    const client = settled("delta");
    client.set({ CDS: { ...clusters.CDS, a: "1 ttl 30s" } });
    assert.deepEqual(client.drain(), ["CDS a"]);
  });

  it("are kept no longer than there is one, or than anybody wants them", () => {
    const gone = settled("delta");
    gone.set({ CDS: { a: "1", b: "1" } });
    gone.settle();
    assert.equal(gone.session.wakeAtMs, undefined);
    const unwanted = settled("delta");
    unwanted.delta("CDS", { unsubscribe: ["*"] });
    assert.deepEqual(saidAt(unwanted, [1500, 3000, 20_000]), {});
  });

  it("count as held: a heartbeat makes no stream stale (XDS-146)", () => {
    const client = settled("delta");
    client.nowMs = 1500;
    assert.deepEqual(client.drain(), ["CDS heartbeat a"]);
    assert.equal(client.session.status[0]?.state, "SYNCED");
  });
});

describe("resources with a TTL, in state of the world", () => {
  it("XDS-109 of a full set are kept by the full set, each in its wrapper, under the same version", () => {
    const client = settled("sotw");
    const { version } = client.snapshot.typeSet(urlOf("CDS"));
    client.nowMs = 1500;
    const beat = client.next();
    assert.deepEqual(beat?.names, ["a", "b", "c"]);
    assert.equal(beat?.version, version);
    assert.match(beat?.response.bytes.toString("latin1") ?? "", /envoy\.service\.discovery\.v3\.Resource/);
  });

  it("XDS-109 of other types are kept by themselves, with their bodies", () => {
    const client = new SessionClient("sotw", { RTDS: { x: "1 ttl 9s", y: "1" } });
    client.sotw("RTDS", { names: ["x", "y"] });
    assert.deepEqual(client.settle(), ["RTDS x y"]);
    assert.deepEqual(saidAt(client, [1500]), { 1500: ["RTDS heartbeat x"] });
  });

  it("XDS-45 are kept after the ACK that is still to come", () => {
    const client = new SessionClient("sotw", clusters);
    client.sotw("CDS");
    assert.deepEqual(client.drain(), ["CDS a b c"]);
    client.nowMs = 5000;
    assert.deepEqual(client.drain(), []);
    client.ack("CDS");
    assert.deepEqual(client.drain(), ["CDS heartbeat a b c"]);
  });

  it("XDS-50 are not kept by a set that was refused", () => {
    const client = settled("sotw");
    client.set({ CDS: { ...clusters.CDS, b: "2" } });
    assert.deepEqual(client.drain(), ["CDS a b c"]);
    client.nack("CDS");
    assert.deepEqual(saidAt(client, [3000, 10_000]), {});
  });

  it("XDS-42 XDS-112 are sent to a client that states their version, for they run since its old stream", () => {
    const { version } = settled("sotw").snapshot.typeSet(urlOf("CDS"));
    const client = new SessionClient("sotw", clusters);
    client.sotw("CDS", { version });
    assert.deepEqual(client.drain(), ["CDS a b c"]);
  });

  const clients = {
    "gRPC Go": { clientFeatures: [], isTold: false },
    "gRPC C++": { clientFeatures: ["xds.config.resource-in-sotw"], isTold: true },
    envoy: { clientFeatures: [], isTold: true },
  };
  for (const [userAgentName, { clientFeatures, isTold }] of Object.entries(clients)) {
    it(`XDS-17 ${userAgentName} with ${clientFeatures.length} features is ${isTold ? "" : "not "}told of TTLs`, () => {
      const client = settled("sotw", clusters, { node: { userAgentName, clientFeatures } });
      assert.equal(client.session.wakeAtMs !== undefined, isTold);
    });
  }
});

describe("types that do not bear a TTL", () => {
  for (const { label } of v3Types.filter(({ bearsTtl }) => !bearsTtl)) {
    it(`XDS-110 ${label} is told of none, whatever a program says`, () => {
      const client = new SessionClient("delta", { [label]: { x: "1 ttl 9s" } });
      client.delta(label, { subscribe: ["x"] });
      const told = client.next();
      const plain = new SessionClient("delta", { [label]: { x: "1" } });
      plain.delta(label, { subscribe: ["x"] });
      assert.deepEqual(told?.names, ["x"]);
      // The content itself is seven bytes longer, and nothing else.
      const plainBytes = plain.next()?.response.bytes.length ?? 0;
      assert.equal(told?.response.bytes.length, plainBytes + " ttl 9s".length);
      assert.equal(client.session.wakeAtMs, undefined);
    });
  }

  it("XDS-110 are those on which Envoy 1.40 crashes, and those that were not tried", () => {
    assert.deepEqual(
      v3Types.filter(({ bearsTtl }) => !bearsTtl).map(({ label }) => label),
      ["EDS", "LEDS", "SDS", "SRDS", "RDS", "VHDS"],
    );
  });
});
