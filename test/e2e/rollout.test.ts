import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chancery, runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { clusters, PickyNode } from "../kit/picky-node.ts";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
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

  it("charges no node with streams that end for their connection's age", async () => {
    const soaked = "rollout:\n  gates: {soak: 3s, acked_within: 20s}\n";
    using folder = servedFolder({ "chancery.yaml": soaked, "a.yaml": clusters("a") });
    const aged = ["--max-connection-age", "500ms", "--max-connection-age-grace", "10ms"];
    await using serve = new ServeProcess(folder.path, folder.state, aged);
    using client = new RawXdsClient(await serve.xdsPort());
    using node = new ReturningNode(client, "edge-1");
    await serve.said("node connected");

    folder.write("a.yaml", clusters("a", "b"));
    await serve.said("rollout is complete");
    assert.ok(node.streamCount > 4, `its streams end again and again: ${node.streamCount}`);
    const line = serve.lines.findLast(({ msg }) => msg === "node disconnected");
    assert.equal(line?.["reason"], "its connection had come to its age");
  });

  it("is watched live, and waited for no longer than one is told to", async () => {
    const slow = "rollout:\n  stages: [{percent: 100}]\n  gates: {soak: 60s}\n";
    using folder = servedFolder({ "chancery.yaml": slow, "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state);
    using client = new RawXdsClient(await serve.xdsPort());
    const node = new PickyNode(client, "edge-1");
    await node.has(1);
    folder.write("a.yaml", clusters("a", "b"));
    await node.has(2);
    const admin = ["--admin-address", await serve.adminAddress()];
    await using watch = chancery(["rollout", "status", "--watch", ...admin]);
    await watch.outputHas(/default +1\/1 .* soaking/);
    const waited = await runChancery(["rollout", "status", "--wait", "--timeout", "1s", ...admin]);
    assert.equal(waited.code, 124);
    assert.match(waited.stderr, /rollout 2 is not over after 1 s/);

    await runChancery(["rollout", "promote", ...admin]);
    await watch.outputHas(/is stable; no rollout is under way/);
    watch.kill("SIGINT");
    await watch.exit();
  });
});

/** A node that accepts all it is given, and comes back at once when its stream ends. */
class ReturningNode implements Disposable {
  streamCount = 0;
  readonly #client: RawXdsClient;
  readonly #id: string;
  #isOver = false;

  constructor(client: RawXdsClient, id: string) {
    this.#client = client;
    this.#id = id;
    void this.#stay();
  }

  async #stay(): Promise<void> {
    while (!this.#isOver) {
      const stream = this.#client.open(adsSotw);
      this.streamCount += 1;
      stream.send({ node: { id: this.#id, cluster: "edge", user_agent_name: "envoy" }, type_url: CLUSTER });
      stream.call.on("data", () => {
        void stream.next().then(({ nonce, version }) => {
          stream.send({ type_url: CLUSTER, response_nonce: nonce, version_info: version });
        });
      });
      await stream.ended;
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
  }
}
