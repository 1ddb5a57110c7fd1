import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { descriptorsFromProtoFiles } from "../../../src/schema/user-types/from-proto-files.ts";
import { mergeDescriptors } from "../../../src/schema/user-types/merge.ts";

const none = { messages: new Map(), enums: new Map() };

function types(body: string) {
  const text = `syntax = "proto3"; package a; ${body}`;
  const { descriptors, problems } = descriptorsFromProtoFiles(
    [{ name: "a.proto", path: "a.proto", text }],
    none,
  );
  assert.deepEqual(problems, []);
  return descriptors;
}

const base = types(
  "message M { string name = 1; repeated int32 list = 2; map<string, int32> map = 3; } enum E { ZERO = 0; ONE = 1; }",
);
const merge = (body: string) => mergeDescriptors(base, types(body));

describe("merging types", () => {
  it("adds those that are new and leaves the base as it was", () => {
    const { descriptors, problems } = merge("message N { string name = 1; } enum F { NIL = 0; }");
    assert.deepEqual(problems, []);
    assert.deepEqual([...descriptors.messages.keys()], ["a.M", "a.N"]);
    assert.deepEqual([...descriptors.enums.keys()], ["a.E", "a.F"]);
    assert.deepEqual([...base.messages.keys()], ["a.M"]);
  });

  it("keeps a type that both know, and adds the fields and values that the base lacks", () => {
    const { descriptors, problems } = merge(
      "message M { string name = 1 [deprecated = true]; oneof kind { bool x = 9; } } enum E { ZERO = 0; TWO = 2; }",
    );
    assert.deepEqual(problems, []);
    const message = descriptors.messages.get("a.M");
    assert.deepEqual(
      message?.fields.map((field) => field.name),
      ["name", "list", "map", "x"],
    );
    assert.equal(message?.fields[0]?.isDeprecated, undefined);
    assert.deepEqual(message?.oneofs, [{ name: "kind", isRequired: false }]);
    assert.deepEqual(
      descriptors.enums.get("a.E")?.values.map((value) => value.name),
      ["ZERO", "ONE", "TWO"],
    );
  });

  const conflicts: Readonly<Record<string, readonly [string, string]>> = {
    "a field with another number": [
      "message M { string name = 7; }",
      "a.M.name is name = 7 of type string in the types given, and name = 1 of type string in those known before",
    ],
    "a number with another field": [
      "message M { string title = 1; }",
      "a.M.title is title = 1 of type string in the types given, and name = 1 of type string in those known before",
    ],
    "a field of another type": [
      "message M { map<string, int64> map = 3; }",
      "a.M.map is map = 3 of type map<string, int64> in the types given, and map = 3 of type map<string, int32> in those known before",
    ],
    "a list that was none": [
      "message M { int32 list = 2; }",
      "a.M.list is list = 2 of type int32 in the types given, and list = 2 of type repeated int32 in those known before",
    ],
    "a value with another number": [
      "enum E { ZERO = 0; ONE = 5; }",
      "a.E.ONE is 5 in the types given, and 1 in those known before",
    ],
    "a message that was an enum": [
      "message E {}",
      "a.E is a message in the types given, and an enum in those known before",
    ],
  };
  for (const [what, [body, message]] of Object.entries(conflicts)) {
    it(`refuses ${what}`, () => {
      const { problems } = merge(body);
      assert.deepEqual(
        problems.map((problem) => [problem.code, problem.message]),
        [["type-conflict", message]],
      );
    });
  }
});
