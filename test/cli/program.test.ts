import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CommandDefinition, ForeignCommand } from "../../src/cli/command.ts";
import { defineCommand } from "../../src/cli/command.ts";
import { durationFlag } from "../../src/cli/duration.ts";
import { CommandError } from "../../src/cli/exit-code.ts";
import { listFlag, negatedFlag, optionalTextFlag, ownFlag, switchFlag } from "../../src/cli/flag.ts";
import { outputFlag } from "../../src/cli/output.ts";
import { runProgram } from "../../src/cli/program.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";

/** Runs one line against a command that keeps the flags it was given. */
async function run(argv: string[], env: Record<string, string> = {}) {
  const seen: Record<string, unknown>[] = [];
  const probe = defineCommand({
    name: "probe",
    summary: "look",
    arguments: [{ name: "dir", description: "folder", isOptional: true }],
    flags: {
      output: outputFlag,
      quiet: switchFlag("say less", { short: "q" }),
      rules: negatedFlag("skip the rules"),
      timeout: durationFlag("how long to wait", "5s"),
      xdsAddress: optionalTextFlag("ADDRESS", "where"),
      descriptors: listFlag("FILE", "more types"),
      version: ownFlag(optionalTextFlag("VERSION", "which")),
    },
    examples: [{ line: "probe", explains: "it" }],
    run: async ({ args, flags }) => {
      seen.push({ args, ...flags });
      return 0;
    },
  });
  const failing: CommandDefinition = {
    ...probe,
    name: "fail",
    run: () => Promise.reject(new CommandError(1, "port 18000 is in use", "pick another with --xds-address")),
  };
  const foreign: ForeignCommand = {
    name: "proxy",
    summary: "the data plane",
    run: async (args) => {
      seen.push({ args });
      return 7;
    },
  };
  const terminal = fakeTerminal({ env });
  const parts = { commands: [probe, failing], foreign: [foreign], version: () => "1.2.3" };
  const code = await runProgram(parts, argv, terminal);
  return { code, seen: seen[0], ...terminal.written };
}

describe("runProgram()", () => {
  it("gives defaults where neither flag nor environment says anything", async () => {
    const { seen, code } = await run(["probe"]);
    assert.equal(code, 0);
    assert.deepEqual(seen, {
      args: [],
      output: "table",
      quiet: false,
      rules: true,
      timeout: 5000,
      xdsAddress: undefined,
      descriptors: [],
      version: undefined,
    });
  });

  it("takes every flag from its environment twin", async () => {
    const { seen } = await run(["probe"], {
      CHANCERY_OUTPUT: "json",
      CHANCERY_QUIET: "yes",
      CHANCERY_NO_RULES: "1",
      CHANCERY_TIMEOUT: "250ms",
      CHANCERY_XDS_ADDRESS: "[::1]:1",
      CHANCERY_DESCRIPTORS: "a.bin,b.bin",
      CHANCERY_PROBE_VERSION: "v2",
    });
    assert.deepEqual(seen, {
      args: [],
      output: "json",
      quiet: true,
      rules: false,
      timeout: 250,
      xdsAddress: "[::1]:1",
      descriptors: ["a.bin", "b.bin"],
      version: "v2",
    });
  });

  it("does not take a flag of the command's own from a variable without its name", async () => {
    const { seen, code } = await run(["probe"], { CHANCERY_VERSION: "1.2.3" });
    assert.equal(code, 0);
    assert.equal(seen?.["version"], undefined);
  });

  it("lets the command line win over the environment, and an empty variable count as absent", async () => {
    const env = {
      CHANCERY_TIMEOUT: "1h",
      CHANCERY_OUTPUT: "",
      CHANCERY_QUIET: "0",
      CHANCERY_DESCRIPTORS: "x",
    };
    const { seen } = await run(
      ["probe", "here", "--timeout", "2m", "--no-rules", "--descriptors", "a", "--descriptors", "b"],
      env,
    );
    assert.deepEqual(seen, {
      args: ["here"],
      output: "table",
      quiet: false,
      rules: false,
      timeout: 120_000,
      xdsAddress: undefined,
      descriptors: ["a", "b"],
      version: undefined,
    });
  });

  const misuse: [string, string[], Record<string, string>, RegExp][] = [
    ["an unknown command", ["prob"], {}, /unknown command 'prob'\n\(Did you mean probe\?\)/],
    ["an unknown flag", ["probe", "--outptu"], {}, /unknown option '--outptu'\n\(Did you mean --output\?\)/],
    [
      "a value that is no choice",
      ["probe", "-o", "xml"],
      {},
      /'xml' is invalid\. expected table, json, yaml or jsonl/,
    ],
    ["a value that does not parse", ["probe", "--timeout", "5"], {}, /expected a number and a unit/],
    ["too many arguments", ["probe", "a", "b"], {}, /too many arguments/],
    [
      "a variable that does not parse",
      ["probe"],
      { CHANCERY_TIMEOUT: "x" },
      /CHANCERY_TIMEOUT=x: expected a number/,
    ],
    [
      "a switch variable that is no switch",
      ["probe"],
      { CHANCERY_QUIET: "si" },
      /CHANCERY_QUIET=si: expected true or/,
    ],
  ];
  for (const [what, argv, env, text] of misuse) {
    it(`answers 64, says why on stderr and nothing on stdout for ${what}`, async () => {
      const { code, stdout, stderr, seen } = await run(argv, env);
      assert.equal(code, 64);
      assert.match(stderr, text);
      assert.match(stderr, /--help lists/);
      assert.equal(stdout, "");
      assert.equal(seen, undefined);
    });
  }

  it("prints an expected failure with what to do next, and no stack", async () => {
    const { code, stderr } = await run(["fail"]);
    assert.equal(code, 1);
    assert.equal(stderr, "error: port 18000 is in use\npick another with --xds-address\n");
  });

  it("hands everything behind a foreign command's name to it, --help too", async () => {
    const { code, seen } = await run(["proxy", "-c", "x.yaml", "--help"]);
    assert.equal(code, 7);
    assert.deepEqual(seen, { args: ["-c", "x.yaml", "--help"] });
  });

  it("lists all commands in the help, foreign ones too, and shows it when nothing is asked", async () => {
    const { code, stdout } = await run([]);
    assert.equal(code, 0);
    for (const name of ["probe", "fail", "proxy"]) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    assert.equal((await run(["--help"])).stdout, stdout);
  });

  it("names the environment twin and the default of each flag in the help", async () => {
    const { stdout } = await run(["probe", "--help"]);
    assert.match(stdout.replaceAll(/\s+/g, " "), /how long to wait \(default: 5s; env: CHANCERY_TIMEOUT\)/);
  });

  it("answers --version and -V", async () => {
    assert.equal((await run(["--version"])).stdout, "chancery 1.2.3\n");
    assert.equal((await run(["-V"])).stdout, "chancery 1.2.3\n");
  });
});
