import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Contents, WireServer } from "./wire-client.ts";

const contents: Contents = {
  CDS: { a: "1", b: "1" },
  EDS: { x: "1", y: "1" },
  LDS: { l: "1", k: "1" },
  RDS: { r: "1", q: "1" },
  SDS: { s: "1" },
  ECDS: { e: "1" },
  RTDS: { t: "1" },
  VHDS: { "r/v": "1" },
};

for (const kind of ["sotw", "delta"] as const) {
  const isSotw = kind === "sotw";

  describe(`${kind} on the wire: what a client asks for`, () => {
    it("XDS-18 XDS-72 a first request of CDS or LDS without names is for everything, in one response", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS");
      client.ask("LDS");
      assert.deepEqual(await client.due(), ["CDS a b", "LDS l k"]);
    });

    it("XDS-18 XDS-72 it is answered although there is nothing", async () => {
      await using server = await WireServer.start({});
      const client = server.open(kind);
      client.ask("CDS");
      client.ask("LDS");
      assert.deepEqual(await client.due(), ["CDS", "LDS"]);
    });

    it("XDS-19 XDS-73 the name * is for everything, also later and beside names", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS", { names: ["*"] });
      client.ask("EDS", { names: ["x"] });
      assert.deepEqual(await client.settle(), ["CDS a b", "EDS x"]);
      client.ask("EDS", { names: isSotw ? ["x", "*"] : ["*"] });
      const [said = ""] = await client.due();
      assert.ok(said.includes("y"), said);
    });

    it("XDS-20 * together with names gives each resource once", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS", { names: ["*", "a"] });
      assert.deepEqual(await client.due(), ["CDS a b"]);
    });

    it("XDS-21 XDS-82 when * goes, the names stay, and are all that is served", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS", { names: ["*", "a"] });
      await client.settle();
      if (isSotw) client.ack("CDS", { names: ["a"] });
      else client.ask("CDS", { unsubscribe: ["*"] });
      await client.settle();
      server.set({ ...contents, CDS: { a: "2", b: "2" } });
      assert.deepEqual(await client.due(), ["CDS a"]);
    });

    for (const label of ["EDS", "RDS", "SDS", "ECDS", "RTDS"] as const) {
      it(`XDS-23 a first request of ${label} without names is for nothing`, async () => {
        await using server = await WireServer.start(contents);
        const client = server.open(kind);
        client.ask(label);
        assert.deepEqual(await client.due(), []);
      });
    }

    for (const label of ["CDS", "LDS", "EDS", "RDS", "SDS"] as const) {
      it(`XDS-24 XDS-31 names of ${label} bring exactly these`, async () => {
        await using server = await WireServer.start(contents);
        const client = server.open(kind);
        const [name = ""] = Object.keys(contents[label] ?? {});
        client.ask(label, { names: [name] });
        assert.deepEqual(await client.due(), [`${label} ${name}`]);
      });
    }

    it("XDS-25 a name that does not exist holds back nothing", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("EDS", { names: ["gone", "x"] });
      assert.deepEqual(await client.due(), [isSotw ? "EDS x" : "EDS x -gone"]);
    });

    it("XDS-26 a name that comes to exist is sent then, also when nothing asked for existed before", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("RDS", { names: ["late"] });
      await client.settle();
      server.set({ ...contents, RDS: { ...contents.RDS, late: "1" } });
      assert.deepEqual(await client.due(), ["RDS late"]);
    });

    it("XDS-27 a name that is added is sent although no version has changed", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("EDS", { names: ["x"] });
      await client.settle();
      client.ask("EDS", { names: isSotw ? ["x", "y"] : ["y"], nonce: client.last("EDS")?.nonce ?? "" });
      assert.deepEqual(await client.due(), ["EDS y"]);
    });

    it("XDS-28 a name that was dropped and is asked for again is sent again", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("EDS", { names: ["x", "y"] });
      await client.settle();
      if (isSotw) client.ack("EDS", { names: ["x"] });
      else client.ask("EDS", { unsubscribe: ["y"] });
      assert.deepEqual(await client.due(), []);
      client.ack("EDS", { names: isSotw ? ["x", "y"] : ["y"] });
      assert.deepEqual(await client.due(), ["EDS y"]);
    });

    it("XDS-29 a name listed twice is sent once", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("EDS", { names: ["x", "x"] });
      assert.deepEqual(await client.due(), ["EDS x"]);
    });

    it("XDS-32 a name that looks like a pattern is a name, unless it is that of a collection", async () => {
      await using server = await WireServer.start({
        EDS: { "xdstp://a/t/c/1": "1", "xdstp://a/t/c/2": "1", "xdstp://a/t/d/3": "1", "c/1": "1" },
      });
      const client = server.open(kind);
      client.ask("EDS", { names: ["xdstp://a/t/c/*", "c/*"] });
      const expected = "EDS xdstp://a/t/c/1 xdstp://a/t/c/2";
      assert.deepEqual(await client.due(), [isSotw ? expected : `${expected} -c/*`]);
    });
  });
}

describe("sotw on the wire: lists of names", () => {
  it("XDS-22 an empty list after a list with names means nothing", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("EDS", { names: ["x"] });
    await client.settle();
    client.ack("EDS", { names: [] });
    assert.deepEqual(await client.due(), []);
    server.set({ ...contents, EDS: { x: "2" } });
    assert.deepEqual(await client.due(), []);
  });

  it("XDS-22 so does an empty first list with a version, as Envoy sends it on a new stream", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("EDS", { names: [], version: "from-before" });
    assert.deepEqual(await client.due(), []);
  });

  it("XDS-30 the same names in another order are no change", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("LDS", { names: ["l", "k"] });
    await client.settle();
    client.ack("LDS", { names: ["k", "l"] });
    assert.deepEqual(await client.due(), []);
  });
});
