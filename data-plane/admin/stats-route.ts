import type { HistogramView } from "../stats/histogram-text.ts";
import { formatPrometheus } from "../stats/prometheus.ts";
import { formatStatsJson, formatStatsText } from "../stats/stats-text.ts";
import type { HistogramStat, Stat } from "../stats/stats-store.ts";
import type { AdminReply, AdminRoute } from "./admin-route.ts";
import { textReply } from "./admin-route.ts";
import type { AdminView } from "./admin-view.ts";
import { nameFilter } from "./name-filter.ts";

type Kind = Stat["kind"] | "histogram";

const kinds: Readonly<Record<string, readonly Kind[]>> = {
  All: ["counter", "gauge", "text", "histogram"],
  Counters: ["counter"],
  Gauges: ["gauge"],
  Histograms: ["histogram"],
  TextReadouts: ["text"],
};

const views: readonly HistogramView[] = ["cumulative", "disjoint", "detailed", "summary"];

const filters = {
  usedonly: "Only include stats that have been written to since the start",
  filter: "Regular expression (RE2) that names must contain",
};

export const statsRoute: AdminRoute = {
  path: "/stats",
  isMutation: false,
  help: "print server stats",
  parameters: {
    ...filters,
    format: "One of (text, json, prometheus)",
    type: `One of (${Object.keys(kinds).join(", ")})`,
    histogram_buckets: `How histograms are shown; one of (${views.join(", ")})`,
  },
  answer(view, query) {
    const type = kinds[query.get("type") ?? "All"];
    if (!type) return textReply("invalid &type= param", 400);
    const wanted = query.get("histogram_buckets") ?? "summary";
    const buckets = views.find((one) => one === wanted);
    if (!buckets) {
      return textReply(`usage: /stats?histogram_buckets=(${views.join("|")})\n`, 400);
    }
    return selected(view, query, type, (stats, histograms) => {
      switch (query.get("format") ?? "text") {
        case "text":
          return textReply(formatStatsText(stats, histograms, buckets));
        case "json":
          return { status: 200, type: "json", body: formatStatsJson(stats, histograms, buckets) };
        case "prometheus":
          return textReply(formatPrometheus(stats, histograms));
        default:
          return textReply("usage: /stats?format=(json|prometheus|text)\n\n", 400);
      }
    });
  },
};

export const prometheusRoute: AdminRoute = {
  path: "/stats/prometheus",
  isMutation: false,
  help: "print server stats in prometheus format",
  parameters: filters,
  answer: (view, query) =>
    selected(view, query, kinds["All"]!, (stats, histograms) =>
      textReply(formatPrometheus(stats, histograms)),
    ),
};

export const resetCountersRoute: AdminRoute = {
  path: "/reset_counters",
  isMutation: true,
  help: "reset all counters to zero",
  parameters: {},
  answer(view) {
    view.stats.resetCounters();
    return textReply("OK\n");
  },
};

function selected(
  view: AdminView,
  query: URLSearchParams,
  type: readonly Kind[],
  format: (stats: readonly Stat[], histograms: readonly HistogramStat[]) => AdminReply,
): AdminReply {
  const isWanted = nameFilter(query.get("filter"));
  if (typeof isWanted !== "function") return textReply(isWanted.reason, 400);
  const usedOnly = query.has("usedonly");
  view.beforeStats();
  const passes = ({ name, isUsed }: { readonly name: string; readonly isUsed: boolean }) =>
    (isUsed || !usedOnly) && isWanted(name);
  const stats = view.stats.list().filter((stat) => type.includes(stat.kind) && passes(stat));
  const histograms = type.includes("histogram") ? view.stats.listHistograms().filter(passes) : [];
  return format(stats, histograms);
}
