import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { OutlierEvent } from "../../../data-plane/health/outlier-detector.ts";
import { OutlierDetector } from "../../../data-plane/health/outlier-detector.ts";
import { outlierConfig } from "./outlier-kit.ts";

/** A detector over hosts by name, and what it told. */
function scene(yaml: string, names: string, random: () => number = () => 0) {
  const told: string[] = [];
  const detector = new OutlierDetector<string>(outlierConfig(yaml), random, (event: OutlierEvent<string>) => {
    told.push(
      "cause" in event ? `${event.kind} ${event.host} ${event.cause}` : `${event.kind} ${event.host}`,
    );
  });
  const monitors = new Map(names.split("").map((name) => [name, detector.watch(name)] as const));
  return {
    detector,
    monitor: (host: string) => monitors.get(host)!,
    /** So many responses of a status. */
    respond: (host: string, status: number, count = 1, nowMs = 0): void => {
      for (let n = 0; n < count; n += 1) {
        detector.detected(host, monitors.get(host)!.response(status), nowMs);
      }
    },
    connectFail: (host: string, count = 1, nowMs = 0): void => {
      for (let n = 0; n < count; n += 1) {
        detector.detected(host, monitors.get(host)!.localFailure(503), nowMs);
      }
    },
    /** What was told since the last call. */
    told: () => told.splice(0),
  };
}

const open = "max_ejection_percent: 100";

