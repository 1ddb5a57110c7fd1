import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StreamKind } from "../../src/xds/events.ts";
import { newServer, SessionClient, urlOf, type Contents } from "./session-client.ts";

/** A listener, its routes, the cluster that they lead to and its endpoints. */
function chain(cluster: string, text = ""): Contents {
  return {
    CDS: { [cluster]: `EDS/${cluster}e${text}` },
    EDS: { [`${cluster}e`]: `1${text}` },
    LDS: { l: "RDS/r" },
    RDS: { r: `CDS/${cluster}` },
  };
}

/** Speaks for a client on an aggregated stream that has settled with these contents. */
class Conversation {
  readonly client: SessionClient;
  readonly #kind: StreamKind;

  constructor(kind: StreamKind, contents: Contents) {
    this.#kind = kind;
    this.client = new SessionClient(kind, contents, { server: newServer({ order: true }) });
    this.ask("CDS", []);
    this.ask("LDS", []);
    this.ask("EDS", Object.keys(contents.EDS ?? {}));
    this.ask("RDS", Object.keys(contents.RDS ?? {}));
    this.client.settle();
  }

  /** SotW: the whole list; delta: a subscription to it. */
  ask(label: string, names: readonly string[]): void {
    if (this.#kind === "sotw") this.client.sotw(label, { names });
    else this.client.delta(label, { subscribe: names });
  }

  /** All that is due now, un-ACKed. */
  get due(): readonly string[] {
    return this.client.drain();
  }
}

const kinds = ["sotw", "delta"] as const;

/** What SotW says by the whole set and delta by the difference. */
const said = (kind: StreamKind, sotw: readonly string[], delta: readonly string[]) =>
  kind === "sotw" ? sotw : delta;

for (const kind of kinds) {
  describe(`${kind} session: make before break`, () => {
    it("XDS-96 XDS-97 renames a cluster behind a route in steps that the client's ACKs lead on", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set(chain("b"));
      assert.deepEqual(one.due, said(kind, ["CDS b a"], ["CDS b"]));
      one.ask("EDS", kind === "sotw" ? ["ae", "be"] : ["be"]);
      assert.deepEqual(one.due, ["EDS be"]);
      one.client.ack("CDS");
      assert.deepEqual(one.due, [], "the endpoints are not accepted yet");
      one.client.ack("EDS");
      assert.deepEqual(one.due, ["RDS r"]);
      assert.deepEqual(one.due, [], "the old route is still the accepted one");
      one.client.ack("RDS");
      assert.deepEqual(one.due, said(kind, ["CDS b"], ["CDS -a"]));
      one.client.ack("CDS");
      assert.deepEqual(one.due, said(kind, [], ["EDS -ae"]));
      one.client.ack("EDS");
      assert.ok(one.client.session.status.every(({ state }) => state === "SYNCED"));
      assert.deepEqual(one.client.remarks, []);
      assert.equal(one.client.session.wakeAtMs, undefined);
    });

    it("XDS-97 does not wait for a CDS ACK only to send endpoints (XDS-98)", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set(chain("b"));
      assert.deepEqual(one.due, said(kind, ["CDS b a"], ["CDS b"]));
      one.ask("EDS", kind === "sotw" ? ["ae", "be"] : ["be"]);
      assert.deepEqual(one.due, ["EDS be"]);
      one.client.ack("EDS");
      assert.deepEqual(one.due, [], "Envoy holds back the ACK of a cluster that warms");
      one.client.ack("CDS");
      assert.deepEqual(one.due, ["RDS r"]);
    });

    it("XDS-97 holds back a listener for the clusters of its routes", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set({
        CDS: { a: "EDS/ae", b: "static" },
        EDS: { ae: "1" },
        LDS: { l: "RDS/r", m: "RDS/s" },
        RDS: { r: "CDS/a", s: "CDS/b" },
      });
      assert.deepEqual(one.due, said(kind, ["CDS a b"], ["CDS b"]));
      one.client.ack("CDS");
      assert.deepEqual(one.due, said(kind, ["LDS l m"], ["LDS m"]));
    });

