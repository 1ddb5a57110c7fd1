import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ColorMode } from "../../src/cli/color.ts";
import { colorsFor, wantsColor } from "../../src/cli/color.ts";

describe("wantsColor()", () => {
  const cases: [string, ColorMode, Record<string, string>, boolean, boolean][] = [
    ["a terminal has colour", "auto", {}, true, true],
    ["a pipe has none", "auto", {}, false, false],
    ["NO_COLOR takes it from a terminal", "auto", { NO_COLOR: "1" }, true, false],
    ["an empty NO_COLOR counts as absent", "auto", { NO_COLOR: "" }, true, true],
    ["NO_COLOR wins over FORCE_COLOR", "auto", { NO_COLOR: "1", FORCE_COLOR: "1" }, true, false],
    ["FORCE_COLOR gives it to a pipe", "auto", { FORCE_COLOR: "1" }, false, true],
    ["FORCE_COLOR=0 takes it", "auto", { FORCE_COLOR: "0" }, true, false],
    ["TERM=dumb takes it", "auto", { TERM: "dumb" }, true, false],
    ["--color always wins over NO_COLOR", "always", { NO_COLOR: "1" }, false, true],
    ["--color never wins over FORCE_COLOR", "never", { FORCE_COLOR: "1" }, true, false],
  ];
  for (const [name, mode, env, isTTY, expected] of cases) {
    it(name, () => assert.equal(wantsColor(mode, env, { isTTY, write: () => true }), expected));
  }
});

describe("colorsFor()", () => {
  it("gives text back as it is when colours are off", () => {
    const pipe = { write: () => true };
    assert.equal(colorsFor("auto", {}, pipe).red("x"), "x");
    assert.equal(colorsFor("always", {}, pipe).red("x"), "\u001b[31mx\u001b[39m");
  });
});
