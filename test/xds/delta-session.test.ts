import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edsCluster, newServer, SessionClient, urlOf, type Contents } from "./session-client.ts";

const two: Contents = { CDS: { a: "1", b: "1" }, EDS: { x: "1", y: "1" }, RDS: { r: "1" }, SDS: { s: "1" } };

/** Four types that all changed, or not. */
const at = (v: string): Contents => ({ RDS: { r: v }, LDS: { l: v }, EDS: { x: v }, CDS: { a: v } });

/** Two clusters with endpoints; the text changes the first. */
const clusters = (text: string): Contents => ({
  CDS: { a: edsCluster("a", "x", text), b: edsCluster("b", "y") },
  EDS: { x: "1", y: "1" },
});

const words = (outcomes: readonly { readonly kind: string }[]) => outcomes.map(({ kind }) => kind);

function client(contents: Contents = two) {
  return new SessionClient("delta", contents);
}

/** The versions that a client holds that was given all of a type. */
function versionsOf(one: SessionClient, label: string): Record<string, string> {
  const resources = one.snapshot.typeSet(urlOf(label)).resources.values();
  return Object.fromEntries([...resources].map(({ name, version }) => [name, version]));
}

describe("delta session: subscriptions", () => {
  it("XDS-72 answers a first CDS or LDS request without names with everything, also when there is nothing", () => {
    const one = client();
    one.delta("CDS");
    one.delta("LDS");
    assert.deepEqual(one.drain(), ["CDS a b", "LDS"]);
  });

  for (const label of ["EDS", "RDS", "SDS", "ECDS", "RTDS", "VHDS"]) {
    it(`XDS-23 a first ${label} request without names is nothing`, () => {
      const one = client();
      one.delta(label);
      assert.deepEqual(one.drain(), []);
    });
  }

  it("XDS-73 takes * at any time, alone or with names", () => {
    const one = client();
    one.delta("CDS", { subscribe: ["a"] });
    assert.deepEqual(one.settle(), ["CDS a"]);
    one.delta("CDS", { subscribe: ["*"] });
    assert.deepEqual(one.settle(), ["CDS b"]);
    const other = client();
    other.delta("CDS", { subscribe: ["*", "a"] });
    assert.deepEqual(other.settle(), ["CDS a b"]);
  });

  it("XDS-70 answers names that do not exist at once, beside those that do, and sends them when they come", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x", "z"] });
    assert.deepEqual(one.settle(), ["EDS x -z"]);
    assert.deepEqual(one.set({ EDS: { x: "1", z: "1" } }).settle(), ["EDS z"]);
  });

  it("XDS-76 serves a request while a response is un-ACKed, but holds changes until the ACK and sends the newest", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x"] });
    const first = one.next();
    one.delta("EDS", { subscribe: ["y"] });
    assert.deepEqual(one.drain(), ["EDS y"]);
    one.set({ EDS: { x: "2", y: "1" } }).set({ EDS: { x: "3", y: "1" } });
    one.ack("EDS");
    assert.deepEqual(one.drain(), []);
    one.delta("EDS", { nonce: first?.nonce ?? "" });
    assert.deepEqual(
      one.next()?.response.plan.resources.map(({ name, bytes }) => `${name}${bytes.toString()}`),
      ["x3"],
    );
  });

  it("XDS-77 XDS-83 takes subscriptions with whatever nonce, also in an ACK or NACK", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x"] });
    one.drain();
    one.ack("EDS", { subscribe: ["y"] });
    assert.deepEqual(one.drain(), ["EDS y"]);
    one.nack("EDS", { subscribe: ["z"] });
    assert.deepEqual(one.drain(), ["EDS -z"]);
    assert.deepEqual(
      one.delta("EDS", { subscribe: ["w"], nonce: "stale" }).map(({ kind }) => kind),
      ["remark", "subscribed"],
    );
    assert.deepEqual(one.drain(), ["EDS -w"]);
  });

  it("XDS-78 sends a name again that is subscribed to again", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x", "y"] });
    one.settle();
    one.delta("EDS", { subscribe: ["x"] });
    assert.deepEqual(one.settle(), ["EDS x"]);
  });

  it("XDS-79 XDS-80 sends no more of a name after an unsubscription, and does not answer it", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x", "y"] });
    one.settle();
    one.delta("EDS", { unsubscribe: ["x", "never"] });
    assert.deepEqual(one.drain(), []);
    assert.deepEqual(one.set({ EDS: { x: "2", y: "2" } }).settle(), ["EDS y"]);
    one.delta("EDS", { subscribe: ["x"] });
    assert.deepEqual(one.settle(), ["EDS x"]);
  });

  it("XDS-81 answers an unsubscription under a wildcard with the resource, or with its removal", () => {
    const one = client();
    one.delta("CDS");
    one.settle();
    one.delta("CDS", { subscribe: ["a", "missing"] });
    one.settle();
    one.delta("CDS", { unsubscribe: ["a", "missing", "never"] });
    assert.deepEqual(one.settle(), ["CDS a -missing"]);
  });

  it("XDS-82 a name leaves a legacy wildcard in force, and unsubscribing from * ends either kind", () => {
    for (const subscribe of [[], ["*"]]) {
      const one = client();
      one.delta("CDS", { subscribe });
      one.settle();
      one.delta("CDS", { subscribe: ["a"] });
      one.settle();
      assert.deepEqual(one.set({ CDS: { a: "1", b: "2" } }).settle(), ["CDS b"]);
      one.delta("CDS", { unsubscribe: ["*"] });
      assert.deepEqual(one.settle(), []);
      assert.deepEqual(one.set({ CDS: { a: "2", b: "3" } }).settle(), ["CDS a"]);
    }
  });

  it("XDS-93 answers no ACK", () => {
    const one = client();
    one.delta("CDS");
    one.drain();
    one.ack("CDS");
    assert.deepEqual(one.drain(), []);
  });
});

