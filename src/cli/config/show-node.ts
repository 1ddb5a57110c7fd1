import { printable } from "../../base/printable.ts";
import type { NodeConfigReport } from "../../server/node-config-report.ts";
import { adminCall, askAdmin } from "../admin-client.ts";
import { colorsFor, type ColorMode } from "../color.ts";
import type { ServerFlags } from "../common-flags.ts";
import { exitCode } from "../exit-code.ts";
import { type OutputFormat, writeReport } from "../output.ts";
import type { Terminal } from "../terminal.ts";
import { formatItems } from "./format-items.ts";

export interface ShowNodeOptions extends ServerFlags {
  readonly node: string;
  /** Full type name; absent: all types. */
  readonly type: string | undefined;
  readonly output: OutputFormat;
  readonly color: ColorMode;
}

/** What the admin API answers at `/api/v1/config`. */
export interface NodeConfigAnswer extends NodeConfigReport {
  readonly apiVersion: string;
  readonly kind: "NodeConfig";
}

/** Shows what a server gives a node, and what the node has accepted of that. */
export async function showNode(options: ShowNodeOptions, terminal: Terminal): Promise<number> {
  const { node, type, output } = options;
  const call = await adminCall(options, terminal);
  const query = new URLSearchParams({
    node,
    limit: "10000",
    content: String(output !== "table"),
    ...(type !== undefined && { type }),
  });
  const {
    apiVersion: _,
    kind,
    ...report
  } = await askAdmin<NodeConfigAnswer>(`/api/v1/config?${query.toString()}`, "NodeConfig", call);
  const { items, message } = report;
  await writeReport(terminal, output, {
    kind,
    document: report,
    lines: items.map((item) => ({ ...item })),
    text: () => {
      if (message !== undefined) return `${printable(node, 60)}: ${printable(message, 1000)}\n`;
      const colors = colorsFor(options.color, terminal.env, terminal.stdout);
      const more = report.isTruncated
        ? "there are more: config cluster, listener and so on show a type alone\n"
        : "";
      return items.length === 0 ? "the node asks for none\n" : formatItems(items, colors) + more;
    },
  });
  return message === undefined ? exitCode.ok : exitCode.failure;
}
