import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupOfPath, isConfigPath } from "../../src/config/config-file.ts";

describe("isConfigPath()", () => {
  const taken = ["a.yaml", "a.yml", "a.json", "groups/edge/listeners/b.yaml", "a.b.yaml"];
  const skipped = [
    "README.md",
    "yaml",
    ".a.yaml",
    ".git/a.yaml",
    "..data/a.yaml",
    "a.yaml~",
    "#a.yaml#",
    ".a.yaml.swp",
    "a.yaml.swp",
    "a.YAML.bak",
  ];
  for (const path of taken) it(`takes ${path}`, () => assert.equal(isConfigPath(path), true));
  for (const path of skipped) it(`skips ${path}`, () => assert.equal(isConfigPath(path), false));
});

describe("groupOfPath()", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["groups/edge/a.yaml", "edge"],
    ["groups/edge/tls/deep/a.yaml", "edge"],
    ["groups/a.yaml", undefined],
    ["a.yaml", undefined],
    ["shared/groups/edge/a.yaml", undefined],
  ];
  for (const [path, group] of rows) {
    it(`gives ${group ?? "no group"} for ${path}`, () => assert.equal(groupOfPath(path), group));
  }
});
