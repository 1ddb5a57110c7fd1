import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asType } from "../../../data-plane/resources/message-type.ts";
import { parseOutlierDetection } from "../../../data-plane/resources/outlier-detection.ts";
import { message, parseContext, problemsOf } from "../parse-kit.ts";

function parse(yaml: string, runtime: Readonly<Record<string, number>> = {}) {
  const typeName = "envoy.config.cluster.v3.OutlierDetection";
  const config = asType(typeName, message(typeName, yaml));
  return parseOutlierDetection(config, parseContext(runtime), "outlier_detection");
}

describe("parseOutlierDetection()", () => {
  it("is nothing when nothing is configured", () => {
    assert.deepEqual(parseOutlierDetection(undefined, parseContext(), ""), {
      value: undefined,
      problems: [],
    });
  });

  it("has Envoy's defaults", () => {
    assert.deepEqual(parse("{}").value, {
      intervalMs: 10_000,
      baseEjectionMs: 30_000,
      maxEjectionMs: 300_000,
      maxEjectionJitterMs: 0,
      maxEjectionPercent: 10,
      alwaysEjectsOneHost: false,
      consecutive5xx: 5,
      consecutiveGatewayFailure: 5,
      consecutiveLocalOriginFailure: 5,
      splitsLocalOrigin: false,
      successRate: { minimumHosts: 5, requestVolume: 100, stdevFactor: 1900 },
      failurePercentage: { threshold: 85, minimumHosts: 5, requestVolume: 50 },
      enforcing: {
        consecutive_5xx: 100,
        consecutive_gateway_failure: 0,
        consecutive_local_origin_failure: 100,
        success_rate: 100,
        local_origin_success_rate: 100,
        failure_percentage: 0,
        local_origin_failure_percentage: 0,
      },
      isUnejectedByCheck: true,
    });
  });

  it("lets an ejection last as long as its base where that is longer than the default maximum", () => {
    assert.equal(parse("base_ejection_time: 600s").value?.maxEjectionMs, 600_000);
  });

  it("takes values of the runtime before those of the cluster", () => {
    const { value } = parse("{consecutive_5xx: 7, interval: 1s}", {
      "outlier_detection.consecutive_5xx": 3,
      "outlier_detection.interval_ms": 50,
    });
    assert.deepEqual([value?.consecutive5xx, value?.intervalMs], [3, 50]);
  });

  it("refuses a maximum below the base, and what it does not support", () => {
    assert.match(
      problemsOf(parse("{base_ejection_time: 2s, max_ejection_time: 1s}")).join(),
      /outlier detector's max_ejection_time cannot be smaller than base_ejection_time/,
    );
    assert.match(
      problemsOf(parse("monitors: [{name: m}]")).join(),
      /outlier_detection\.monitors: not supported/,
    );
    assert.match(
      problemsOf(parse("detect_degraded_hosts: true")).join(),
      /outlier_detection\.detect_degraded_hosts: not supported/,
    );
  });
});
