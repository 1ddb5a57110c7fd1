import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { dataPlaneProblemCodes } from "../../data-plane/resources/problem-codes.ts";
import { convertProblemCodes } from "../../src/schema/problem-codes.ts";

const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

/** Where problems of configurations are made. Lints have a page of their own; client-ip and impact make
 * traces and effects, not problems. */
const folders = [
  "src/config",
  "src/checks",
  "src/sources",
  "src/schema/from-source",
  "src/schema/yaml",
  "src/server/reconcile",
];

/** What git is asked to do, and a program beside it. */
const gitWords = [
  "cat-file",
  "ls-remote",
  "ls-tree",
  "merge-base",
  "rev-parse",
  "ssh-keygen",
  "verify-commit",
];

/** Texts of the shape of a code that are none. */
const others = new Set(["another-api", "js-yaml", "utf-8", "too-much", ...gitWords]);

function codesInSource(): Set<string> {
  const texts = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !/^(?:lints|client-ip|impact)\//.test(name))
      .map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
  const literals = texts.flatMap((text) => [
    ...text.matchAll(/(?<!events\.add\()"([a-z]+(?:-[a-z0-9]+)+)"/g),
  ]);
  const codes = literals.map(([, code]) => code!).filter((code) => !others.has(code));
  return new Set([...codes, ...convertProblemCodes, ...dataPlaneProblemCodes]);
}

describe("docs/errors.md", () => {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, code]) => code!);

  it("has a section for every code that reading and checking a configuration can give", () => {
    assert.deepEqual(
      [...codesInSource()].filter((code) => !sections.includes(code)),
      [],
    );
  });

  it("has each section once, and none for a code that nothing gives", () => {
    assert.equal(new Set(sections).size, sections.length);
    const codes = codesInSource();
    assert.deepEqual(
      sections.filter((code) => !codes.has(code) && code !== "many-documents"),
      [],
    );
  });
});
