import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());

/** Two clusters that the lint `tlvs-on-v1` finds. */
const clusters = ["mail-a", "web-a"]
  .map(
    (name) => `- name: ${name}
  connect_timeout: 1s
  transport_socket:
    name: pp
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
      config: {version: V1, added_tlvs: [{type: 224, value: YQ==}]}
      transport_socket: {name: raw, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}
`,
  )
  .join("");

function codesOf(ignore: string): string[] {
  const { problems } = validateTree(schema, [
    { path: "chancery.yaml", text: `lints:\n  ignore: ${ignore}\n` },
    { path: "groups/edge/a.yaml", text: `clusters:\n${clusters}` },
    { path: "groups/inner/a.yaml", text: `clusters:\n${clusters}` },
  ]);
  return problems.map(({ code, place }) => `${code} ${place?.file}`);
}

const found = ["edge", "edge", "inner", "inner"].map((group) => `tlvs-on-v1 groups/${group}/a.yaml`);

describe("lints.ignore of chancery.yaml", () => {
  it("silences nothing when it is empty", () => {
    assert.deepEqual(codesOf("[]"), found);
  });

  it("silences a lint everywhere", () => {
    assert.deepEqual(codesOf("[{code: tlvs-on-v1, reason: r}]"), []);
  });

  it("silences it for a type, names and groups alone", () => {
    assert.deepEqual(
      codesOf("[{code: tlvs-on-v1, type: Cluster, name: mail-*, groups: [edge], reason: r}]"),
      found.slice(1),
    );
    assert.deepEqual(codesOf("[{code: tlvs-on-v1, type: Listener, reason: r}]"), [
      ...found,
      "unused-ignore chancery.yaml",
    ]);
  });

  it("warns of an entry that silences nothing, and of a lint that does not exist", () => {
    assert.deepEqual(codesOf("[{code: xff-not-appended, reason: r}, {code: tlv-on-v1, reason: r}]"), [
      ...found,
      "unused-ignore chancery.yaml",
      "unknown-lint chancery.yaml",
    ]);
  });

  it("asks for a reason, and refuses groups and types that are not there", () => {
    assert.match(codesOf("[{code: tlvs-on-v1}]").join(), /chancery\.yaml/);
    const codes = codesOf("[{code: tlvs-on-v1, groups: [edgy], type: Clutser, reason: r}]");
    assert.ok(codes.includes("unknown-group chancery.yaml"));
    assert.ok(codes.includes("unknown-resource-type chancery.yaml"));
  });
});
