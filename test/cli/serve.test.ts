import assert from "node:assert/strict";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { chancery, runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { adsSotw, RawXdsClient, type RawXdsStream } from "../kit/raw-xds-client.ts";
import { type TemporaryFolder, temporaryFolder } from "../kit/temporary-folder.ts";

const node = { id: "e1", cluster: "edge", user_agent_name: "envoy" };

/** A folder with a configuration of these clusters, and a place for the state. */
function configOf(
  ...names: string[]
): TemporaryFolder & { write(text: string): void; config: string; state: string } {
  const folder = temporaryFolder();
  const config = folder.file("config");
  mkdirSync(config);
  const write = (text: string) => {
    // As editors write: aside, then in place, so that no half file is ever read.
    writeFileSync(folder.file("new"), text);
    renameSync(folder.file("new"), join(config, "a.yaml"));
  };
  write(clusters(...names));
  return { ...folder, config, state: folder.file("state"), write };
}

function clusters(...names: string[]): string {
  return `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
}

/** Subscribes to all clusters, and gives the names of the next response, ACKed. */
async function namesOf(stream: RawXdsStream): Promise<number> {
  const { nonce, version, resources } = await stream.next();
  stream.send({ type_url: CLUSTER, response_nonce: nonce, version_info: version });
  return resources.length;
}

function subscribe(client: RawXdsClient): RawXdsStream {
  const stream = client.open(adsSotw);
  stream.send({ node, type_url: CLUSTER });
  return stream;
}

const broken = "the source is not served; the last good revision stays";

describe("chancery serve", () => {
  it("serves a folder and its changes, keeps what is good, and tells who has it", async () => {
    using config = configOf("a");
    await using serve = new ServeProcess(config.config, config.state);
    using client = new RawXdsClient(await serve.xdsPort());
    const stream = subscribe(client);
    assert.equal(await namesOf(stream), 1);

    config.write(clusters("a", "b"));
    assert.equal(await namesOf(stream), 2);

    config.write("clusters:\n- {name: a, type: STATIK}\n");
    const line = await serve.said(broken);
    assert.deepEqual([line.level, line["errors"]], ["error", 1]);
    const problem = serve.lines.find(({ component }) => component === "config");
    assert.deepEqual([problem?.["line"], problem?.["suggestion"]], [2, "STATIC"]);
    assert.ok(String(problem?.["file"]).endsWith("config/a.yaml"));
    assert.equal((await serve.get("/readyz")).status, 200);

    const status = await runChancery(["status", "--admin-address", await serve.adminAddress(), "-o", "json"]);
    assert.deepEqual([status.code, status.stderr], [0, ""]);
    const { apiVersion, nodes, revision } = JSON.parse(status.stdout);
    assert.equal(apiVersion, "chancery/v1");
    assert.deepEqual([nodes[0].id, nodes[0].types[0].state], ["e1", "SYNCED"]);
    assert.equal(revision.refused.problems.length, 1);

    config.write(clusters("a", "b", "c"));
    assert.equal(await namesOf(stream), 3);
  });

  it("logs both places of a name that is defined twice", async () => {
    using config = configOf("a", "a");
    await using serve = new ServeProcess(config.config, config.state);
    const problem = await serve.lineThat(({ code }) => code === "duplicate-name");
    assert.equal(problem["line"], 3);
    assert.equal(problem["related"], `${String(problem["file"])}:2:10: first here`);
  });

  it("is watched by status until it ends or the watcher is interrupted", async () => {
    using config = configOf("a");
    await using serve = new ServeProcess(config.config, config.state);
    const args = ["status", "--admin-address", await serve.adminAddress(), "--watch", "-o", "json"];
    await serve.said("revision is served");
    await using interrupted = chancery(args);
    await using left = chancery(args);
    for (const watcher of [interrupted, left]) await watcher.outputHas(/"nodes": \[\]/);
    using client = new RawXdsClient(await serve.xdsPort());
    await namesOf(subscribe(client));
    for (const watcher of [interrupted, left]) await watcher.outputHas(/"id": "e1"/);
    interrupted.kill("SIGINT");
    assert.equal(await interrupted.exit(), 0);
    assert.equal(await stopped(serve), 0);
    assert.equal(await left.exit(), 1);
    assert.match(left.stderr, /^error: (lost|cannot reach) 127\.0\.0\.1:\d+: /);
  });

  it("starts with the last good revision when the folder is broken, also after kill -9", async () => {
    using config = configOf("a", "b");
    {
      await using serve = new ServeProcess(config.config, config.state, ["--log-level", "debug"]);
      await serve.said("revision is kept in the state directory");
      serve.child.kill("SIGKILL");
      assert.equal(await serve.child.exit(), 137);
    }
    config.write("clusters: [");
    await using serve = new ServeProcess(config.config, config.state);
    await serve.said("the source is not served; the last good revision from the state directory is");
    using client = new RawXdsClient(await serve.xdsPort());
    assert.equal(await namesOf(subscribe(client)), 2);
    assert.equal(JSON.parse((await serve.get("/api/v1/revision")).text).current.isRestored, true);
  });

  it("never serves a damaged state: it says what is wrong and waits for a good folder (XDS-135)", async () => {
    using config = configOf("a");
    {
      await using serve = new ServeProcess(config.config, config.state);
      await serve.said("revision is served");
      assert.equal(await stopped(serve), 0);
    }
    const [own] = readdirSync(config.state);
    const contents = join(config.state, own!, "revisions");
    for (const name of readdirSync(contents)) writeFileSync(join(contents, name), "garbage");
    config.write("nonsense: [");
    await using serve = new ServeProcess(config.config, config.state);
    const line = await serve.said("the last good revision cannot be used and is not served");
    assert.match(String(line["error"]), /is damaged/);
    await serve.said(
      "the source is not served, and there is nothing from before: nodes are refused until it is valid",
    );
    assert.equal((await serve.get("/readyz")).status, 503);
    config.write(clusters("a"));
    using client = new RawXdsClient(await serve.xdsPort());
    assert.equal(await namesOf(subscribe(client)), 1);
  });

  it("waits for a folder that is not there yet", async () => {
    using config = configOf("a");
    renameSync(config.config, `${config.config}-later`);
    await using serve = new ServeProcess(config.config, config.state);
    assert.equal((await serve.get("/livez")).status, 200);
    await serve.said(
      "the source is not served, and there is nothing from before: nodes are refused until it is valid",
    );
    renameSync(`${config.config}-later`, config.config);
    await serve.said("revision is served");
  });

  it("holds back a folder that lost everything, until a person says that it is meant (XDS-71)", async () => {
    using config = configOf("a");
    await using serve = new ServeProcess(config.config, config.state);
    using client = new RawXdsClient(await serve.xdsPort());
    const stream = subscribe(client);
    assert.equal(await namesOf(stream), 1);
    rmSync(join(config.config, "a.yaml"));
    assert.equal((await serve.said(broken))["reason"], "removals");
    const admin = ["--admin-address", await serve.adminAddress()];
    const refused = await runChancery(["reconcile", ...admin]);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /would lose all 1 Cluster resources; .*--allow-removals/);
    assert.equal((await runChancery(["reconcile", "--allow-removals", ...admin])).code, 0);
    assert.equal(await namesOf(stream), 0);
  });

  it("shows secrets to nobody: neither in the API nor in the log (XDS-139)", async () => {
    using config = configOf("a");
    const key =
      "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\\n-----END PRIVATE KEY-----";
    const secret = (more: string) =>
      `${clusters("a")}secrets:\n- name: s\n  generic_secret: {secret: {inline_string: "${key}"}}${more}\n`;
    config.write(secret(""));
    await using serve = new ServeProcess(config.config, config.state, ["--log-format", "text", "-v"]);
    await serve.child.outputHas(/revision is kept/);
    const address = /admin API is served address=(\S+)/.exec(serve.child.stdout)?.[1];
    const response = await fetch(`http://${address}/api/v1/resources?type=Secret`);
    const { items } = JSON.parse(await response.text());
    assert.equal(items[0].name, "s");
    assert.doesNotMatch(JSON.stringify(items), /MIIEvQ/);
    config.write(secret("\n  tls: 1"));
    await serve.child.outputHas(/the last good revision stays/);
    assert.doesNotMatch(serve.child.output(), /MIIEvQ/);
  });

  it("says what to do when a port is in use, and exits 1", async () => {
    using config = configOf("a");
    await using serve = new ServeProcess(config.config, config.state);
    const xds = `127.0.0.1:${await serve.xdsPort()}`;
    for (const [flag, address, other] of [
      ["--xds-address", xds, "--admin-address"],
      ["--admin-address", await serve.adminAddress(), "--xds-address"],
    ] as const) {
      const args = ["serve", config.config, "--state-dir", config.state, flag, address, other, "127.0.0.1:0"];
      const { code, stderr } = await runChancery(args);
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(`^error: ${address} is in use: .* choose another address with ${flag}$`, "m"),
      );
    }
  });

  it("looks at the folder at SIGHUP, drains and exits 0 at SIGTERM", async () => {
    using config = configOf("a");
    await using serve = new ServeProcess(config.config, config.state);
    using client = new RawXdsClient(await serve.xdsPort());
    const stream = subscribe(client);
    assert.equal(await namesOf(stream), 1);
    serve.child.kill("SIGHUP");
    await serve.said("SIGHUP: looking at the source now");
    assert.equal(await stopped(serve), 0);
    const { code, details } = await stream.ended;
    assert.deepEqual([code, details], [14, "the server is shutting down"]);
    assert.equal(stream.backlog, 0);
  });

  it("exits at once at a second signal", async () => {
    using config = configOf("a");
    await using serve = new ServeProcess(config.config, config.state, ["--drain-time", "10m"]);
    using client = new RawXdsClient(await serve.xdsPort());
    for (const stream of [subscribe(client), subscribe(client)]) assert.equal(await namesOf(stream), 1);
    serve.child.kill("SIGTERM");
    await serve.said("shutting down");
    serve.child.kill("SIGTERM");
    assert.equal(await serve.child.exit(), 1);
  });

  it("speaks to people in lines with an excerpt and a caret", async () => {
    using config = configOf("a");
    config.write("clusters:\n- {name: a, type: STATIK}\n");
    const flags = ["--admin-address", "127.0.0.1:0", "--log-format", "text", "--state-dir", config.state];
    await using serve = chancery(["serve", config.config, ...flags]);
    await serve.outputHas(/error the source is not served/);
    assert.match(serve.stdout, /^error: .*a\.yaml:2:19 clusters\[0\]\.type: .*did you mean STATIC\?/m);
    assert.match(serve.stdout, /^ {4}2 \| - \{name: a, type: STATIK\}\n {6}\| {19}\^$/m);
  });
});

async function stopped(serve: ServeProcess): Promise<number> {
  serve.child.kill("SIGTERM");
  return serve.child.exit();
}
