import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Compiler } from "../../src/config/compiler.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";
import { makeRevision } from "../../src/snapshot/revision.ts";
import { Snapshot } from "../../src/snapshot/snapshot.ts";

const schema = new Schema(loadDescriptors());

function revisionId(files: Readonly<Record<string, string>>): string {
  const tree = Object.entries(files).map(([path, text]) => ({ path, text }));
  const { groups, problems } = new Compiler(schema).compile(tree);
  assert.deepEqual(problems, []);
  return makeRevision({
    groups: [...groups.values()].map(({ name, match, resources }) => ({
      name,
      match,
      snapshot: Snapshot.of(resources),
    })),
    source: { kind: "folder", path: "/config" },
    createdAtMs: 0,
  }).id;
}

const plain = {
  "a.yaml": `clusters:
- name: web
  connect_timeout: 0.25s
  type: STRICT_DNS
  lb_policy: ROUND_ROBIN
- name: other
`,
};

/** The same, written otherwise. */
const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "keys, comments and quotes": {
    "a.yaml": `# clusters of the edge
clusters:
- {"type": "strict_dns", connectTimeout: '0.250s', name: web}
- {name: "other"}
`,
  },
  "the order of resources": {
    "a.yaml": `clusters:
- name: other
- {name: web, connect_timeout: 0.25s, type: STRICT_DNS}
`,
  },
  "files and forms": {
    "z/one.json": `{"resources": [{"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "other"}]}`,
    "b.yaml": `clusters:
- {name: web, connect_timeout: 0.25s, type: 1}
`,
  },
};

describe("a revision of equal meaning", () => {
  for (const [name, files] of Object.entries(others)) {
    it(`has the same id, so that nothing is pushed: other ${name}`, () => {
      assert.equal(revisionId(files), revisionId(plain));
    });
  }

  it("has another id when a value differs", () => {
    const changed = plain["a.yaml"].replace("0.25s", "0.26s");
    assert.notEqual(revisionId({ "a.yaml": changed }), revisionId(plain));
  });
});