describe("delta session: content", () => {
  it("XDS-65 XDS-75 XDS-90 sends what changed and what is no more, nothing else and nothing twice", () => {
    const one = client();
    one.delta("CDS");
    one.settle();
    assert.deepEqual(one.set({ CDS: { b: "2", c: "1" } }).settle(), ["CDS b c -a"]);
    assert.deepEqual(one.set({ CDS: { b: "2", c: "1" } }).settle(), []);
  });

  it("XDS-66 names only what the client asked for or was sent as removed", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x"] });
    one.settle();
    assert.deepEqual(one.set({ EDS: { x: "1" } }).settle(), []);
  });

  it("XDS-69 sends a name that was removed and made anew", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x"] });
    one.settle();
    assert.deepEqual(one.set({}).settle(), ["EDS -x"]);
    assert.deepEqual(one.set({ EDS: { x: "1" } }).settle(), ["EDS x"]);
  });

  it("XDS-89 states the version of the content", () => {
    const one = client();
    one.delta("CDS");
    assert.equal(one.next()?.version, one.snapshot.typeSet(urlOf("CDS")).version);
  });

  it("XDS-91 sends a large set in parts below 3 MiB, each with its nonce, and all of it before an ACK", () => {
    const large = "x".repeat(1024 * 1024);
    const one = client({ CDS: { a: large, b: large, c: large, d: large, e: large } });
    one.delta("CDS");
    const parts = [one.next(), one.next(), one.next()];
    assert.deepEqual(
      parts.map((part) => part?.names),
      [["a", "b"], ["c", "d"], ["e"]],
    );
    assert.equal(new Set(parts.map((part) => part?.nonce)).size, 3);
    assert.ok(parts.every((part) => (part?.response.bytes.length ?? 0) < 3 * 1024 * 1024));
    assert.equal(one.next(), undefined);
    for (const part of parts) one.delta("CDS", { nonce: part?.nonce ?? "" });
    assert.equal(one.session.status[0]?.state, "SYNCED");
  });

  it("XDS-95 sends a change of several types as CDS, EDS, LDS, RDS", () => {
    const one = client(at("1"));
    one.delta("RDS", { subscribe: ["r"] });
    one.delta("LDS");
    one.delta("EDS", { subscribe: ["x"] });
    one.delta("CDS");
    one.settle();
    assert.deepEqual(one.set(at("2")).drain(), ["CDS a", "EDS x", "LDS l", "RDS r"]);
  });
});

