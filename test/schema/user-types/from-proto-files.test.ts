import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDescriptors } from "../../../src/schema/load.ts";
import type { ProtoFile } from "../../../src/schema/user-types/from-proto-files.ts";
import { descriptorsFromProtoFiles } from "../../../src/schema/user-types/from-proto-files.ts";

const base = loadDescriptors();

const file = (name: string, body: string): ProtoFile => ({
  name,
  path: `protos/${name}`,
  text: `syntax = "proto3";\npackage acme.v1;\n${body}`,
});

const read = (...files: ProtoFile[]) => descriptorsFromProtoFiles(files, base);

describe(".proto files", () => {
  it("give their types, which may refer to each other's and to Envoy's", () => {
    const { descriptors, problems } = read(
      file(
        "a.proto",
        `import "b.proto"; import "envoy/config/core/v3/base.proto"; import "validate/validate.proto";
        message A {
          repeated B bs = 1 [(validate.rules).repeated = {min_items: 1}];
          envoy.config.core.v3.Metadata metadata = 2;
          google.protobuf.Duration patience = 3 [(validate.rules).duration = {gt {} lte {seconds: 5}}];
          optional uint32 weight = 4;
          repeated Kind kinds = 5 [packed = false];
          enum Kind { FIRST = 0; }
        }`,
      ),
      file("b.proto", "message B { A.Kind kind = 1; }"),
    );
    assert.deepEqual(problems, []);
    const fields = descriptors.messages.get("acme.v1.A")?.fields;
    assert.deepEqual(
      fields?.map((field) => field.type),
      [
        { kind: "message", name: "acme.v1.B" },
        { kind: "message", name: "envoy.config.core.v3.Metadata" },
        { kind: "message", name: "google.protobuf.Duration" },
        { kind: "scalar", scalar: "uint32" },
        { kind: "enum", name: "acme.v1.A.Kind" },
      ],
    );
    assert.deepEqual(fields?.[0]?.rules, { repeated: { min_items: "1" } });
    assert.deepEqual(fields?.[2]?.rules, { duration: { gt: {}, lte: { seconds: "5" } } });
    assert.equal(fields?.[3]?.hasPresence, true);
    assert.equal(fields?.[4]?.isPacked, false);
    assert.deepEqual(descriptors.messages.get("acme.v1.A")?.oneofs, []);
  });

  it("are found by their name in the first folder that has it, as protoc's -I", () => {
    const { descriptors } = read(
      file("a.proto", "message A { string first = 1; }"),
      file("a.proto", "message A { string second = 1; }"),
    );
    assert.deepEqual(
      descriptors.messages.get("acme.v1.A")?.fields.map((field) => field.name),
      ["first"],
    );
  });

  it("say at which line they are not .proto", () => {
    const { problems } = read(file("a.proto", "message A {\n  string name == 1;\n}"));
    assert.deepEqual(problems, [
      {
        code: "proto-syntax",
        severity: "error",
        message: "illegal id '='",
        place: { file: "protos/a.proto", line: 4, column: 1 },
      },
    ]);
  });

  it("say which import was not found when a type is not there", () => {
    const { problems } = read(file("a.proto", 'import "other/b.proto";\nmessage A { other.B b = 1; }'));
    assert.deepEqual(problems, [
      {
        code: "unresolved-type",
        severity: "error",
        message:
          "a.proto: the type other.B of acme.v1.A.b is in none of the files; not found below any --proto-path: other/b.proto",
        path: "acme.v1.A.b",
        place: { file: "protos/a.proto", line: 1, column: 1 },
      },
    ]);
  });

  it("may hold copies of Envoy's own, whole or not", () => {
    const { problems } = read({
      name: "envoy/config/core/v3/address.proto",
      path: "third_party/address.proto",
      text: 'syntax = "proto3"; package envoy.config.core.v3; message Address { old.Thing thing = 99; Pipe pipe = 2; }',
    });
    assert.deepEqual(problems, []);
  });

  it("define a type once", () => {
    const { problems } = read(file("a.proto", "message A {}"), file("b.proto", "enum A { NONE = 0; }"));
    assert.deepEqual(
      problems.map((problem) => [problem.code, problem.message, problem.place?.file]),
      [["duplicate-type", "b.proto: acme.v1.A is defined in a.proto already", "protos/b.proto"]],
    );
  });

  it("may be proto2, whose scalars know unset from default; groups are refused", () => {
    const { descriptors, problems } = read({
      name: "a.proto",
      path: "a.proto",
      text: `syntax = "proto2"; message A { optional int32 n = 1; repeated int32 l = 2; repeated int32 p = 3 [packed = true];
        optional group Inner = 4 { optional bool x = 1; } }`,
    });
    assert.deepEqual(
      descriptors.messages.get("A")?.fields.map((field) => [field.name, field.hasPresence, field.isPacked]),
      [
        ["n", true, false],
        ["l", false, false],
        ["p", false, true],
      ],
    );
    assert.deepEqual(
      problems.map((problem) => problem.code),
      ["unsupported-group"],
    );
  });
});
