import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../../src/base/problem.ts";
import { oneOf, unsupportedFields } from "../../../data-plane/resources/support.ts";

const lines = (message: object, support: Parameters<typeof unsupportedFields>[1], path = "") =>
  unsupportedFields(message, support, path).map(formatProblem);

describe("unsupportedFields()", () => {
  it("says nothing of what is declared", () => {
    assert.deepEqual(
      lines({ a: 1, b: { c: 2 }, d: [{ e: 1 }] }, { a: true, b: { c: true }, d: { e: true } }),
      [],
    );
  });

  it("names what is not, at every depth, all at once", () => {
    const message = { a: 1, b: { c: 2, x: 3 }, d: [{ e: 1 }, { y: 1 }] };
    assert.deepEqual(lines(message, { b: { c: true }, d: { e: true } }, "top"), [
      "top.a: not supported by the bundled data plane",
      "top.b.x: not supported by the bundled data plane",
      "top.d[1].y: not supported by the bundled data plane",
    ]);
  });

  it("does not take a field for declared because objects inherit its name", () => {
    assert.deepEqual(lines({ constructor: 1 }, {}), ["constructor: not supported by the bundled data plane"]);
  });

  it("looks into wrappers and lists of values", () => {
    const support = { policy: oneOf("A"), flag: oneOf(false), kinds: oneOf("V1", "V2") };
    assert.deepEqual(lines({ policy: "B", flag: { value: true }, kinds: ["V1", "V3"] }, support), [
      "policy: B is not supported by the bundled data plane",
      "flag: true is not supported by the bundled data plane",
      "kinds[1]: V3 is not supported by the bundled data plane",
    ]);
  });
});
