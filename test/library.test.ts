import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
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

describe("the library's types", () => {
  it("have a docstring each: all that src/index.ts exports", () => {
    const here = dirname(fileURLToPath(import.meta.resolve("#root/dist/src/index.js")));
    const exports = readFileSync(join(here, "index.d.ts"), "utf8");
    const bare: string[] = [];
    for (const [, names = "", file = ""] of exports.matchAll(
      /export (?:type )?\{([^}]+)\} from "([^"]+)\.ts"/g,
    )) {
      const text = readFileSync(join(here, `${file}.d.ts`), "utf8");
      for (const name of names.split(",").map((part) => part.replace("type ", "").trim())) {
        const isTold = new RegExp(
          `\\*/\\nexport (?:declare )?(?:interface|type|const|function|class) ${name}\\b|export type \\{ ${name} \\} from`,
        );
        if (name !== "" && !isTold.test(text)) bare.push(`${name} of ${file}`);
      }
    }
    assert.deepEqual(bare, []);
  });
});
