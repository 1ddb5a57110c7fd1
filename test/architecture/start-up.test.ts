import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.resolve("#root/package.json")));

/** Everything that a file loads before its first line runs: files of ours, and packages. Types cost nothing. */
function loadedBy(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(root, file), "utf8");
    for (const [, specifier] of text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "([^"]+)"/gm)) {
      if (specifier!.startsWith(".")) visit(relative(root, resolve(root, dirname(file), specifier!)));
      else packages.add(specifier!);
    }
  };
  visit(entry);
  return { files, packages };
}

describe("the start of the program", () => {
  const { files, packages } = loadedBy("src/main.ts");

  it("loads no package but the parser and the colours, so that help is there at once", () => {
    const ours = [...packages].filter((name) => !name.startsWith("node:"));
    assert.deepEqual(ours.toSorted(), ["commander", "picocolors"]);
  });

  it("loads none of the schema, the server's parts or the data plane", () => {
    const heavy = [...files].filter((file) =>
      /^(data-plane|src\/(schema|config|checks|xds|snapshot))\//.test(file),
    );
    assert.deepEqual(heavy, []);
    assert.ok(files.size < 60, `${files.size} files`);
  });
});
