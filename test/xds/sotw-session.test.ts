import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { edsCluster, newServer, SessionClient, urlOf, type Contents } from "./session-client.ts";

const two: Contents = { CDS: { a: "1", b: "1" }, EDS: { x: "1", y: "1" }, RDS: { r: "1" }, SDS: { s: "1" } };

/** Four types that all changed, or not. */
const at = (v: string): Contents => ({ RDS: { r: v }, LDS: { l: v }, EDS: { x: v }, CDS: { a: v } });

function client(contents: Contents = two) {
  return new SessionClient("sotw", contents);
}

describe("SotW session: subscriptions", () => {
  it("XDS-18 answers a first CDS or LDS request without names with everything, also when there is nothing", () => {
    const one = client();
    one.sotw("CDS");
    one.sotw("LDS");
    assert.deepEqual(one.drain(), ["CDS a b", "LDS"]);
  });

  const wildcards: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["XDS-19 * is everything", ["*"], ["CDS a b"]],
    ["XDS-20 * with names gives each resource once", ["*", "a"], ["CDS a b"]],
    ["XDS-24 names give exactly those", ["b"], ["CDS b"]],
    ["XDS-25 a name that does not exist holds nothing back", ["b", "missing"], ["CDS b"]],
    ["XDS-29 a name listed twice is sent once", ["a", "a"], ["CDS a"]],
    ["XDS-32 an xdstp collection is not *", ["xdstp://authority/envoy.config.cluster.v3.Cluster/*"], ["CDS"]],
  ];
  for (const [name, names, said] of wildcards) {
    it(name, () => {
      const one = client();
      one.sotw("CDS", { names });
      assert.deepEqual(one.drain(), said);
    });
  }

  it("XDS-19 takes * at any time", () => {
    const one = client();
    one.sotw("CDS", { names: ["a"] });
    one.settle();
    one.sotw("CDS", { names: ["*"] });
    assert.deepEqual(one.settle(), ["CDS a b"]);
  });

  it("XDS-21 after * only the names of the next list remain", () => {
    const one = client();
    one.sotw("CDS", { names: ["*"] });
    one.settle();
    one.sotw("CDS", { names: ["a"] });
    one.settle();
    one.set({ ...two, CDS: { a: "1", b: "2" } });
    assert.deepEqual(one.settle(), []);
    one.set({ ...two, CDS: { a: "2", b: "2" } });
    assert.deepEqual(one.settle(), ["CDS a"]);
  });

  it("XDS-22 an empty list after names is nothing", () => {
    const one = client();
    one.sotw("EDS", { names: ["x"] });
    one.settle();
    one.sotw("EDS", { names: [] });
    one.set({ ...two, EDS: { x: "2", y: "2" } });
    assert.deepEqual(one.drain(), []);
  });

  for (const label of ["EDS", "RDS", "SDS", "ECDS", "RTDS"]) {
    it(`XDS-22 XDS-23 an empty first list of ${label} is nothing, with and without a version`, () => {
      for (const version of ["", "v"]) {
        const one = client();
        one.sotw(label, { names: [], version });
        assert.deepEqual(one.drain(), []);
      }
    });
  }

  it("XDS-26 sends a name asked for before it exists as soon as it does", () => {
    const one = client();
    one.sotw("EDS", { names: ["z"] });
    assert.deepEqual(one.settle(), []);
    one.set({ ...two, EDS: { x: "1", z: "1" } });
    assert.deepEqual(one.settle(), ["EDS z"]);
  });

  it("XDS-27 XDS-28 sends names that are added, and names that return", () => {
    const one = client();
    one.sotw("EDS", { names: ["x"] });
    assert.deepEqual(one.settle(), ["EDS x"]);
    one.sotw("EDS", { names: ["x", "y"] });
    assert.deepEqual(one.settle(), ["EDS y"]);
    one.sotw("EDS", { names: ["x"] });
    assert.deepEqual(one.settle(), []);
    one.sotw("EDS", { names: ["y", "x"] });
    assert.deepEqual(one.settle(), ["EDS y"]);
  });

  it("XDS-30 takes the same names in another order for no change", () => {
    const one = client();
    one.sotw("EDS", { names: ["x", "y"] });
    one.drain();
    one.ack("EDS", { names: ["y", "x"] });
    assert.deepEqual(one.drain(), []);
  });

  it("XDS-31 sends nothing that was not asked for", () => {
    const one = client();
    one.sotw("SDS", { names: ["other"] });
    one.set({ ...two, SDS: { s: "2", t: "1" } });
    assert.deepEqual(one.drain(), []);
  });

  it("XDS-44 of two requests before an answer takes the later", () => {
    const one = new SessionClient("sotw");
    one.sotw("EDS", { names: ["x"] });
    one.sotw("EDS", { names: ["y"] });
    one.set(two);
    assert.deepEqual(one.drain(), ["EDS y"]);
  });
});

