import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { formatProblem } from "../../src/base/problem.ts";
import { validateTree } from "../../src/checks/validate-tree.ts";
import type { ConfigFile } from "../../src/config/config-file.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { CLUSTER, LISTENER } from "../../src/schema/type-urls.ts";

const schema = new Schema(loadDescriptors());

function validateExample(name: string) {
  const folder = fileURLToPath(import.meta.resolve(`#root/examples/${name}`));
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".yaml"),
  );
  return validateTree(
    schema,
    paths.map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") })),
  );
}

const service = `clusters:
- name: service1
  connect_timeout: 2s
  load_assignment: {cluster_name: service1, endpoints: [{lb_endpoints: []}]}
`;

/** The files that an example of docs/config.md needs around it. */
function treeAround(text: string): ConfigFile[] {
  if (!/^(groups|values|overlays|lints):/.test(text)) return [{ path: "a.yaml", text }];
  const lintsPage = readFileSync(fileURLToPath(import.meta.resolve("#root/docs/lints.md")), "utf8");
  const [, reusing = ""] = /## proxy-protocol-no-reuse[^]*?```yaml\n([^`]*)```/.exec(lintsPage) ?? [];
  return [
    { path: "chancery.yaml", text },
    { path: "canary/a.yaml", text: "clusters: [{name: a}]" },
    {
      path: "groups/edge/a.yaml",
      text: text.startsWith("lints:")
        ? reusing.replaceAll(/(name|cluster): app/g, "$1: mail-app")
        : "clusters: [{name: b}]",
    },
    ...(text.includes("include:") ? [] : [{ path: "groups/canary/a.yaml", text: service }]),
  ];
}

describe("the examples", () => {
  it("quickstart passes every check and lint", () => {
    const { problems, resources } = validateExample("quickstart");
    assert.deepEqual(problems.map(formatProblem), []);
    assert.deepEqual(Object.fromEntries(resources), { [LISTENER]: 2, [CLUSTER]: 2 });
  });

  it("canonical passes every check and lint", () => {
    const { problems, resources } = validateExample("canonical");
    assert.deepEqual(problems.map(formatProblem), []);
    assert.deepEqual(Object.fromEntries(resources), { [LISTENER]: 1, [CLUSTER]: 1 });
  });

  it("trusted-senders passes every check and lint", () => {
    const { problems, resources } = validateExample("trusted-senders");
    assert.deepEqual(problems.map(formatProblem), []);
    assert.deepEqual(Object.fromEntries(resources), { [LISTENER]: 2, [CLUSTER]: 1 });
  });

  it("of docs/config.md are what it says they are", () => {
    const page = readFileSync(fileURLToPath(import.meta.resolve("#root/docs/config.md")), "utf8");
    const blocks = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, text = ""]) => text);
    const problems = blocks.flatMap((text) => {
      return validateTree(schema, treeAround(text)).problems.map(formatProblem);
    });
    assert.equal(blocks.length, 10);
    assert.deepEqual(problems, []);
  });
});
