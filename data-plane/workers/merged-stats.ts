import type { StatsSnapshot } from "../stats/stats-store.ts";
import { StatsStore } from "../stats/stats-store.ts";

/**
 * Gauges that count what each worker has of its own; all others (memberships, versions, states) are the same everywhere, and the
 * largest stands for all.
 */
const isOfOneWorker =
  /(?:^|[._])(?:downstream_\w*active|downstream_\w*buffered|upstream_(?:cx|rq|flush)_\w+|streams_active|pending_send_bytes|active_connections|total_connections)$/;

/** Counters of what happens to the configuration, which happens once and is counted by each worker. */
const isOfAll =
  /^(?:listener_manager|cluster_manager|server)\.|[._](?:membership_change|update_\w+|init_fetch_timeout|config_(?:reload|fail|conflict)|version)$/;

/** The statistics of several workers as those of one proxy: what clients do is added up. */
export function mergedStats(snapshots: readonly StatsSnapshot[]): StatsStore {
  const merged = new StatsStore();
  for (const { name, snapshot } of snapshots.flatMap(({ histograms }) => histograms)) {
    merged.histograms("", [name])[name]?.add(snapshot);
  }
  for (const stat of snapshots.flatMap(({ stats }) => stats)) {
    switch (stat.kind) {
      case "counter": {
        const counters = merged.counters("", [stat.name]);
        const before = counters[stat.name] ?? 0;
        counters[stat.name] = isOfAll.test(stat.name) ? Math.max(before, stat.value) : before + stat.value;
        break;
      }
      case "gauge": {
        const gauge = merged.gauges("", [stat.name])[stat.name];
        if (!stat.isUsed || !gauge) break;
        if (isOfOneWorker.test(stat.name)) gauge.add(stat.value);
        else if (stat.exact !== undefined) gauge.setExact(BigInt(stat.exact));
        else gauge.set(Math.max(gauge.value, stat.value));
        break;
      }
      case "text":
        merged.setText(stat.name, stat.value);
    }
  }
  return merged;
}

/** What `/clusters` counts for a host in each worker. */
const hostCount =
  /^(.*::(?:cx_active|cx_connect_fail|cx_total|rq_active|rq_error|rq_success|rq_timeout|rq_total))::(\d+)$/;

/** `/clusters` of several workers as of one proxy: the lines of the first, with the counts of all. */
export function mergedClusters(texts: readonly string[]): string {
  const [first = "", ...others] = texts;
  const more = new Map<string, number>();
  for (const line of others.flatMap((text) => text.split("\n"))) {
    const [, name, value] = hostCount.exec(line) ?? [];
    if (name !== undefined) more.set(name, (more.get(name) ?? 0) + Number(value));
  }
  return first
    .split("\n")
    .map((line) => {
      const [, name, value] = hostCount.exec(line) ?? [];
      return name === undefined ? line : `${name}::${Number(value) + (more.get(name) ?? 0)}`;
    })
    .join("\n");
}
