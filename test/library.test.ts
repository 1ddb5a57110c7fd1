import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createAdsServer, makeRevision, Snapshot, type XdsEvent } from "../src/index.ts";
import { adsSotw, RawXdsClient } from "./kit/raw-xds-client.ts";

const typeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

describe("the library", () => {
  it("serves snapshots that a program makes of bytes", async () => {
    const events: XdsEvent[] = [];
    await using server = createAdsServer({
      address: "127.0.0.1:0",
      drainMs: 0,
      onEvent: (event) => events.push(event),
    });
    const snapshot = Snapshot.of([{ typeUrl, name: "a", bytes: Buffer.from("\n\x01a") }]);
    const groups = [{ name: "all", match: {}, snapshot }];
    server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
    const { port } = await server.start();
    using client = new RawXdsClient(port);
    const stream = client.open(adsSotw);
    stream.send({ node: { id: "n" }, type_url: typeUrl });
    assert.equal((await stream.next()).version, snapshot.typeSet(typeUrl).version);
    assert.equal(events.at(-1)?.kind, "sent");
  });
});
