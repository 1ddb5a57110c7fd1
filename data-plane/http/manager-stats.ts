import type { ConnectionInfo } from "../network/connection-info.ts";
import type { StatsStore } from "../stats/stats-store.ts";

const counters = [
  "downstream_cx_delayed_close_timeout",
  "downstream_cx_destroy",
  "downstream_cx_destroy_active_rq",
  "downstream_cx_destroy_local",
  "downstream_cx_destroy_local_active_rq",
  "downstream_cx_destroy_remote",
  "downstream_cx_destroy_remote_active_rq",
  "downstream_cx_drain_close",
  "downstream_cx_http1_total",
  "downstream_cx_http2_total",
  "downstream_cx_idle_timeout",
  "downstream_cx_max_duration_reached",
  "downstream_cx_max_requests_reached",
  "downstream_cx_protocol_error",
  "downstream_cx_rx_bytes_total",
  "downstream_cx_ssl_total",
  "downstream_cx_total",
  "downstream_cx_tx_bytes_total",
  "downstream_cx_upgrades_total",
  "downstream_flow_control_paused_reading_total",
  "downstream_flow_control_resumed_reading_total",
  "downstream_rq_1xx",
  "downstream_rq_2xx",
  "downstream_rq_3xx",
  "downstream_rq_4xx",
  "downstream_rq_5xx",
  "downstream_rq_completed",
  "downstream_rq_failed_path_normalization",
  "downstream_rq_header_timeout",
  "downstream_rq_http1_total",
  "downstream_rq_http2_total",
  "downstream_rq_idle_timeout",
  "downstream_rq_max_duration_reached",
  "downstream_rq_non_relative_path",
  "downstream_rq_redirected_with_normalized_path",
  "downstream_rq_rejected_via_ip_detection",
  "downstream_rq_response_before_rq_complete",
  "downstream_rq_rx_reset",
  "downstream_rq_timeout",
  "downstream_rq_too_large",
  "downstream_rq_too_many_premature_resets",
  "downstream_rq_total",
  "downstream_rq_tx_reset",
  "downstream_rq_ws_on_non_ws_route",
  "no_cluster",
  "no_route",
  "rq_direct_response",
  "rq_redirect",
  "rq_total",
] as const;

const gauges = [
  "downstream_cx_active",
  "downstream_cx_http1_active",
  "downstream_cx_upgrades_active",
  "downstream_cx_http2_active",
  "downstream_cx_ssl_active",
  "downstream_rq_active",
] as const;
const byClass = [
  "downstream_rq_1xx",
  "downstream_rq_2xx",
  "downstream_rq_3xx",
  "downstream_rq_4xx",
  "downstream_rq_5xx",
  "downstream_rq_completed",
] as const;

export type ManagerStats = ReturnType<typeof managerStats>;

/** The statistics under `http.<stat_prefix>.`, and the answers once more under the listener's. */
export function managerStats(stats: StatsStore, statPrefix: string, listenerScope: string) {
  return {
    counters: stats.counters(`http.${statPrefix}`, counters),
    gauges: stats.gauges(`http.${statPrefix}`, gauges),
    histograms: stats.histograms(`http.${statPrefix}`, ["downstream_cx_length_ms", "downstream_rq_time"]),
    listener: stats.counters(`${listenerScope}.http.${statPrefix}`, byClass),
  };
}

export type CodecStats = ReturnType<typeof codecStats>;

/** The statistics of the HTTP/1.1 codec, which all managers share. */
export function codecStats(stats: StatsStore) {
  return stats.counters("http1", [
    "dropped_headers_with_underscores",
    "requests_rejected_with_underscores_in_headers",
  ]);
}

/** Counts a connection that is over. `isBusy`: a request on it was not answered whole. */
export function countEnd(
  { counters, gauges }: ManagerStats,
  { tls }: Pick<ConnectionInfo, "tls">,
  isLocal: boolean,
  isBusy: boolean,
): void {
  if (tls) gauges.downstream_cx_ssl_active.add(-1);
  const side = isLocal ? "downstream_cx_destroy_local" : "downstream_cx_destroy_remote";
  counters.downstream_cx_destroy += 1;
  counters[side] += 1;
  gauges.downstream_cx_active.add(-1);
  if (isBusy) countBusyEnd(counters, isLocal);
}

/** Counts a connection that ends, or begins to, over requests that are not answered whole. */
export function countBusyEnd(counters: ManagerStats["counters"], isLocal: boolean): void {
  counters.downstream_cx_destroy_active_rq += 1;
  counters[isLocal ? "downstream_cx_destroy_local_active_rq" : "downstream_cx_destroy_remote_active_rq"] += 1;
}

/** Counts an answer by the first digit of its status. */
export function countAnswer(stats: ManagerStats, status: number): void {
  const name = byClass[Math.min(5, Math.max(1, Math.trunc(status / 100))) - 1]!;
  stats.counters[name] += 1;
  stats.counters.downstream_rq_completed += 1;
  stats.listener[name] += 1;
  stats.listener.downstream_rq_completed += 1;
}
