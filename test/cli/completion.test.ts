import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";

async function script(shell: string): Promise<string> {
  const terminal = fakeTerminal();
  assert.equal(
    await runProgram({ commands, foreign: [], version: () => "0" }, ["completion", shell], terminal),
    0,
  );
  return terminal.written.stdout;
}

/** What bash offers for the last word. */
async function offered(...words: string[]): Promise<string[]> {
  const program = [
    await script("bash"),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`,
    '_chancery; printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  return execFileSync("bash", ["-c", program.join("\n")], { encoding: "utf8" })
    .trim()
    .split("\n");
}

describe("chancery completion", () => {
  it("offers commands, then flags of the command, then a flag's choices, in bash", async () => {
    assert.deepEqual(await offered("chancery", "st"), ["status"]);
    assert.deepEqual(await offered("chancery", "serve", "--xds-a"), ["--xds-address"]);
    assert.deepEqual(await offered("chancery", "serve", "--log-format", ""), ["auto", "json", "text"]);
  });

  it("offers the commands of other parts too", async () => {
    assert.match(await script("fish"), /-a proxy -d 'run the bundled data plane /);
  });

  it("names every command and flag in fish", async () => {
    const text = await script("fish");
    for (const { name } of commands) assert.match(text, new RegExp(`-a ${name} `));
    assert.match(text, /seen_subcommand_from convert' -l no-rules -d /);
  });

  it("refuses a shell that it has no script for", async () => {
    const terminal = fakeTerminal();
    const parts = { commands, foreign: [], version: () => "0" };
    assert.equal(await runProgram(parts, ["completion", "tcsh"], terminal), 64);
    assert.match(terminal.written.stderr, /no script for "tcsh"; expected bash, zsh or fish/);
  });
});
