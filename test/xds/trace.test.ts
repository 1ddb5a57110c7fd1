import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamKind } from "../../src/xds/events.ts";
import type { ResourceStanding } from "../../src/xds/trace.ts";
import { type Contents, newServer, SessionClient, urlOf } from "./session-client.ts";

const kinds = ["sotw", "delta"] as const;

function clientOf(kind: StreamKind, contents?: Contents): SessionClient {
  return new SessionClient(kind, contents, { server: newServer({ order: true }) });
}

function ask(client: SessionClient, kind: StreamKind, label: string, names: readonly string[] = []): void {
  if (kind === "sotw") client.sotw(label, { names });
  else client.delta(label, { subscribe: names });
}

function standing(client: SessionClient, label: string, name: string): ResourceStanding {
  return client.session.standing({ typeUrl: urlOf(label), name }, client.nowMs);
}

function versionOf(client: SessionClient, label: string, name: string): string | undefined {
  return client.snapshot.typeSet(urlOf(label)).resources.get(name)?.version;
}

for (const kind of kinds) {
  describe(`${kind} session: why a client has or has not a resource`, () => {
    it("says that the type was never asked for, or the name not", () => {
      const client = clientOf(kind, { CDS: { a: "1" }, EDS: { e: "1", f: "1" } });
      ask(client, kind, "EDS", ["e"]);
      client.settle();
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "typeNotAsked" });
      assert.deepEqual(standing(client, "EDS", "f"), { kind: "notSubscribed", nameCount: 1 });
    });

    it("says that the node has no content at all, which a node without a group has not", () => {
      const client = clientOf(kind);
      ask(client, kind, "CDS");
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "noContent" });
    });

    it("tells what is awaited from what is held, and from what there is not", () => {
      const client = clientOf(kind, { CDS: { a: "1" } });
      ask(client, kind, "CDS");
      const version = versionOf(client, "CDS", "a")!;
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "due", version });
      const nonce = client.next()?.nonce;
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "awaited", version, nonce });
      client.ack("CDS");
      client.settle();
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "holds", version });
      assert.deepEqual(standing(client, "CDS", "b"), { kind: "absent" });
    });

    it("queues a change behind a response that is not answered (XDS-45)", () => {
      const client = clientOf(kind, { CDS: { a: "1" } });
      ask(client, kind, "CDS");
      const nonce = client.next()?.nonce;
      client.set({ CDS: { a: "1", b: "1" } });
      assert.deepEqual(client.drain(), []);
      const version = versionOf(client, "CDS", "b");
      assert.deepEqual(standing(client, "CDS", "b"), { kind: "queued", version, nonce });
    });

    it("names the refusal of what was refused, and the version that is still held (XDS-50, XDS-58)", () => {
      const client = clientOf(kind, { CDS: { a: "1" } });
      ask(client, kind, "CDS");
      client.settle();
      const heldVersion = versionOf(client, "CDS", "a");
      client.set({ CDS: { a: "2", b: "1" } });
      client.drain();
      client.nack("CDS", { error: "no" });
      assert.deepEqual(client.drain(), []);
      for (const [name, held] of [
        ["a", { heldVersion }],
        ["b", {}],
      ] as const) {
        const found = standing(client, "CDS", name);
        assert.equal(found.kind, "refused");
        const { refusal, ...rest } = found;
        assert.deepEqual(rest, { kind: "refused", version: versionOf(client, "CDS", name), ...held });
        assert.equal(refusal.message, "no");
      }
      client.set({ CDS: { a: "3" } });
      assert.equal(standing(client, "CDS", "a").kind, "due", "new content is tried");
      client.settle();
      assert.equal(standing(client, "CDS", "a").kind, "holds");
    });

    it("names the refusal of a removal, which leaves the resource where it was", () => {
      const client = clientOf(kind, { CDS: { a: "1", b: "1" } });
      ask(client, kind, "CDS");
      client.settle();
      const heldVersion = versionOf(client, "CDS", "a");
      client.set({ CDS: { b: "1" } });
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "due", heldVersion });
      client.drain();
      client.nack("CDS");
      const found = standing(client, "CDS", "a");
      assert.equal(found.kind, "refused");
      assert.deepEqual([found.version, found.heldVersion], [undefined, heldVersion]);
    });

    it("names what a change waits for, and for how long (XDS-97)", () => {
      const client = clientOf(kind, { CDS: { a: "1" }, LDS: { l: "RDS/r" }, RDS: { r: "CDS/a" } });
      for (const [label, names] of [
        ["CDS", []],
        ["LDS", []],
        ["RDS", ["r"]],
      ] as const)
        ask(client, kind, label, names);
      client.settle();
      const heldVersion = versionOf(client, "RDS", "r");
      client.set({ CDS: { a: "1", b: "1" }, LDS: { l: "RDS/r" }, RDS: { r: "CDS/b" } });
      client.drain();
      client.nowMs += 700;
      assert.deepEqual(standing(client, "RDS", "r"), {
        kind: "heldBack",
        version: versionOf(client, "RDS", "r"),
        heldVersion,
        waitsFor: [{ typeUrl: urlOf("CDS"), name: "b" }],
        waitedMs: 700,
      });
      client.ack("CDS");
      client.settle();
      assert.equal(standing(client, "RDS", "r").kind, "holds");
    });

    it("names what keeps a resource that is to go (XDS-96)", () => {
      const client = clientOf(kind, { CDS: { a: "1", b: "1" }, LDS: { l: "CDS/a" } });
      ask(client, kind, "CDS");
      ask(client, kind, "LDS");
      client.settle();
      const version = versionOf(client, "CDS", "a");
      client.set({ CDS: { b: "1" }, LDS: { l: "CDS/b" } });
      client.drain();
      assert.deepEqual(standing(client, "CDS", "a"), {
        kind: "kept",
        version,
        usedBy: [{ typeUrl: urlOf("LDS"), name: "l" }],
      });
      client.ack("LDS");
      client.drain();
      assert.equal(standing(client, "CDS", "a").kind, "awaited", "its removal is on its way");
      client.ack("CDS");
      assert.deepEqual(client.settle(), []);
      assert.deepEqual(standing(client, "CDS", "a"), { kind: "absent" });
    });
  });
}

