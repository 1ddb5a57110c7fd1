import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { chancery } from "../kit/chancery-process.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const cluster = `"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
name: a
connect_timeout: 0.25s
`;

async function convert(files: Record<string, string | Buffer>, ...flags: string[]) {
  using folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(folder.file(name), content);
  const terminal = fakeTerminal({ cwd: folder.path, stdin: [cluster] });
  const code = await runProgram(
    { commands, foreign: [], version: () => "0" },
    ["convert", ...flags],
    terminal,
  );
  return { code, ...terminal.written };
}

describe("chancery convert", () => {
  it("turns YAML into JSON, binary and base64, and each of them back into the same YAML", async () => {
    const files = { "a.yaml": cluster };
    const yaml = (await convert(files, "a.yaml")).stdout;
    assert.match(yaml, /name: a\n/);
    for (const form of ["json", "binary", "base64"]) {
      const { stdout, stderr, code } = await convert(files, "a.yaml", "--to", form);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.notEqual(stdout, yaml);
      const back = await convert({ b: Buffer.from(stdout, "latin1") }, "b", "--to", "yaml");
      assert.deepEqual([back.code, back.stdout], [0, yaml]);
    }
  });

  it("reads stdin for -", async () => {
    const { stdout } = await convert({}, "-", "--to", "json");
    assert.equal(JSON.parse(stdout).name, "a");
  });

  it("separates YAML documents, so that what it prints can be read again", async () => {
    const twice = await convert({ "a.yaml": cluster, "b.yaml": cluster }, "a.yaml", "b.yaml");
    const again = await convert({ "c.yaml": twice.stdout }, "c.yaml");
    assert.deepEqual([again.code, again.stdout], [0, twice.stdout]);
  });

  it("prints problems with their line on stderr, the others' messages on stdout, and exits 1", async () => {
    const bad = cluster.replace("name: a", "nam: a");
    const { code, stdout, stderr } = await convert(
      { "a.yaml": cluster, "bad.yaml": bad },
      "bad.yaml",
      "a.yaml",
    );
    assert.equal(code, 1);
    assert.match(stderr, /^error: bad\.yaml:2:1 .*did you mean name\?/m);
    assert.match(stderr, /^ {4}2 \| nam: a\n {6}\| \^$/m);
    assert.match(stdout, /name: a/);
  });

  it("checks field rules unless told not to", async () => {
    const bad = cluster.replace("name: a", 'name: ""');
    const strict = await convert({ "a.yaml": bad }, "a.yaml", "-o", "jsonl");
    const [error] = JSON.parse(strict.stdout).errors;
    assert.deepEqual([strict.code, error.path, error.line], [1, "name", 2]);
    assert.equal((await convert({ "a.yaml": bad }, "a.yaml", "--no-rules")).code, 0);
  });

  it("gives a line a file for -o jsonl: thousands in one go, unreadable ones among them", async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `${i}.yaml`);
    const files = Object.fromEntries(names.map((name) => [name, cluster]));
    const { code, stdout, stderr } = await convert(files, ...names, "gone.yaml", "-o", "jsonl");
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 3001);
    const type = "envoy.config.cluster.v3.Cluster";
    // name (1) "a"; connect_timeout (4), a Duration with nanos (2) 250,000,000.
    const bytes = Buffer.from([0x0a, 1, 0x61, 0x22, 5, 0x10, 0x80, 0xe5, 0x9a, 0x77]);
    assert.deepEqual(Object.keys(lines[0]), ["file", "type", "ok", "errors", "base64"]);
    assert.deepEqual(
      [lines[0].file, lines[0].type, lines[0].ok, lines[0].errors],
      ["0.yaml", type, true, []],
    );
    assert.equal(lines[0].base64, bytes.toString("base64"));
    assert.deepEqual(lines[3000], {
      file: "gone.yaml",
      type: null,
      ok: false,
      errors: [
        {
          path: "",
          line: null,
          column: null,
          message: "cannot read gone.yaml: it does not exist",
          code: "unreadable-file",
        },
      ],
      base64: null,
    });
    assert.deepEqual([code, stderr], [65, ""]);
  });

  it("names the file of a problem that has no place in it, and what a folder is", async () => {
    const files = { "a.bin": Buffer.from([0xff, 0xfe, 0x80]), "b.yaml": "" };
    const { code, stderr } = await convert(files, "a.bin", "b.yaml", ".");
    assert.equal(code, 65);
    const [first, second, third] = stderr.split("\n");
    assert.match(first!, /^error: a\.bin: expected text in UTF-8/);
    assert.match(second!, /^error: b\.yaml: the file holds no message/);
    assert.match(third!, /^error: cannot read \.: it is a folder, expected a file/);
  });

  it("refuses to run several binary messages into one", async () => {
    const { code, stdout, stderr } = await convert({}, "a", "b", "--to", "binary");
    assert.deepEqual([code, stdout], [64, ""]);
    assert.match(stderr, /holds one message only\nconvert one file at a time/);
  });

  it("takes types of --proto-path, and says what is wrong with one that cannot be read", async () => {
    using folder = temporaryFolder();
    writeFileSync(
      folder.file("mine.proto"),
      'syntax = "proto3"; package mine; message Filter { string tag = 1; }',
    );
    const mine = '"@type": type.googleapis.com/mine.Filter\ntag: x\n';
    const { code, stdout } = await convert(
      { "m.yaml": mine },
      "m.yaml",
      "--proto-path",
      folder.path,
      "--to",
      "json",
    );
    assert.deepEqual(
      [code, JSON.parse(stdout)],
      [0, { "@type": "type.googleapis.com/mine.Filter", tag: "x" }],
    );
    const gone = await convert({ "m.yaml": mine }, "m.yaml", "--descriptors", folder.file("gone"));
    assert.equal(gone.code, 65);
    assert.match(gone.stderr, /cannot read .*gone/);
  });

  it("writes binary bytes as they are to a pipe", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("a.yaml"), cluster.replace("name: a", "name: ä"));
    await using child = chancery(["convert", folder.file("a.yaml"), "--to", "base64"]);
    assert.equal(await child.exit(), 0);
    const any = Buffer.from(child.stdout, "base64");
    await using back = chancery(["convert", folder.file("a.yaml"), "--to", "binary"]);
    await back.exit();
    assert.equal(back.stdout, any.toString("utf8"));
  });
});
