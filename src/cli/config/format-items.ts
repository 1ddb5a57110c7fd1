import { printable } from "../../base/printable.ts";
import { formatPlace } from "../../base/problem.ts";
import type { NodeConfigItem } from "../../server/node-config-report.ts";
import type { Colors } from "../color.ts";
import { shortTypeName } from "../status/node-rows.ts";
import { formatTable } from "../table.ts";

/** A row for each resource; below, why a node does not have what it should. */
export function formatItems(items: readonly NodeConfigItem[], colors: Colors): string {
  const headings = ["TYPE", "NAME", "STATE", "VERSION", "HELD", "WHERE"];
  const rows = items.map((item) => [
    shortTypeName(item.typeUrl),
    printable(item.name, 80),
    stateCell(item, colors),
    item.version ?? "",
    item.heldVersion ?? "",
    item.place ? formatPlace(item.place) : "",
  ]);
  const reasons = items.flatMap(({ typeUrl, name, message }) =>
    message === undefined
      ? []
      : [`${shortTypeName(typeUrl)} ${printable(name, 80)}: ${printable(message, 1000)}\n`],
  );
  return formatTable(headings, rows) + reasons.join("");
}

function stateCell({ holds, reason }: NodeConfigItem, colors: Colors): string {
  if (holds === "current") return colors.green("current");
  const kind = reason?.kind ?? holds;
  return kind === "refused" ? colors.red(kind) : colors.yellow(kind);
}
