import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { commands, foreign } from "../kit/commands.ts";
import { codeBlocks, repositoryPath } from "./code-blocks.ts";
import { textOf } from "./pages.ts";

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