describe("SotW session: nonces and versions", () => {
  it("XDS-33 never uses a nonce twice, whatever comes and goes", () => {
    const one = client();
    const other = new SessionClient("sotw", { CDS: { a: "2" } });
    const nonces: string[] = [];
    const [first, second] = [one.snapshot, other.snapshot];
    one.sotw("CDS");
    for (const snapshot of [first, second, first, second]) {
      one.session.assign(snapshot);
      const said = one.next();
      assert.ok(said);
      nonces.push(said.nonce);
      one.ack("CDS");
    }
    assert.equal(new Set(nonces).size, 4);
    assert.ok(nonces.every((nonce) => nonce !== ""));
  });

  it("XDS-34 XDS-47 tells equal content the equal version, however it was asked for", () => {
    const versions = [[], ["*"], ["a", "b"], ["b", "a", "missing"]].map((names) => {
      const one = client();
      one.sotw("CDS", { names });
      return one.next()?.version;
    });
    assert.equal(new Set(versions).size, 1);
    const one = client();
    one.sotw("CDS", { names: ["a"] });
    assert.notEqual(one.next()?.version, versions[0]);
  });

  it("XDS-34 keeps the version of what is asked for true over changes, as a new stream would be told it", () => {
    const later: Contents = { EDS: { x: "2", z: "1" } };
    const old = client();
    old.sotw("EDS", { names: ["x", "y", "z"] });
    old.settle();
    const version = old.set(later).next()?.version;
    const young = client(later);
    young.sotw("EDS", { names: ["x", "y", "z"] });
    assert.equal(young.next()?.version, version);
  });

  it("XDS-35 sends no other type when endpoints change", () => {
    const one = client();
    for (const label of ["CDS", "LDS"]) one.sotw(label);
    one.sotw("EDS", { names: ["x", "y"] });
    one.settle();
    one.set({ ...two, EDS: { x: "2", y: "1" } });
    assert.deepEqual(one.settle(), ["EDS x"]);
  });

  it("XDS-36 XDS-63 sends CDS as the full set, so that what it lacks is removed", () => {
    const one = client();
    one.sotw("CDS");
    one.settle();
    assert.deepEqual(one.set({ CDS: { a: "1", b: "2" } }).settle(), ["CDS a b"]);
    assert.deepEqual(one.set({ CDS: { a: "1" } }).settle(), ["CDS a"]);
    assert.deepEqual(one.set({}).settle(), ["CDS"]);
  });

  it("XDS-37 XDS-38 sends nothing for an ACK, nor for the same content", () => {
    const one = client();
    one.sotw("CDS");
    one.settle();
    one.set({ ...two });
    assert.deepEqual(one.drain(), []);
  });

  it("XDS-39 XDS-40 ignores a stale nonce and the names with it until they come with the current one", () => {
    const one = client();
    one.sotw("EDS", { names: ["x"] });
    const first = one.next();
    one.ack("EDS");
    one.set({ ...two, EDS: { x: "2", y: "1" } });
    one.drain();
    const outcomes = one.sotw("EDS", { names: ["x", "y"], nonce: first?.nonce ?? "" });
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ["remark"],
    );
    assert.deepEqual(one.drain(), []);
    one.ack("EDS", { names: ["x", "y"] });
    assert.deepEqual(one.drain(), ["EDS y"]);
  });

  it("XDS-41 XDS-42 answers a first request with the nonce and version of an earlier stream", () => {
    const earlier = client();
    earlier.sotw("EDS", { names: ["x"] });
    const said = earlier.next();
    const one = client();
    one.sotw("EDS", { names: ["x"], nonce: said?.nonce ?? "", version: said?.version ?? "" });
    assert.deepEqual(one.drain(), ["EDS x"]);
  });

  it("XDS-42 is silent when a returning client states the version of all clusters, and goes on from there", () => {
    const one = client();
    one.sotw("CDS", { version: one.snapshot.typeSet(urlOf("CDS")).version, nonce: "old" });
    assert.deepEqual(one.drain(), []);
    assert.equal(one.session.status[0]?.state, "SYNCED");
    one.set({ CDS: { a: "2", b: "1" } });
    assert.deepEqual(one.drain(), ["CDS a b"]);
  });

  it("XDS-43 answers a repeated EDS request with its latest nonce again, but not a CDS request", () => {
    const one = client();
    one.sotw("CDS");
    one.sotw("EDS", { names: ["x", "y"] });
    one.settle();
    one.sotw("EDS");
    one.sotw("CDS");
    assert.deepEqual(one.settle(), ["EDS x y"]);
  });

  it("XDS-45 has one response un-ACKed and then sends the newest", () => {
    const one = client();
    one.sotw("CDS");
    one.drain();
    one.set({ CDS: { a: "2" } });
    one.set({ CDS: { a: "3", c: "1" } });
    assert.deepEqual(one.drain(), []);
    one.ack("CDS");
    const said = one.next();
    assert.deepEqual(
      said?.response.plan.resources.map(({ name, bytes }) => `${name}${bytes.toString()}`),
      ["a3", "c1"],
    );
  });
});

