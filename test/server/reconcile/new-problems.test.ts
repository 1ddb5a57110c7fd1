import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Problem } from "../../../src/base/problem.ts";
import { newProblems } from "../../../src/server/reconcile/new-problems.ts";

function warning(message: string, line: number): Problem {
  return { code: "w", severity: "warning", message, place: { file: "a.yaml", line, column: 1 } };
}

describe("newProblems()", () => {
  it("leaves out what was told before, also when it has moved in its file", () => {
    const now = [warning("old", 7), warning("new", 1)];
    assert.deepEqual(newProblems([warning("old", 3)], now), [now[1]]);
  });
});
