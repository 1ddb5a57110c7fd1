import type { RevisionReport } from "../server/admin/admin-source.ts";
import { serverFlags } from "./common-flags.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { switchFlag } from "./flag.ts";
import { outputFlag, writeReport } from "./output.ts";

interface Reconciliation extends RevisionReport {
  readonly apiVersion: string;
  readonly kind: "Reconciliation";
  readonly isAccepted: boolean;
}

/** `chancery reconcile`: has a running server look at its source now. */
export const reconcileCommand = defineCommand({
  name: "reconcile",
  summary: "have a running server look at its source now",
  details: [
    "A load that takes a type of a group from some resources to none is held back, since a folder that is half there",
    "looks just like it. --allow-removals says that it is meant, for this one time.",
  ].join(" "),
  arguments: [],
  flags: {
    allowRemovals: switchFlag("serve what is there now, whatever it takes away"),
    ...serverFlags("how long to wait for the verdict", "30s"),
    output: outputFlag,
    color: colorFlag,
  },
  examples: [
    { line: "reconcile", explains: "look now, do not wait for the file system" },
    { line: "reconcile --allow-removals", explains: "I did mean to remove the last listener" },
  ],
  async run({ flags, terminal }) {
    const { adminCall, askAdmin } = await import("./admin-client.ts");
    const { renderProblems } = await import("./render-problems.ts");
    const { formatRevision } = await import("./status/revision-line.ts");
    const answer = await askAdmin<Reconciliation>("/api/v1/reconcile", "Reconciliation", {
      ...(await adminCall(flags, terminal)),
      body: { allowRemovals: flags.allowRemovals },
      alsoTakes: [422],
    });
    const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
    const { isAccepted, current, refused } = answer;
    await writeReport(terminal, flags.output, {
      kind: "Reconciliation",
      document: { isAccepted, current, refused },
      text: () =>
        renderProblems(refused?.problems ?? [], { colors, textOf: () => undefined }) +
        formatRevision(answer, Date.now(), colors),
    });
    return isAccepted ? exitCode.ok : exitCode.failure;
  },
});