describe("SotW session: after a NACK", () => {
  it("XDS-48 XDS-58 records it with nonce, versions, code, text and time, until the next ACK", () => {
    const one = client();
    one.sotw("CDS");
    const good = one.next();
    one.ack("CDS");
    one.set({ CDS: { a: "bad" } });
    const bad = one.next();
    const [outcome] = one.nack("CDS", { error: "a: no" });
    assert.deepEqual(outcome, {
      kind: "nacked",
      typeUrl: urlOf("CDS"),
      refusal: {
        nonce: bad?.nonce,
        version: bad?.version,
        acceptedVersion: good?.version,
        code: 13,
        message: "a: no",
        atMs: 1000,
      },
    });
    assert.equal(one.session.status[0]?.state, "NACKED");
    one.set({ CDS: { a: "good" } }).settle();
    assert.equal(one.session.status[0]?.state, "SYNCED");
    assert.equal(one.session.status[0]?.refusal, undefined);
  });

  it("XDS-49 settles a response that is answered with another version and no error", () => {
    const one = client();
    one.sotw("EDS", { names: ["x"] });
    one.drain();
    assert.deepEqual(one.sotw("EDS", { version: "older" }), []);
    assert.deepEqual(one.drain(), []);
    assert.equal(one.session.status[0]?.ackedVersion, undefined);
    one.set({ EDS: { x: "2" } });
    assert.deepEqual(one.drain(), ["EDS x"]);
  });

  for (const label of ["CDS", "EDS"] as const) {
    const names = label === "EDS" ? ["x"] : [];
    const good: Contents = { [label]: { x: "1" } };
    const bad: Contents = { [label]: { x: "bad" } };

    it(`XDS-50 XDS-52 XDS-53 does not send refused ${label} again; other content, the accepted included, it does`, () => {
      const one = client(good);
      one.sotw(label, { names });
      one.settle();
      one.set(bad).drain();
      one.nack(label);
      assert.deepEqual(one.drain(), []);
      assert.deepEqual(one.set(bad).drain(), []);
      assert.deepEqual(one.set(good).settle(), [`${label} x`]);
      assert.equal(one.session.status[0]?.state, "SYNCED");
    });

    it(`XDS-51 does not send refused ${label} again, were it the first of the stream`, () => {
      const one = client(bad);
      one.sotw(label, { names });
      one.drain();
      one.nack(label);
      assert.deepEqual(one.drain(), []);
      one.set({ [label]: { x: "2" } });
      assert.deepEqual(one.settle(), [`${label} x`]);
    });
  }

  it("XDS-54 XDS-59 honours names in a refusal and counts its repetitions once", () => {
    const one = client();
    one.sotw("EDS", { names: ["x"] });
    one.drain();
    assert.deepEqual(
      one.nack("EDS", { names: ["x", "y"] }).map(({ kind }) => kind),
      ["nacked", "subscribed"],
    );
    assert.deepEqual(one.drain(), ["EDS y"]);
    one.nack("EDS");
    assert.deepEqual(
      one.nack("EDS", { names: ["y"] }).map(({ kind }) => kind),
      ["subscribed"],
    );
  });

  it("XDS-60 does not believe the version of a node that refused on its stream before", () => {
    const one = new SessionClient("sotw", two, {
      isDistrusted: (_node, typeUrl) => typeUrl === urlOf("CDS"),
    });
    one.sotw("CDS", { version: one.snapshot.typeSet(urlOf("CDS")).version });
    assert.deepEqual(one.drain(), ["CDS a b"]);
  });
});

