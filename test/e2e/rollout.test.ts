import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { clusters, PickyNode } from "../kit/picky-node.ts";
import { RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";

const policy = `rollout:
  stages: [{match: {id: canary}}]
  gates: {soak: 1s, acked_within: 20s}
`;

describe("a rollout, from the folder to the nodes", () => {
  it("XDS-61: goes on when the canary accepts, and takes back what it refuses before others see it", async (test) => {
    using folder = servedFolder({ "chancery.yaml": policy, "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state);
    using client = new RawXdsClient(await serve.xdsPort());
    const canary = new PickyNode(client, "canary");
    const others = Array.from({ length: 20 }, (_, index) => new PickyNode(client, `edge-${index}`));
    await Promise.all([canary, ...others].map((node) => node.has(1)));

    folder.write("a.yaml", clusters("a", "b"));
    await canary.has(2);
    assert.ok(
      others.every(({ seen }) => seen.length === 1),
      "the stage is the canary's alone",
    );
    await serve.said("rollout is complete");
    await Promise.all(others.map((node) => node.has(2)));

    folder.write("a.yaml", clusters("a", "b", "c"));
    await canary.has(3);
    const refusedAtMs = performance.now();
    await canary.has(2);
    const tookMs = performance.now() - refusedAtMs;
    test.diagnostic(`rolled back ${Math.round(tookMs)} ms after the refusal`);
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
    assert.ok(
      others.every(({ seen }) => !seen.includes(3)),
      "others never saw it",
    );
    const line = await serve.said("rollout has failed and is rolled back");
    assert.match(String(line["reason"]), /canary: Error adding\/updating cluster\(s\) c: too many/);
    assert.match(String(line["resources"]), /^c \(.*a\.yaml:4:10\)$/);

    const admin = ["--admin-address", await serve.adminAddress()];
    const waited = await runChancery(["rollout", "status", "--wait", ...admin]);
    assert.equal(waited.code, 1);
    assert.match(waited.stdout, /not applied again/);
    const { stdout } = await runChancery(["rollout", "history", "-o", "json", ...admin]);
    const { items } = JSON.parse(stdout);
    assert.deepEqual(
      items.map(({ result }: { result: string }) => result),
      ["completed", "completed", "rolled-back"],
    );
    const explained = await runChancery(["explain", items[2].revisionId, ...admin]);
    assert.match(explained.stdout, /quarantined: .*too many/);
  });
});