    it("XDS-97 lets changes pass that need nothing new, also while a new cluster warms", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set({
        ...chain("a"),
        CDS: { a: "EDS/ae", b: "static" },
        RDS: { r: "CDS/a other" },
      });
      assert.deepEqual(one.due, [said(kind, ["CDS a b"], ["CDS b"])[0], "RDS r"]);
    });

    it("XDS-97 goes ahead after the deadline, and says so", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set(chain("b")).drain();
      assert.equal(one.client.session.wakeAtMs, 20_000);
      one.client.nowMs = 19_999;
      assert.deepEqual(one.due, []);
      one.client.nowMs = 20_000;
      assert.deepEqual(one.due, ["RDS r"]);
      one.client.ack("RDS");
      assert.deepEqual(one.client.remarks, [
        {
          kind: "orderTimeout",
          wait: "change",
          typeUrl: urlOf("RDS"),
          names: ["b"],
          waitedMs: 20_000,
        },
      ]);
    });

    it("XDS-96 removes after the deadline what the client still names, and says so once", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set({ ...chain("b"), CDS: { b: "static" }, EDS: {} }).drain();
      one.client.ack("CDS");
      assert.deepEqual(one.due, ["RDS r"]);
      one.client.nowMs = 20_000;
      assert.deepEqual(one.due, said(kind, ["CDS b"], ["CDS -a"]));
      one.client.ack("CDS");
      assert.deepEqual(one.client.settle(), said(kind, [], ["EDS -ae"]));
      assert.deepEqual(
        one.client.remarks.map((remark) => remark.kind === "orderTimeout" && [remark.wait, remark.names]),
        [["removal", ["a"]]],
      );
    });

    it("XDS-96 never takes away what a refused route still leads to", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set({ ...chain("b"), CDS: { b: "static" } }).drain();
      one.client.ack("CDS");
      assert.deepEqual(one.due, ["RDS r"]);
      one.client.nack("RDS");
      one.client.nowMs = 3_600_000;
      assert.deepEqual(one.due, []);
      assert.deepEqual(one.client.remarks, []);
      one.client.set({ ...chain("b"), CDS: { b: "static" }, RDS: { r: "CDS/b repaired" } });
      assert.deepEqual(one.due, ["RDS r"]);
      one.client.ack("RDS");
      assert.deepEqual(one.due, said(kind, ["CDS b"], ["CDS -a"]));
    });

    it("XDS-68 removes users before what they use, through any number of types", () => {
      const one = new Conversation(kind, chain("a"));
      one.client.set({ LDS: { other: "1" } });
      assert.deepEqual(one.due, said(kind, ["LDS other"], ["LDS other -l"]));
      one.client.ack("LDS");
      if (kind === "delta") {
        assert.deepEqual(one.due, ["RDS -r"]);
        one.client.ack("RDS");
      }
      assert.deepEqual(one.due, said(kind, ["CDS"], ["CDS -a"]));
      one.client.ack("CDS");
      assert.deepEqual(one.client.settle(), said(kind, [], ["EDS -ae"]));
    });

    it("XDS-68 removes a secret after the cluster that names it", () => {
      const one = new Conversation(kind, { CDS: { a: "SDS/s" }, LDS: { l: "CDS/a" }, SDS: { s: "1" } });
      one.ask("SDS", ["s"]);
      one.client.settle();
      one.client.set({ CDS: { a: "plain" }, LDS: { l: "CDS/a" } });
      assert.deepEqual(one.due, ["CDS a"]);
      one.client.ack("CDS");
      assert.deepEqual(one.due, said(kind, [], ["SDS -s"]));
    });

    it("XDS-106 a newer revision takes over, and only what is still named stays", () => {
      const one = new Conversation(kind, { ...chain("a"), CDS: { a: "static" }, EDS: {} });
      one.client.set({ LDS: { l: "RDS/r" }, CDS: { b: "static" }, RDS: { r: "CDS/b" } });
      assert.deepEqual(one.due, said(kind, ["CDS b a"], ["CDS b"]));
      one.client.set({ LDS: { l: "RDS/r" }, CDS: { c: "static" }, RDS: { r: "CDS/c" } });
      assert.deepEqual(one.due, []);
      one.client.ack("CDS");
      assert.deepEqual(one.due, said(kind, ["CDS c a"], ["CDS c -b"]));
      one.client.ack("CDS");
      assert.deepEqual(one.due, ["RDS r"]);
      one.client.ack("RDS");
      assert.deepEqual(one.due, said(kind, ["CDS c"], ["CDS -a"]));
    });

    it("XDS-106 going back half way sends nothing that the client never gave up", () => {
      const old = { ...chain("a"), CDS: { a: "static" }, EDS: {} };
      const one = new Conversation(kind, old);
      one.client.set({ ...old, CDS: { b: "static" }, RDS: { r: "CDS/b" } }).drain();
      one.client.set(old);
      one.client.ack("CDS");
      assert.deepEqual(one.due, said(kind, ["CDS a"], ["CDS -b"]));
      one.client.ack("CDS");
      assert.deepEqual(one.due, []);
    });

    it("XDS-96 gives a stream of one type what it asks for without waiting for types it cannot see", () => {
      const service = { kind: "type", typeUrl: urlOf("CDS") } as const;
      const server = newServer({ order: true });
      const client = new SessionClient(kind, chain("a"), { service, server });
      if (kind === "sotw") client.sotw("CDS");
      else client.delta("CDS");
      client.settle();
      assert.deepEqual(client.set(chain("b")).drain(), said(kind, ["CDS b"], ["CDS b -a"]));
    });

    it("XDS-148 does not wait for clusters on a stream that never asks for them", () => {
      const client = new SessionClient(kind, chain("a"), { server: newServer({ order: true }) });
      const ask = (label: string, names: readonly string[]) =>
        kind === "sotw" ? client.sotw(label, { names }) : client.delta(label, { subscribe: names });
      ask("LDS", []);
      ask("RDS", ["r"]);
      client.settle();
      assert.deepEqual(client.set(chain("b")).drain(), ["RDS r"]);
    });

    it("sends the listeners of a client that never accepts clusters after the deadline", () => {
      const client = new SessionClient(kind, chain("a"), { server: newServer({ order: true }) });
      const ask = (label: string) => (kind === "sotw" ? client.sotw(label) : client.delta(label));
      ask("CDS");
      ask("LDS");
      assert.deepEqual(client.drain(), ["CDS a", "LDS l"]);
      client.ack("LDS");
      client.set({ ...chain("c"), LDS: { l: "RDS/r changed" } });
      assert.deepEqual(client.drain(), [], "the clusters have changes that cannot be sent");
      client.nowMs = 20_000;
      assert.deepEqual(client.drain(), ["LDS l"]);
      assert.deepEqual(
        client.remarks.map((remark) => remark.kind === "orderTimeout" && [remark.wait, remark.names]),
        [["change", ["CDS", "c"]]],
      );
    });
  });
}

