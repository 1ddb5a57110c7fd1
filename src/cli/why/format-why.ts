import { printable } from "../../base/printable.ts";
import { formatPlace } from "../../base/problem.ts";
import type { WhyReport } from "../../server/why-report.ts";
import { sourceLine } from "../source-line.ts";

/** A sentence, then where the resource is written and what it came with. */
export function formatWhy({ message, place, source }: WhyReport["items"][number]): string {
  const lines = [printable(message, 2000)];
  if (place) lines.push(`  written at ${formatPlace(place)}`);
  const from = source && sourceLine(source);
  if (from !== undefined) lines.push(`  served from ${from}`);
  return lines.map((line) => `${line}\n`).join("");
}
