import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { hasErrors, type Problem } from "../base/problem.ts";
import { colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { quietFlag, userTypeFlags } from "./common-flags.ts";
import { exitCode } from "./exit-code.ts";
import { choiceFlag, optionalTextFlag, ownFlag } from "./flag.ts";
import { outputFormats, writeReport } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** `chancery validate`: everything that can be known without an Envoy. */
export const validateCommand = defineCommand({
  name: "validate",
  summary: "check a folder or an Envoy bootstrap, offline",
  details: [
    "Checks shapes, fields, rules, references and names of a folder as `chancery serve` would, or of an Envoy bootstrap, and",
    "lints both (docs/lints.md). Shows all problems at once, each with its line. Exits 0 without errors, 1 with errors,",
    "65 when PATH cannot be read. What the bundled data plane lacks of a bootstrap is said by `chancery proxy -c FILE",
    "--mode validate`. --envoy asks a real Envoy too, without a network; what it says is kept in $XDG_CACHE_HOME.",
  ].join(" "),
  arguments: [{ name: "PATH", description: "a folder, a file, or - for stdin" }],
  flags: {
    output: ownFlag(
      choiceFlag([...outputFormats, "sarif", "github"], "table", "how to print the answer", {
        short: "o",
        placeholder: "FORMAT",
      }),
    ),
    envoy: optionalTextFlag("PATH", "the binary of an Envoy to ask as well"),
    quiet: quietFlag,
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    { line: "validate ./config", explains: "a folder, as in CI" },
    { line: "validate envoy.yaml", explains: "an Envoy bootstrap" },
    { line: "validate ./config -o json", explains: "problems for a program" },
    { line: "validate ./config -o github", explains: "annotations at the lines of a pull request" },
    { line: "validate ./config -o sarif > chancery.sarif", explains: "for code scanning" },
    { line: "validate ./config --envoy /usr/local/bin/envoy", explains: "and what that Envoy thinks of it" },
    { line: "validate ./config --descriptors my-filters.binpb", explains: "with types of your own" },
  ],
  async run({ args, flags, terminal }) {
    const path = args[0]!;
    const { readConfiguration } = await import("./read-input.ts");
    const files = await readConfiguration(path, terminal);
    const { loadSchemaWith } = await import("./user-schema.ts");
    const { validateTree } = await import("../checks/validate-tree.ts");
    const { renderProblems } = await import("./render-problems.ts");
    const schema = await loadSchemaWith(flags, terminal);
    const { compiled, bootstrap, problems: found, resources } = validateTree(schema, files);
    const problems = [...found];
    // Envoy stops at what Chancery has told already.
    if (flags.envoy !== undefined && !hasErrors(found)) {
      const { envoyOpinion, envoyOpinionOfBootstrap } = await import("../checks/envoy/envoy-opinion.ts");
      const { envoyAsker } = await import("./validate/ask-envoy.ts");
      const asker = await envoyAsker({
        binary: resolve(terminal.cwd, flags.envoy),
        cacheFolder: join(cacheHome(terminal.env), "chancery/envoy"),
      });
      problems.push(
        ...(bootstrap
          ? await envoyOpinionOfBootstrap(schema, bootstrap, asker)
          : await envoyOpinion(schema, compiled, asker)),
      );
    }
    const isOk = !hasErrors(problems);
    const shown = flags.quiet ? problems.filter(({ severity }) => severity === "error") : problems;
    if (flags.output === "sarif") {
      const { toSarif } = await import("./validate/sarif.ts");
      const { readVersion } = await import("../server/build-info.ts");
      terminal.stdout.write(toSarif(shown, readVersion()));
      return isOk ? exitCode.ok : exitCode.failure;
    }
    if (flags.output === "github") {
      const { toAnnotations } = await import("./validate/github.ts");
      terminal.stdout.write(toAnnotations(shown));
      return isOk ? exitCode.ok : exitCode.failure;
    }
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

/** XDG Base Directory: where programs keep what they can make again. */
function cacheHome(env: Terminal["env"]): string {
  return env["XDG_CACHE_HOME"] || join(env["HOME"] ?? tmpdir(), ".cache");
}

function verdict(path: string, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return `configuration '${path}' has ${errors} ${errors === 1 ? "error" : "errors"}`;
}
