import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { FakeClock } from "../kit/fake-clock.ts";
import { adsDelta, adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { within } from "../kit/within.ts";
import { EventLog } from "./event-log.ts";
import { snapshotOf, urlOf } from "../xds/session-client.ts";

const node = { id: "node-1" };
const revision = makeRevision({
  groups: [{ name: "all", match: {}, snapshot: snapshotOf({ CDS: { a: "1" } }) }],
  source: { kind: "program" },
  createdAtMs: 0,
});

describe("connections to the ADS server", () => {
  it("XDS-2 serves over a Unix-domain socket, and leaves no file behind", async () => {
    using folder = temporaryFolder();
    const path = folder.file("xds.sock");
    const server = createAdsServer({ address: `unix:${path}`, drainMs: 0 });
    server.setRevision(revision);
    await server.start();
    {
      using client = new RawXdsClient(`unix:${path}`);
      const stream = client.open(adsDelta);
      stream.send({ node, type_url: urlOf("CDS") });
      assert.deepEqual(
        (await stream.next()).resources.map(({ name }) => name),
        ["a"],
      );
    }
    await server.close();
    assert.equal(existsSync(path), false);
  });

  it("XDS-128 refuses streams beyond the rate with UNAVAILABLE, and takes them later", async () => {
    const clock = new FakeClock();
    const refused: string[] = [];
    await using server = createAdsServer({
      address: "127.0.0.1:0",
      drainMs: 0,
      clock,
      limits: { streamRate: { perSecond: 1, burst: 2 } },
      onRefusedConnection: (_peer, reason) => refused.push(reason),
    });
    server.setRevision(revision);
    const { port } = await server.start();
    using client = new RawXdsClient(port);
    const subscribe = () => {
      const stream = client.open(adsDelta);
      stream.send({ node, type_url: urlOf("CDS") });
      return stream;
    };
    const accepted = [subscribe(), subscribe()];
    for (const stream of accepted) assert.equal((await stream.next()).resources.length, 1);
    const { code, details } = await subscribe().ended;
    const reason = "too many streams are opened: limit is 1 a second and 2 at once";
    assert.deepEqual([code, details, refused], [status.UNAVAILABLE, reason, [reason]]);
    clock.advance(1_000);
    assert.equal((await subscribe().next()).resources.length, 1);
  });

  for (const [agent, count] of Object.entries({ "gRPC Go": 1, envoy: 0 })) {
    it(`XDS-121 ${count === 1 ? "warns" : "does not warn"} of a SotW response over 4 MiB to ${agent}`, async () => {
      const log = new EventLog();
      await using server = createAdsServer({ address: "127.0.0.1:0", drainMs: 0, onEvent: log.note });
      const snapshot = snapshotOf({ CDS: { a: "x".repeat(4 * 1024 * 1024) } });
      const groups = [{ name: "all", match: {}, snapshot }];
      server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
      const { port } = await server.start();
      using client = new RawXdsClient(port);
      const stream = client.open(adsSotw);
      stream.send({ node: { ...node, user_agent_name: agent }, type_url: urlOf("CDS") });
      await stream.next();
      // A second answer: what was remarked on the first is told by then.
      stream.send({ type_url: urlOf("LDS") });
      await stream.next();
      const remarks = log.of("remarked").map(({ remark }) => remark.kind);
      assert.deepEqual(remarks, count === 1 ? ["oversized"] : []);
    });
  }

  it("XDS-133 ends connections of a set age after a grace, and takes the client back", async () => {
    await using server = createAdsServer({
      address: "127.0.0.1:0",
      drainMs: 0,
      limits: { connectionMaxAgeMs: 50, connectionAgeGraceMs: 50 },
    });
    server.setRevision(revision);
    const { port } = await server.start();
    using client = new RawXdsClient(port);
    for (const turn of ["the first stream", "the next one"]) {
      const stream = client.open(adsDelta);
      stream.send({ node, type_url: urlOf("CDS") });
      await stream.next();
      const { code } = await within(5_000, `${turn} ends`, stream.ended);
      assert.ok(code === status.UNAVAILABLE || code === status.CANCELLED, status[code]);
    }
  });
});
