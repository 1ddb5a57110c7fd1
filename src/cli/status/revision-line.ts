import type { RevisionReport } from "../../server/admin/admin-source.ts";
import type { Colors } from "../color.ts";
import { sourceLine } from "../source-line.ts";
import { formatAge } from "./node-rows.ts";

/** What is served, who has it, and whether the source has something that is not served. */
export function formatRevision({ current, refused }: RevisionReport, nowMs: number, colors: Colors): string {
  const lines = [
    current ? servedLine(current, nowMs) : colors.red("nothing is served: there is no valid revision"),
  ];
  if (current) lines.push(...indented(sourceLine(current.source)));
  if (refused) {
    const errors = refused.problems.filter(({ severity }) => severity === "error").length;
    const what = `the source is refused (${refused.reason}, ${errors} ${errors === 1 ? "error" : "errors"})`;
    lines.push(`${colors.red(what)} since ${formatAge(nowMs - refused.atMs)}; what was served before stays`);
    if (refused.source) lines.push(...indented(sourceLine(refused.source)));
  }
  return `${lines.join("\n")}\n`;
}

function indented(line: string | undefined): readonly string[] {
  return line === undefined ? [] : [`  ${line}`];
}

function servedLine(current: NonNullable<RevisionReport["current"]>, nowMs: number): string {
  const { reach } = current;
  const counts = [`${reach.synced} synced`];
  if (reach.refused) counts.push(`${reach.refused} refused`);
  if (reach.pending) counts.push(`${reach.pending} pending`);
  if (reach.ungrouped) counts.push(`${reach.ungrouped} without a group`);
  if (reach.away) counts.push(`${reach.away} away`);
  const origin = current.isRestored ? ", from the state directory" : "";
  return `revision ${current.id} (${formatAge(nowMs - current.createdAtMs)} old${origin}): ${counts.join(", ")}`;
}
