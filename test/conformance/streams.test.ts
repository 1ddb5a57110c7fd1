import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { v3Types } from "../../src/xds/type-traits.ts";
import { type Contents, WireServer } from "./wire-client.ts";

const contents: Contents = {
  CDS: { a: "1" },
  EDS: { x: "1" },
  LDS: { l: "1" },
  RDS: { r: "1" },
  SDS: { s: "1" },
  SRDS: { scope: "1" },
  ECDS: { e: "1" },
  RTDS: { t: "1" },
};

for (const kind of ["sotw", "delta"] as const) {
  describe(`${kind} on the wire: streams`, () => {
    it("XDS-1 XDS-8 XDS-94 XDS-95 all types of a stream are answered, each with its own URL, in their order", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      for (const [label, resources] of Object.entries(contents).toReversed()) {
        client.ask(label, { names: Object.keys(resources) });
      }
      const said = await client.settle();
      assert.deepEqual(
        said.map((line) => line.split(" ")[0] ?? "").toSorted(),
        Object.keys(contents).toSorted(),
      );
      server.set(Object.fromEntries(Object.entries(contents).map(([label, all]) => [label, changed(all)])));
      const order = v3Types.map(({ label }) => label).filter((label) => label in contents);
      const again = (await client.settle()).map((line) => line.split(" ")[0] ?? "");
      assert.deepEqual(
        again.filter((label, index) => again.indexOf(label) === index),
        order,
      );
    });

    it("XDS-6 a type that nobody knows is left unanswered, and the rest of the stream goes on", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("type.googleapis.com/nobody.Knows", { names: ["x"] });
      client.ask("CDS");
      assert.deepEqual(await client.due(), ["CDS a"]);
    });

    it("XDS-9 two streams of one node have sessions of their own, and the end of one is none of the other", async () => {
      await using server = await WireServer.start(contents);
      const [one, other] = [server.open(kind), server.open(kind)];
      one.ask("CDS");
      other.ask("CDS");
      await one.settle();
      await other.settle();
      one.stream.call.cancel();
      assert.equal((await one.stream.ended).code, status.CANCELLED);
      server.set({ ...contents, CDS: { a: "2" } });
      assert.deepEqual(await other.due(), ["CDS a"]);
    });

    it("XDS-10 a stream that its client closes ends well, and is forgotten", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS");
      await client.due();
      assert.equal(server.server.streams().length, 1);
      client.stream.call.end();
      assert.equal((await client.stream.ended).code, status.OK);
      assert.equal(server.server.streams().length, 0);
    });

    it("XDS-38 XDS-105 many revisions while streams come and go end with the newest on every stream", async () => {
      await using server = await WireServer.start(contents);
      const clients = Array.from({ length: 20 }, () => server.open(kind));
      for (const [index, client] of clients.entries()) {
        client.ask("CDS");
        server.set({ ...contents, CDS: { a: `${index}` } });
        if (index % 4 === 3) client.stream.call.cancel();
      }
      const rest = clients.filter((_, index) => index % 4 !== 3);
      for (const client of rest) await client.settle();
      server.set({ ...contents, CDS: { a: "last" } });
      for (const client of rest) {
        await client.settle();
        assert.equal(client.last("CDS")?.version, server.setVersionOf("CDS"));
      }
    });

    it("XDS-104 endpoints and routes go out when they are asked for, never before, and after what names them", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS");
      assert.deepEqual(await client.settle(), ["CDS a"]);
      client.ask("LDS");
      assert.deepEqual(await client.settle(), ["LDS l"]);
      client.ask("RDS", { names: ["r"] });
      client.ask("EDS", { names: ["x"] });
      await client.settle();
      server.set({ CDS: { a: "2" }, EDS: { x: "2" }, LDS: { l: "2" }, RDS: { r: "2" } });
      const labels = (await client.settle()).map((line) => line.split(" ")[0]);
      assert.ok(labels.indexOf("CDS") < labels.indexOf("EDS"), labels.join());
      assert.ok(labels.indexOf("LDS") < labels.indexOf("RDS"), labels.join());
    });

    it("XDS-101 XDS-148 a stream that begins with endpoints and routes is answered at once", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("EDS", { names: ["x"] });
      client.ask("LDS");
      client.ask("RDS", { names: ["r"] });
      assert.deepEqual((await client.due()).toSorted(), ["EDS x", "LDS l", "RDS r"]);
    });

    it("XDS-134 a server that shuts down ends its streams, and sends no emptied set", async () => {
      await using server = await WireServer.start(contents);
      const client = server.open(kind);
      client.ask("CDS");
      await client.settle();
      await server.server.close();
      assert.equal((await client.stream.ended).code, status.UNAVAILABLE);
      assert.equal(client.stream.backlog, 0);
    });
  });
}

function changed(resources: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(resources).map((name) => [name, "2"]));
}
