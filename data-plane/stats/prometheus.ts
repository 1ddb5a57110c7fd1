import { exactDecimal } from "./exact-decimal.ts";
import { sumOf } from "./histogram.ts";
import { prometheusLines } from "./histogram-text.ts";
import type { HistogramStat, Stat } from "./stats-store.ts";

/** A part of a name that becomes a label: Envoy's default tags. `removed` is cut from the name, `value` is the label's. */
interface TagRule {
  readonly label: string;
  readonly pattern: RegExp;
}

/** The tag extractors of Envoy that concern names which exist here. Group 1 is cut out, group 2 (within it) is the value. */
const rules: readonly TagRule[] = [
  { label: "envoy_worker_id", pattern: /^listener\..*?\.worker_((\d+)\.)/ },
  { label: "envoy_listener_address", pattern: /^listener\.(((?:[_.[\]a-fA-F\d]*[_.[\]\d]|[^.]+))\.)/ },
  { label: "envoy_cluster_name", pattern: /^cluster\.(([^.]+)\.)/ },
  { label: "envoy_tcp_prefix", pattern: /^tcp\.((.*?)\.)\w+$/ },
  { label: "envoy_rds_route_config", pattern: /^http\.[^.]+\.rds\.((.*?)\.)\w+$/ },
  { label: "envoy_http_conn_manager_prefix", pattern: /^http\.((.*?)\.)\w+$/ },
  { label: "envoy_proxy_protocol_prefix", pattern: /^proxy_proto\.((.*?)\.)(?=versions\.|not_found_)/ },
  { label: "envoy_proxy_protocol_version", pattern: /^proxy_proto\.(?:.+\.)?(versions\.v(\d)\.)/ },
];

/** Envoy's `/stats/prometheus`: a family for each name without its tags, counters, gauges, histograms; families by name. */
export function formatPrometheus(stats: readonly Stat[], histograms: readonly HistogramStat[] = []): string {
  const numbers = (["counter", "gauge"] as const).map((kind) =>
    families(
      kind,
      stats.flatMap((stat) => (stat.kind === kind ? [stat] : [])),
      (name, labels, { value, exact }) => [`${name}{${labels}} ${exact ?? value}\n`],
    ),
  );
  const shapes = families("histogram", histograms, (name, labels, { histogram }) =>
    prometheusLines(name, labels, histogram, exactDecimal(sumOf(histogram.cumulative()))),
  );
  return [...numbers, shapes].join("");
}

function families<One extends { readonly name: string }>(
  kind: string,
  stats: readonly One[],
  linesOf: (name: string, labels: string, stat: One) => readonly string[],
): string {
  const found = new Map<string, string[]>();
  for (const stat of stats) {
    const { name, labels } = tagsOf(stat.name);
    const lines = found.get(name) ?? [];
    lines.push(...linesOf(name, labels, stat));
    found.set(name, lines);
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, lines]) => `# TYPE ${name} ${kind}\n${lines.join("")}`)
    .join("");
}

/** The Prometheus name of a statistic, and its labels. */
export function tagsOf(statName: string): { readonly name: string; readonly labels: string } {
  let rest = statName;
  const labels: string[] = [];
  for (const { label, pattern } of rules) {
    const found = pattern.exec(rest);
    if (!found) continue;
    const removed = found[1]!;
    const at = found.index + found[0].lastIndexOf(removed);
    rest = rest.slice(0, at) + rest.slice(at + removed.length);
    labels.push(`${label}="${escapeLabel(found[2]!)}"`);
  }
  return { name: `envoy_${rest.replaceAll(/[^a-zA-Z0-9_]/g, "_")}`, labels: labels.join(",") };
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
