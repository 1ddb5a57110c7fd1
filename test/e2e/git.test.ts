import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { renameSync } from "node:fs";
import { describe, it } from "node:test";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { gitRepository } from "../kit/git-repository.ts";
import { needs } from "../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until } from "../kit/within.ts";

const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const clusters = (...names: string[]) =>
  `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
const broken = "the source is not served; the last good revision stays";

describe("chancery serve GIT_URL", { timeout: 120_000, ...needs("git") }, () => {
  it("serves commits, keeps what was served for a broken one, and names commit and author of each", async () => {
    using repository = gitRepository({ "fleet/a.yaml": clusters("a") });
    using files = temporaryFolder();
    const flags = ["--git-branch", "main", "--git-path", "fleet", "--git-poll", "50ms"];
    await using serve = new ServeProcess(repository.url, files.file("state"), flags);
    using client = new RawXdsClient(await serve.xdsPort());
    const stream = client.open(adsSotw);
    stream.send({ node: { id: "e1", cluster: "edge" }, type_url: CLUSTER });
    const first = await stream.next();
    assert.equal(first.resources.length, 1);

    const bad = repository.commit({ "fleet/a.yaml": "clusters:\n- {name: a, type: STATIK}\n" }, "Break it");
    const refusal = await serve.said(broken);
    assert.deepEqual(
      [refusal["commit"], refusal["author"], refusal["subject"]],
      [bad, "Ann Author <ann@example.com>", "Break it"],
    );
    const problem = serve.lines.find(({ component }) => component === "config");
    assert.deepEqual([problem?.["file"], problem?.["line"]], ["fleet/a.yaml", 2]);
    const address = await serve.adminAddress();
    const { stdout } = await runChancery(["status", "--admin-address", address]);
    assert.match(
      stdout,
      new RegExp(`refused.*\\n  commit ${bad.slice(0, 12)} by Ann Author <ann@example.com>: Break it`),
    );

    const good = repository.commit({ "fleet/a.yaml": clusters("a", "b") }, "Mend it");
    stream.send({ type_url: CLUSTER, version_info: first.version, response_nonce: first.nonce });
    const second = await stream.next();
    assert.equal(second.resources.length, 2);
    stream.send({
      type_url: CLUSTER,
      version_info: first.version,
      response_nonce: second.nonce,
      error_detail: { code: 13, message: "no, thank you" },
    });
    const nack = await serve.said("node refused a response; it keeps what it had");
    assert.deepEqual([nack["commit"], nack["author"]], [good, "Ann Author <ann@example.com>"]);
    const { text } = await serve.get("/metrics");
    assert.match(text, new RegExp(`chancery_git_revision_info\\{revision="${good}"\\} 1`));
    assert.match(
      text,
      /chancery_git_last_fetch_timestamp_seconds 1\.\d+e\+09|chancery_git_last_fetch_timestamp_seconds \d{10}/,
    );
  });

  it("serves what was served before when it starts while the repository is away, and follows it when it is back", async () => {
    using repository = gitRepository({ "a.yaml": clusters("a") });
    using files = temporaryFolder();
    const { commit } = await (async () => {
      await using serve = new ServeProcess(repository.url, files.file("state"), ["--log-level", "debug"]);
      const line = await serve.said("revision is served");
      await serve.said("revision is kept in the state directory");
      serve.child.kill("SIGKILL");
      await serve.child.exit();
      return { commit: line["commit"] };
    })();
    renameSync(repository.path, repository.beside("away"));
    await using serve = new ServeProcess(repository.url, files.file("state"));
    const away = await serve.said(
      "the source is not served; the last good revision from the state directory is",
    );
    assert.equal(away["reason"], "unreadable");
    const { current } = JSON.parse((await serve.get("/api/v1/revision")).text);
    assert.deepEqual([current.isRestored, current.source.commit], [true, commit]);
    assert.match(
      (await serve.get("/metrics")).text,
      /chancery_git_errors_total\{code="git-unreachable"\} \d/,
    );
    renameSync(repository.beside("away"), repository.path);
    assert.equal((await serve.said("the source is good again; nothing changed"))["commit"], commit);
  });

  it("serves a push at once when the webhook tells of it, on a listener of its own", async () => {
    using repository = gitRepository({ "a.yaml": clusters("a") });
    using files = temporaryFolder();
    const secret = "a secret of the webhook";
    const flags = ["--git-poll", "1h", "--webhook-secret-file", files.put("secret", secret)];
    await using serve = new ServeProcess(repository.url, files.file("state"), [
      ...flags,
      "--webhook-address",
      "127.0.0.1:0",
    ]);
    const address = String((await serve.said("webhook is served"))["address"]);
    await serve.said("revision is served");
    const commit = repository.commit({ "a.yaml": clusters("a", "b") });
    const body = JSON.stringify({ ref: "refs/heads/main", after: commit });
    const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
    const deliver = (path: string, headers: Record<string, string>) =>
      fetch(`http://${address}${path}`, { method: "POST", body, headers });
    assert.equal((await deliver("/api/v1/webhook", { "x-hub-signature-256": "sha256=00" })).status, 401);
    assert.equal((await deliver("/api/v1/reconcile", { "x-hub-signature-256": signature })).status, 404);
    assert.equal((await deliver("/api/v1/webhook", { "x-hub-signature-256": signature })).status, 202);
    const served = await serve.lineThat(
      (line) => line.msg === "revision is served" && line["commit"] === commit,
    );
    assert.equal(served.level, "info");
    assert.equal((await serve.get("/api/v1/webhook")).status, 404);
    assert.match((await serve.get("/metrics")).text, /chancery_webhook_deliveries_total\{result="poked"\} 1/);
  });

  it("refuses flags that do not fit, by name", async () => {
    const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
      [["ext::sh -c date"], /remote helpers such as ext:: are not run/],
      [["git://example.com/x.git"], /git:\/\/ is not fetched from/],
      [["https://ann:secret@example.com/x.git"], /has a password in it/],
      [["https://-oProxyCommand=x/y.git"], /cannot be understood|no usable host/],
      [
        ["file:///x", "--git-branch", "a", "--git-tag", "b"],
        /one of --git-branch, --git-tag and --git-commit/,
      ],
      [["file:///x", "--git-branch", "--upload-pack=x"], /cannot be the name of a branch/],
      [["file:///x", "--git-commit", "abc"], /--git-commit: expected all 40/],
      [["file:///x", "--git-path", "../x"], /--git-path: expected a folder inside the repository/],
      [["http://example.com/x", "--git-token-file", "t"], /in plain text over http/],
      [["https://example.com/x", "--git-ssh-key", "k"], /are for ssh/],
      [[".", "--git-branch", "main"], /--git-branch is for a git URL/],
      [[".", "--webhook-secret-file", "s"], /--webhook-secret-file is for a git URL/],
      [["file:///x", "--webhook-address", "127.0.0.1:0"], /--webhook-address needs --webhook-secret-file/],
    ];
    for (const [args, said] of cases) {
      const { code, stderr } = await runChancery(["serve", ...args]);
      assert.deepEqual([code, said.test(stderr)], [64, true], `${args.join(" ")}: ${stderr}`);
      assert.doesNotMatch(stderr, /secret@|:secret/);
    }
  });
});

describe("a commit on its way to Envoy", { timeout: 120_000, ...needs("git", "envoy") }, () => {
  it("is what Envoy runs", async () => {
    using repository = gitRepository({ "a.yaml": clusters("a") });
    using files = temporaryFolder();
    await using serve = new ServeProcess(repository.url, files.file("state"), ["--git-poll", "50ms"]);
    await using envoy = await startEnvoy(adsBootstrap({ port: await serve.xdsPort() }, "delta"), {
      untilLive: false,
    });
    await live(envoy);
    repository.commit({ "a.yaml": clusters("a", "from-git") });
    await until(20_000, "the cluster of the commit is there", async () => {
      const { body } = await envoy.admin.request("GET", "/clusters");
      return body.includes("from-git::") || undefined;
    });
  });
});
