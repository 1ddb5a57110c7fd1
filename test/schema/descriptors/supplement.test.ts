import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linkFiles } from "../../../src/schema/descriptors/link.ts";
import { parseProto } from "../../../src/schema/descriptors/parse-proto.ts";
import { supplementFiles } from "../../../src/schema/descriptors/supplement.ts";

const base = parseProto(
  "base.proto",
  `syntax = "proto3"; package a;
  message Cluster { string name = 1; string gone = 2; oneof kind { bool x = 3; } enum Type { STATIC = 0; OLD = 1; } }
  message Dropped {}`,
);

function supplemented(text: string, removed: readonly string[] = []) {
  const supplement = parseProto("more.proto", `syntax = "proto3"; package a; ${text}`);
  const files = supplementFiles([base], { files: [supplement], removed: new Set(removed) });
  const { descriptors, failures } = linkFiles(files, { messages: new Map(), enums: new Map() });
  assert.deepEqual(failures, []);
  return descriptors;
}

describe("a supplement", () => {
  it("adds fields to a message that is known, into its oneofs too", () => {
    const { messages } = supplemented(
      "message Cluster { Added added = 9; oneof kind { option (validate.required) = true; bool y = 4; } } message Added {}",
    );
    const cluster = messages.get("a.Cluster");
    assert.deepEqual(
      cluster?.fields.map((field) => [field.name, field.number, field.oneof]),
      [
        ["name", 1, undefined],
        ["gone", 2, undefined],
        ["x", 3, "kind"],
        ["y", 4, "kind"],
        ["added", 9, undefined],
      ],
    );
    assert.deepEqual(cluster?.oneofs, [{ name: "kind", isRequired: true }]);
    assert.deepEqual(cluster?.fields[4]?.type, { kind: "message", name: "a.Added" });
  });

  it("replaces a field of the same name", () => {
    const { messages } = supplemented("message Cluster { string name = 1 [deprecated = true]; }");
    assert.equal(messages.get("a.Cluster")?.fields[0]?.isDeprecated, true);
    assert.equal(messages.get("a.Cluster")?.fields.length, 3);
  });

  it("adds enum values", () => {
    const { enums } = supplemented("message Cluster { enum Type { EDS = 3; } }");
    assert.deepEqual(
      enums.get("a.Cluster.Type")?.values.map((value) => value.name),
      ["STATIC", "OLD", "EDS"],
    );
  });

  it("takes out what is removed, and a oneof with its last field", () => {
    const { messages, enums } = supplemented("", [
      "a.Dropped",
      "a.Cluster.gone",
      "a.Cluster.x",
      "a.Cluster.Type.OLD",
    ]);
    assert.equal(messages.has("a.Dropped"), false);
    assert.deepEqual(
      messages.get("a.Cluster")?.fields.map((field) => field.name),
      ["name"],
    );
    assert.deepEqual(messages.get("a.Cluster")?.oneofs, []);
    assert.equal(enums.get("a.Cluster.Type")?.values.length, 1);
  });
});
