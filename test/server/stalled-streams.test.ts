import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { connect } from "node:http2";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { adsSotw } from "../kit/raw-xds-client.ts";
import { within } from "../kit/within.ts";
import { snapshotOf, urlOf } from "../xds/session-client.ts";

const streamCount = 60;
const contentBytes = 1024 * 1024;
const changes = 30;

/** Bytes outside of the heap that are still referenced. */
function heldBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  assert.ok(typeof collect === "function");
  // What hangs on a weak key, as an encoded resource does on the resource, goes in a round after it.
  for (let round = 0; round < 3; round += 1) Reflect.apply(collect, undefined, []);
  return process.memoryUsage().arrayBuffers;
}

function firstRequest(): Buffer {
  const schema = new Schema(loadDescriptors());
  const message = schema.encode("envoy.service.discovery.v3.DiscoveryRequest", {
    node: { id: "stalled" },
    type_url: urlOf("CDS"),
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

describe("streams whose clients read nothing", () => {
  it("XDS-124: share what waits for them, and hold no more of it however often it changes", async () => {
    let sent = 0;
    const sentEvents = new EventEmitter();
    const server = createAdsServer({
      address: "127.0.0.1:0",
      drainMs: 0,
      onEvent: ({ kind }) => {
        if (kind !== "sent") return;
        sent += 1;
        if (sent === streamCount) sentEvents.emit("all");
      },
    });
    const serve = (version: number) => {
      const text = `${version} `.padEnd(contentBytes, "x");
      const groups = [{ name: "all", match: {}, snapshot: snapshotOf({ CDS: { large: text } }) }];
      server.setRevision(makeRevision({ groups, source: { kind: "program" }, createdAtMs: 0 }));
    };
    serve(0);
    const { port } = await server.start();
    const before = heldBytes();
    const session = connect(`http://127.0.0.1:${port}`);
    try {
      const allSent = once(sentEvents, "all");
      const request = firstRequest();
      for (let index = 0; index < streamCount; index += 1) {
        const stream = session.request({
          ":method": "POST",
          ":path": adsSotw,
          "content-type": "application/grpc",
          te: "trailers",
        });
        stream.on("error", () => undefined); // The end of the test resets it.
        stream.write(request);
      }
      await within(10_000, "a response for each stream", allSent);
      for (let version = 1; version <= changes; version += 1) {
        serve(version);
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(sent, streamCount, "nothing is sent before the first is taken");
      const grown = heldBytes() - before;
      // The response that waits, the revision that is served, and the windows of what the client's side has read.
      assert.ok(grown < 10 * contentBytes, `${grown} bytes are held for ${streamCount} streams`);
    } finally {
      session.destroy();
      await server.close();
    }
  });
});
