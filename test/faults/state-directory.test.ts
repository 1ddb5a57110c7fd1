import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { gitRepository } from "../kit/git-repository.ts";
import { needs } from "../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { needsMounts, SmallDisk } from "../kit/small-disk.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const clusters = (...names: string[]) =>
  `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
const broken = "clusters:\n- {name: a, type: STATIK}\n";
const wouldBeLost = "what is served would not survive a restart: the state directory refuses it";

/** How many clusters a node is given that connects now. */
async function servedNow(serve: ServeProcess): Promise<number> {
  using client = new RawXdsClient(await serve.xdsPort());
  const stream = client.open(adsSotw);
  stream.send({ node: { id: "e1", cluster: "edge" }, type_url: CLUSTER });
  return (await stream.next()).resources.length;
}

async function gauge(serve: ServeProcess, name: string): Promise<number> {
  const { text } = await serve.get("/metrics");
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
}

describe("a state directory without room", { timeout: 120_000, ...needsMounts() }, () => {
  it("stops nothing: changes are served, everybody is told that a restart would lose them, and it mends itself", async () => {
    using disk = new SmallDisk();
    using folder = servedFolder({ "a.yaml": clusters("a") });
    const state = join(disk.path, "state");
    const flags = ["--log-level", "debug"];
    {
      await using serve = new ServeProcess(folder.path, state, flags);
      await serve.said("revision is kept in the state directory");
      assert.equal(await gauge(serve, "chancery_state_kept"), 1);
      disk.fill();
      folder.write("a.yaml", clusters("a", "b"));
      assert.match(String((await serve.said(wouldBeLost))["error"]), /ENOSPC/);
      assert.equal(await servedNow(serve), 2);
      assert.equal((await serve.get("/readyz")).status, 200);
      assert.equal(await gauge(serve, "chancery_state_kept"), 0);
      const { stdout } = await runChancery([
        "rollout",
        "status",
        "--admin-address",
        await serve.adminAddress(),
      ]);
      assert.match(stdout, /a restart would lose this: the state directory refuses it: ENOSPC/);
      disk.free();
      await serve.said("the state directory takes what is served again");
      assert.equal(await gauge(serve, "chancery_state_kept"), 1);
      serve.child.kill("SIGKILL");
      await serve.child.exit();
    }
    folder.write("a.yaml", broken);
    await using serve = new ServeProcess(folder.path, state, flags);
    assert.equal(await servedNow(serve), 2);
  });

  it("takes no push, says why with 507, and takes the same one when there is room", async () => {
    using disk = new SmallDisk();
    using files = temporaryFolder();
    const token = "ci-token-ci-token-ci-token";
    const tokens = files.put("tokens", `ci ${token}\n`);
    await using serve = new ServeProcess("--push", join(disk.path, "state"), ["--admin-token-file", tokens]);
    const url = `http://${await serve.adminAddress()}/api/v1/tree`;
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const put = async (ifMatch: string, text: string) =>
      fetch(url, {
        method: "PUT",
        headers: { ...headers, "if-match": ifMatch },
        body: JSON.stringify({ files: [{ path: "a.yaml", text }] }),
      });
    const first = await put('"none"', clusters("a"));
    assert.equal(first.status, 200);
    const tag = first.headers.get("etag")!;

    disk.fill();
    const refused = await put(tag, clusters("a", "b"));
    assert.equal(refused.status, 507);
    const { outcome, isServed, reason } = JSON.parse(await refused.text());
    assert.deepEqual([outcome, isServed, /ENOSPC/.test(reason)], ["unkept", false, true]);
    assert.equal((await fetch(url, { headers })).headers.get("etag"), tag);
    await serve.said("the push is not taken: the state directory refuses it");
    assert.equal(await servedNow(serve), 1);
    using config = servedFolder({ "a.yaml": clusters("a", "b") });
    const admin = ["--admin-address", await serve.adminAddress(), "--admin-token-file", tokens];
    const cli = await runChancery(["push", config.path, ...admin]);
    assert.deepEqual(
      [cli.code, /cannot keep the push: ENOSPC.*; nothing has changed/.test(cli.stderr)],
      [1, true],
      cli.stderr,
    );

    disk.free();
    assert.equal((await put(tag, clusters("a", "b"))).status, 200);
    assert.equal(await servedNow(serve), 2);
  });

  it("does what a person orders, tells them that a restart would lose it, and keeps it when there is room", async () => {
    using disk = new SmallDisk();
    using folder = servedFolder({ "a.yaml": clusters("a") });
    const state = join(disk.path, "state");
    {
      await using serve = new ServeProcess(folder.path, state, ["--log-level", "debug"]);
      await serve.said("revision is kept in the state directory");
      folder.write("a.yaml", clusters("a", "b"));
      await serve.said("revision is kept in the state directory", 1);
      disk.fill();
      const admin = ["--admin-address", await serve.adminAddress()];
      const undone = await runChancery(["rollout", "undo", ...admin]);
      assert.equal(undone.code, 1);
      assert.match(
        undone.stderr,
        /answers: it is done, but a restart would lose it: the state directory refuses it: ENOSPC/,
      );
      assert.equal(await servedNow(serve), 1);
      disk.free();
      await serve.said("the state directory takes what is served again");
      serve.child.kill("SIGKILL");
      await serve.child.exit();
    }
    await using serve = new ServeProcess(folder.path, state);
    assert.equal(await servedNow(serve), 1);
  });

  it(
    "keeps a commit from being fetched, which is then not served, and is when there is room",
    needs("git"),
    async () => {
      using disk = new SmallDisk();
      using repository = gitRepository({ "a.yaml": clusters("a") });
      await using serve = new ServeProcess(repository.url, join(disk.path, "state"), ["--git-poll", "50ms"]);
      assert.equal(await servedNow(serve), 1);
      disk.fill();
      // More than there is room for once what was fetched before has made way.
      const large = `# ${randomBytes(400_000).toString("base64")}\n${clusters("a", "b")}`;
      repository.commit({ "a.yaml": large });
      await serve.said("the source is not served; the last good revision stays");
      assert.equal(await servedNow(serve), 1);
      const problem = serve.lines.find(({ component }) => component === "config");
      assert.match(JSON.stringify(problem), /git-store.*No space left on device/);
      disk.free();
      await serve.said("revision is served", 1);
      assert.equal(await servedNow(serve), 2);
    },
  );
});

