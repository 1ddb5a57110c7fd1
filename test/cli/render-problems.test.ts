import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Problem } from "../../src/base/problem.ts";
import { colorsFor } from "../../src/cli/color.ts";
import { renderProblems } from "../../src/cli/render-problems.ts";

const plain = colorsFor("never", {}, { write: () => true });

function render(problems: readonly Problem[], files: Record<string, string> = {}, limit = 100): string[] {
  return renderProblems(problems, { colors: plain, textOf: (file) => files[file], limit })
    .split("\n")
    .slice(0, -1);
}

function at(line: number, column: number, more: Partial<Problem> = {}): Problem {
  return { code: "c", severity: "error", message: "m", place: { file: "a.yaml", line, column }, ...more };
}

describe("renderProblems()", () => {
  it("shows place, path, message, suggestion and code, then the line with a caret under the column", () => {
    const problem = at(2, 9, {
      path: "clusters[0].type",
      message: 'found "ESD"',
      suggestion: "EDS",
      code: "bad-enum",
    });
    assert.deepEqual(render([problem], { "a.yaml": "clusters:\n- type: ESD\n" }), [
      'error: a.yaml:2:9 clusters[0].type: found "ESD"; did you mean EDS? [bad-enum]',
      "    2 | - type: ESD",
      "      |         ^",
    ]);
  });

  it("shows the other places of the story", () => {
    const related = [{ place: { file: "b.yaml", line: 1, column: 1 }, message: "first defined here" }];
    assert.deepEqual(render([at(1, 1, { related })], { "a.yaml": "x", "b.yaml": "y" }).slice(3), [
      "  note: b.yaml:1:1: first defined here",
      "    1 | y",
      "      | ^",
    ]);
  });

  it("does without the excerpt when the text or the line is not at hand", () => {
    assert.deepEqual(render([at(9, 1)], { "a.yaml": "x" }), ["error: a.yaml:9:1: m [c]"]);
    assert.deepEqual(render([at(1, 1)]), ["error: a.yaml:1:1: m [c]"]);
    assert.deepEqual(render([{ code: "c", severity: "error", message: "no folder" }]), [
      "error: no folder [c]",
    ]);
  });

  it("puts errors before warnings and counts what is over the limit", () => {
    const warning: Problem = { code: "w", severity: "warning", message: "hm" };
    const error: Problem = { code: "e", severity: "error", message: "no" };
    assert.deepEqual(render([warning, error, warning], {}, 2), [
      "error: no [e]",
      "warning: hm [w]",
      "… and 1 more",
    ]);
  });

  it("keeps the caret in place after tabs, control characters and in a long line", () => {
    assert.deepEqual(render([at(1, 3)], { "a.yaml": "\t\tx" }).slice(1), ["    1 |   x", "      |   ^"]);
    const escape = render([at(1, 3)], { "a.yaml": "\u001b x" });
    assert.deepEqual(escape.slice(1), ["    1 | \\u001b x", "      |        ^"]);
    const [, line, caret] = render([at(1, 501)], { "a.yaml": `${"a-".repeat(250)}X${"b".repeat(500)}` });
    assert.equal(line!.length, 108);
    assert.equal(line![caret!.indexOf("^")], "X");
  });

  const secrets: [string, string][] = [
    ["an inline string", '  inline_string: "s3cret"'],
    ["a password", "- password: s3cret"],
    ["a line of a PEM block", `    ${"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj".replace("Qk", "s3cret")}`],
  ];
  for (const [what, line] of secrets) {
    it(`masks ${what} in the excerpt (XDS-139)`, () => {
      const shown = render([at(1, 3)], { "a.yaml": line })[1]!;
      assert.match(shown, /\[masked\]/);
      assert.doesNotMatch(shown, /s3cret|MII/);
    });
  }
});
