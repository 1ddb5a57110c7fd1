import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CheckSituation } from "../../../data-plane/health/check-interval.ts";
import { initialPauseMs, pauseMs } from "../../../data-plane/health/check-interval.ts";
import type { CheckIntervals } from "../../../data-plane/resources/health-check.ts";

const intervals: CheckIntervals = {
  intervalMs: 1000,
  unhealthyMs: 2000,
  unhealthyEdgeMs: 3000,
  healthyEdgeMs: 4000,
  noTrafficMs: 5000,
  noTrafficHealthyMs: 6000,
  jitterMs: 0,
  jitterPercent: 0,
  leastMs: 0,
  mostMs: Number.MAX_SAFE_INTEGER,
};

const rows: readonly (readonly [string, CheckSituation, number])[] = [
  ["a healthy host", { hasPassed: true, transition: "unchanged", hasTraffic: true }, 1000],
  ["a host that just became healthy", { hasPassed: true, transition: "changed", hasTraffic: true }, 1000],
  ["a host that becomes healthy", { hasPassed: true, transition: "pending", hasTraffic: true }, 4000],
  ["a failed host", { hasPassed: false, transition: "unchanged", hasTraffic: true }, 2000],
  ["a host that just failed", { hasPassed: false, transition: "changed", hasTraffic: true }, 2000],
  ["a host that is about to fail", { hasPassed: false, transition: "pending", hasTraffic: true }, 3000],
  ["a healthy host without traffic", { hasPassed: true, transition: "unchanged", hasTraffic: false }, 6000],
  [
    "a host that becomes healthy without traffic",
    { hasPassed: true, transition: "pending", hasTraffic: false },
    5000,
  ],
  ["a failed host without traffic", { hasPassed: false, transition: "changed", hasTraffic: false }, 5000],
];

describe("pauseMs()", () => {
  for (const [name, situation, expected] of rows) {
    it(`is ${expected} ms for ${name}`, () => {
      assert.equal(
        pauseMs(intervals, situation, () => 0.99),
        expected,
      );
    });
  }

  const healthy: CheckSituation = { hasPassed: true, transition: "unchanged", hasTraffic: true };

  it("adds a share of the pause and a time, each at random", () => {
    const jittered = { ...intervals, jitterMs: 100, jitterPercent: 50 };
    assert.equal(
      pauseMs(jittered, healthy, () => 0),
      1000,
    );
    assert.equal(
      pauseMs(jittered, healthy, () => 0.5),
      1000 + 250 + 50,
    );
  });

  it("stays between the limits of the runtime, and is never 0", () => {
    assert.equal(
      pauseMs({ ...intervals, mostMs: 10 }, healthy, () => 0),
      10,
    );
    assert.equal(
      pauseMs({ ...intervals, leastMs: 7000 }, healthy, () => 0),
      7000,
    );
    assert.equal(
      initialPauseMs(intervals, 50, () => 0),
      1,
    );
    assert.equal(
      initialPauseMs(intervals, 50, () => 0.5),
      25,
    );
  });
});
