import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../../../src/cli/program.ts";
import { commands } from "../../kit/commands.ts";
import { fakeTerminal } from "../../kit/fake-terminal.ts";

async function show(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const terminal = fakeTerminal({ env });
  const parts = { commands, foreign: [], version: () => "0" };
  const code = await runProgram(parts, ["config", "show", ...args], terminal);
  return { code, ...terminal.written };
}

interface Setting {
  readonly flag: string;
  readonly variable: string;
  readonly value: string | null;
  readonly origin: string;
}

async function settings(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await show(["-o", "json", ...args], env);
  assert.equal(code, 0, stderr);
  const { items }: { readonly items: readonly Setting[] } = JSON.parse(stdout);
  return new Map(items.map(({ flag, value, origin }) => [flag, [value, origin]]));
}

describe("chancery config show", () => {
  it("has every flag of serve, with its default", async () => {
    const all = await settings([]);
    const serve = commands.find(({ name }) => name === "serve")!;
    assert.equal(all.size, Object.keys(serve.flags).length);
    assert.deepEqual(all.get("--xds-address"), ["127.0.0.1:18000", "default"]);
    assert.deepEqual(all.get("--tls-cert"), [null, "default"]);
    assert.deepEqual(all.get("--allow-empty"), ["false", "default"]);
  });

  it("takes the command line before the environment, and the environment before the default", async () => {
    const env = { CHANCERY_XDS_ADDRESS: "0.0.0.0:1", CHANCERY_DRAIN_TIME: "9s", CHANCERY_ALLOW_EMPTY: "yes" };
    const all = await settings(
      ["--", "--xds-address", "0.0.0.0:2", "-q", "--admin-host", "a", "--admin-host", "b"],
      env,
    );
    assert.deepEqual(all.get("--xds-address"), ["0.0.0.0:2", "command line"]);
    assert.deepEqual(all.get("--drain-time"), ["9s", "environment"]);
    assert.deepEqual(all.get("--allow-empty"), ["yes", "environment"]);
    assert.deepEqual(all.get("--quiet"), ["true", "command line"]);
    assert.deepEqual(all.get("--admin-host"), ["a,b", "command line"]);
  });

  it("shows where a value comes from only when it is asked to", async () => {
    const plain = await show([]);
    assert.match(plain.stdout, /^FLAG +VALUE\n--xds-address +127\.0\.0\.1:18000\n/);
    const full = await show(["--origin"]);
    const row = /^--xds-address +127\.0\.0\.1:18000 +default +CHANCERY_XDS_ADDRESS$/m;
    assert.match(full.stdout, row);
  });

  it("refuses what serve would refuse, with the name", async () => {
    const cases: readonly [readonly string[], Readonly<Record<string, string>>, RegExp][] = [
      [["--", "--no-such"], {}, /unknown option '--no-such'/],
      [["--", "--drain-time", "soon"], {}, /expected a number and a unit/],
      [[], { CHANCERY_DRAIN_TIME: "soon" }, /CHANCERY_DRAIN_TIME=soon: expected a number/],
    ];
    for (const [args, env, error] of cases) {
      const { code, stdout, stderr } = await show(args, env);
      assert.deepEqual([code, stdout], [64, ""]);
      assert.match(stderr, error);
    }
  });
});
