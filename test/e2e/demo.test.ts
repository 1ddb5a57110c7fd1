import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { repositoryPath } from "../docs/code-blocks.ts";
import { chancery } from "../kit/chancery-process.ts";
import type { Child } from "../kit/child.ts";
import { freePort } from "../kit/free-port.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { canConnect } from "../kit/scripted-client.ts";
import { canonicalFiles, servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const edgeFile = "quickstart/groups/edge/edge.yaml";

/** A copy of examples/ on free ports, and the demo's command line for it. */
async function demoOnFreePorts() {
  const folder = temporaryFolder();
  const example = folder.file("examples");
  const temporary = folder.file("tmp");
  cpSync(repositoryPath("examples"), example, { recursive: true });
  mkdirSync(temporary);
  const [edge, inner, upstream, xds, admin] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const ports = new Map([
    [10000, edge],
    [10001, inner],
    [10002, upstream],
    [18000, xds],
    [9901, 0],
    [9902, 0],
  ]);
  for (const name of readdirSync(example, { recursive: true, encoding: "utf8" })) {
    if (!/^quickstart.*\.yaml$/.test(name)) continue;
    edit(name, (text) =>
      text.replaceAll(/(?<=port_value: )\d+/g, (port) =>
        String(ports.get(Number(port)) ?? assert.fail(port)),
      ),
    );
  }
  const addresses = { xds, admin, upstream, edge };
  const flags = Object.entries(addresses).flatMap(([name, port]) => [
    `--${name}-address`,
    `127.0.0.1:${port}`,
  ]);

  function edit(name: string, change: (text: string) => string): void {
    const file = join(example, name);
    writeFileSync(file, change(readFileSync(file, "utf8")));
  }

  return {
    ports: { edge, inner, upstream, xds, admin },
    edit,
    /** Temporary files that are there. */
    left: () => readdirSync(temporary),
    start: (...more: readonly string[]): Child =>
      chancery(["demo", ...more, "--example", example, ...flags], { env: { TMPDIR: temporary } }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

describe("chancery demo", { timeout: 60_000 }, () => {
  it("shows the address at every hop, then follows the folder, and leaves nothing at Ctrl-C", async () => {
    using demo = await demoOnFreePorts();
    const { ports } = demo;
    await using child = demo.start();
    await child.outputHas(/^Stop +Ctrl-C$/m);
    const client = "203.0.113.7:40000";
    assert.match(child.stdout, new RegExp(`^ +client .*the client is ${client}$`, "m"));
    for (const [hop, from, to] of [
      ["edge", "inner", ports.inner],
      ["inner", "upstream", ports.upstream],
    ] as const) {
      const seen = new RegExp(
        `^ +${hop} +its TCP peer is 127\\.0\\.0\\.1:\\d+, the header says ${client}\\n +connects from (\\S+) to 127\\.0\\.0\\.1:${to} `,
        "m",
      ).exec(child.stdout);
      assert.ok(seen, child.stdout);
      // The next one sees exactly this connection.
      assert.match(child.stdout, new RegExp(`^ +${from} +its TCP peer is ${seen[1]}, `, "m"));
    }
    assert.match(child.stdout, /it read: PROXY TCP4 203\.0\.113\.7 198\.51\.100\.7 40000 443$/m);
    assert.match(child.stdout, new RegExp(`^The upstream knows the client: ${client}\\.$`, "m"));
    const [, edgeAdmin = ""] = /http:\/\/(\S+)\/stats .* of edge$/m.exec(child.stdout) ?? [];
    assert.equal((await fetch(`http://${edgeAdmin}/ready`)).status, 200);

    const shown = child.stdout.length;
    demo.edit(edgeFile, (text) => text.replace("connect_timeout: 1s", "connect_timeout: 2s"));
    await child.outputGives(
      () => /edge-1 acknowledged its clusters\n.*is everywhere/.exec(child.stdout.slice(shown)) ?? undefined,
      "the acknowledgement",
    );
    demo.edit(edgeFile, (text) => text.replace("type: STATIC", "type: STATIK"));
    await child.outputHas(/the folder has 1 error and is not served; every proxy keeps what it has/);
    assert.match(
      child.stdout + child.stderr,
      /edge\.yaml:\d+:\d+ clusters\[0\]\.type: .*did you mean STATIC\?/,
    );
    assert.ok(await canConnect(ports.edge));

    child.kill("SIGINT");
    assert.equal(await child.exit(), 0);
    for (const port of Object.values(ports)) assert.equal(await canConnect(port), false, String(port));
    assert.deepEqual(demo.left(), []);
  });

  for (const [part, words] of [
    ["xds", /is in use: .*--xds-address/],
    ["admin", /is in use: .*--admin-address/],
    ["upstream", /is in use: .*--upstream-address/],
    ["edge", /edge-1 refused its configuration: .*cannot bind .*in use/],
  ] as const) {
    it(`says that the port of ${part} is in use, exits 1 and leaves nothing`, async () => {
      using demo = await demoOnFreePorts();
      await using taken = await startRecordingBackend({ port: demo.ports[part] });
      assert.equal(taken.port, demo.ports[part]);
      await using child = demo.start();
      assert.equal(await child.exit(), 1);
      assert.match(child.stderr, new RegExp(`^error: .*${words.source}`, "m"));
      assert.deepEqual(demo.left(), []);
    });
  }

  it("serves a folder of one's own, and says how to connect to it", async () => {
    using demo = await demoOnFreePorts();
    using folder = servedFolder(canonicalFiles({ listener: demo.ports.edge, endpoint: demo.ports.upstream }));
    await using child = demo.start(folder.path);
    await child.outputHas(/^Stop +Ctrl-C$/m);
    assert.match(child.stdout, /^Connect +envoy -c BOOTSTRAP or chancery proxy -c BOOTSTRAP/m);
    await child.outputHas(/revision \S+ is served$/m);
    assert.equal(await canConnect(demo.ports.edge), false);
    folder.write("listeners.yaml", "listeners: [");
    await child.outputHas(/listeners\.yaml:1:\d+: /);
    child.kill("SIGINT");
    assert.equal(await child.exit(), 0);
    assert.deepEqual(demo.left(), []);
  });

  it("says that a data plane has ended and why, and exits 1", async () => {
    using demo = await demoOnFreePorts();
    await using taken = await startRecordingBackend();
    demo.edit("quickstart-bootstrap/edge.yaml", (text) =>
      text.replace(/(?<=^admin: .*port_value: )0/m, String(taken.port)),
    );
    // The other one was still starting when it was told to stop.
    await using child = demo.start();
    assert.equal(await child.exit(), 1);
    assert.match(
      child.stderr,
      new RegExp(`^error: a data plane ended: cannot run: .*in use.*:${taken.port}$`, "m"),
    );
    assert.deepEqual(demo.left(), []);
  });
});
