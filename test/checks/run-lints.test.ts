import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Problem } from "../../src/base/problem.ts";
import { lints } from "../../src/checks/lints.ts";
import { silence } from "../../src/checks/run-lints.ts";
import type { Ignore } from "../../src/config/ignores.ts";

const finding = (line: number, code = "tlvs-on-v1", file = "a.yaml"): Problem => ({
  code,
  severity: "warning",
  message: "m",
  place: { file, line, column: 1 },
});
const ignore = (line: number, ...codes: string[]): Ignore => ({
  codes,
  line,
  place: { file: "a.yaml", line, column: 9 },
});
const codesOf = (findings: readonly Problem[], ignores: readonly Ignore[]) =>
  silence(findings, ignores, lints).map(({ code, suggestion }) =>
    suggestion ? `${code}: ${suggestion}` : code,
  );

describe("silence()", () => {
  it("leaves out the finding of that code at that line of that file, and nothing else", () => {
    const findings = [
      finding(1),
      finding(2),
      finding(1, "xff-trusted-hops"),
      finding(1, "tlvs-on-v1", "b.yaml"),
    ];
    assert.deepEqual(silence(findings, [ignore(1, "tlvs-on-v1")], lints), findings.slice(1));
  });

  it("leaves out every finding of the line that it names", () => {
    assert.deepEqual(codesOf([finding(1), finding(1)], [ignore(1, "tlvs-on-v1")]), []);
  });

  it("warns of a comment that silences nothing", () => {
    assert.deepEqual(codesOf([], [ignore(1, "tlvs-on-v1")]), ["unused-ignore"]);
    assert.deepEqual(codesOf([finding(1)], [ignore(1, "tlvs-on-v1", "xff-trusted-hops")]), ["unused-ignore"]);
  });

  it("warns of a code that does not exist, with the nearest, and of none", () => {
    assert.deepEqual(codesOf([], [ignore(1, "tlvs-on-v2")]), ["unknown-lint: tlvs-on-v1"]);
    assert.deepEqual(codesOf([], [ignore(1)]), ["unknown-lint"]);
  });

  it("does not silence errors, which are not among its findings", () => {
    assert.deepEqual(codesOf([], [ignore(1, "unknown-reference")]), ["unknown-lint"]);
  });
});
