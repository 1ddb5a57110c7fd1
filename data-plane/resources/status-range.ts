import type { Problem } from "../../src/base/problem.ts";
import type { MessageTypes } from "../../src/schema/api.ts";
import { refuse } from "./parsed.ts";

/** HTTP statuses from `start` to the one before `end`. */
export interface StatusRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges of statuses of a health check; `kind` names them in a refusal. */
export function parseStatusRanges(
  ranges: readonly MessageTypes["envoy.type.v3.Int64Range"][] | undefined,
  kind: "expected" | "retriable",
  path: string,
  problems: Problem[],
): readonly StatusRange[] {
  return (ranges ?? []).map((range, index) => {
    const start = Number(range.start ?? 0);
    const end = Number(range.end ?? 0);
    const wrong = faultOf(start, end);
    if (wrong !== undefined) {
      problems.push(refuse(`${path}[${index}]`, `Invalid http ${kind} status range: ${wrong}`));
    }
    return { start, end };
  });
}

function faultOf(start: number, end: number): string | undefined {
  if (start >= end) return `expecting start < end, but found start=${start} and end=${end}`;
  if (start < 100) return `expecting start >= 100, but found start=${start}`;
  return end > 600 ? `expecting end <= 600, but found end=${end}` : undefined;
}

/** True when a status is in one of the ranges. */
export function isInRanges(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
