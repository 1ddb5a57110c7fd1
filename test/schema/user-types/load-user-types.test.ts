import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../../src/schema/load.ts";
import { Schema } from "../../../src/schema/schema.ts";
import { loadUserTypes } from "../../../src/schema/user-types/load-user-types.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";

const base = loadDescriptors();

describe("--descriptors and --proto-path", () => {
  it("add their types to Envoy's, the .proto files of all folders together", async () => {
    using folder = temporaryFolder();
    mkdirSync(folder.file("one/acme"), { recursive: true });
    mkdirSync(folder.file("two"));
    writeFileSync(
      folder.file("one/acme/a.proto"),
      'syntax = "proto3"; package acme; import "b.proto"; message A { B b = 1; }',
    );
    writeFileSync(folder.file("two/b.proto"), 'syntax = "proto3"; package acme; message B { string x = 1; }');
    const set = new Schema(base).encode("google.protobuf.FileDescriptorSet", {
      file: [{ name: "c.proto", package: "acme", syntax: "proto3", message_type: [{ name: "C" }] }],
    });
    writeFileSync(folder.file("types.binpb"), set);

    const { descriptors, problems } = await loadUserTypes(base, {
      descriptorSets: [folder.file("types.binpb")],
      protoPaths: [folder.file("one"), folder.file("two")],
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      [...descriptors.messages.keys()].filter((name) => !base.messages.has(name)),
      ["acme.C", "acme.A", "acme.B"],
    );
    assert.equal(descriptors.messages.size, base.messages.size + 3);
  });

  it("say what cannot be read and go on with the rest", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("b.proto"), 'syntax = "proto3"; message B {}');
    const { descriptors, problems } = await loadUserTypes(base, {
      descriptorSets: [folder.file("none.binpb")],
      protoPaths: [folder.file("none"), folder.path],
    });
    assert.deepEqual(
      problems.map((problem) => problem.code),
      ["unreadable-types", "unreadable-types"],
    );
    assert.match(problems[0]?.message ?? "", /^cannot read .*none\.binpb: ENOENT/);
    assert.equal(descriptors.messages.has("B"), true);
  });
});
