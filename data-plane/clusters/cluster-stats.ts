import type { StatsStore } from "../stats/stats-store.ts";

/** Counters of a cluster that TCP traffic and endpoint updates move. */
const counters = [
  "bind_errors",
  "lb_healthy_panic",
  "lb_subsets_created",
  "lb_subsets_fallback",
  "lb_subsets_fallback_panic",
  "lb_subsets_removed",
  "lb_subsets_selected",
  "membership_change",
  "original_dst_host_invalid",
  "retry_or_shadow_abandoned",
  "update_attempt",
  "update_empty",
  "update_failure",
  "update_no_rebuild",
  "update_success",
  "upstream_cx_close_notify",
  "upstream_cx_connect_attempts_exceeded",
  "upstream_cx_connect_fail",
  "upstream_cx_connect_timeout",
  "upstream_cx_destroy",
  "upstream_cx_destroy_local",
  "upstream_cx_destroy_local_with_active_rq",
  "upstream_cx_destroy_remote",
  "upstream_cx_destroy_remote_with_active_rq",
  "upstream_cx_destroy_with_active_rq",
  "upstream_cx_http1_total",
  "upstream_cx_http2_total",
  "upstream_cx_idle_timeout",
  "upstream_cx_max_requests",
  "upstream_cx_none_healthy",
  "upstream_cx_overflow",
  "upstream_cx_protocol_error",
  "upstream_cx_rx_bytes_total",
  "upstream_cx_total",
  "upstream_cx_tx_bytes_total",
  "upstream_flow_control_paused_reading_total",
  "upstream_flow_control_resumed_reading_total",
  "upstream_rq_cancelled",
  "upstream_rq_completed",
  "upstream_rq_pending_failure_eject",
  "upstream_rq_pending_overflow",
  "upstream_rq_pending_total",
  "upstream_rq_per_try_idle_timeout",
  "upstream_rq_per_try_timeout",
  "upstream_rq_retry",
  "upstream_rq_retry_backoff_exponential",
  "upstream_rq_retry_backoff_ratelimited",
  "upstream_rq_retry_limit_exceeded",
  "upstream_rq_retry_overflow",
  "upstream_rq_retry_success",
  "upstream_rq_rx_reset",
  "upstream_rq_timeout",
  "upstream_rq_total",
  "upstream_rq_tx_reset",
] as const;

const gauges = [
  "lb_subsets_active",
  "max_host_weight",
  "membership_degraded",
  "membership_excluded",
  "membership_healthy",
  "membership_total",
  "upstream_cx_active",
  "upstream_rq_active",
  "upstream_rq_pending_active",
  "warming_state",
] as const;

export type ClusterStats = ReturnType<typeof clusterStats>;

/** The statistics under `cluster.<name>.`; two versions of one cluster share them. */
export function clusterStats(stats: StatsStore, scope: string) {
  return {
    counters: stats.counters(scope, counters),
    gauges: stats.gauges(scope, gauges),
    histograms: stats.histograms(scope, ["upstream_cx_connect_ms", "upstream_cx_length_ms"]),
    breaker: stats.gauges(`${scope}.circuit_breakers.default`, ["cx_open", "rq_retry_open"]),
  };
}
