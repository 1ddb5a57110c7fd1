import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { freePort } from "../kit/free-port.ts";
import { gitRepository } from "../kit/git-repository.ts";
import { needs } from "../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";

async function diff(args: readonly string[], cwd?: string) {
  const terminal = { ...fakeTerminal(), ...(cwd !== undefined && { cwd }) };
  const env = { PATH: process.env["PATH"] ?? "" };
  const program = { commands, foreign: [], version: () => "0" };
  const code = await runProgram(program, ["diff", ...args], { ...terminal, env });
  return { code, ...terminal.written };
}

const cluster = (timeout: string) => `clusters:\n- {name: web, connect_timeout: ${timeout}}\n`;

const secret = (text: string) => `secrets: [{name: s, generic_secret: {secret: {inline_string: ${text}}}}]\n`;

const groups = (edge: string) =>
  `groups:\n- {name: edge, match: {id: "${edge}"}}\n- {name: inner, match: {metadata: {tier: inner}}}\n`;

const bootstrap = (timeout: string) => `static_resources:\n  ${cluster(timeout).replace("\n", "\n  ")}`;

describe("chancery diff", () => {
  it("shows the group, the nodes, what it does to traffic, and each field", async () => {
    using before = servedFolder({ "groups/edge/a.yaml": cluster("1s") });
    using after = servedFolder({ "groups/edge/a.yaml": cluster("2s") });
    const { code, stdout, stderr } = await diff([before.path, after.path]);
    assert.equal(stderr, "");
    assert.deepEqual(stdout.split("\n"), [
      'group edge (nodes that match {"cluster":"edge"})',
      "  ~ cluster web",
      "      cluster-re-warmed: a changed cluster is built anew and warmed; connections of the old one finish their requests and close [connect_timeout]",
      "      ~ connect_timeout: 1s -> 2s",
      "",
    ]);
    assert.equal(code, 1);
  });

  it("exits 0 when only spelling and order differ", async () => {
    using before = servedFolder({ "a.yaml": cluster("1s") });
    using after = servedFolder({ "b/c.yaml": 'clusters: [{connectTimeout: "1.0s", name: web}]\n' });
    const { code, stdout } = await diff([before.path, after.path]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "nothing changes\n" });
  });

  it("gives programs a document, or a line for each resource", async () => {
    using before = servedFolder({ "a.yaml": cluster("1s") });
    using after = servedFolder({ "a.yaml": cluster("2s") });
    const document: unknown = JSON.parse((await diff([before.path, after.path, "-o", "json"])).stdout);
    const resource = {
      kind: "changed",
      typeUrl: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
      noun: "cluster",
      name: "web",
      effect: {
        kind: "cluster-re-warmed",
        reason:
          "a changed cluster is built anew and warmed; connections of the old one finish their requests and close",
        fields: ["connect_timeout"],
      },
      fields: [{ kind: "changed", path: "connect_timeout", from: "1s", to: "2s" }],
    };
    assert.deepEqual(document, {
      apiVersion: "chancery/v1",
      kind: "Diff",
      old: before.path,
      new: after.path,
      groups: [
        { kind: "changed", name: "default", match: {}, effect: "cluster-re-warmed", resources: [resource] },
      ],
    });
    const line: unknown = JSON.parse((await diff([before.path, after.path, "-o", "jsonl"])).stdout);
    assert.deepEqual(line, { group: "default", ...resource });
  });

  it("exits 2, and shows why, when a side has errors or is not there", async () => {
    using before = servedFolder({ "a.yaml": cluster("1s") });
    using after = servedFolder({ "a.yaml": "clusters: [{name: web, connect_timeot: 1s}]\n" });
    const broken = await diff([before.path, after.path]);
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /connect_timeot/);
    assert.equal((await diff([before.path, join(after.path, "none")])).code, 2);
    assert.equal(
      (await diff(["server", before.path, "--admin-address", `127.0.0.1:${await freePort()}`])).code,
      2,
    );
    assert.equal((await diff([before.path])).code, 64);
  });

  it("compares Envoy bootstraps", async () => {
    using before = servedFolder({ "envoy.yaml": bootstrap("1s") });
    using after = servedFolder({ "envoy.yaml": bootstrap("2s") });
    const { code, stdout } = await diff([join(before.path, "envoy.yaml"), join(after.path, "envoy.yaml")]);
    assert.match(stdout, /~ connect_timeout: 1s -> 2s/);
    assert.equal(code, 1);
  });

  it("compares with a running server, and names the nodes that are connected; secrets stay there (XDS-139)", async () => {
    using served = servedFolder({
      "groups/edge/a.yaml": cluster("1s"),
      "groups/edge/s.yaml": secret("hunter1"),
    });
    using next = servedFolder({
      "groups/edge/a.yaml": cluster("2s"),
      "groups/edge/s.yaml": secret("hunter2"),
    });
    await using server = new ServeProcess(served.path, served.state);
    const address = ["--admin-address", await server.adminAddress()];
    using xds = new RawXdsClient(await server.xdsPort());
    const stream = xds.open(adsSotw);
    stream.send({ node: { id: "edge-1", cluster: "edge" }, type_url: CLUSTER });
    await stream.next();
    assert.equal((await diff(["server", served.path, ...address])).stdout, "nothing changes\n");
    const { stdout, code } = await diff(["server", next.path, ...address]);
    assert.deepEqual(
      stdout.split("\n").map((line) => line.replace(/: .* (?=\[|and|they)/, ": … ")),
      [
        'group edge (nodes that match {"cluster":"edge"}; connected: edge-1)',
        "  ~ cluster web",
        "      cluster-re-warmed: … [connect_timeout]",
        "      ~ connect_timeout: 1s -> 2s",
        "  ~ secret s",
        "      new-connections: … they began with",
        "      ~ something that is not shown: a secret, or the TTL",
        "",
      ],
    );
    assert.equal(code, 1);
  });

  it("names connected nodes that change their group, and what that does to them", async () => {
    const files = { "groups/edge/a.yaml": cluster("1s"), "groups/inner/a.yaml": cluster("2s") };
    using served = servedFolder({ ...files, "chancery.yaml": groups("edge-*") });
    using next = servedFolder({ ...files, "chancery.yaml": groups("edge-1") });
    await using server = new ServeProcess(served.path, served.state);
    const address = ["--admin-address", await server.adminAddress()];
    using xds = new RawXdsClient(await server.xdsPort());
    const metadata = { fields: { tier: { string_value: "inner" } } };
    for (const node of [{ id: "edge-1" }, { id: "edge-2", metadata }, { id: "edge-3" }]) {
      const stream = xds.open(adsSotw);
      stream.send({ node, type_url: CLUSTER });
      await stream.next();
    }
    const { stdout, code } = await diff(["server", next.path, ...address]);
    assert.deepEqual(
      stdout.split("\n").map((line) => line.replace(/(re-warmed): .* \[/, "$1: … [")),
      [
        'group edge (nodes that match {"id":"edge-1"}; connected: edge-1, edge-2, edge-3)',
        '  ~ match was {"id":"edge-*"}: nodes may change their group',
        "",
        "nodes go from group edge to group inner (edge-2)",
        "  ~ cluster web",
        "      cluster-re-warmed: … [connect_timeout]",
        "      ~ connect_timeout: 1s -> 2s",
        "",
        "nodes go from group edge to no group (edge-3)",
        "  they keep what they have, and are told nothing more",
        "",
      ],
    );
    assert.equal(code, 1);
    const { moves } = JSON.parse((await diff([next.path, "server", ...address, "-o", "json"])).stdout);
    assert.deepEqual(
      moves.map(({ from, to, nodes, effect }: Record<string, unknown>) => [from, to, nodes, effect]),
      [
        ["inner", "edge", ["edge-2"], "cluster-re-warmed"],
        [undefined, "edge", ["edge-3"], "none"],
      ],
    );
  });

  describe("with revisions of git", needs("git"), () => {
    it("reads them as git names them, and the work tree as it is", async () => {
      using repository = gitRepository({ "config/a.yaml": cluster("1s") });
      repository.commit({ "config/a.yaml": cluster("2s") });
      repository.write("config/a.yaml", cluster("3s"));
      const folder = join(repository.path, "config");
      const cases: readonly (readonly [old: string, next: string, cwd: string, change: string])[] = [
        ["HEAD~1:config", "HEAD:config/", repository.path, "1s -> 2s"],
        ["git:HEAD~1:config", "git:main:config", repository.path, "1s -> 2s"],
        ["git:HEAD", "git:HEAD~1", repository.path, "2s -> 1s"],
        ["HEAD:./", ".", folder, "2s -> 3s"],
        ["HEAD:config", "config", repository.path, "2s -> 3s"],
        ["HEAD~1:config/a.yaml", "HEAD:config/a.yaml", repository.path, "1s -> 2s"],
        ["HEAD:./a.yaml", "a.yaml", folder, "2s -> 3s"],
      ];
      for (const [old, next, cwd, change] of cases) {
        const { stdout, stderr } = await diff([old, next], cwd);
        assert.equal(stderr, "");
        assert.match(stdout, new RegExp(`connect_timeout: ${change}`), `${old} ${next}`);
      }
    });

    it("exits 2 for a file of a revision that is no text, or has an error, at its place", async () => {
      using repository = gitRepository({ "bad.yaml": "clusters: [{nam: a}]\n" });
      writeFileSync(join(repository.path, "latin.yaml"), Buffer.from("# caf\xe9\n", "latin1"));
      repository.git("add", ".");
      repository.commit({ "good.yaml": cluster("1s") });
      const latin = await diff(["HEAD:latin.yaml", "good.yaml"], repository.path);
      assert.equal(latin.code, 2);
      assert.match(latin.stderr, /^error: .*HEAD:latin\.yaml:1:6.*UTF-8/);
      const bad = await diff(["HEAD:bad.yaml", "good.yaml"], repository.path);
      assert.equal(bad.code, 2);
      assert.match(bad.stderr, /HEAD:bad\.yaml:1:13 .*did you mean name\?/);
    });

    it("exits 2 for what git does not know", async () => {
      using repository = gitRepository({ "config/a.yaml": cluster("1s") });
      const unknown = await diff(["nothing:config", "config"], repository.path);
      assert.match(unknown.stderr, /git knows no revision "nothing"/);
      assert.equal(unknown.code, 2);
      const bare = await diff(["HEAD~1", "config"], repository.path);
      assert.match(bare.stderr, /^error: HEAD~1 does not exist\na revision of git is git:REV or REV:PATH/);
      assert.equal(bare.code, 2);
      const missing = await diff(["HEAD:elsewhere", "config"], repository.path);
      assert.match(missing.stderr, /has no folder "elsewhere"/);
      assert.equal(missing.code, 2);
      using outside = servedFolder({});
      assert.equal((await diff(["HEAD:config", "."], outside.path)).code, 2);
    });
  });
});
