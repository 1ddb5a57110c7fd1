import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "js-yaml";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { verdicts } from "../checks/verdicts.ts";
import { validateWithEnvoy } from "../kit/envoy.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";

/** By way of the YAML library rather than ours, which is under test. */
const read = (yaml: string): JsonObject => JSON.parse(JSON.stringify(load(yaml)));

const schema = new Schema(loadDescriptors());

describe("references, names and addresses", () => {
  for (const { name, yaml, codes } of verdicts) {
    it(`${name}: ${codes.join(", ") || "nothing to say"}`, () => {
      const asServed = validateTree(schema, [{ path: "a.yaml", text: yaml }]);
      assert.deepEqual(
        asServed.problems.map(({ code }) => code),
        codes,
      );
      const text = `static_resources:\n${yaml.replaceAll(/^/gm, "  ")}`;
      const asBootstrap = validateTree(schema, [{ path: "a.yaml", text }]);
      assert.deepEqual(
        asBootstrap.problems.map(({ code }) => code),
        codes,
      );
    });
  }
});

describe("real Envoy", needs("envoy"), () => {
  for (const { name, yaml, isRefused } of verdicts) {
    it(`${isRefused ? "refuses" : "takes"} ${name}`, async () => {
      const { exitCode, log } = await validateWithEnvoy({ static_resources: read(yaml) });
      assert.equal(exitCode, isRefused ? 1 : 0, log);
    });
  }

  it("takes every example of docs/lints.md, the wrong ones too: they are valid", async () => {
    const page = readFileSync(fileURLToPath(import.meta.resolve("#root/docs/lints.md")), "utf8");
    for (const [, example = ""] of page.matchAll(/```yaml\n([^`]*)```/g)) {
      const { routes, ...statics } = read(example);
      const { exitCode, log } = await validateWithEnvoy({
        node: { id: "n", cluster: "c" },
        static_resources: statics,
      });
      assert.equal(exitCode, 0, `${example}\n${JSON.stringify(routes)}\n${log}`);
    }
  });
});
