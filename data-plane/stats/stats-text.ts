import type { Stat } from "./stats-store.ts";

/** Envoy's `/stats`: text readouts first, quoted; then a line for each counter and gauge. */
export function formatStatsText(stats: readonly Stat[]): string {
  const lines = [
    ...stats.flatMap((stat) => (stat.kind === "text" ? [`${stat.name}: "${stat.value}"`] : [])),
    ...stats.flatMap((stat) => (stat.kind === "text" ? [] : [`${stat.name}: ${stat.value}`])),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Envoy's `/stats?format=json`. */
export function formatStatsJson(stats: readonly Stat[]): string {
  const texts = stats.filter(({ kind }) => kind === "text");
  const numbers = stats.filter(({ kind }) => kind !== "text");
  return JSON.stringify({ stats: [...texts, ...numbers].map(({ name, value }) => ({ name, value })) });
}
