import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { commands, foreign } from "../kit/commands.ts";
import { codeBlocks, repositoryPath } from "./code-blocks.ts";

const pages = ["README.md", "examples/quickstart/README.md"];
const textOf = (page: string) => readFileSync(repositoryPath(page), "utf8");
const names = [...commands, ...foreign].map(({ name }) => name);

describe("README.md", () => {
  it("shows examples as they are in examples/", () => {
    const blocks = codeBlocks("README.md");
    assert.deepEqual(
      blocks.map(({ file }) => file),
      ["examples/canonical/clusters.yaml", "examples/embedding/server.ts"],
    );
    for (const { file, text } of blocks) assert.equal(text, readFileSync(repositoryPath(file), "utf8"));
  });

  it("has a row for every command, and none for another", () => {
    const documented = [...textOf("README.md").matchAll(/^\| `chancery ([\w-]+)/gm)].map(([, name]) => name!);
    assert.deepEqual(documented.toSorted(), names.toSorted());
  });

  it("gives the control plane's addresses as they are", () => {
    const { flags } = commands.find(({ name }) => name === "serve")!;
    const defaults = ["xdsAddress", "adminAddress"].map((flag) => flags[flag]?.defaultText);
    assert.deepEqual(defaults, ["127.0.0.1:18000", "127.0.0.1:19000"]);
    const [xds, admin] = defaults;
    assert.ok(textOf("README.md").includes(`\`${xds}\` (xDS) and \`${admin}\` (admin`));
  });
});

for (const page of pages) {
  describe(page, () => {
    it("runs only commands and npm scripts that there are", () => {
      const text = textOf(page);
      const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
        textOf("package.json"),
      );
      const used = [...text.matchAll(/\bnpx chancery ([\w-]+)/g)].map(([, name]) => name!);
      assert.deepEqual(
        used.filter((name) => !names.includes(name)),
        [],
      );
      const run = [...text.matchAll(/\bnpm (?:run )?([\w:]+)/g)].map(([, name]) => name!);
      const own = new Set(["ci", "install"]);
      assert.deepEqual(
        run.filter((name) => !own.has(name) && !(name in scripts)),
        [],
      );
    });

    it("links only to what there is, headings included", () => {
      const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
      for (const [link, path = "", anchor] of links) {
        const target = path === "" ? page : join(dirname(page), path);
        assert.ok(existsSync(repositoryPath(target)), `${link} in ${page}`);
        if (anchor !== undefined) assert.ok(anchorsOf(target).includes(anchor), `${link} in ${page}`);
      }
    });
  });
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
