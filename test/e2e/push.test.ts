import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const clusters = (...names: string[]) =>
  `clusters:\n${names.map((name) => `- {name: ${name}, type: STATIC, connect_timeout: 1s}\n`).join("")}`;
const ciToken = "ci-token-ci-token-ci-token";

interface ApiRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A server that takes pushes, and what a client needs. */
function pushed() {
  const files = temporaryFolder();
  const tokens = files.put("tokens", `ci ${ciToken}\nann ann-token-ann-token\n`);
  const state = files.file("state");
  return {
    files,
    serve: () => new ServeProcess("--push", state, ["--admin-token-file", tokens, "--log-level", "debug"]),
    push: async (serve: ServeProcess, folder: string, ...more: readonly string[]) =>
      runChancery([
        "push",
        folder,
        "--admin-address",
        await serve.adminAddress(),
        "--admin-token-file",
        tokens,
        ...more,
      ]),
    /** Asks the admin API as `ci`, or as the one of the token. */
    ask: async (serve: ServeProcess, path: string, init: ApiRequest = {}, token = ciToken) =>
      fetch(`http://${await serve.adminAddress()}${path}`, {
        ...init,
        headers: { "content-type": "application/json", authorization: `Bearer ${token}`, ...init.headers },
      }),
  };
}

const put = (ifMatch: string, files: unknown): ApiRequest => ({
  method: "PUT",
  headers: { "if-match": ifMatch },
  body: JSON.stringify({ files }),
});

describe("chancery push", { timeout: 120_000 }, () => {
  it("has a folder served, whole, and says who pushed", async () => {
    const { files, serve: start, push, ask } = pushed();
    using _ = files;
    using config = servedFolder({ "a.yaml": clusters("a"), "groups/edge/b.yaml": clusters("b") });
    await using serve = start();
    await serve.said(
      "the source is not served, and there is nothing from before: nodes are refused until it is valid",
    );
    const { code, stdout } = await push(serve, config.path);
    assert.equal(code, 0, stdout);
    const tag = /^pushed as (\S+)$/m.exec(stdout)?.[1];
    assert.match(stdout, / {2}pushed by ci\n/);
    const tree = await ask(serve, "/api/v1/tree");
    assert.equal(tree.headers.get("etag"), `"${tag}"`);
    const { files: count, by } = JSON.parse(await tree.text());
    assert.deepEqual([count, by], [2, "ci"]);
    assert.equal((await serve.said("revision is served"))["pushed_by"], "ci");
  });

  it("changes nothing when the folder has an error, and shows its line", async () => {
    const { files, serve: start, push, ask } = pushed();
    using _ = files;
    using config = servedFolder({ "a.yaml": clusters("a") });
    await using serve = start();
    assert.equal((await push(serve, config.path)).code, 0);
    const before = await (await ask(serve, "/api/v1/tree")).text();
    config.write("a.yaml", "clusters:\n- {name: a, type: STATIK}\n");
    const { code, stdout } = await push(serve, config.path);
    assert.equal(code, 1);
    assert.match(stdout, /a\.yaml:2:\d+[^]*STATIC[^]*the push is refused; nothing has changed/);
    assert.equal(await (await ask(serve, "/api/v1/tree")).text(), before);
    config.write("a.yaml", clusters("a", "b"));
    assert.equal((await push(serve, config.path)).code, 0);
  });

  it("lets one of two pushes at once win, and tells the other", async () => {
    const { files, serve: start, ask } = pushed();
    using _ = files;
    await using serve = start();
    const trees = ["a", "b"].map((name) => put('"none"', [{ path: "a.yaml", text: clusters(name) }]));
    const answers = await Promise.all(trees.map(async (tree) => ask(serve, "/api/v1/tree", tree)));
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 412],
    );
    const [won, lost] = answers.toSorted((a, b) => a.status - b.status);
    assert.equal(lost!.headers.get("etag"), won!.headers.get("etag"));
    assert.equal(JSON.parse(await lost!.text()).now.by, "ci");
  });

  it("tells a client that somebody else has pushed since", async () => {
    const { files, serve: start, push } = pushed();
    using _ = files;
    using config = servedFolder({ "a.yaml": clusters("a") });
    await using serve = start();
    const first = /^pushed as (\S+)$/m.exec((await push(serve, config.path)).stdout)![1]!;
    config.write("a.yaml", clusters("a", "b"));
    assert.equal((await push(serve, config.path)).code, 0);
    const late = await push(serve, config.path, "--if-match", first);
    assert.equal(late.code, 1);
    assert.match(
      late.stderr,
      /somebody else has pushed: \S+ is there by ci at .*, not \S+; nothing has changed/,
    );
    assert.equal((await push(serve, config.path, "--force")).code, 0);
  });

  it("serves after kill -9 what was accepted last", async () => {
    const { files, serve: start, push, ask } = pushed();
    using _ = files;
    using config = servedFolder({ "a.yaml": clusters("a") });
    const tag = await (async () => {
      await using serve = start();
      const { stdout } = await push(serve, config.path);
      serve.child.kill("SIGKILL");
      await serve.child.exit();
      return /^pushed as (\S+)$/m.exec(stdout)![1]!;
    })();
    await using serve = start();
    assert.equal((await serve.said("revision is served"))["resources"], 1);
    assert.equal((await ask(serve, "/api/v1/tree")).headers.get("etag"), `"${tag}"`);
  });

  it("refuses pushes without a token, without If-Match, and of files that lie outside", async () => {
    const { files, serve: start, ask } = pushed();
    using _ = files;
    await using serve = start();
    const good = [{ path: "a.yaml", text: clusters("a") }];
    assert.equal((await ask(serve, "/api/v1/tree", put("*", good), "no-token-of-this-server")).status, 401);
    const { headers: _headers, ...without } = put("*", good);
    assert.equal((await ask(serve, "/api/v1/tree", without)).status, 428);
    for (const path of ["../a.yaml", "/etc/a.yaml", "a//b.yaml", "x\u0000.yaml", ".git/a.yaml", "a.txt"]) {
      const answer = await ask(serve, "/api/v1/tree", put("*", [{ path, text: "" }]));
      assert.equal(answer.status, 400, path);
      assert.equal(JSON.parse(await answer.text()).problems[0].code, "push-path");
    }
    for (const shape of [undefined, {}, [1], [{ path: "a.yaml" }]]) {
      assert.equal((await ask(serve, "/api/v1/tree", put("*", shape))).status, 400);
    }
    assert.equal((await ask(serve, "/api/v1/tree", put('"none"', good))).status, 200);
  });

  it("is only for a server that takes pushes, which needs tokens and no folder", async () => {
    using config = servedFolder({ "a.yaml": clusters("a") });
    for (const [args, said] of [
      [["--push"], /--push needs --admin-token-file/],
      [["--push", config.path], /--push serves what is pushed/],
      [[], /give a folder or a git URL to serve, or --push/],
    ] as const) {
      const { code, stderr } = await runChancery(["serve", ...args]);
      assert.deepEqual([code, said.test(stderr)], [64, true], stderr);
    }
    await using serve = new ServeProcess(config.path, config.state);
    const { code, stderr } = await runChancery([
      "push",
      config.path,
      "--admin-address",
      await serve.adminAddress(),
    ]);
    assert.deepEqual([code, /there is no \/api\/v1\/tree here/.test(stderr)], [1, true], stderr);
  });
});
