import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../../src/cli/program.ts";
import { readVersion } from "../../src/server/build-info.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";

async function version(...flags: string[]): Promise<string> {
  const terminal = fakeTerminal();
  const parts = { commands, foreign: [], version: readVersion };
  assert.equal(await runProgram(parts, ["version", ...flags], terminal), 0);
  assert.equal(terminal.written.stderr, "");
  return terminal.written.stdout;
}

describe("chancery version", () => {
  const manifest = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("#root/package.json")), "utf8"));

  it("names the version of package.json", async () => {
    assert.match(await version(), new RegExp(`^chancery ${manifest.version} \\(node `));
  });

  it("prints JSON alone, with its apiVersion, for -o json and in one line for -o jsonl", async () => {
    const document = JSON.parse(await version("-o", "json"));
    assert.deepEqual(
      [document.apiVersion, document.kind, document.version],
      ["chancery/v1", "Version", manifest.version],
    );
    const line = await version("-o", "jsonl");
    assert.deepEqual(JSON.parse(line), document);
    assert.equal(line.trim().split("\n").length, 1);
  });

  it("prints YAML for -o yaml", async () => {
    assert.match(await version("-o", "yaml"), /^apiVersion: chancery\/v1\nkind: Version\n/);
  });
});
