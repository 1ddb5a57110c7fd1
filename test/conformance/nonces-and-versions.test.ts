import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Contents, WireServer } from "./wire-client.ts";

const contents: Contents = {
  CDS: { a: "1", b: "1" },
  EDS: { x: "1", y: "1" },
  LDS: { l: "1" },
  RDS: { r: "1" },
};
const changed: Contents = { ...contents, CDS: { a: "2", b: "1" }, EDS: { x: "2", y: "1" } };

/** Versions of CDS that a client is told as a server goes through these contents. */
async function versionsOf(all: readonly Contents[]): Promise<readonly (string | undefined)[]> {
  await using server = await WireServer.start(all[0] ?? {});
  const client = server.open("sotw");
  client.ask("CDS");
  const versions: (string | undefined)[] = [];
  for (const next of all) {
    server.set(next);
    await client.settle();
    versions.push(client.last("CDS")?.version);
  }
  return versions;
}

describe("sotw on the wire: nonces and versions", () => {
  it("XDS-33 every response has a nonce that its stream never used before", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    const nonces = new Set<string>();
    client.ask("CDS");
    for (const text of ["2", "3", "4", "5"]) {
      await client.settle();
      nonces.add(client.last("CDS")?.nonce ?? "");
      server.set({ ...contents, CDS: { a: text } });
    }
    assert.equal(nonces.size, 4);
    assert.equal(nonces.has(""), false);
  });

  it("XDS-34 equal content has the equal version, on other servers too, and content that returns its old one", async () => {
    const [one, two, again] = await versionsOf([contents, changed, contents]);
    assert.ok(one);
    assert.notEqual(two, one);
    assert.equal(again, one);
    assert.deepEqual(await versionsOf([changed]), [two]);
  });

  it("XDS-35 XDS-36 a change of one type sends no other, and of CDS the full set", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("CDS");
    client.ask("EDS", { names: ["x"] });
    client.ask("LDS");
    await client.settle();
    server.set({ ...contents, EDS: { x: "2", y: "1" } });
    assert.deepEqual(await client.settle(), ["EDS x"]);
    server.set({ ...contents, EDS: { x: "2", y: "1" }, CDS: { a: "2", b: "1" } });
    assert.deepEqual(await client.due(), ["CDS a b"]);
  });

  it("XDS-37 an ACK gets no answer, and XDS-38 the same content again sends nothing", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("CDS");
    assert.deepEqual(await client.due(), ["CDS a b"]);
    client.ack("CDS");
    assert.deepEqual(await client.due(), []);
    server.set({ ...contents });
    assert.deepEqual(await client.due(), []);
  });

  it("XDS-39 XDS-40 a stale nonce counts for nothing, and neither do its names, until they come with the current one", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("EDS", { names: ["x"] });
    await client.settle();
    const stale = client.last("EDS")?.nonce ?? "";
    server.set(changed);
    assert.deepEqual(await client.due(), ["EDS x"]);
    client.ask("EDS", { names: ["x", "y"], nonce: stale });
    assert.deepEqual(await client.due(), []);
    client.ack("EDS", { names: ["x", "y"] });
    assert.deepEqual(await client.due(), ["EDS y"]);
  });

  it("XDS-41 a nonce of an earlier stream counts as none", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("EDS", { names: ["x"], nonce: "of-before", version: "of-before" });
    assert.deepEqual(await client.due(), ["EDS x"]);
  });

  it("XDS-42 a first request of EDS is answered whatever version it states, one of CDS at the current version is not", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("CDS", { version: server.setVersionOf("CDS") });
    client.ask("EDS", { names: ["x", "y"], version: server.setVersionOf("EDS") });
    assert.deepEqual(await client.due(), ["EDS x y"]);
  });

  it("XDS-43 an EDS request that repeats names, version and the accepted nonce is answered again", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("EDS", { names: ["x"] });
    await client.settle();
    client.ack("EDS");
    assert.deepEqual(await client.due(), ["EDS x"]);
  });

  it("XDS-45 XDS-123 what changes before the ACK is merged and sent after it, the newest alone", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("CDS");
    assert.deepEqual(await client.due(), ["CDS a b"]);
    for (const text of ["2", "3", "4"]) server.set({ ...contents, CDS: { a: text, b: text } });
    assert.deepEqual(await client.due(), []);
    client.ack("CDS");
    assert.deepEqual(await client.due(), ["CDS a b"]);
    assert.equal(client.last("CDS")?.version, server.setVersionOf("CDS"));
    client.ack("CDS");
    assert.deepEqual(await client.due(), []);
  });

  it("XDS-46 no name is twice in a response, however it is asked for", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("LDS", { names: ["*", "l", "l"] });
    assert.deepEqual(await client.due(), ["LDS l"]);
  });

  it("XDS-47 streams with the same content are told the same version, whether they name it or not", async () => {
    await using server = await WireServer.start(contents);
    const [all, named] = [server.open("sotw"), server.open("sotw")];
    all.ask("CDS");
    named.ask("CDS", { names: ["b", "a"] });
    await all.due();
    await named.due();
    assert.equal(all.last("CDS")?.version, named.last("CDS")?.version);
  });
});
