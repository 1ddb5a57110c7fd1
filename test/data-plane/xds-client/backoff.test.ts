import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backoffMs, defaultBackoff } from "../../../data-plane/xds-client/backoff.ts";

describe("backoffMs()", () => {
  const steps = [
    [1, 500],
    [2, 1_000],
    [3, 2_000],
    [6, 16_000],
    [7, 30_000],
    [10_000, 30_000],
  ] as const;
  for (const [failures, stepMs] of steps) {
    it(`XC-17 waits between 0 and ${stepMs} ms after ${failures} failures in a row`, () => {
      assert.equal(backoffMs(defaultBackoff, failures, 0), 0);
      assert.equal(backoffMs(defaultBackoff, failures, 0.5), stepMs / 2);
      assert.ok(backoffMs(defaultBackoff, failures, 0.999_999) < stepMs);
    });
  }

  it("XC-17 follows the bootstrap's own steps", () => {
    assert.equal(backoffMs({ baseMs: 100, maxMs: 300 }, 2, 0.5), 100);
    assert.equal(backoffMs({ baseMs: 100, maxMs: 300 }, 3, 0.5), 150);
  });
});
