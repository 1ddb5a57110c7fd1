import type { NodeStatus } from "../fleet/node-status.ts";
import type { RevisionReport } from "../server/admin/admin-source.ts";
import { serverFlags } from "./common-flags.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { switchFlag } from "./flag.ts";
import { outputFlag, writeReport } from "./output.ts";

/** `chancery status`: a row for each node of a running server. */
export const statusCommand = defineCommand({
  name: "status",
  summary: "show who has which version, and who refused it",
  details: [
    "Asks a running `chancery serve` for its nodes. For each type: SYNCED (holds what it should), STALE (something",
    "is on its way), NACKED (it refused, with its own words below), NOT SENT (no response yet). Exits 1 when the server",
    "is not there or serves nothing. With NODE, that node alone, and each resource of it that is not as it should be, with",
    "the reason; exits 1 then.",
  ].join(" "),
  arguments: [{ name: "NODE", description: "the id of a node", isOptional: true }],
  flags: {
    ...serverFlags(),
    output: outputFlag,
    watch: switchFlag("go on until interrupted, and show every change", { short: "w" }),
    color: colorFlag,
  },
  examples: [
    { line: "status", explains: "once" },
    { line: "status edge-1", explains: "what one node should have and has not" },
    { line: "status --watch", explains: "live" },
    { line: "status -o json | jq .nodes[].id", explains: "for scripts" },
    { line: "status --admin-address 10.0.0.7:19000", explains: "of a server elsewhere" },
  ],
  async run({ args: [node], flags, terminal }) {
    const { adminCall, askAdmin } = await import("./admin-client.ts");
    const { formatNodes } = await import("./status/node-rows.ts");
    const { formatRevision } = await import("./status/revision-line.ts");
    const call = await adminCall(flags, terminal);
    const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
    const showOne = async (id: string): Promise<boolean> => {
      const { showNodeStatus } = await import("./status/show-node-status.ts");
      return showNodeStatus(id, { call, output: flags.output, colors }, terminal);
    };
    const showAll = async (): Promise<boolean> => {
      const { items } = await askAdmin<NodeList>("/api/v1/nodes", "NodeList", call);
      const { current, refused } = await askAdmin<Revision>("/api/v1/revision", "Revision", call);
      await writeReport(terminal, flags.output, {
        kind: "Status",
        document: { revision: { current, refused }, nodes: items },
        lines: items.map((node) => ({ ...node })),
        text: () => {
          const nowMs = Date.now();
          const clear = flags.watch && terminal.stdout.isTTY ? "\u001b[H\u001b[2J" : "";
          const nodes = items.length > 0 ? formatNodes(items, nowMs, colors) : "no node has connected yet\n";
          return `${clear}${formatRevision({ current, refused }, nowMs, colors)}\n${nodes}`;
        },
      });
      return current !== null;
    };
    const show = () => (node === undefined ? showAll() : showOne(node));
    if (!flags.watch) return (await show()) ? exitCode.ok : exitCode.failure;
    const { watchChanges } = await import("./status/watch-changes.ts");
    await watchChanges(call, terminal, show);
    return exitCode.ok;
  },
});

interface NodeList {
  readonly apiVersion: string;
  readonly kind: "NodeList";
  readonly items: readonly NodeStatus[];
}

interface Revision extends RevisionReport {
  readonly apiVersion: string;
  readonly kind: "Revision";
}
