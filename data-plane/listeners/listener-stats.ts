import type { StatsStore } from "../stats/stats-store.ts";

export type ListenerStats = ReturnType<typeof listenerStats>;

/** The statistics under `listener.<address>.`; versions of one listener share them. */
export function listenerStats(stats: StatsStore, scope: string, workerIndex: number) {
  return {
    counters: stats.counters(scope, [
      "downstream_cx_destroy",
      "downstream_cx_overflow",
      "downstream_cx_total",
      "downstream_cx_transport_socket_connect_timeout",
      "downstream_global_cx_overflow",
      "downstream_listener_filter_error",
      "downstream_listener_filter_remote_close",
      "downstream_pre_cx_timeout",
      "extension_config_missing",
      "network_extension_config_missing",
      "no_filter_chain_match",
    ]),
    gauges: stats.gauges(scope, ["downstream_cx_active", "downstream_pre_cx_active"]),
    histograms: stats.histograms(scope, ["downstream_cx_length_ms"]),
    // Envoy counts by worker too; this process is one.
    worker: stats.counters(`${scope}.worker_${workerIndex}`, ["downstream_cx_total"]),
    workerGauges: stats.gauges(`${scope}.worker_${workerIndex}`, ["downstream_cx_active"]),
  };
}
