import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { environmentName } from "../../src/cli/flag.ts";
import { runProgram } from "../../src/cli/program.ts";
import { commands, parse } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";

describe("the environment twins of all commands", () => {
  it("mean the same to every command that has them", () => {
    const meanings = new Map<string, string>();
    for (const { name, flags } of commands) {
      for (const [key, flag] of Object.entries(flags)) {
        const variable = environmentName(name, key, flag);
        const meaning = JSON.stringify([flag.placeholder, flag.choices, flag.isNegated]);
        assert.equal(meaning, meanings.get(variable) ?? meaning, `${variable} of ${name}`);
        meanings.set(variable, meaning);
      }
    }
  });
});

describe("the help of every command", () => {
  for (const command of commands) {
    it(`${command.name}: has a summary, examples, and prints them`, async () => {
      assert.ok(command.summary && !command.summary.endsWith("."), "a summary is a phrase");
      assert.ok(command.examples.length > 0, "at least one example");
      const terminal = fakeTerminal();
      const parts = { commands, foreign: [], version: () => "0" };
      assert.equal(await runProgram(parts, [command.name, "--help"], terminal), 0);
      for (const example of command.examples) {
        assert.ok(terminal.written.stdout.includes(`$ chancery ${example.line}`), example.line);
      }
    });

    it(`${command.name}: breaks its details between sentences, not where somebody's screen ended`, () => {
      for (const line of (command.details ?? "").split("\n")) {
        assert.ok(line === "" || line.startsWith("  ") || /[.:]$/.test(line), line);
      }
    });

    for (const example of command.examples) {
      it(`${command.name}: the example "${example.line}" parses`, async () => {
        // What stands behind a pipe or a redirection is the shell's.
        const { ran, code, stderr } = await parse(example.line.split(/ [|><] ?/)[0]!);
        assert.equal(code, 0, stderr);
        assert.deepEqual(ran, [command.name]);
      });
    }
  }
});
