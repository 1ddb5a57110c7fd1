import type { RevisionReport } from "../../server/admin/admin-source.ts";
import { printable } from "../../base/printable.ts";
import type { RevisionSource } from "../../snapshot/revision.ts";
import type { Colors } from "../color.ts";
import { formatAge } from "./node-rows.ts";

/** What is served, who has it, and whether the source has something that is not served. */
export function formatRevision({ current, refused }: RevisionReport, nowMs: number, colors: Colors): string {
  const lines = [
    current ? servedLine(current, nowMs) : colors.red("nothing is served: there is no valid revision"),
  ];
  if (current) lines.push(...sourceLines(current.source));
  if (refused) {
    const errors = refused.problems.filter(({ severity }) => severity === "error").length;
    const what = `the source is refused (${refused.reason}, ${errors} ${errors === 1 ? "error" : "errors"})`;
    lines.push(`${colors.red(what)} since ${formatAge(nowMs - refused.atMs)}; what was served before stays`);
    if (refused.source) lines.push(...sourceLines(refused.source));
  }
  return `${lines.join("\n")}\n`;
}

/** Which commit it is and whose. */
function sourceLines(source: RevisionSource): readonly string[] {
  if (source.kind === "push")
    return source.by === undefined ? [] : [`  pushed by ${printable(source.by, 60)}`];
  if (source.kind !== "git") return [];
  const { commit, author, subject } = source;
  return [`  commit ${commit.slice(0, 12)} by ${printable(author, 60)}: ${printable(subject, 72)}`];
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
