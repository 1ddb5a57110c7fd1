import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

async function validate(
  files: Record<string, string | Buffer>,
  args: readonly string[],
  stdin: Iterable<string | Uint8Array> = [],
) {
  using folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.file(name)), { recursive: true });
    writeFileSync(folder.file(name), text);
  }
  const terminal = fakeTerminal({ cwd: folder.path, stdin });
  const code = await runProgram(
    { commands, foreign: [], version: () => "0" },
    ["validate", ...args],
    terminal,
  );
  return { code, ...terminal.written };
}

const good = "clusters:\n- {name: a, type: STATIC, connect_timeout: 1s}\n";
const bad = "clusters:\n- name: a\n  type: STATIK\n  conect_timeout: 1s\n";

describe("chancery validate", () => {
  it("prints that a folder is OK, as Envoy does for a file, and exits 0", async () => {
    const { code, stdout, stderr } = await validate({ "config/a.yaml": good }, ["config"]);
    assert.deepEqual([code, stdout, stderr], [0, "configuration 'config' OK\n", ""]);
  });

  it("shows all problems at once, each at its line below the name that was given, and exits 1", async () => {
    const { code, stdout } = await validate({ "config/sub/a.yaml": bad }, ["config"]);
    assert.equal(code, 1);
    assert.match(stdout, /^error: config\/sub\/a\.yaml:3:9 clusters\[0\]\.type: .*did you mean STATIC\?/m);
    assert.match(
      stdout,
      /^error: config\/sub\/a\.yaml:4:3 clusters\[0\]\.conect_timeout: .*did you mean connect_timeout\?/m,
    );
    assert.match(stdout, /^configuration 'config' has 2 errors$/m);
  });

  it("takes an Envoy bootstrap, and a file on stdin", async () => {
    const bootstrap = `static_resources:\n  ${good.replaceAll("\n", "\n  ").trim()}\n`;
    assert.equal((await validate({ "envoy.yaml": bootstrap }, ["envoy.yaml"])).code, 0);
    const { code, stdout } = await validate({}, ["-"], [bad]);
    assert.equal(code, 1);
    assert.match(stdout, /^error: <stdin>:3:9 /m);
  });

  it("gives programs the problems as JSON, alone on stdout", async () => {
    const { code, stdout, stderr } = await validate({ "a.yaml": bad }, ["a.yaml", "-o", "json"]);
    assert.deepEqual([code, stderr], [1, ""]);
    const { apiVersion, kind, isValid, problems } = JSON.parse(stdout);
    assert.deepEqual([apiVersion, kind, isValid, problems.length], ["chancery/v1", "Validation", false, 2]);
    assert.deepEqual(problems[0].place, { file: "a.yaml", line: 3, column: 9 });
    const lines = (await validate({ "a.yaml": bad }, ["a.yaml", "-o", "jsonl"])).stdout.trim().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).place.line),
      [3, 4],
    );
  });

  it("shows both places of a name that is defined twice", async () => {
    const { code, stdout } = await validate({ "config/a.yaml": good, "config/b.yaml": good }, ["config"]);
    assert.equal(code, 1);
    assert.match(stdout, /^error: config\/b\.yaml:2:10: cluster "a" is defined twice/m);
    assert.match(stdout, /^ {2}note: config\/a\.yaml:2:10: first here$/m);
  });

  it("takes types of --proto-path in the extensions of a resource", async () => {
    const listener = `listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
  listener_filters:
  - {name: mine, typed_config: {"@type": type.googleapis.com/mine.Filter, tag: a}}
  filter_chains: [{}]
`;
    const proto = 'syntax = "proto3"; package mine; message Filter { string tag = 1; }';
    const files = { "config/l.yaml": listener, "protos/mine.proto": proto };
    assert.match((await validate(files, ["config"])).stdout, /l\.yaml:5:\d+ .*there is no type mine\.Filter/);
    const { stdout: verdict } = await validate(files, ["config", "--proto-path", "protos"]);
    assert.match(verdict, /configuration 'config' OK\n$/);
    const misspelt = { ...files, "config/l.yaml": listener.replace("tag:", "tga:") };
    const { stdout } = await validate(misspelt, ["config", "--proto-path", "protos"]);
    assert.match(stdout, /mine\.Filter has no field "tga"; did you mean tag\?/);
  });

  it("says nothing for -q when all is well", async () => {
    assert.equal((await validate({ "a.yaml": good }, ["a.yaml", "-q"])).stdout, "");
  });

  it("exits 65 for a folder with a file that cannot be taken, and names it as it was given", async () => {
    const files = { "config/a.yaml": good, "config/b.yaml": Buffer.from([0xff]) };
    const { code, stdout, stderr } = await validate(files, ["config"]);
    assert.deepEqual([code, stdout], [65, ""]);
    assert.match(stderr, /^error: config\/b\.yaml:1:1: /);
  });

  it("exits 65 for a file and for text on stdin that are not UTF-8, and says where", async () => {
    const bytes = Buffer.concat([Buffer.from("clusters: []\n# ä€😀: "), Buffer.from([0xfc, 0x0a])]);
    const file = await validate({ "a.yaml": bytes }, ["a.yaml"]);
    const expected = "2:9: expected text in UTF-8, found the byte 0xfc";
    assert.deepEqual([file.code, file.stdout, file.stderr], [65, "", `error: a.yaml:${expected}\n`]);
    const folder = await validate({ "config/a.yaml": bytes }, ["config"]);
    assert.deepEqual([folder.code, folder.stderr], [65, `error: config/a.yaml:${expected}\n`]);
    const piped = await validate({}, ["-"], [bytes]);
    assert.deepEqual([piped.code, piped.stderr], [65, `error: <stdin>:${expected}\n`]);
  });

  it("exits 65 for a file and for text on stdin over the limit of a file, without reading on", async () => {
    const line = `# ${"x".repeat(1022)}\n`;
    const limit = "1:1: file is larger than the limit of 16777216 bytes\n";
    const file = await validate({ "a.yaml": line.repeat(16_400) }, ["a.yaml"]);
    assert.deepEqual([file.code, file.stderr], [65, `error: a.yaml:${limit}`]);
    let given = 0;
    const endless = {
      *[Symbol.iterator]() {
        for (;;) yield line.repeat((given += 1) && 1024);
      },
    };
    const piped = await validate({}, ["-"], endless);
    assert.deepEqual([piped.code, piped.stderr], [65, `error: <stdin>:${limit}`]);
    assert.ok(given < 20);
  });

  it("exits 65 for what is not there", async () => {
    const { code, stdout, stderr } = await validate({}, ["gone"]);
    assert.deepEqual([code, stdout, stderr], [65, "", "error: cannot read gone: it does not exist\n"]);
  });

  it("prints annotations of GitHub, with nothing in a text taken for a command", async () => {
    const text = 'clusters:\n- name: a\n  type: "STA,T::IK%\\n::error::x"\n';
    const { code, stdout } = await validate({ "config/a,b.yaml": text }, ["config", "-o", "github"]);
    assert.equal(code, 1);
    const lines = stdout.trimEnd().split("\n");
    assert.match(
      lines[0]!,
      /^::error file=config\/a%2Cb\.yaml,line=3,col=9,title=unknown-enum-value::clusters\[0\]\.type: /,
    );
    assert.ok(lines.every((line) => line.startsWith("::error file=") || line.startsWith("::warning ")));
  });

  it("prints SARIF with a rule and a place for each problem", async () => {
    const { code, stdout } = await validate({ "config/a b.yaml": bad }, ["config", "-o", "sarif"]);
    assert.equal(code, 1);
    const { version, runs } = JSON.parse(stdout);
    assert.equal(version, "2.1.0");
    const [{ tool, results }] = runs;
    assert.equal(tool.driver.name, "chancery");
    assert.deepEqual(
      results.map(({ ruleId, level, locations }: SarifResult) => [ruleId, level, locations[0]]),
      [
        ["unknown-enum-value", "error", { physicalLocation: place(3, 9) }],
        ["unknown-field", "error", { physicalLocation: place(4, 3) }],
      ],
    );
    assert.deepEqual(
      results.map(({ ruleIndex }: { ruleIndex: number }) => tool.driver.rules[ruleIndex].id),
      ["unknown-enum-value", "unknown-field"],
    );
  });
});

interface SarifResult {
  readonly ruleId: string;
  readonly level: string;
  readonly locations: readonly object[];
}

function place(startLine: number, startColumn: number) {
  return { artifactLocation: { uri: "config/a%20b.yaml" }, region: { startLine, startColumn } };
}
