import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { convertFile } from "../../src/schema/convert.ts";
import { convertProblemCodes, sourceProblemCodes } from "../../src/schema/problem-codes.ts";
import { envoy } from "../schema/envoy-schema.ts";
import { repositoryPath } from "./code-blocks.ts";

interface Section {
  readonly code: string;
  readonly wrong: string | undefined;
  readonly right: string | undefined;
}

function sections(page: string): Section[] {
  const [, ...parts] = readFileSync(repositoryPath(page), "utf8").split(/^##+ /m);
  return parts.map((part) => ({
    code: part.slice(0, part.indexOf("\n")),
    wrong: /^Wrong:\n\n```yaml\n(.*?)^```$/ms.exec(part)?.[1],
    right: /^Right:\n\n```yaml\n(.*?)^```$/ms.exec(part)?.[1],
  }));
}

/** Codes of limits, of bytes, and of a message whose type its place gives: no file of a few lines shows them. */
const withoutExample = new Set<string>([
  "yaml-too-large",
  "yaml-too-deep",
  "yaml-alias-bomb",
  "type-mismatch",
  "nested-too-deep",
  ...convertProblemCodes,
]);

function codesOf(text: string): string[] {
  const converted = convertFile(envoy, "example.yaml", Buffer.from(text), { to: "json" });
  return converted.flatMap(({ problems }) => problems.map(({ code }) => code));
}

const ownCodes: readonly string[] = [...sourceProblemCodes, ...convertProblemCodes];
const page = sections("docs/errors.md");

describe("The examples of docs/errors.md", () => {
  it("has a section for each code of the schema", () => {
    const codes = new Set(page.map(({ code }) => code));
    assert.deepStrictEqual(
      ownCodes.filter((code) => !codes.has(code)),
      [],
    );
  });

  for (const { code, wrong, right } of page) {
    if (!ownCodes.includes(code) || withoutExample.has(code)) continue;
    it(`has a wrong example that gives ${code}, and a right one that gives nothing`, () => {
      assert.ok(wrong && right);
      assert.deepStrictEqual([...new Set(codesOf(wrong))], [code]);
      assert.deepStrictEqual(codesOf(right), []);
    });
  }
});
