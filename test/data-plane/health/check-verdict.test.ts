import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CheckOutcome, CheckRecord, VerdictRules } from "../../../data-plane/health/check-verdict.ts";
import { judge, uncheckedRecord } from "../../../data-plane/health/check-verdict.ts";

const rules: VerdictRules = {
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  logsEveryFailure: false,
  logsEverySuccess: false,
};

const passed: CheckOutcome = { kind: "passed", isDegraded: false };
const degraded: CheckOutcome = { kind: "passed", isDegraded: true };
const failed = (
  failure: "ACTIVE" | "PASSIVE" | "NETWORK" | "NETWORK_TIMEOUT",
  more: { isRetriable?: boolean; isImmediate?: boolean; status?: number } = {},
): CheckOutcome => ({
  kind: "failed",
  failure,
  isRetriable: false,
  isImmediate: false,
  status: 0,
  ...more,
});
const network = failed("NETWORK");

/** The flags that are raised, and the transition, after each outcome. */
function story(outcomes: readonly CheckOutcome[], start = uncheckedRecord(false), by = rules) {
  let record: CheckRecord = start;
  return outcomes.map((outcome) => {
    const verdict = judge(record, outcome, by);
    record = verdict.record;
    const raised = Object.entries(record.flags).flatMap(([flag, isRaised]) => (isRaised ? [flag] : []));
    return [...raised, verdict.transition].join(" ");
  });
}

function events(outcomes: readonly CheckOutcome[], by = rules) {
  let record: CheckRecord = uncheckedRecord(false);
  return outcomes.map((outcome) => {
    const verdict = judge(record, outcome, by);
    record = verdict.record;
    return verdict.events;
  });
}

describe("judge()", () => {
  it("lets the first check decide at once, whatever the thresholds", () => {
    assert.deepEqual(story([passed]), ["changed"]);
    assert.deepEqual(story([network, passed, passed]), [
      "failed_active_hc unchanged",
      "failed_active_hc pending",
      "changed",
    ]);
  });

  it("counts failures of the network up to the unhealthy threshold", () => {
    assert.deepEqual(story([passed, network, network, network, network]), [
      "changed",
      "pending",
      "pending",
      "failed_active_hc changed",
      "failed_active_hc unchanged",
    ]);
  });

  it("begins to count anew after each result of the other kind", () => {
    assert.deepEqual(story([passed, network, network, passed, network, network]), [
      "changed",
      "pending",
      "pending",
      "unchanged",
      "pending",
      "pending",
    ]);
    assert.deepEqual(story([network, passed, network, passed, passed]), [
      "failed_active_hc unchanged",
      "failed_active_hc pending",
      "failed_active_hc unchanged",
      "failed_active_hc pending",
      "changed",
    ]);
  });

  it("fails a host that answers wrongly at once, unless the answer is retriable", () => {
    assert.deepEqual(story([passed, failed("ACTIVE", { status: 503 })]), [
      "changed",
      "failed_active_hc changed",
    ]);
    assert.deepEqual(story([passed, failed("ACTIVE", { isRetriable: true })]), ["changed", "pending"]);
    assert.deepEqual(story([passed, failed("PASSIVE")]), ["changed", "failed_active_hc changed"]);
  });

  it("marks a failed host whose last check timed out", () => {
    assert.deepEqual(story([failed("NETWORK_TIMEOUT"), network, failed("NETWORK_TIMEOUT"), passed, passed]), [
      "failed_active_hc active_hc_timeout unchanged",
      "failed_active_hc unchanged",
      "failed_active_hc active_hc_timeout unchanged",
      "failed_active_hc active_hc_timeout pending",
      "changed",
    ]);
    assert.deepEqual(story([passed, failed("NETWORK_TIMEOUT")]), ["changed", "pending"]);
  });

  it("keeps a host out that asks for it, until it passes again", () => {
    const immediate = failed("ACTIVE", { isImmediate: true });
    assert.deepEqual(story([passed, immediate, passed, passed]), [
      "changed",
      "failed_active_hc excluded_via_immediate_hc_fail changed",
      "failed_active_hc excluded_via_immediate_hc_fail pending",
      "changed",
    ]);
  });

  it("has a degraded host be degraded and, for itself, failed or not", () => {
    assert.deepEqual(story([degraded, degraded, passed]), [
      "degraded_active_hc changed",
      "degraded_active_hc unchanged",
      "changed",
    ]);
    assert.deepEqual(story([network, degraded, degraded]), [
      "failed_active_hc unchanged",
      "failed_active_hc degraded_active_hc pending",
      "degraded_active_hc changed",
    ]);
  });

  it("counts a host in after its first check, failed or not, that waited for it", () => {
    assert.deepEqual(story([network, network], uncheckedRecord(true)), [
      "failed_active_hc changed",
      "failed_active_hc unchanged",
    ]);
  });

  it("never recovers a host by a threshold of 0, as in Envoy", () => {
    const never = { ...rules, healthyThreshold: 0 };
    assert.deepEqual(
      story([network, passed, passed, passed], uncheckedRecord(false), never).at(-1),
      ["failed_active_hc pending"][0],
    );
  });

  it("tells of changes, of the first failure, and of nothing else", () => {
    assert.deepEqual(events([network, network, passed, passed, degraded, passed]), [
      [{ kind: "health_check_failure_event", failure: "NETWORK", isFirst: true, status: 0 }],
      [],
      [],
      [{ kind: "add_healthy_event", isFirst: false }],
      [{ kind: "degraded_healthy_host" }],
      [{ kind: "no_longer_degraded_host" }],
    ]);
    assert.deepEqual(events([passed, failed("ACTIVE", { status: 500 })]), [
      [{ kind: "add_healthy_event", isFirst: true }],
      [{ kind: "eject_unhealthy_event", failure: "ACTIVE", status: 500 }],
    ]);
  });

  it("tells of every result when asked to", () => {
    const all = { ...rules, logsEveryFailure: true, logsEverySuccess: true };
    assert.deepEqual(events([passed, passed, failed("ACTIVE", { status: 503 })], all), [
      [{ kind: "add_healthy_event", isFirst: true }],
      [{ kind: "successful_health_check_event" }],
      [
        { kind: "eject_unhealthy_event", failure: "ACTIVE", status: 503 },
        { kind: "health_check_failure_event", failure: "ACTIVE", isFirst: false, status: 503 },
      ],
    ]);
  });
});
