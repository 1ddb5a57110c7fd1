import { histogramsJson, histogramText, type HistogramView } from "./histogram-text.ts";
import type { HistogramStat, Stat } from "./stats-store.ts";

/** Envoy's `/stats`: text readouts first, quoted; then a line for each counter and gauge; then the histograms. */
export function formatStatsText(
  stats: readonly Stat[],
  histograms: readonly HistogramStat[] = [],
  view: HistogramView = "summary",
): string {
  const lines = [
    ...stats.flatMap((stat) => (stat.kind === "text" ? [`${stat.name}: "${stat.value}"`] : [])),
    ...stats.flatMap((stat) => (stat.kind === "text" ? [] : [`${stat.name}: ${stat.exact ?? stat.value}`])),
    ...histograms.map((stat) => histogramText(stat, view)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Envoy's `/stats?format=json`. */
export function formatStatsJson(
  stats: readonly Stat[],
  histograms: readonly HistogramStat[] = [],
  view: HistogramView = "summary",
): string {
  const texts = stats.filter(({ kind }) => kind === "text");
  const numbers = stats.flatMap((stat) => {
    if (stat.kind === "text") return [];
    // JSON's numbers have any number of digits, but not those of JSON.stringify.
    return [`{"name":${JSON.stringify(stat.name)},"value":${stat.exact ?? stat.value}}`];
  });
  const entries = [...texts.map(({ name, value }) => JSON.stringify({ name, value })), ...numbers];
  if (histograms.length > 0) entries.push(histogramsJson(histograms, view));
  return `{"stats":[${entries.join(",")}]}`;
}
