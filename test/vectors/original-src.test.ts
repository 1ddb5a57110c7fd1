import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { foreignSourceCommands, inOwnNamespace, needsNamespaces } from "../kit/network-namespaces.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { missingPartOf, needsForeignSources } from "./missing-parts.ts";
import { loadVectors } from "./vectors.ts";

const vectors = loadVectors().filter(
  (vector) => needsForeignSources(vector) && missingPartOf(vector) === undefined,
);

describe("the bundled data plane on vectors with original_src (PP-75 to PP-80)", needsNamespaces(), () => {
  it(`plays ${vectors.length} where the host allows foreign sources`, async () => {
    const player = fileURLToPath(import.meta.resolve("./play-original-src.js"));
    const program = [process.execPath, "--enable-source-maps", player];
    await using child = inOwnNamespace(foreignSourceCommands("lo"), program);
    assert.equal(await child.exit(60_000), 0, child.output());
    assert.match(child.stdout, /^# fail 0$/m);
    for (const { id } of vectors) assert.ok(child.stdout.includes(id), `${id} was played`);
  });

  it("refuses to start where the host does not", async () => {
    const starter = fileURLToPath(import.meta.resolve("#root/dist/src/main.js"));
    const bootstrap = JSON.stringify(bootstrapOf(vectors[0]!, 1));
    const program = [process.execPath, starter, "proxy", "--config-yaml", bootstrap];
    await using child = inOwnNamespace([], program);
    assert.equal(await child.exit(), 1);
    assert.match(child.stderr, /for IPv6 net\.ipv6\.ip_nonlocal_bind=1; docs\/proxy-protocol\.md/);
    await using validation = inOwnNamespace([], [...program, "--mode", "validate"]);
    assert.equal(await validation.exit(), 0, "a file is as good where it is checked as where it is to run");
  });
});
