import type { Explanation } from "../server/rollout/rollout-answers.ts";
import { serverFlags } from "./common-flags.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { outputFlag, writeReport } from "./output.ts";

/** `chancery explain REVISION`: what became of a revision, and why. */
export const explainCommand = defineCommand({
  name: "explain",
  summary: "tell what became of a revision, step by step",
  details:
    "Where it came from, how far it got, who said what, which node refused it, in its own words, and at which line.",
  arguments: [{ name: "REVISION", description: "its id, or how that begins" }],
  flags: {
    ...serverFlags(),
    output: outputFlag,
    color: colorFlag,
  },
  examples: [{ line: "explain x4Jq", explains: "why that push was rolled back" }],
  async run({ args, flags, terminal }) {
    const { adminCall, askAdmin } = await import("./admin-client.ts");
    const { formatExplanation } = await import("./rollout/format-rollout.ts");
    const call = await adminCall(flags, terminal);
    const path = `/api/v1/revisions/${encodeURIComponent(args[0]!)}`;
    const explanation = await askAdmin<ExplanationAnswer>(path, "Explanation", call);
    const { revisionId, standing, why, rollouts } = explanation;
    const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
    await writeReport(terminal, flags.output, {
      kind: "Explanation",
      document: { revisionId, standing, why, rollouts },
      text: () => formatExplanation(explanation, Date.now(), colors),
    });
    return exitCode.ok;
  },
});

interface ExplanationAnswer extends Explanation {
  readonly apiVersion: string;
  readonly kind: "Explanation";
}
