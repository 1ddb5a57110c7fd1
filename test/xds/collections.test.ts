import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectionOf, isCollection } from "../../src/xds/collections.ts";
import { type Contents, SessionClient } from "./session-client.ts";

const base = "xdstp://chancery/envoy.config.cluster.v3.Cluster";
const contents: Contents = {
  CDS: {
    plain: "1",
    [`${base}/a/1`]: "1",
    [`${base}/a/2`]: "1",
    [`${base}/a/deep/3`]: "1",
    [`${base}/b/4`]: "1",
  },
};

const short = (lines: readonly string[]) => lines.map((line) => line.replaceAll(`${base}/`, ""));

describe("names of collections", () => {
  const rows: Readonly<Record<string, { isCollection: boolean; collection: string | undefined }>> = {
    "xdstp://x/t/a/*": { isCollection: true, collection: "xdstp://x/t/a/*" },
    "xdstp://x/t/a/1": { isCollection: false, collection: "xdstp://x/t/a/*" },
    "xdstp://x/t/a/*?b=2&a=1": { isCollection: true, collection: "xdstp://x/t/a/*?a=1&b=2" },
    "xdstp://x/t/a/1?b=2&a=1#part": { isCollection: false, collection: "xdstp://x/t/a/*?a=1&b=2" },
    "xdstp://x/t/a/1?to=/*": { isCollection: false, collection: "xdstp://x/t/a/*?to=/*" },
    "*": { isCollection: false, collection: undefined },
    "a/*": { isCollection: false, collection: undefined },
    "https://x/t/a/*": { isCollection: false, collection: undefined },
  };
  for (const [name, { isCollection: expected, collection }] of Object.entries(rows)) {
    it(`XDS-32 ${name} is ${expected ? "" : "no "}collection, of ${collection ?? "none"}`, () => {
      assert.equal(isCollection(name), expected);
      assert.equal(collectionOf(name), collection);
    });
  }
});

for (const kind of ["delta", "sotw"] as const) {
  const ask = (client: SessionClient, names: readonly string[]) =>
    kind === "delta" ? client.delta("CDS", { subscribe: names }) : client.sotw("CDS", { names });
  const full = (delta: string, sotw: string) => (kind === "delta" ? delta : sotw);

  describe(`${kind}: a subscription to a collection`, () => {
    it("XDS-32 brings the members of that collection alone, and never stands for everything", () => {
      const client = new SessionClient(kind, contents);
      ask(client, [`${base}/a/*`]);
      assert.deepEqual(short(client.drain()), ["CDS a/1 a/2"]);
    });

    it("XDS-32 of another authority, or of parameters that nothing has, is empty", () => {
      for (const name of ["xdstp://elsewhere/envoy.config.cluster.v3.Cluster/a/*", `${base}/a/*?x=1`]) {
        const client = new SessionClient(kind, contents);
        ask(client, [name]);
        assert.deepEqual(client.drain(), [full(`CDS -${name}`, "CDS")]);
      }
    });

    it("XDS-32 follows members that come, change and go", () => {
      const client = new SessionClient(kind, contents);
      ask(client, [`${base}/a/*`, "plain"]);
      client.settle();
      const { [`${base}/a/2`]: _, ...rest } = contents.CDS ?? {};
      client.set({ CDS: { ...rest, [`${base}/a/1`]: "2", [`${base}/a/5`]: "1", [`${base}/b/6`]: "1" } });
      assert.deepEqual(short(client.drain()), [full("CDS a/1 a/5 -a/2", "CDS a/1 a/5 plain")]);
    });

    it("XDS-20 sends what is in it and asked for by name once", () => {
      const client = new SessionClient(kind, contents);
      ask(client, [`${base}/a/*`, `${base}/a/1`]);
      assert.deepEqual(short(client.drain()), ["CDS a/1 a/2"]);
    });

    it("XDS-32 is told of the collection that another one is asked for beside it", () => {
      const client = new SessionClient(kind, contents);
      ask(client, [`${base}/a/*`]);
      client.settle();
      ask(client, [`${base}/a/*`, `${base}/b/*`]);
      assert.deepEqual(short(client.drain()), ["CDS a/1 a/2 b/4"]);
    });
  });
}

describe("delta: a collection", () => {
  it("XDS-79 brings nothing more after its unsubscription", () => {
    const client = new SessionClient("delta", contents);
    client.delta("CDS", { subscribe: [`${base}/a/*`, "plain"] });
    client.settle();
    client.delta("CDS", { unsubscribe: [`${base}/a/*`] });
    client.set({ CDS: { ...contents.CDS, [`${base}/a/1`]: "2" } });
    assert.deepEqual(client.drain(), []);
  });

  it("XDS-84 counts what a client states, and removes what is no more", () => {
    const first = new SessionClient("delta", contents);
    first.delta("CDS", { subscribe: [`${base}/a/*`] });
    const versions = first.next()?.response.plan.resources.map(({ name, version }) => [name, version]) ?? [];
    const client = new SessionClient("delta", contents);
    client.delta("CDS", {
      subscribe: [`${base}/a/*`],
      initial: { ...Object.fromEntries(versions), [`${base}/a/9`]: "1", [`${base}/b/9`]: "1" },
    });
    assert.deepEqual(short(client.drain()), ["CDS -a/9"]);
  });
});
