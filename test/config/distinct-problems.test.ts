import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasErrors, type Problem } from "../../src/base/problem.ts";
import { distinctProblems } from "../../src/config/distinct-problems.ts";

const warning = (line: number): Problem => ({
  code: "w",
  severity: "warning",
  message: "m",
  place: { file: "a.yaml", line, column: 1 },
});
const error: Problem = { code: "e", severity: "error", message: "m" };

describe("distinctProblems()", () => {
  it("gives equal problems once, in order", () => {
    assert.deepEqual(distinctProblems([warning(1), error, warning(1), warning(2)]), [
      warning(1),
      error,
      warning(2),
    ]);
  });

  it("keeps 1,000 and counts the rest, and never loses the only error", () => {
    const many = Array.from({ length: 5000 }, (_, index) => warning(index + 1));
    const kept = distinctProblems([...many, error]);
    assert.equal(kept.length, 1001);
    assert.ok(hasErrors(kept));
    assert.equal(kept[0], error);
    assert.equal(kept.at(-1)?.message, "4001 more problems are not shown");
    assert.equal(hasErrors(distinctProblems(many)), false);
  });
});
