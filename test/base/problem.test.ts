import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { editDistance, nearest } from "../../src/base/edit-distance.ts";
import { formatProblem, hasErrors } from "../../src/base/problem.ts";

describe("formatProblem()", () => {
  const place = { file: "fleet/edge.yaml", line: 14, column: 9 };
  it("puts place, path, message and suggestion on one line", () => {
    const problem = {
      code: "unknown-enum-value",
      severity: "error",
      place,
      path: "clusters[2].version",
      message: 'expected V1 or V2, found "v3"',
      suggestion: "V2",
    } as const;
    assert.equal(
      formatProblem(problem),
      'fleet/edge.yaml:14:9 clusters[2].version: expected V1 or V2, found "v3"; did you mean V2?',
    );
  });
  it("leaves out what is absent", () => {
    assert.equal(
      formatProblem({ code: "x", severity: "warning", message: "no such folder" }),
      "no such folder",
    );
  });
});

describe("hasErrors()", () => {
  it("is false for warnings alone", () => {
    assert.equal(hasErrors([{ code: "x", severity: "warning", message: "m" }]), false);
    assert.equal(hasErrors([{ code: "x", severity: "error", message: "m" }]), true);
  });
});

describe("editDistance()", () => {
  const cases: [string, string, number][] = [
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["abc", "ab", 1],
    ["abc", "abd", 1],
    ["kitten", "sitting", 3],
    ["", "ab", 2],
  ];
  for (const [a, b, expected] of cases) {
    it(`is ${expected} between "${a}" and "${b}"`, () => assert.equal(editDistance(a, b, 4), expected));
  }
  it("stops at the limit", () => assert.equal(editDistance("aaaa", "bbbb", 2), 3));
});

describe("nearest()", () => {
  it("finds a misspelt name whatever the case", () => {
    assert.equal(nearest("conect_timeout", ["name", "connect_timeout", "type"]), "connect_timeout");
    assert.equal(nearest("v2", ["V1", "V2"]), "V2");
  });
  it("gives nothing when nothing is near", () => assert.equal(nearest("zebra", ["name", "type"]), undefined));
});
