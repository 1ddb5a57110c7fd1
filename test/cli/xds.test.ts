import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chancery, runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { servedFolder } from "../kit/served-folder.ts";

function clusters(...names: string[]): string {
  return `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
}

describe("chancery xds watch", () => {
  it("shows what a node gets, and every change, by delta", async () => {
    using served = servedFolder({ "a.yaml": clusters("a") });
    await using serve = new ServeProcess(served.path, served.state);
    const server = `127.0.0.1:${await serve.xdsPort()}`;
    await using watch = chancery(["xds", "watch", "CDS", "--delta", "--server", server]);
    await watch.outputHas(/^version \S+, nonce \S+: 1 resources\n {2}a [\w-]{16}\n/);
    served.write("a.yaml", clusters("b"));
    await watch.outputHas(/ {2}b [\w-]{16}\n(?:version .*\n)? {2}a removed\n/);
    watch.kill("SIGINT");
    assert.equal(await watch.exit(), 0);
  });

  it("shows contents as JSON, once, for a node and a name of one's choice", async () => {
    using served = servedFolder({ "groups/edge/a.yaml": clusters("a", "b") });
    await using serve = new ServeProcess(served.path, served.state);
    const server = `127.0.0.1:${await serve.xdsPort()}`;
    const flags = ["--name", "b", "--node-cluster", "edge", "--once", "--json", "--server", server];
    const { code, stdout, stderr } = await runChancery(["xds", "watch", "Cluster", ...flags]);
    assert.equal(code, 0, stderr);
    const { resources } = JSON.parse(stdout);
    assert.deepEqual(
      resources.map((resource: { content: { name: string; type: string } }) => resource.content.name),
      ["b"],
    );
  });

  it("refuses responses when told to, and the server knows", async () => {
    using served = servedFolder({ "a.yaml": clusters("a") });
    await using serve = new ServeProcess(served.path, served.state);
    const server = `127.0.0.1:${await serve.xdsPort()}`;
    await using watch = chancery(["xds", "watch", "CDS", "--nack", "--node-id", "n", "--server", server]);
    const line = await serve.said("node refused a response; it keeps what it had");
    assert.deepEqual([line["node"], line["error"]], ["n", "refused by chancery xds watch --nack"]);
    assert.ok(watch.isRunning);
  });

  it("ends with the words of the server, or with what is wrong with the type", async () => {
    using served = servedFolder({
      "a.yaml": clusters("a"),
      "chancery.yaml": "authorization: {rules: [{principals: [a]}]}\n",
    });
    await using serve = new ServeProcess(served.path, served.state);
    const server = `127.0.0.1:${await serve.xdsPort()}`;
    const refused = await runChancery(["xds", "watch", "CDS", "--server", server]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /ended the stream: PERMISSION_DENIED: the client has proved nothing/);
    const wrong = await runChancery(["xds", "watch", "Clusters"]);
    assert.equal(wrong.code, 64);
    assert.match(wrong.stderr, /no resource type "Clusters"[^]*did you mean Cluster\?/);
  });
});
