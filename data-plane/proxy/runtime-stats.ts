import type { LayeredRuntime } from "../resources/layered-runtime.ts";
import type { StatsStore } from "../stats/stats-store.ts";

/** Envoy loads the runtime when it reads the bootstrap, and once more before it starts. */
const LOADS_AT_START = 2;

/** Keeps what `runtime.` tells. Those that never move are there because dashboards ask for them: no value is ever unreadable. */
export function publishRuntime(stats: StatsStore, runtime: LayeredRuntime): void {
  stats.counters("runtime", ["deprecated_feature_use", "load_error", "override_dir_exists"]);
  stats.gauges("runtime", ["deprecated_feature_seen_since_process_start"]);
  const counters = stats.counters("runtime", ["load_success", "override_dir_not_exists"]);
  const gauges = stats.gauges("runtime", ["admin_overrides_active", "num_keys", "num_layers"]);
  const publish = (loads: number) => {
    counters.load_success += loads;
    counters.override_dir_not_exists += loads;
    gauges.num_layers.set(runtime.layers.length);
    gauges.num_keys.set(runtime.size);
    const isOverridden = runtime.layers.some(({ kind, entries }) => kind === "admin" && entries.size > 0);
    gauges.admin_overrides_active.set(isOverridden ? 1 : 0);
  };
  publish(LOADS_AT_START);
  runtime.whenChanged(() => publish(1));
}
