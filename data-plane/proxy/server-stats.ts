import type { StatsStore } from "../stats/stats-store.ts";

/** What `server.` tells of the process. */
export type ServerStats = ReturnType<typeof serverStats>;

/** Those that never move here are there because dashboards ask for them: nothing restarts hot, and unknown fields are refused. */
export function serverStats(stats: StatsStore) {
  stats.counters("server", ["dropped_stat_flushes", "dynamic_unknown_fields", "static_unknown_fields"]);
  stats.gauges("server", ["hot_restart_epoch", "parent_connections"]);
  return {
    gauges: stats.gauges("server", [
      "concurrency",
      "days_until_first_cert_expiring",
      "live",
      "memory_allocated",
      "memory_heap_size",
      "memory_physical_size",
      "state",
      "total_connections",
      "uptime",
    ]),
    histograms: stats.histograms("server", ["initialization_time_ms"]),
  };
}
