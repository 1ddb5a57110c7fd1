import type { StatsStore } from "../stats/stats-store.ts";

const counters = [
  "ejections_consecutive_5xx",
  "ejections_detected_consecutive_5xx",
  "ejections_detected_consecutive_gateway_failure",
  "ejections_detected_consecutive_local_origin_failure",
  "ejections_detected_degradation",
  "ejections_detected_failure_percentage",
  "ejections_detected_local_origin_failure_percentage",
  "ejections_detected_local_origin_success_rate",
  "ejections_detected_success_rate",
  "ejections_enforced_consecutive_5xx",
  "ejections_enforced_consecutive_gateway_failure",
  "ejections_enforced_consecutive_local_origin_failure",
  "ejections_enforced_failure_percentage",
  "ejections_enforced_local_origin_failure_percentage",
  "ejections_enforced_local_origin_success_rate",
  "ejections_enforced_success_rate",
  "ejections_enforced_total",
  "ejections_overflow",
  "ejections_success_rate",
  "ejections_total",
] as const;

/** The statistics under `cluster.<name>.outlier_detection.`. */
export function outlierStats(stats: StatsStore, scope: string) {
  const prefix = `${scope}.outlier_detection`;
  return { counters: stats.counters(prefix, counters), gauges: stats.gauges(prefix, ["ejections_active"]) };
}
