import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Contents, type WireClient, WireServer } from "./wire-client.ts";

const accepted: Contents = { CDS: { a: "1", b: "1" }, EDS: { x: "1", y: "1" } };
const bad: Contents = { CDS: { a: "bad", b: "1" }, EDS: { x: "bad", y: "1" } };
const repaired: Contents = { CDS: { a: "3", b: "1" }, EDS: { x: "3", y: "1" } };

/** Has the client accept CDS, and then refuse its bad content. */
async function refuseBad(server: WireServer, client: WireClient, error = "refused"): Promise<void> {
  client.ask("CDS");
  await client.settle();
  server.set(bad);
  await client.due();
  client.nack("CDS", { error });
}

for (const kind of ["sotw", "delta"] as const) {
  const isSotw = kind === "sotw";

  describe(`${kind} on the wire: after a refusal`, () => {
    it("XDS-50 XDS-55 refused content is not sent again until the content changes", async () => {
      await using server = await WireServer.start(accepted);
      const client = server.open(kind);
      await refuseBad(server, client);
      assert.deepEqual(await client.due(), []);
      assert.deepEqual(await client.due(), []);
      server.set(repaired);
      assert.deepEqual(await client.due(), [isSotw ? "CDS a b" : "CDS a"]);
    });

    it("XDS-51 neither is that of the first response of a stream", async () => {
      await using server = await WireServer.start(bad);
      const client = server.open(kind);
      client.ask("CDS");
      assert.deepEqual(await client.due(), ["CDS a b"]);
      client.nack("CDS");
      assert.deepEqual(await client.due(), []);
    });

    it("XDS-48 XDS-52 XDS-58 the refusal is known with the accepted version, until the ACK of changed content", async () => {
      await using server = await WireServer.start(accepted);
      const client = server.open(kind);
      const version = server.setVersionOf("CDS");
      await refuseBad(server, client, "cluster a: no");
      await client.due();
      const statusOf = () => server.server.streams()[0]?.types[0];
      assert.deepEqual(
        [statusOf()?.state, statusOf()?.refusal?.message, statusOf()?.refusal?.acceptedVersion],
        ["NACKED", "cluster a: no", version],
      );
      server.set(repaired);
      await client.settle();
      assert.deepEqual([statusOf()?.state, statusOf()?.refusal], ["SYNCED", undefined]);
    });

    it("XDS-53 XDS-57 going back to the accepted content is sent", async () => {
      await using server = await WireServer.start(accepted);
      const client = server.open(kind);
      await refuseBad(server, client);
      await client.due();
      server.set(accepted);
      assert.deepEqual(await client.due(), [isSotw ? "CDS a b" : "CDS a"]);
    });

    it("XDS-54 XDS-83 names in a refusal are honoured", async () => {
      await using server = await WireServer.start(accepted);
      const client = server.open(kind);
      client.ask("EDS", { names: ["x"] });
      await client.due();
      client.nack("EDS", { names: isSotw ? ["x", "y"] : ["y"] });
      assert.deepEqual(await client.due(), ["EDS y"]);
    });

    it("XDS-59 a refusal that is repeated counts once, and its names count", async () => {
      await using server = await WireServer.start(accepted);
      const client = server.open(kind);
      client.ask("EDS", { names: ["x"] });
      await client.due();
      client.nack("EDS");
      client.nack("EDS");
      assert.deepEqual(await client.due(), []);
      client.nack("EDS", { names: isSotw ? ["x", "y"] : ["y"] });
      assert.deepEqual(await client.due(), ["EDS y"]);
    });

    it("XDS-60 after a refusal, what the client states on a new stream is not relied on, until an ACK", async () => {
      await using server = await WireServer.start(accepted);
      const first = server.open(kind);
      await refuseBad(server, first);
      await first.due();
      const stated = isSotw
        ? { version: server.setVersionOf("CDS") }
        : { initial: { a: server.versionOf("CDS", "a"), b: server.versionOf("CDS", "b") } };
      const second = server.open(kind);
      second.ask("CDS", stated);
      assert.deepEqual(await second.settle(), ["CDS a b"]);
      const third = server.open(kind);
      third.ask("CDS", stated);
      assert.deepEqual(await third.due(), isSotw ? [] : ["CDS"]);
    });
  });
}

describe("sotw on the wire: neither accepted nor refused", () => {
  it("XDS-49 another version without an error settles a response, and starts no resending", async () => {
    await using server = await WireServer.start(accepted);
    const client = server.open("sotw");
    client.ask("EDS", { names: ["x"] });
    await client.due();
    const nonce = client.last("EDS")?.nonce ?? "";
    client.ask("EDS", { nonce, version: "another" });
    assert.deepEqual(await client.due(), []);
    assert.equal(server.server.streams()[0]?.types[0]?.ackedVersion, undefined);
    server.set(repaired);
    assert.deepEqual(await client.due(), ["EDS x"]);
  });
});

describe("delta on the wire: a refused response", () => {
  it("XDS-56 nothing of it counts as held: with the next change all of it is sent again, removals too", async () => {
    await using server = await WireServer.start({ CDS: { a: "1", b: "1", gone: "1" } });
    const client = server.open("delta");
    client.ask("CDS");
    await client.settle();
    server.set({ CDS: { a: "bad", b: "2" } });
    assert.deepEqual(await client.due(), ["CDS a b -gone"]);
    client.nack("CDS");
    assert.deepEqual(await client.due(), []);
    server.set({ CDS: { a: "3", b: "2" } });
    assert.deepEqual(await client.due(), ["CDS a b -gone"]);
  });
});
