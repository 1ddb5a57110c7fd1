import { unreachable } from "../../src/base/unreachable.ts";
import type { JsonValue } from "../kit/json.ts";
import type { Difference } from "./compare.ts";
import type { PlayedCase, Verdict } from "./play.ts";
import { concerns, type Purposeful } from "./purposeful.ts";

/** How many cases came out how, over all. */
export interface Counts {
  readonly cases: number;
  readonly same: number;
  readonly onPurpose: number;
  readonly differing: number;
}

export function count(played: readonly PlayedCase[]): Counts {
  const of = (kind: Verdict["kind"]) => played.filter(({ verdict }) => verdict.kind === kind).length;
  return {
    cases: played.length,
    same: of("same"),
    onPurpose: of("on-purpose"),
    differing: of("differs") + of("broken"),
  };
}

/** Rows of docs/parity.md that no case has shown: they are no longer true, or their case is gone. */
export function stale(
  played: readonly PlayedCase[],
  purposeful: readonly Purposeful[],
): readonly Purposeful[] {
  return purposeful.filter(
    (row) =>
      !played.some(
        ({ title, verdict }) =>
          (verdict.kind === "on-purpose" || verdict.kind === "differs") &&
          verdict.differences.some(({ path }) => concerns(row, title, path)),
      ),
  );
}

/** One row for the table; differences behind it, one a line. */
export function caseText({ title, verdict }: PlayedCase): string {
  switch (verdict.kind) {
    case "same":
      return `same        ${title}`;
    case "on-purpose":
      return `on purpose  ${title} (${verdict.ids.join(", ")})`;
    case "differs":
      return [`DIFFERS     ${title}`, ...differenceLines(verdict.differences)].join("\n");
    case "broken":
      return `BROKEN      ${title}\n    ${verdict.reason.slice(0, 1500)}`;
    default:
      return unreachable(verdict);
  }
}

/** The first few differences in words. */
export function differenceLines(found: readonly Difference[]): readonly string[] {
  const shown = found
    .slice(0, 12)
    .flatMap(({ path, envoy, bundled }) => [
      `    ${path === "" ? "outcome" : path}`,
      `      Envoy    ${quoted(envoy)}`,
      `      bundled  ${quoted(bundled)}`,
    ]);
  return found.length > 12 ? [...shown, `    and ${found.length - 12} more`] : shown;
}

function quoted(value: JsonValue | undefined): string {
  return value === undefined ? "(nothing)" : JSON.stringify(value).slice(0, 600);
}

export function countsText({ cases, same, onPurpose, differing }: Counts): string {
  return `${cases} cases: ${same} the same, ${onPurpose} different on purpose, ${differing} different`;
}