describe("SotW session: removal and order", () => {
  it("XDS-64 says nothing of a removed EDS or RDS resource, and XDS-69 sends it when it returns", () => {
    const one = client();
    one.sotw("EDS", { names: ["x", "y"] });
    one.settle();
    assert.deepEqual(one.set({ EDS: { y: "1" } }).settle(), []);
    assert.deepEqual(one.set({ EDS: { x: "1", y: "1" } }).settle(), ["EDS x"]);
  });

  it("XDS-94 sends a change of several types as CDS, EDS, LDS, RDS", () => {
    const one = client(at("1"));
    one.sotw("RDS", { names: ["r"] });
    one.sotw("LDS");
    one.sotw("EDS", { names: ["x"] });
    one.sotw("CDS");
    one.settle();
    one.set(at("2"));
    assert.deepEqual(one.drain(), ["CDS a", "EDS x", "LDS l", "RDS r"]);
  });

  it("XDS-94 holds listeners and routes back while clusters wait for an ACK, and answers new names meanwhile", () => {
    const one = client({ CDS: { a: "1" }, LDS: { l: "1" }, RDS: { r: "1", q: "1" } });
    one.sotw("CDS");
    one.sotw("LDS");
    one.sotw("RDS", { names: ["r"] });
    one.settle();
    one.set({ CDS: { a: "2" }, LDS: { l: "1" }, RDS: { r: "1", q: "1" } });
    one.drain();
    one.set({ CDS: { a: "3" }, LDS: { l: "3" }, RDS: { r: "3", q: "1" } });
    assert.deepEqual(one.drain(), []);
    one.ack("RDS", { names: ["r", "q"] });
    assert.deepEqual(one.drain(), ["RDS q"]);
    one.ack("RDS");
    one.ack("CDS");
    assert.deepEqual(one.settle(), ["CDS a", "LDS l", "RDS r"]);
  });

  it("XDS-98 XDS-101 answers endpoints and routes without waiting for the ACK of clusters and listeners", () => {
    const one = client({ CDS: { a: edsCluster("a") }, EDS: { a: "1" }, LDS: { l: "1" }, RDS: { r: "1" } });
    one.sotw("CDS");
    one.sotw("LDS");
    one.drain();
    one.sotw("EDS", { names: ["a"] });
    one.sotw("RDS", { names: ["r"] });
    assert.deepEqual(one.drain(), ["EDS a", "RDS r"]);
  });

  it("XDS-43 XDS-99 sends the endpoints of a cluster that changed, unasked", () => {
    const one = client({ CDS: { a: edsCluster("a", "x"), b: edsCluster("b") }, EDS: { x: "1", b: "1" } });
    one.sotw("CDS");
    one.drain();
    one.ack("CDS");
    one.sotw("EDS", { names: ["x", "b"] });
    one.settle();
    one.set({ CDS: { a: edsCluster("a", "x", "2"), b: edsCluster("b") }, EDS: { x: "1", b: "1" } });
    assert.deepEqual(one.drain(), ["CDS a b", "EDS x"]);
  });

  it("XDS-100 answers endpoints that the revision lacks with an empty set when a cluster asks for them", () => {
    const one = client({ CDS: { a: edsCluster("a", "x") }, EDS: { y: "1" } });
    one.sotw("CDS");
    one.settle();
    one.sotw("EDS", { names: ["x", "other"] });
    const said = one.next();
    assert.deepEqual(said?.names, ["x"]);
    assert.deepEqual(said?.response.plan.resources[0]?.bytes, Buffer.from("\n\x01x"));
    one.ack("EDS");
    assert.deepEqual(one.set({ CDS: { a: edsCluster("a", "x") }, EDS: { x: "1" } }).settle(), ["EDS x"]);
  });

  it("XDS-100 XDS-148 answers them so too on a stream that asks for listeners but no clusters, unless it may hold them", () => {
    const one = client({ EDS: { x: "1" } });
    one.sotw("EDS", { names: ["gone", "x"] });
    assert.deepEqual(one.settle(), ["EDS x"]);
    one.sotw("LDS");
    one.settle();
    one.set({});
    one.sotw("EDS", { names: ["gone", "x", "new"] });
    assert.deepEqual(one.settle(), ["EDS new"]);
    one.sotw("EDS", { names: ["gone", "new"] });
    one.sotw("EDS", { names: ["gone", "new", "x"] });
    assert.deepEqual(one.settle(), ["EDS x"]);
  });

  it("XDS-105 XDS-106 sends all types from the newest revision, whatever of an older one is still to come", () => {
    const one = client({ CDS: { a: "1" }, LDS: { l: "1" } });
    one.sotw("CDS");
    one.sotw("LDS");
    one.settle();
    one.set({ CDS: { a: "2" }, LDS: { l: "2" } });
    assert.deepEqual(one.next()?.names, ["a"]);
    one.set({ CDS: { a: "2" }, LDS: { m: "3" } });
    assert.deepEqual(one.drain(), ["LDS m"]);
  });
});

describe("sessions of one server", () => {
  it("XDS-127 share the encoded response of equal content", () => {
    const server = newServer();
    const make = () => new SessionClient("sotw", undefined, { server });
    const [one, other] = [make(), make()];
    const shared = one.set(two).snapshot;
    other.session.assign(shared);
    for (const label of ["CDS"]) {
      one.sotw(label);
      other.sotw(label);
      other.session.assign(shared);
      assert.equal(one.next()?.response.bytes, other.next()?.response.bytes);
    }
    one.sotw("EDS", { names: ["x", "y"] });
    other.sotw("EDS", { names: ["y", "x"] });
    assert.equal(one.next()?.response.bytes, other.next()?.response.bytes);
  });
});
