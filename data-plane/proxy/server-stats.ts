import type { RuntimeLayer } from "../bootstrap/runtime.ts";
import type { StatsStore } from "../stats/stats-store.ts";

/** What `server.` tells of the process, and `runtime.` of its runtime. */
export type ServerStats = ReturnType<typeof serverStats>;

/** Those that never move here are there because dashboards ask for them: nothing restarts hot, and unknown fields are refused. */
export function serverStats(stats: StatsStore, layers: readonly RuntimeLayer[]) {
  stats.counters("server", ["dropped_stat_flushes", "dynamic_unknown_fields", "static_unknown_fields"]);
  stats.gauges("server", ["hot_restart_epoch", "parent_connections"]);
  stats.counters("runtime", ["load_error", "load_success", "override_dir_exists", "override_dir_not_exists"]);
  const runtime = stats.gauges("runtime", ["admin_overrides_active", "num_keys", "num_layers"]);
  runtime.num_layers.set(layers.length);
  runtime.num_keys.set(new Set(layers.flatMap(({ values }) => [...values.keys()])).size);
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