for (const kind of kinds) {
  describe(`${kind} session: a request while changes are held back`, () => {
    const before: Contents = { ...chain("a"), RDS: { r: "CDS/a", q: "CDS/a" } };
    const after: Contents = { ...chain("b"), RDS: { r: "CDS/b", q: "CDS/b" } };

    it("XDS-97 XDS-101 is answered at once, and brings none of the held changes with it", () => {
      const one = new Conversation(kind, { ...before, RDS: { r: "CDS/a" } });
      one.client.set(after);
      one.client.drain();
      one.ask("RDS", kind === "sotw" ? ["r", "q"] : ["q"]);
      assert.deepEqual(one.due, ["RDS q"]);
      one.client.ack("RDS");
      assert.deepEqual(one.due, [], "the clusters are not accepted yet");
      one.client.ack("CDS");
      one.ask("EDS", ["be"]);
      assert.ok(one.client.settle().includes("RDS r"));
    });

    it("XDS-97 XDS-24 of a full-state type is answered with what was asked for, beside what was sent before", () => {
      const named: Contents = { ...chain("a"), LDS: { l: "CDS/a", k: "CDS/a" }, RDS: {} };
      const one = new SessionClient(kind, named, { server: newServer({ order: true }) });
      const ask = (label: string, names: readonly string[]) =>
        kind === "sotw" ? one.sotw(label, { names }) : one.delta(label, { subscribe: names });
      ask("CDS", []);
      ask("EDS", ["ae"]);
      ask("LDS", ["l"]);
      one.settle();
      one.set({ ...chain("b"), LDS: { l: "CDS/b", k: "CDS/b" }, RDS: {} });
      one.drain();
      ask("LDS", kind === "sotw" ? ["l", "k"] : ["k"]);
      const plan = one.next()?.response.plan;
      const texts = plan?.resources.map(({ name, bytes }) => `${name} ${bytes.toString()}`);
      assert.deepEqual(texts, said(kind, ["l CDS/a", "k CDS/b"], ["k CDS/b"]));
    });
  });
}

