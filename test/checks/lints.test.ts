import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { formatProblem } from "../../src/base/problem.ts";
import { lints } from "../../src/checks/lints.ts";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());
const page = readFileSync(fileURLToPath(import.meta.resolve("#root/docs/lints.md")), "utf8");

interface Section {
  readonly code: string;
  readonly text: string;
  readonly wrong: string;
  readonly right: string;
}

const sections: readonly Section[] = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({
    code: text.slice(0, text.indexOf("\n")),
    text,
    wrong: exampleAfter("Wrong", text),
    right: exampleAfter("Right", text),
  }));

function exampleAfter(word: string, text: string): string {
  return new RegExp(`^${word}:[^\`]*\`\`\`yaml\n([^\`]*)\`\`\`$`, "m").exec(text)?.[1] ?? "";
}

function problemsOf(text: string) {
  return validateTree(schema, [{ path: "example.yaml", text }]).problems;
}

describe("docs/lints.md", () => {
  it("has a section for each lint, in the order of the table, and for nothing else", () => {
    assert.deepEqual(
      sections.map(({ code }) => code),
      lints.map(({ code }) => code),
    );
  });

  for (const lint of lints) {
    const section = sections.find(({ code }) => code === lint.code)!;

    it(`says the severity of ${lint.code}`, () => {
      const word = lint.severity === "info" ? "Info" : "Warning";
      assert.match(section.text, new RegExp(`^\n\\*${word}\\.\\*`, "m"));
    });

    it(`has a wrong example that gives ${lint.code} and nothing else`, () => {
      const problems = problemsOf(section.wrong);
      assert.deepEqual(
        problems.map(({ code }) => code),
        [lint.code],
        problems.map(formatProblem).join("\n"),
      );
      assert.equal(problems[0]!.severity, lint.severity);
      assert.ok(problems[0]!.place && problems[0]!.place.line > 1, "the finding has a line of its own");
    });

    it(`has a right example for ${lint.code} that gives nothing`, () => {
      assert.notEqual(section.right, "");
      assert.deepEqual(problemsOf(section.right).map(formatProblem), []);
    });

    it(`lets ${lint.code} be silenced at its line and on the line above`, () => {
      const { line } = problemsOf(section.wrong)[0]!.place!;
      const lines = section.wrong.split("\n");
      const atLine = lines.with(line - 1, `${lines[line - 1]} # chancery:ignore ${lint.code} for a reason`);
      const above = lines.toSpliced(line - 1, 0, `# chancery:ignore ${lint.code}`);
      // An example may have the comment of another lint on the line above already; the two must not disturb.
      assert.deepEqual(problemsOf(atLine.join("\n")).map(formatProblem), []);
      assert.deepEqual(problemsOf(above.join("\n")).map(formatProblem), []);
    });
  }
});
