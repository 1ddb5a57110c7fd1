import { formatPrometheus } from "../stats/prometheus.ts";
import { formatStatsJson, formatStatsText } from "../stats/stats-text.ts";
import type { Stat } from "../stats/stats-store.ts";
import type { AdminReply, AdminRoute } from "./admin-route.ts";
import { textReply } from "./admin-route.ts";
import type { AdminView } from "./admin-view.ts";
import { nameFilter } from "./name-filter.ts";

const kinds: Readonly<Record<string, readonly Stat["kind"][]>> = {
  All: ["counter", "gauge", "text"],
  Counters: ["counter"],
  Gauges: ["gauge"],
  TextReadouts: ["text"],
};

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
    type: "One of (All, Counters, Gauges, TextReadouts)",
  },
  answer(view, query) {
    const type = kinds[query.get("type") ?? "All"];
    if (!type) return textReply(`usage: /stats?type=(${Object.keys(kinds).join("|")})\n\n`, 400);
    return selected(view, query, type, (stats) => {
      switch (query.get("format") ?? "text") {
        case "text":
          return textReply(formatStatsText(stats));
        case "json":
          return { status: 200, type: "json", body: formatStatsJson(stats) };
        case "prometheus":
          return textReply(formatPrometheus(stats));
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
    selected(view, query, kinds["All"]!, (stats) => textReply(formatPrometheus(stats))),
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
  type: readonly Stat["kind"][],
  format: (stats: readonly Stat[]) => AdminReply,
): AdminReply {
  const isWanted = nameFilter(query.get("filter"));
  if (typeof isWanted !== "function") return textReply(isWanted.reason, 400);
  const usedOnly = query.has("usedonly");
  const stats = view.stats
    .list()
    .filter((stat) => type.includes(stat.kind) && (stat.isUsed || !usedOnly) && isWanted(stat.name));
  return format(stats);
}