describe("delta session: a new stream of a client that holds something", () => {
  const held = versionsOf(client(), "CDS");

  it("XDS-84 XDS-85 is sent what differs and told what is no more, under a wildcard", () => {
    const one = client({ CDS: { b: "2", c: "1" } });
    one.delta("CDS", { initial: held });
    assert.deepEqual(one.settle(), ["CDS b c -a"]);
    assert.deepEqual(one.set({ CDS: { b: "2" } }).settle(), ["CDS -c"]);
  });

  it("XDS-84 is sent what differs and told what is no more, with names", () => {
    const one = client({ EDS: { x: "1", y: "2" } });
    one.delta("EDS", {
      subscribe: ["x", "y", "gone"],
      initial: { ...versionsOf(client(), "EDS"), gone: "1" },
    });
    assert.deepEqual(one.settle(), ["EDS y -gone"]);
    one.delta("EDS", { subscribe: ["new"] });
    assert.deepEqual(one.settle(), ["EDS -new"]);
  });

  it("XDS-84 sends nothing of what is held at the current version", () => {
    const one = client();
    one.delta("CDS", { initial: held });
    assert.deepEqual(one.settle(), ["CDS"]);
    one.delta("EDS", { subscribe: ["x", "y"], initial: versionsOf(one, "EDS") });
    assert.deepEqual(one.settle(), []);
    assert.deepEqual(
      one.session.status.map(({ state }) => state),
      ["SYNCED", "SYNCED"],
    );
  });

  it("XDS-86 ignores stated versions after the first message of a type", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x"] });
    one.settle();
    one.delta("EDS", { subscribe: ["y"], initial: versionsOf(one, "EDS") });
    assert.deepEqual(one.settle(), ["EDS y"]);
  });

  it("XDS-87 takes a stated name without subscription for none", () => {
    const one = client();
    one.delta("EDS", { subscribe: ["x"], initial: { y: "old", gone: "1" } });
    assert.deepEqual(one.settle(), ["EDS x"]);
  });

  it("XDS-88 is sent the endpoints of a cluster that changed meanwhile, though it states them", () => {
    const before = client(clusters("1"));
    const one = client(clusters("2"));
    one.delta("CDS", { initial: versionsOf(before, "CDS") });
    assert.deepEqual(one.drain(), ["CDS a"]);
    one.delta("EDS", { subscribe: ["x", "y"], initial: versionsOf(before, "EDS") });
    assert.deepEqual(one.drain(), ["EDS x"]);
  });

  it("XDS-88 XDS-148 is sent them too when it asks for endpoints first", () => {
    const before = client(clusters("1"));
    const one = client(clusters("2"));
    one.delta("EDS", { subscribe: ["x", "y"], initial: versionsOf(before, "EDS") });
    assert.deepEqual(one.drain(), []);
    one.delta("CDS", { initial: versionsOf(before, "CDS") });
    assert.deepEqual(one.drain(), ["CDS a", "EDS x"]);
  });

  it("XDS-99 is sent the endpoints of a cluster that changes, unasked and without waiting for an ACK", () => {
    const one = client(clusters("1"));
    one.delta("CDS");
    one.drain();
    one.ack("CDS");
    one.delta("EDS", { subscribe: ["x", "y"] });
    one.settle();
    assert.deepEqual(one.set(clusters("2")).drain(), ["CDS a", "EDS x"]);
  });

  it("XDS-60 is sent everything when it refused on its stream before, and told what is no more", () => {
    const one = new SessionClient("delta", two, {
      isDistrusted: (_node, typeUrl) => typeUrl === urlOf("CDS"),
    });
    one.delta("CDS", { initial: { ...held, gone: "1" } });
    assert.deepEqual(one.settle(), ["CDS a b -gone"]);
  });
});

describe("delta session: after a NACK", () => {
  it("XDS-55 sends nothing of it again until content changes or it is subscribed to again", () => {
    const one = client({ CDS: { a: "bad", b: "1" } });
    one.delta("CDS");
    one.drain();
    one.nack("CDS");
    assert.deepEqual(one.drain(), []);
    one.delta("CDS", { subscribe: ["a"] });
    assert.deepEqual(one.drain(), ["CDS a"]);
  });

  it("XDS-56 sends everything of it with the next change, removals too, so that nothing good is lost", () => {
    const one = client({ CDS: { a: "1", b: "1", c: "1" } });
    one.delta("CDS");
    one.settle();
    one.set({ CDS: { a: "bad", b: "2" } });
    assert.deepEqual(one.drain(), ["CDS a b -c"]);
    one.nack("CDS");
    assert.deepEqual(one.drain(), []);
    assert.deepEqual(one.set({ CDS: { a: "3", b: "2" } }).settle(), ["CDS a b -c"]);
  });

  it("XDS-57 sends what was accepted before when the content goes back to it", () => {
    const one = client();
    one.delta("CDS");
    one.settle();
    one.set({ CDS: { a: "bad", b: "1" } }).drain();
    one.nack("CDS");
    assert.deepEqual(one.set(two).settle(), ["CDS a"]);
    assert.equal(one.session.status[0]?.state, "SYNCED");
  });

  it("XDS-58 XDS-59 records it once", () => {
    const one = client();
    one.delta("CDS");
    one.drain();
    assert.deepEqual(
      one.nack("CDS", { error: "no" }).map(({ kind }) => kind),
      ["nacked"],
    );
    assert.deepEqual(one.nack("CDS", { error: "no" }), []);
    assert.equal(one.session.status[0]?.refusal?.message, "no");
  });
});

