import type { WhyReport } from "../server/why-report.ts";
import { serverFlags } from "./common-flags.ts";
import { defineCommand } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { optionalTextFlag } from "./flag.ts";
import { outputFlag, writeReport } from "./output.ts";

/** `chancery why NODE RESOURCE`: the reason why a node has a resource, or has it not. */
export const whyCommand = defineCommand({
  name: "why",
  summary: "say why a node has a resource, or why it has it not",
  details: [
    "Asks a running `chancery serve` for the one reason: no group matches the node, the group has no such resource, the",
    "node has not asked for it, it refused it (with its words and the line that they are about), it is held back until",
    "something else is accepted, the rollout has not reached the node, and so on. A name that several types have is",
    "answered for each. Exits 0 when the node has what it should have, 1 when not.",
  ].join(" "),
  arguments: [
    { name: "NODE", description: "the id of the node, as `chancery status` shows it" },
    { name: "RESOURCE", description: "the name of the resource" },
  ],
  flags: {
    type: optionalTextFlag("TYPE", "CDS, Cluster or a type URL: only the resource of this type"),
    ...serverFlags(),
    output: outputFlag,
  },
  examples: [
    { line: "why edge-1 payments", explains: "whatever types have that name" },
    { line: "why edge-1 payments --type EDS", explains: "its endpoints alone" },
    { line: "why edge-1 payments -o json", explains: "for scripts" },
  ],
  async run({ args, flags, terminal }) {
    const { adminCall, askAdmin } = await import("./admin-client.ts");
    const { formatWhy } = await import("./why/format-why.ts");
    const call = await adminCall(flags, terminal);
    const [node = "", name = ""] = args;
    const query = new URLSearchParams({ node, name, ...(flags.type !== undefined && { type: flags.type }) });
    const { items } = await askAdmin<WhyList>(`/api/v1/why?${query.toString()}`, "WhyList", call);
    await writeReport(terminal, flags.output, {
      kind: "WhyList",
      document: { items },
      lines: items.map((item) => ({ ...item })),
      text: () => items.map(formatWhy).join("\n"),
    });
    return items.every(({ holds }) => holds === "current") ? exitCode.ok : exitCode.failure;
  },
});

interface WhyList extends Pick<WhyReport, "items"> {
  readonly apiVersion: string;
  readonly kind: "WhyList";
}
