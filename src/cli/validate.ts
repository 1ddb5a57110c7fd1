import { hasErrors, type Problem } from "../base/problem.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { quietFlag, userTypeFlags } from "./common-flags.ts";
import { exitCode } from "./exit-code.ts";
import { outputFlag, writeReport } from "./output.ts";

/** `chancery validate`: everything that can be known without an Envoy. */
export const validateCommand = defineCommand({
  name: "validate",
  summary: "check a folder or an Envoy bootstrap, offline",
  details: [
    "Checks shapes, fields, rules, references and names of a folder as `chancery serve` would, or of an Envoy bootstrap, and",
    "lints both (docs/lints.md). Shows all problems at once, each with its line. Exits 0 without errors, 1 with errors,",
    "65 when PATH cannot be read. What the bundled data plane lacks of a bootstrap is said by `chancery proxy -c FILE",
    "--mode validate`.",
  ].join(" "),
  arguments: [{ name: "PATH", description: "a folder, a file, or - for stdin" }],
  flags: { output: outputFlag, quiet: quietFlag, ...userTypeFlags, color: colorFlag },
  examples: [
    { line: "validate ./config", explains: "a folder, as in CI" },
    { line: "validate envoy.yaml", explains: "an Envoy bootstrap" },
    { line: "validate ./config -o json", explains: "problems for a program" },
    { line: "validate ./config --descriptors my-filters.binpb", explains: "with types of your own" },
  ],
  async run({ args, flags, terminal }) {
    const path = args[0]!;
    const { readConfiguration } = await import("./read-input.ts");
    const files = await readConfiguration(path, terminal);
    const { loadSchemaWith } = await import("./user-schema.ts");
    const { validateTree } = await import("../checks/validate-tree.ts");
    const { renderProblems } = await import("./render-problems.ts");
    const { problems, resources } = validateTree(await loadSchemaWith(flags, terminal), files);
    const isOk = !hasErrors(problems);
    const shown = flags.quiet ? problems.filter(({ severity }) => severity === "error") : problems;
    const texts = new Map(files.map((file) => [file.shownAs ?? file.path, file.text]));
    await writeReport(terminal, flags.output, {
      kind: "Validation",
      document: { path, isValid: isOk, resources: Object.fromEntries(resources), problems: shown },
      lines: shown.map((problem) => ({ ...problem })),
      text: () => {
        const colors = colorsFor(flags.color, terminal.env, terminal.stdout);
        const list = renderProblems(shown, { colors, textOf: (file) => texts.get(file) });
        return (
          list + (isOk ? (flags.quiet ? "" : `configuration '${path}' OK\n`) : `${verdict(path, problems)}\n`)
        );
      },
    });
    return isOk ? exitCode.ok : exitCode.failure;
  },
});

function verdict(path: string, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return `configuration '${path}' has ${errors} ${errors === 1 ? "error" : "errors"}`;
}
