import { formatPlace } from "../../base/problem.ts";
import { printable } from "../../base/printable.ts";
import type { RolloutRecord } from "../../rollout/state.ts";
import type { Explanation } from "../../server/rollout/rollout-answers.ts";
import type { GroupReport, RolloutReport, RunReport } from "../../server/rollout/rollout-report.ts";
import type { Colors } from "../color.ts";
import { sourceLine } from "../source-line.ts";
import { formatAge } from "../status/node-rows.ts";
import { formatTable } from "../table.ts";

const barCells = 20;

/** The rollout under way with a bar a group, or how the last one ended; then what is kept away. */
export function formatRollout(report: RolloutReport, nowMs: number, colors: Colors): string {
  const { rollout, last, stable, quarantine, stateError } = report;
  const lines: string[] = [];
  if (stable === null) lines.push("nothing is served yet");
  else if (rollout) lines.push(...runLines(rollout, stable, nowMs, colors));
  else {
    lines.push(`revision ${stable} is stable; no rollout is under way`);
    if (last && last.revisionId !== stable) lines.push(endLine(last, nowMs, colors), ...refusalLines(last));
  }
  for (const { revisionId, reason } of quarantine) {
    lines.push(colors.yellow(`not applied again: ${revisionId}: ${printable(reason, 400)}`));
  }
  if (stateError !== null)
    lines.push(colors.red(`a restart would lose this: the state directory refuses it: ${stateError}`));
  return `${lines.join("\n")}\n`;
}

function runLines(run: RunReport, stable: string, nowMs: number, colors: Colors): readonly string[] {
  const { number, revisionId, startedAtMs, paused, by } = run;
  const who = by === undefined ? "" : ` by ${by}`;
  const head = `rollout ${number}${who}: ${stable} -> ${revisionId}, for ${formatAge(nowMs - startedAtMs)}`;
  const rows = run.groups.map((group) => [
    group.name,
    `${group.stage}/${group.stages}`,
    bar(group, colors),
    `${group.reached} of ${group.nodes}`,
    String(group.synced),
    group.refused > 0 ? colors.red(String(group.refused)) : "0",
    group.phase,
    group.pending.length > 0 ? `waits for ${group.pending.slice(0, 3).join(", ")}` : "",
  ]);
  const headings = ["GROUP", "STAGE", "PROGRESS", "REACHED", "SYNCED", "REFUSED", "PHASE", ""];
  const table = formatTable(headings, rows).trimEnd();
  return [head, ...(paused ? [colors.yellow(`paused: ${printable(paused.reason, 400)}`)] : []), table];
}

/** `####....` the nodes that have it, of all that are there. */
function bar({ nodes, synced }: GroupReport, colors: Colors): string {
  const full = nodes === 0 ? 0 : Math.round((synced / nodes) * barCells);
  return `${colors.green("#".repeat(full))}${".".repeat(barCells - full)}`;
}

function endLine(record: RolloutRecord, nowMs: number, colors: Colors): string {
  const { number, revisionId, result, reason, endedAtMs } = record;
  const paint = result === "completed" ? colors.green : colors.red;
  const age = formatAge(nowMs - endedAtMs);
  return `rollout ${number} of ${revisionId}: ${paint(result)} ${age} ago: ${printable(reason, 400)}`;
}

/** What nodes refused, and where it was written. */
function refusalLines({ refusals }: RolloutRecord): readonly string[] {
  return refusals.flatMap(({ node, message, resources }) => [
    `  ${printable(node, 60)}: ${printable(message, 400)}`,
    ...resources.map(({ name, place }) => `    ${name}${place ? ` at ${formatPlace(place)}` : ""}`),
  ]);
}

/** A row for each rollout that is over and each refused state of the source, newest first. */
export function formatHistory(records: readonly RolloutRecord[], nowMs: number): string {
  if (records.length === 0) return "nothing has been rolled out yet\n";
  const rows = records
    .toReversed()
    .map((record) => [
      record.number === 0 ? "" : String(record.number),
      record.revisionId,
      sourceCell(record.source),
      record.result,
      formatAge(nowMs - record.endedAtMs),
      record.by ?? "",
      printable(record.reason, 100),
    ]);
  return formatTable(["NUMBER", "REVISION", "SOURCE", "RESULT", "AGE", "BY", "WHY"], rows);
}

function sourceCell(source: RolloutRecord["source"]): string {
  return sourceLine(source) ?? source.kind;
}

/** What became of a revision, step by step. */
export function formatExplanation(explanation: Explanation, nowMs: number, colors: Colors): string {
  const { revisionId, standing, why, rollouts } = explanation;
  const lines = [`revision ${revisionId}: ${standing}: ${printable(why, 1000)}`];
  for (const record of rollouts) {
    lines.push("", endLine(record, nowMs, colors), `  ${sourceCell(record.source)}`);
    for (const { atMs, what, by } of record.steps) {
      const who = by === undefined ? "" : ` (${by})`;
      lines.push(`  ${new Date(atMs).toISOString()} ${printable(what, 400)}${who}`);
    }
    lines.push(...refusalLines(record));
  }
  return `${lines.join("\n")}\n`;
}
