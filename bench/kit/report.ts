import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";

/** One figure of one contestant, the median of the rounds. */
export interface Figure {
  readonly scenario: string;
  readonly contestant: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
  /** Every round's value, so that a reader can see the spread. */
  readonly rounds: readonly number[];
}

/** A promise about a ratio between two contestants, checked after every run. */
export interface Mark {
  readonly scenario: string;
  readonly metric: string;
  readonly ours: string;
  readonly theirs: string;
  /** `atMost 0.5`: ours is at most half of theirs; `atLeast 0.9`: at least nine tenths. */
  readonly bound: { readonly atMost: number } | { readonly atLeast: number };
}

export interface MarkResult extends Mark {
  readonly ratio: number;
  readonly isMet: boolean;
}

export function judge(marks: readonly Mark[], figures: readonly Figure[]): MarkResult[] {
  return marks.map((mark) => {
    const valueOf = (contestant: string) =>
      figures.find(
        (it) => it.scenario === mark.scenario && it.metric === mark.metric && it.contestant === contestant,
      )?.value ?? Number.NaN;
    const ratio = valueOf(mark.ours) / valueOf(mark.theirs);
    const isMet = "atMost" in mark.bound ? ratio <= mark.bound.atMost : ratio >= mark.bound.atLeast;
    return { ...mark, ratio, isMet };
  });
}

/** A table for people: a row a scenario and metric, a column a contestant, and ours as a ratio of each peer. */
export function renderTable(figures: readonly Figure[], ours: string): string {
  const rows = new Map<string, Figure[]>();
  for (const figure of figures) {
    const key = `${figure.scenario} | ${figure.metric} (${figure.unit})`;
    rows.set(key, [...(rows.get(key) ?? []), figure]);
  }
  const lines = [...rows].map(([key, row]) => {
    const own = row.find((figure) => figure.contestant === ours);
    const cells = row.map((figure) => {
      const ratio = own && figure !== own ? `, ${ours} is ${(own.value / figure.value).toFixed(2)}x` : "";
      return `${figure.contestant} ${formatValue(figure.value)}${ratio}`;
    });
    return `${key.padEnd(56)} ${cells.join("; ")}`;
  });
  return lines.join("\n");
}

function formatValue(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function renderMarks(results: readonly MarkResult[]): string {
  return results
    .map((result) => {
      const bound =
        "atMost" in result.bound ? `at most ${result.bound.atMost}` : `at least ${result.bound.atLeast}`;
      const verdict = result.isMet ? "met   " : "MISSED";
      return `${verdict} ${result.scenario}, ${result.metric}: ${result.ours}/${result.theirs} ${result.ratio.toFixed(2)}, mark ${bound}`;
    })
    .join("\n");
}

/** Writes figures and marks for machines, with what a reader needs to compare two runs. */
export function writeJson(path: string, figures: readonly Figure[], marks: readonly MarkResult[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
  writeFileSync(path, `${JSON.stringify({ apiVersion: "chancery/v1", machine, figures, marks }, null, 2)}\n`);
}