describe("a session", () => {
  it("XDS-3 ends an aggregated stream with a request that has no type_url", () => {
    const one = client();
    const outcomes = one.delta("");
    assert.deepEqual(outcomes.at(-1), {
      kind: "end",
      code: 3,
      message: "type_url is missing on an aggregated stream",
    });
  });

  it("XDS-4 XDS-5 of one type's service knows the type, and refuses another", () => {
    const service = { kind: "type", typeUrl: urlOf("CDS") } as const;
    const one = new SessionClient("delta", two, { service });
    one.delta("");
    assert.deepEqual(one.drain(), ["CDS a b"]);
    assert.deepEqual(words(one.delta("EDS", { subscribe: ["x"] })), ["end"]);
  });

  it("XDS-6 XDS-7 leaves unknown types unanswered, remarks on each once, and knows those of v2", () => {
    const one = client();
    const [, first] = one.delta("type.googleapis.com/some.NewType");
    assert.deepEqual(first, {
      kind: "remark",
      remark: { kind: "unknownType", typeUrl: "type.googleapis.com/some.NewType", isV2: false },
    });
    assert.deepEqual(one.delta("type.googleapis.com/some.NewType"), []);
    const [second] = one.delta("type.googleapis.com/envoy.api.v2.Cluster");
    assert.ok(second?.kind === "remark" && second.remark.kind === "unknownType" && second.remark.isV2);
    one.delta("CDS");
    assert.deepEqual(one.drain(), ["CDS a b"]);
  });

  it("XDS-13 XDS-15 keeps the node of the first request, and remarks on another one once", () => {
    const one = client();
    one.delta("CDS");
    const request = {
      kind: "delta",
      typeUrl: urlOf("LDS"),
      responseNonce: "",
      nodeId: "other",
      subscribe: [],
      unsubscribe: [],
      initialResourceVersions: new Map<string, string>(),
    } as const;
    assert.deepEqual(words(one.session.receive(request, 0)), ["remark", "subscribed"]);
    assert.deepEqual(words(one.session.receive(request, 0)), []);
    assert.equal(one.session.node?.id, "node-1");
  });

  it("XDS-14 ends a stream whose first request has no node id", () => {
    const request = {
      kind: "sotw",
      typeUrl: urlOf("CDS"),
      responseNonce: "",
      versionInfo: "",
      names: { encoded: Buffer.alloc(0), decode: () => [] },
    } as const;
    assert.deepEqual(client().session.receive(request, 0), [
      { kind: "end", code: 3, message: "node.id is missing in the first request of the stream" },
    ]);
  });

  it("XDS-16 sends nothing without a snapshot, keeps what was sent when it goes, and goes on when it comes", () => {
    const one = new SessionClient("delta");
    one.delta("CDS");
    assert.deepEqual(one.drain(), []);
    one.set(two);
    assert.deepEqual(one.settle(), ["CDS a b"]);
    one.session.assign(undefined);
    assert.deepEqual(one.drain(), []);
    assert.deepEqual(one.set({ CDS: { a: "1", b: "1" } }).settle(), []);
  });

  it("XDS-11 ends a stream that asks for an empty name, or for too many", () => {
    const one = new SessionClient("delta", two, { maxNames: 3 });
    assert.deepEqual(words(one.delta("EDS", { subscribe: ["x", ""] })), ["node", "end"]);
    one.delta("EDS", { subscribe: ["x", "y"] });
    const [end] = one.delta("EDS", { subscribe: ["v", "w"] });
    assert.ok(end?.kind === "end" && end.code === 8);
    assert.match(end.message, /resource_names_subscribe has 2 names, limit is 3 a type/);
  });

  it("XDS-127 shares the encoded response with other sessions at the same place", () => {
    const server = newServer();
    const one = new SessionClient("delta", two, { server });
    const other = new SessionClient("delta", undefined, { server });
    other.delta("EDS", { subscribe: ["x", "z"] });
    other.session.assign(one.snapshot);
    one.delta("EDS", { subscribe: ["z", "x"] });
    assert.equal(one.next()?.response.bytes, other.next()?.response.bytes);
    const next = one.set({ EDS: { x: "2" } }).snapshot;
    for (const each of [one, other]) each.ack("EDS");
    other.session.assign(next);
    assert.equal(one.next()?.response.bytes, other.next()?.response.bytes);
  });
});
