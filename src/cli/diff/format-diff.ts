import { printable } from "../../base/printable.ts";
import type { GroupChange, ResourceChange } from "../../checks/impact/compare-groups.ts";
import { severityOf } from "../../checks/impact/effect.ts";
import type { FieldChange } from "../../checks/impact/field-changes.ts";
import type { JsonValue } from "../../schema/json-value.ts";
import type { Colors } from "../color.ts";
import type { Move } from "./moves.ts";

/** A group with the connected nodes that it has, where a server was asked. */
export interface ShownGroup extends GroupChange {
  readonly nodes?: readonly string[];
}

const marks = { added: "+", removed: "-", changed: "~", reordered: "~" } as const;
/** Whole values are for `-o json`. */
const valueLimit = 160;
const mostNodes = 5;

/** The difference for people: a group at a time, what it does to traffic first, then what changed. */
export function formatDiff(groups: readonly ShownGroup[], moves: readonly Move[], colors: Colors): string {
  const parts = [
    ...groups.map((group) => formatGroup(group, colors)),
    ...moves.map((move) => formatMove(move, colors)),
  ];
  return parts.length === 0 ? "nothing changes\n" : parts.join("\n");
}

/** What nodes of another group get in place of what they had. */
function formatMove({ from, to, nodes, resources }: Move, colors: Colors): string {
  const heading = colors.bold(`nodes go from ${named(from)} to ${named(to)}`);
  return [
    `${heading} (${nodeList(nodes)})`,
    ...(to === undefined ? ["  they keep what they have, and are told nothing more"] : []),
    ...resources.flatMap((resource) => formatResource(resource, colors)),
    "",
  ].join("\n");
}

function named(group: string | undefined): string {
  return group === undefined ? "no group" : `group ${printable(group)}`;
}

function nodeList(nodes: readonly string[]): string {
  const more = nodes.length > mostNodes ? ` and ${nodes.length - mostNodes} more` : "";
  return `${nodes
    .slice(0, mostNodes)
    .map((node) => printable(node, 60))
    .join(", ")}${more}`;
}

function formatGroup(group: ShownGroup, colors: Colors): string {
  const { kind, name, matchBefore, resources } = group;
  const heading = colors.bold(`group ${printable(name)}`) + (kind === "changed" ? "" : ` is ${kind}`);
  return [
    `${heading} (${whom(group)})`,
    ...(matchBefore ? [`  ~ match was ${JSON.stringify(matchBefore)}: nodes may change their group`] : []),
    ...resources.flatMap((resource) => formatResource(resource, colors)),
    "",
  ].join("\n");
}

function whom({ match, nodes }: ShownGroup): string {
  const described =
    Object.keys(match).length === 0 ? "every node" : `nodes that match ${JSON.stringify(match)}`;
  if (!nodes) return described;
  if (nodes.length === 0) return `${described}; none is connected`;
  return `${described}; connected: ${nodeList(nodes)}`;
}

function formatResource({ kind, noun, name, effect, fields }: ResourceChange, colors: Colors): string[] {
  const paint = paintOf(kind, colors);
  const due =
    effect.fields.length > 0 ? ` [${effect.fields.map((field) => printable(field, 80)).join(", ")}]` : "";
  const severity = severityOf(effect.kind);
  const word =
    severity >= severityOf("routes-removed")
      ? colors.red(effect.kind)
      : severity >= severityOf("endpoints-drained")
        ? colors.yellow(effect.kind)
        : colors.green(effect.kind);
  return [
    `  ${paint(`${marks[kind]} ${noun} ${printable(name, 120)}`)}`,
    `      ${word}: ${effect.reason}${due}`,
    ...(kind === "changed" && fields.length === 0
      ? ["      ~ something that is not shown: a secret, or the TTL"]
      : []),
    ...fields.flatMap((field) => formatField(field, colors)),
  ];
}

function formatField({ kind, path, from, to }: FieldChange, colors: Colors): string[] {
  const at = printable(path, 200);
  if (kind === "added") return [`      ${colors.green(`+ ${at}: ${valueText(to)}`)}`];
  if (kind === "removed") return [`      ${colors.red(`- ${at}: ${valueText(from)}`)}`];
  const what = kind === "reordered" ? " (order)" : "";
  return [
    `      ${colors.yellow("~")} ${at}${what}: ${colors.red(valueText(from))} -> ${colors.green(valueText(to))}`,
  ];
}

function valueText(value: JsonValue | undefined): string {
  return printable(typeof value === "string" ? value : JSON.stringify(value ?? null), valueLimit);
}

function paintOf(kind: ResourceChange["kind"], colors: Colors): (text: string) => string {
  if (kind === "added") return colors.green;
  return kind === "removed" ? colors.red : colors.yellow;
}
