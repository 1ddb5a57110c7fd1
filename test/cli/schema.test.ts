import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

async function schema(cwd: string, ...args: string[]) {
  const terminal = fakeTerminal({ cwd });
  const code = await runProgram({ commands, foreign: [], version: () => "0" }, ["schema", ...args], terminal);
  return { code, ...terminal.written };
}

describe("chancery schema", () => {
  it("prints the schema of a type", async () => {
    const { code, stdout } = await schema("/", "Cluster");
    assert.equal(code, 0);
    const printed = JSON.parse(stdout);
    assert.equal(printed.$ref, "#/definitions/envoy.config.cluster.v3.Cluster");
    assert.ok(printed.definitions["envoy.config.cluster.v3.Cluster"]);
  });

  it("writes all that a folder needs, and prints the settings of VS Code", async () => {
    using folder = temporaryFolder();
    const { code, stdout } = await schema(folder.path, "--dir", ".schemas");
    assert.equal(code, 0);
    const settings = JSON.parse(stdout)["yaml.schemas"];
    assert.deepEqual(settings[".schemas/chancery.schema.json"], ["chancery.yaml"]);
    for (const file of Object.keys(settings)) {
      assert.match(JSON.parse(readFileSync(folder.file(file), "utf8")).$schema, /draft-07/);
    }
  });

  it("says which name was meant, and that --dir is for all", async () => {
    const { code, stderr } = await schema("/", "Clutser");
    assert.equal(code, 64);
    assert.match(stderr, /did you mean Cluster\?/);
    assert.equal((await schema("/", "Cluster", "--dir", "x")).code, 64);
  });

  it("says why a folder cannot be written to", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("taken"), "");
    const { code, stderr } = await schema(folder.path, "--dir", "taken/schemas");
    assert.equal(code, 1);
    assert.match(stderr, /cannot write to taken\/schemas: /);
  });
});