describe("delta session: why a client has or has not a resource with a TTL", () => {
  it("says that it ran out, when the client took no heartbeat in time (XDS-112)", () => {
    const client = clientOf("delta", { CDS: { a: "1 ttl 9s", b: "1" } });
    ask(client, "delta", "CDS");
    client.settle();
    const version = versionOf(client, "CDS", "a");
    client.nowMs = 3000;
    assert.deepEqual(client.drain(), ["CDS heartbeat a"]);
    assert.equal(standing(client, "CDS", "a").kind, "holds", "a heartbeat is no news");
    client.nowMs = 12_000;
    assert.deepEqual(standing(client, "CDS", "a"), { kind: "expired", version, ttlMs: 9000 });
    assert.equal(standing(client, "CDS", "b").kind, "holds");
    client.settle();
    assert.equal(standing(client, "CDS", "a").kind, "holds", "it was sent anew");
  });
});

describe("SotW session: why a client has or has not a resource", () => {
  it("says that the removal of endpoints cannot be told (XDS-64)", () => {
    const client = clientOf("sotw", { CDS: { a: "1" }, EDS: { e: "1" } });
    ask(client, "sotw", "EDS", ["e"]);
    client.settle();
    client.set({ CDS: { a: "1" } });
    client.settle();
    assert.deepEqual(standing(client, "EDS", "e"), { kind: "lingers" });
  });

  it("does not take an answer of another version for an ACK (XDS-49)", () => {
    const client = clientOf("sotw", { CDS: { a: "1" } });
    ask(client, "sotw", "CDS");
    const nonce = client.next()?.nonce ?? "";
    client.sotw("CDS", { nonce, version: "another" });
    client.settle();
    const version = versionOf(client, "CDS", "a");
    assert.deepEqual(standing(client, "CDS", "a"), { kind: "unanswered", version });
  });
});
