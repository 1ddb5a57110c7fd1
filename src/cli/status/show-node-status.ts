import { printable } from "../../base/printable.ts";
import { type AdminCall, askAdmin } from "../admin-client.ts";
import type { Colors } from "../color.ts";
import { formatItems } from "../config/format-items.ts";
import type { NodeConfigAnswer } from "../config/show-node.ts";
import { type OutputFormat, writeReport } from "../output.ts";
import { sourceLine } from "../source-line.ts";
import type { Terminal } from "../terminal.ts";
import { formatNodes } from "./node-rows.ts";

export interface NodeStatusOptions {
  readonly call: AdminCall;
  readonly output: OutputFormat;
  readonly colors: Colors;
}

/** Shows one node and what it should hold and does not; true when there is nothing of the kind. */
export async function showNodeStatus(
  node: string,
  { call, output, colors }: NodeStatusOptions,
  terminal: Terminal,
): Promise<boolean> {
  const query = new URLSearchParams({ node, limit: "10000", content: "false" });
  const report = await askAdmin<NodeConfigAnswer>(`/api/v1/config?${query.toString()}`, "NodeConfig", call);
  const differing = report.items.filter(({ holds }) => holds !== "current");
  const { node: status = null, source = null, message = null } = report;
  await writeReport(terminal, output, {
    kind: "NodeStatus",
    document: { node: status, source, message, resources: report.items.length, differing },
    lines: differing.map((item) => ({ ...item })),
    text: () => {
      const row = status === null ? "" : formatNodes([status], Date.now(), colors);
      if (message !== null) return `${row}${printable(node, 60)}: ${printable(message, 1000)}\n`;
      const from = source === null ? undefined : sourceLine(source);
      const origin = from === undefined ? "" : `served from ${from}\n`;
      const count = `${report.items.length} resources, ${differing.length} of them not as they should be\n`;
      return `${row}${origin}${count}${differing.length > 0 ? `\n${formatItems(differing, colors)}` : ""}`;
    },
  });
  return message === null && differing.length === 0;
}
