import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Contents, WireServer } from "./wire-client.ts";

const contents: Contents = { CDS: { a: "1", b: "1" }, EDS: { x: "1", y: "1" }, SDS: { s: "1" } };

describe("delta on the wire", () => {
  it("XDS-65 XDS-75 sends what changed, names what is gone, and nothing else", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("CDS");
    await client.settle();
    server.set({ ...contents, CDS: { a: "2", b: "1", c: "1" } });
    assert.deepEqual(await client.settle(), ["CDS a c"]);
    server.set({ ...contents, CDS: { b: "1", c: "1" } });
    assert.deepEqual(await client.settle(), ["CDS -a"]);
  });

  it("XDS-66 names as removed only what the client was sent, states or asks for", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { names: ["x"] });
    await client.settle();
    server.set({ ...contents, EDS: {} });
    assert.deepEqual(await client.due(), ["EDS -x"]);
  });

  it("XDS-69 a name that was removed and made anew is sent", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { names: ["x"] });
    await client.settle();
    server.set({ ...contents, EDS: {} });
    await client.settle();
    server.set(contents);
    assert.deepEqual(await client.due(), ["EDS x"]);
  });

  it("XDS-70 a name that does not exist is answered at once as removed", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("SDS", { names: ["gone"] });
    assert.deepEqual(await client.due(), ["SDS -gone"]);
  });

  it("XDS-74 XDS-89 resources have their own name and a version, responses that of the content", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("CDS");
    await client.due();
    const response = client.last("CDS");
    assert.deepEqual(
      response?.resources.map(({ name, version }) => [name, version]),
      ["a", "b"].map((name) => [name, server.versionOf("CDS", name)]),
    );
    assert.equal(response?.version, server.setVersionOf("CDS"));
  });

  it("XDS-76 XDS-77 a subscription is served while a response is un-ACKed, whatever nonce it carries", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { names: ["x"] });
    assert.deepEqual(await client.due(), ["EDS x"]);
    client.ask("EDS", { names: ["y"], nonce: "never-sent" });
    assert.deepEqual(await client.due(), ["EDS y"]);
  });

  it("XDS-78 a name that is subscribed to again is sent again", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { names: ["x"] });
    await client.settle();
    client.ask("EDS", { names: ["x"] });
    assert.deepEqual(await client.due(), ["EDS x"]);
  });

  it("XDS-79 XDS-80 after an unsubscription nothing more comes, and it is not answered, asked for or not", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { names: ["x", "y"] });
    await client.settle();
    client.ask("EDS", { unsubscribe: ["x", "never"] });
    assert.deepEqual(await client.due(), []);
    server.set({ ...contents, EDS: { x: "2", y: "1" } });
    assert.deepEqual(await client.due(), []);
  });

  it("XDS-81 under a wildcard, unsubscribing from a name is answered with what the wildcard makes of it", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("CDS", { names: ["*", "a", "gone"] });
    await client.settle();
    client.ask("CDS", { unsubscribe: ["a", "gone"] });
    assert.deepEqual(await client.due(), ["CDS a -gone"]);
  });

  it("XDS-82 a name beside a legacy wildcard leaves it in force", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("CDS");
    await client.settle();
    client.ask("CDS", { names: ["a"] });
    await client.settle();
    server.set({ ...contents, CDS: { a: "1", b: "2" } });
    assert.deepEqual(await client.due(), ["CDS b"]);
  });

  it("XDS-84 XDS-85 what is stated at the current version is not sent, what differs is, what is gone is removed", async () => {
    await using server = await WireServer.start(contents);
    const initial = { x: server.versionOf("EDS", "x"), y: "other", gone: "1" };
    await using replica = await WireServer.start(contents);
    const client = replica.open("delta");
    client.ask("EDS", { names: ["x", "y", "gone"], initial });
    assert.deepEqual(await client.due(), ["EDS y -gone"]);
  });

  it("XDS-86 XDS-87 versions stated later, or without a subscription, count for nothing", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { initial: { x: "1" } });
    assert.deepEqual(await client.due(), []);
    client.ask("EDS", { names: ["y"], initial: { y: server.versionOf("EDS", "y") } });
    assert.deepEqual(await client.due(), ["EDS y"]);
  });

  it("XDS-90 no name is twice in a response, nor both sent and removed", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("EDS", { names: ["x", "x", "gone"], unsubscribe: ["x"], initial: { x: "old", gone: "1" } });
    assert.deepEqual(await client.due(), ["EDS x -gone"]);
  });

  it("XDS-93 an ACK gets no answer", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("delta");
    client.ask("CDS");
    await client.due();
    client.ack("CDS");
    assert.deepEqual(await client.due(), []);
  });
});

describe("sotw on the wire: what is gone", () => {
  it("XDS-63 is what the full set of CDS lacks", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("CDS");
    await client.settle();
    server.set({ ...contents, CDS: { b: "1" } });
    assert.deepEqual(await client.settle(), ["CDS b"]);
    server.set({ ...contents, CDS: {} });
    assert.deepEqual(await client.settle(), ["CDS"]);
  });

  it("XDS-64 cannot be said of EDS: nothing is sent; XDS-69 and it is sent when it is made anew", async () => {
    await using server = await WireServer.start(contents);
    const client = server.open("sotw");
    client.ask("EDS", { names: ["x", "y"] });
    await client.settle();
    server.set({ ...contents, EDS: { y: "1" } });
    assert.deepEqual(await client.due(), []);
    server.set({ ...contents, EDS: { x: "1", y: "1" } });
    assert.deepEqual(await client.settle(), ["EDS x"]);
  });
});