describe("delta session: a client that comes back", () => {
  it("XDS-96 XDS-84 gives up a cluster only after it has accepted what replaces its listeners and routes", () => {
    const one = new SessionClient("delta", chain("b"), { server: newServer({ order: true }) });
    one.delta("CDS", { initial: { a: "1" } });
    assert.deepEqual(one.drain(), ["CDS b"]);
    one.ack("CDS");
    one.delta("EDS", { subscribe: ["be"], initial: { ae: "1" } });
    one.delta("LDS", { initial: { l: "old" } });
    one.delta("RDS", { subscribe: ["r"], initial: { r: "old" } });
    assert.deepEqual(one.drain(), ["EDS be", "LDS l", "RDS r"]);
    one.ack("EDS");
    one.ack("LDS");
    assert.deepEqual(one.drain(), [], "the routes are not accepted yet");
    one.ack("RDS");
    assert.deepEqual(one.drain(), ["CDS -a"]);
    assert.deepEqual(
      one.session.status.map(({ state }) => state),
      ["STALE", "SYNCED", "SYNCED", "SYNCED"],
    );
    one.ack("CDS");
    assert.deepEqual(one.drain(), []);
  });

  it("XDS-96 gives it up after the deadline, and this is said", () => {
    const one = new SessionClient("delta", chain("b"), { server: newServer({ order: true }) });
    one.delta("CDS", { initial: { a: "1" } });
    assert.deepEqual(one.settle(), ["CDS b"]);
    one.nowMs = 20_000;
    assert.deepEqual(one.drain(), ["CDS -a"]);
    assert.deepEqual(
      one.remarks.map((remark) => remark.kind === "orderTimeout" && [remark.wait, ...remark.names]),
      [["removal", "a"]],
    );
  });

  it("XDS-84 gives up listeners at once, for nothing names them", () => {
    const one = new SessionClient("delta", chain("b"), { server: newServer({ order: true }) });
    one.delta("LDS", { initial: { gone: "1" } });
    assert.deepEqual(one.drain(), ["LDS l -gone"]);
  });

  it("XDS-70 is told at once of what it asks for by name and what is no more", () => {
    const one = new SessionClient("delta", chain("b"), { server: newServer({ order: true }) });
    one.delta("CDS", { subscribe: ["a", "b"], initial: { a: "1" } });
    assert.deepEqual(one.drain(), ["CDS b -a"]);
  });

  it("XDS-96 gives up nothing that has come back meanwhile", () => {
    const one = new SessionClient("delta", chain("b"), { server: newServer({ order: true }) });
    one.delta("CDS", { initial: { a: "1" } });
    assert.deepEqual(one.settle(), ["CDS b"]);
    const { CDS: a } = chain("a");
    one.set({ ...chain("b"), CDS: { ...chain("b").CDS, ...a } });
    assert.deepEqual(one.settle(), ["CDS a"]);
    one.nowMs = 60_000;
    assert.deepEqual(one.drain(), []);
  });
});

describe("order among streams", () => {
  for (const kind of kinds) {
    it(`${kind}: XDS-127 streams at the same step are sent the same bytes`, () => {
      const server = newServer({ order: true });
      const [one, other] = [0, 1].map(() => {
        const client = new SessionClient(kind, undefined, { server });
        client.session.assign(undefined);
        return client;
      });
      const first = new SessionClient(kind, chain("a"), { server });
      const snapshots = [first.snapshot, first.set(chain("b")).snapshot];
      const bytes = [one!, other!].map((client) => {
        const ask = (label: string, names: readonly string[]) =>
          kind === "sotw" ? client.sotw(label, { names }) : client.delta(label, { subscribe: names });
        ask("CDS", []);
        ask("RDS", ["r"]);
        client.session.assign(snapshots[0]);
        client.settle();
        client.session.assign(snapshots[1]);
        return client.next()?.response.bytes;
      });
      assert.ok(bytes[0]);
      assert.equal(bytes[0], bytes[1]);
    });
  }
});