describe("OutlierDetector", () => {
  it("ejects a host after 5 responses of 5xx in a row", () => {
    const { respond, told, detector } = scene(`{${open}}`, "ab");
    respond("a", 500, 4);
    respond("a", 200);
    respond("a", 500, 4);
    assert.deepEqual(told(), []);
    respond("a", 501);
    assert.deepEqual(told(), ["detected a consecutive_5xx", "ejected a consecutive_5xx"]);
    assert.equal(detector.isEjected("a"), true);
    respond("a", 500, 10);
    assert.deepEqual(told(), [], "an ejected host is not ejected again");
  });

  it("counts 502, 503 and 504 as the gateway's too, and spares the host for them unless told otherwise", () => {
    const spared = scene(`{${open}, consecutive_5xx: 9}`, "ab");
    spared.respond("a", 502, 2);
    spared.respond("a", 503, 2);
    spared.respond("a", 504);
    assert.deepEqual(spared.told(), [
      "detected a consecutive_gateway_failure",
      "spared a consecutive_gateway_failure",
    ]);
    spared.respond("a", 500);
    spared.respond("a", 503, 2);
    assert.deepEqual(spared.told(), [], "500 ends the row of the gateway's failures");
    const enforced = scene(`{${open}, enforcing_consecutive_gateway_failure: 100}`, "ab");
    enforced.respond("a", 503, 5);
    assert.deepEqual(
      enforced.told(),
      ["detected a consecutive_gateway_failure", "ejected a consecutive_gateway_failure"],
      "5xx came to 5 at the same time, but the host is out already",
    );
  });

  it("counts a failed connection as 503 and a timeout as 504, unless these are split off", () => {
    const joined = scene(`{${open}, consecutive_5xx: 2}`, "ab");
    joined.connectFail("a");
    joined.detector.detected("a", joined.monitor("a").localFailure(504), 0);
    assert.deepEqual(joined.told(), ["detected a consecutive_5xx", "ejected a consecutive_5xx"]);
    const split = scene(
      `{${open}, consecutive_5xx: 2, split_external_local_origin_errors: true, consecutive_local_origin_failure: 3}`,
      "ab",
    );
    split.connectFail("a", 2);
    split.respond("a", 500);
    assert.deepEqual(split.told(), []);
    split.connectFail("a");
    assert.deepEqual(split.told(), [
      "detected a consecutive_local_origin_failure",
      "ejected a consecutive_local_origin_failure",
    ]);
  });

  it("has a connection end the row of failures to connect, where these are split off", () => {
    const { connectFail, monitor, told } = scene(
      `{${open}, split_external_local_origin_errors: true, consecutive_local_origin_failure: 2}`,
      "ab",
    );
    for (const connect of ["connected", "connectedFinally"] as const) {
      connectFail("a");
      monitor("a")[connect]();
      connectFail("a");
      monitor("a")[connect]();
    }
    assert.deepEqual(told(), []);
  });

  it("has a TCP connection end the row of 5xx where they are one, and an HTTP connection not", () => {
    const { connectFail, monitor, told } = scene(`{${open}, consecutive_5xx: 2}`, "ab");
    connectFail("a");
    monitor("a").connectedFinally();
    connectFail("a");
    assert.deepEqual(told(), []);
    monitor("a").connected();
    connectFail("a");
    assert.deepEqual(told(), ["detected a consecutive_5xx", "ejected a consecutive_5xx"]);
  });

  it("ejects no more than the percentage of all hosts, which may be none", () => {
    const tenPercent = scene("{consecutive_5xx: 1}", "abcdefghi");
    tenPercent.respond("a", 500);
    assert.deepEqual(tenPercent.told(), ["detected a consecutive_5xx", "overflow a"]);
    const half = scene("{consecutive_5xx: 1, max_ejection_percent: 50}", "abc");
    half.respond("a", 500);
    half.respond("b", 500);
    assert.deepEqual(half.told(), [
      "detected a consecutive_5xx",
      "ejected a consecutive_5xx",
      "detected b consecutive_5xx",
      "overflow b",
    ]);
  });

  it("ejects one host whatever the percentage, when told to", () => {
    const { respond, told } = scene("{consecutive_5xx: 1, always_eject_one_host: true}", "ab");
    respond("a", 500);
    respond("b", 500);
    assert.deepEqual(told(), [
      "detected a consecutive_5xx",
      "ejected a consecutive_5xx",
      "detected b consecutive_5xx",
      "overflow b",
    ]);
  });

  it("spares a share of the hosts at random", () => {
    const { respond, told } = scene(
      `{${open}, consecutive_5xx: 1, enforcing_consecutive_5xx: 50}`,
      "ab",
      () => 0.5,
    );
    respond("a", 500);
    assert.deepEqual(told(), ["detected a consecutive_5xx", "spared a consecutive_5xx"]);
  });

  it("returns a host at the first interval after its time, which grows with each ejection", () => {
    const { respond, told, detector } = scene(
      `{${open}, consecutive_5xx: 1, interval: 1s, base_ejection_time: 10s, max_ejection_time: 25s}`,
      "ab",
    );
    const returnsAfter = (from: number, wait: number) => {
      respond("a", 500, 1, from);
      detector.tick(from + wait - 1);
      assert.equal(detector.isEjected("a"), true);
      detector.tick(from + wait);
      assert.equal(detector.isEjected("a"), false);
    };
    returnsAfter(0, 10_000);
    returnsAfter(10_500, 20_000);
    returnsAfter(31_000, 25_000);
    told();
    // Three intervals without an ejection take the three steps back.
    for (const at of [57_000, 58_000, 59_000]) detector.tick(at);
    returnsAfter(60_000, 10_000);
  });

  it("adds jitter to the time of an ejection", () => {
    const { respond, detector } = scene(
      `{${open}, consecutive_5xx: 1, base_ejection_time: 10s, max_ejection_time_jitter: 1s}`,
      "ab",
      () => 0.5,
    );
    respond("a", 500);
    detector.tick(10_499);
    assert.equal(detector.isEjected("a"), true);
    detector.tick(10_500);
    assert.equal(detector.isEjected("a"), false);
  });

  it("begins to count anew with a host that returned", () => {
    const { respond, told, detector } = scene(`{${open}, consecutive_5xx: 3, base_ejection_time: 1s}`, "ab");
    respond("a", 500, 5);
    detector.tick(1000);
    told();
    respond("a", 500, 2);
    assert.deepEqual(told(), []);
    respond("a", 500);
    assert.deepEqual(told(), ["detected a consecutive_5xx", "ejected a consecutive_5xx"]);
  });

  it("returns a host that passes an active check, unless told not to", () => {
    const by = scene(`{${open}, consecutive_5xx: 1}`, "ab");
    by.respond("a", 500);
    by.detector.checkPassed("a", 1);
    by.detector.checkPassed("b", 1);
    assert.deepEqual(by.told().slice(2), ["returned a"]);
    const not = scene(
      `{${open}, consecutive_5xx: 1, successful_active_health_check_uneject_host: false}`,
      "ab",
    );
    not.respond("a", 500);
    not.detector.checkPassed("a", 1);
    assert.equal(not.detector.isEjected("a"), true);
  });

  it("forgets a host that is gone, and its ejection with it", () => {
    const { respond, detector, told } = scene("{consecutive_5xx: 1, max_ejection_percent: 50}", "abc");
    respond("a", 500);
    detector.forget("a");
    assert.equal(detector.ejectedCount, 0);
    respond("b", 500);
    assert.deepEqual(told().at(-1), "ejected b consecutive_5xx");
    detector.detected("a", ["consecutive_5xx"], 5);
    assert.equal(detector.ejectedCount, 1, "a late report of a host that is gone is nothing");
  });

  it("ejects a host whose success rate is far below the others'", () => {
    const { respond, told, detector, monitor } = scene(
      `{${open}, consecutive_5xx: 1000, success_rate_request_volume: 10}`,
      "abcde",
    );
    for (const host of "abcd") respond(host, 200, 10);
    for (let n = 0; n < 5; n += 1) {
      respond("e", 500);
      respond("e", 200);
    }
    detector.tick(10_000);
    // Mean 90, deviation 20: the limit is 90 - 1.9 × 20 = 52.
    assert.deepEqual(told(), ["detected e success_rate", "ejected e success_rate"]);
    assert.equal(monitor("e").external.shown, 50);
    assert.equal(monitor("a").external.shown, 100);
    assert.equal(monitor("a").local.shown, -1);
    detector.tick(20_000);
    assert.equal(monitor("a").external.shown, -1, "nothing came in the interval after");
  });

  it("compares no success rates of too few hosts or requests", () => {
    const few = scene(`{${open}, consecutive_5xx: 1000, success_rate_request_volume: 10}`, "abcd");
    for (const host of "abc") few.respond(host, 200, 10);
    few.respond("d", 500, 10);
    few.detector.tick(10_000);
    assert.deepEqual(few.told(), []);
    const little = scene(`{${open}, consecutive_5xx: 1000, success_rate_request_volume: 11}`, "abcde");
    for (const host of "abcd") little.respond(host, 200, 10);
    little.respond("e", 500, 10);
    little.detector.tick(10_000);
    assert.deepEqual(little.told(), []);
  });

  it("detects a host that fails too large a share, and ejects it when told to", () => {
    const yaml =
      "consecutive_5xx: 1000, failure_percentage_request_volume: 10, failure_percentage_minimum_hosts: 1";
    const spared = scene(`{${open}, ${yaml}}`, "a");
    spared.respond("a", 500, 17);
    spared.respond("a", 200, 3);
    spared.detector.tick(10_000);
    assert.deepEqual(spared.told(), ["detected a failure_percentage", "spared a failure_percentage"]);
    spared.respond("a", 500, 16);
    spared.respond("a", 200, 4);
    spared.detector.tick(20_000);
    assert.deepEqual(spared.told(), [], "80% is less than 85%");
    const split = scene(
      `{${open}, ${yaml}, split_external_local_origin_errors: true, consecutive_local_origin_failure: 1000,
        enforcing_failure_percentage_local_origin: 100}`,
      "a",
    );
    split.connectFail("a", 20);
    split.detector.tick(10_000);
    assert.deepEqual(split.told(), [
      "detected a local_origin_failure_percentage",
      "ejected a local_origin_failure_percentage",
    ]);
  });
});
