import { unreachable } from "../../src/base/unreachable.ts";
import type { Histogram, HistogramBin } from "./histogram.ts";
import { bucketBounds, countOf, countUpTo, quantile, quantiles } from "./histogram.ts";

/** How histograms are shown: Envoy's `histogram_buckets`. */
export type HistogramView = "summary" | "cumulative" | "disjoint" | "detailed";

interface NamedHistogram {
  readonly name: string;
  readonly histogram: Histogram;
}

/** The line (with `detailed` the lines) of Envoy's `/stats`, without the last line break. */
export function histogramText({ name, histogram }: NamedHistogram, view: HistogramView): string {
  const [interval, total] = [histogram.interval(), histogram.cumulative()];
  if (total.length === 0) return `${name}: No recorded values`;
  switch (view) {
    case "summary":
      return `${name}: ${summaryText(interval, total)}`;
    case "detailed":
      return [
        `${name}:`,
        `  totals=${binsText(total)}`,
        `  intervals=${binsText(interval)}`,
        `  summary=${summaryText(interval, total)}`,
      ].join("\n");
    case "cumulative":
    case "disjoint": {
      const [counts, totals] = [bucketCounts(interval, view), bucketCounts(total, view)];
      const buckets = bucketBounds.map(
        (bound, index) => `B${short(bound)}(${counts[index]},${totals[index]})`,
      );
      return `${name}: ${buckets.join(" ")}`;
    }
    default:
      return unreachable(view);
  }
}

function summaryText(interval: readonly HistogramBin[], total: readonly HistogramBin[]): string {
  return quantiles
    .map((q) => `P${percent(q)}(${quantile(interval, q) ?? "nan"},${quantile(total, q) ?? "nan"})`)
    .join(" ");
}

function binsText(bins: readonly HistogramBin[]): string {
  return bins.map(({ left, width, count }) => `${left},${width}:${count}`).join(", ");
}

/** Values up to each bound; `disjoint`: of those, the ones above the bound before it. */
function bucketCounts(bins: readonly HistogramBin[], view: "cumulative" | "disjoint"): readonly number[] {
  const counts = bucketBounds.map((bound) => countUpTo(bins, bound));
  return view === "cumulative" ? counts : counts.map((count, index) => count - (counts[index - 1] ?? 0));
}

/** The part of Envoy's `/stats?format=json` that has the histograms. */
export function histogramsJson(histograms: readonly NamedHistogram[], view: HistogramView): string {
  if (view === "cumulative" || view === "disjoint") {
    const all = histograms.map(({ name, histogram }) => {
      const [counts, totals] = [
        bucketCounts(histogram.interval(), view),
        bucketCounts(histogram.cumulative(), view),
      ];
      const buckets = bucketBounds.map(
        (bound, index) =>
          `{"upper_bound":${shortest(bound)},"interval":${counts[index]},"cumulative":${totals[index]}}`,
      );
      return `{"name":${JSON.stringify(name)},"buckets":[${buckets.join(",")}]}`;
    });
    return `{"histograms":[${all.join(",")}]}`;
  }
  const supported = `[${quantiles.map(percent).join(",")}]`;
  const all = histograms.map(({ name, histogram }) => {
    const [interval, total] = [histogram.interval(), histogram.cumulative()];
    const values = `[${quantiles
      .map(
        (q) =>
          `{"cumulative":${jsonNumber(quantile(total, q))},"interval":${jsonNumber(quantile(interval, q))}}`,
      )
      .join(",")}]`;
    return view === "summary"
      ? `{"name":${JSON.stringify(name)},"values":${values}}`
      : `{"name":${JSON.stringify(name)},"totals":${binsJson(total)},"intervals":${binsJson(interval)},"percentiles":${values}}`;
  });
  const [label, list] = view === "summary" ? ["quantiles", "computed_quantiles"] : ["percentiles", "details"];
  return `{"histograms":{"supported_${label}":${supported},"${list}":[${all.join(",")}]}}`;
}

function binsJson(bins: readonly HistogramBin[]): string {
  return `[${bins
    .map(
      ({ left, width, count }) =>
        `{"lower_bound":${shortest(left)},"width":${shortest(width)},"count":${count}}`,
    )
    .join(",")}]`;
}

/** Buckets, sum and count of a histogram for Prometheus, which has no intervals. */
export function prometheusLines(name: string, labels: string, histogram: Histogram, sum: string): string[] {
  const bins = histogram.cumulative();
  const count = countOf(bins);
  const separator = labels === "" ? "" : ",";
  return [
    ...bucketBounds.map(
      (bound) => `${name}_bucket{${labels}${separator}le="${bound}"} ${countUpTo(bins, bound)}\n`,
    ),
    `${name}_bucket{${labels}${separator}le="+Inf"} ${count}\n`,
    `${name}_sum{${labels}} ${sum}\n`,
    `${name}_count{${labels}} ${count}\n`,
  ];
}

const percent = (q: number): string => String(Number((q * 100).toFixed(1)));

const jsonNumber = (value: number | undefined): string => (value === undefined ? "null" : shortest(value));

/** Six significant digits, as C++ streams write a number. */
function short(value: number): string {
  return value >= 1e6 ? exponential(value) : String(value);
}

/** The shorter of the plain and the scientific form, the plain one where they are as long, as C++ `to_chars` writes it. */
function shortest(value: number): string {
  const [plain, scientific] = [String(value), exponential(value)];
  return scientific.length < plain.length ? scientific : plain;
}

/** `1.8e+06` */
function exponential(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}