describe("a read-only state directory", { timeout: 120_000, ...needsMounts() }, () => {
  it("is served from when the source is broken, and has nothing to refuse while nothing changes", async () => {
    using disk = new SmallDisk();
    using folder = servedFolder({ "a.yaml": clusters("a") });
    const state = join(disk.path, "state");
    const flags = ["--log-level", "debug"];
    {
      await using serve = new ServeProcess(folder.path, state, flags);
      await serve.said("revision is kept in the state directory");
    }
    disk.remount("ro");
    {
      await using serve = new ServeProcess(folder.path, state, flags);
      await serve.said("revision is kept in the state directory");
      assert.equal(await gauge(serve, "chancery_state_kept"), 1);
      folder.write("a.yaml", clusters("a", "b"));
      assert.match(String((await serve.said(wouldBeLost))["error"]), /EROFS/);
      assert.equal(await servedNow(serve), 2);
    }
    folder.write("a.yaml", broken);
    await using serve = new ServeProcess(folder.path, state, flags);
    await serve.said("the source is not served; the last good revision from the state directory is");
    assert.equal(await servedNow(serve), 1);
  });

  it("serves the commit that was fetched before, with the repository followed on", needs("git"), async () => {
    using disk = new SmallDisk();
    using repository = gitRepository({ "a.yaml": clusters("a") });
    const state = join(disk.path, "state");
    const flags = ["--git-poll", "50ms"];
    {
      await using serve = new ServeProcess(repository.url, state, flags);
      assert.equal(await servedNow(serve), 1);
    }
    disk.remount("ro");
    await using serve = new ServeProcess(repository.url, state, flags);
    await serve.said("revision is served");
    assert.equal(await servedNow(serve), 1);
    repository.commit({ "a.yaml": clusters("a", "b") });
    await serve.said("the source is not served; the last good revision stays");
    disk.remount("rw");
    await serve.said("revision is served", 1);
    assert.equal(await servedNow(serve), 2);
  });
});
