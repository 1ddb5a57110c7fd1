import { resolve } from "node:path";
import { hasErrors, type Problem } from "../base/problem.ts";
import { type ColorMode, colorFlag, colorsFor } from "./color.ts";
import { defineCommand } from "./command.ts";
import { quietFlag, userTypeFlags } from "./common-flags.ts";
import { durationFlag } from "./duration.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import { optionalTextFlag, ownFlag, switchFlag } from "./flag.ts";
import type { Terminal } from "./terminal.ts";

/** `chancery import`: from what runs to a folder that Chancery serves. */
export const importCommand = defineCommand({
  name: "import",
  summary: "turn a running Envoy, or a bootstrap, into a folder that Chancery serves",
  details: [
    "Reads the /config_dump of an Envoy (a URL of its admin interface, a file, or - for stdin) or a static bootstrap, and writes a",
    "file for each resource. What is written is read back first, and must be the very same resources. Envoy masks secrets in its",
    "dump: a comment stands where one has to be put. Exits 1, and writes nothing, when DIR has files and --force is not given, 65",
    "when SOURCE cannot be read. Notes on what was left out go to stderr.",
  ].join(" "),
  arguments: [
    { name: "SOURCE", description: "http://HOST:PORT, a file, or -" },
    { name: "DIR", description: "the folder; made if it is not there" },
  ],
  flags: {
    group: optionalTextFlag("NAME", "write below groups/NAME, for the nodes of that group", {
      defaultText: "for all nodes",
    }),
    dryRun: switchFlag("name the files and write none"),
    force: ownFlag(switchFlag("write into a folder that has files")),
    timeout: durationFlag("how long a running Envoy may take to answer", "10s"),
    quiet: quietFlag,
    ...userTypeFlags,
    color: colorFlag,
  },
  examples: [
    { line: "import http://127.0.0.1:9901 ./config --group edge", explains: "what a running Envoy has" },
    { line: "import envoy.yaml ./config --dry-run", explains: "see which files a bootstrap becomes" },
    {
      line: "import config_dump.json ./config --force",
      explains: "a dump that was saved, into a folder that has files",
    },
  ],
  async run({ args, flags, terminal }) {
    const [source = "", folder = ""] = args;
    if (flags.group !== undefined && !/^\w[\w.-]*$/.test(flags.group)) {
      throw new CommandError(
        exitCode.usage,
        `--group ${flags.group}: expected a name that a folder can have`,
      );
    }
    const text = await readText(source, flags.timeout, terminal);
    const { loadSchemaWith } = await import("./user-schema.ts");
    const { readSource } = await import("./import/read-source.ts");
    const { groupFolder, layOut } = await import("./import/lay-out.ts");
    const { verifyFiles } = await import("./import/verify.ts");
    const schema = await loadSchemaWith(flags, terminal);
    const shownAs = source === "-" ? "<stdin>" : source;
    const { imported, problems } = readSource(schema, shownAs, text);
    await show(problems, flags.color, terminal, (file) => (file === shownAs ? text : undefined));
    if (!imported) throw new CommandError(exitCode.unreadableInput, `${shownAs} cannot be imported`);
    const files = layOut(imported, flags.group);
    const mismatches = verifyFiles(schema, files, imported.resources);
    const texts = new Map(files.map((file) => [file.path, file.text]));
    await show(mismatches, flags.color, terminal, (file) => texts.get(file));
    if (hasErrors(mismatches)) {
      throw new CommandError(
        exitCode.unreadableInput,
        `${shownAs} cannot be served as it is; nothing was written`,
      );
    }
    let kept: readonly string[] = [];
    if (!flags.dryRun) {
      const { writeFolder } = await import("./import/write-folder.ts");
      const full = resolve(terminal.cwd, folder);
      const own = flags.group === undefined ? full : resolve(full, groupFolder(flags.group));
      kept = await writeFolder({ folder: full, own, force: flags.force }, files);
    }
    const written = files.filter(({ path }) => !kept.includes(path));
    terminal.stdout.write(written.map(({ path }) => `${path}\n`).join(""));
    if (!flags.quiet) {
      const { notesOn } = await import("./import/notes.ts");
      const target = { folder, isDry: flags.dryRun, group: flags.group, kept };
      const notes = notesOn(imported, files, target);
      terminal.stderr.write(notes.map((note) => `note: ${note}\n`).join(""));
    }
    return exitCode.ok;
  },
});

async function readText(source: string, timeoutMs: number, terminal: Terminal): Promise<string> {
  if (/^https?:\/\//.test(source)) {
    const { dumpUrlOf, fetchDump } = await import("./import/fetch-dump.ts");
    return fetchDump(dumpUrlOf(source), timeoutMs);
  }
  const { readBytes } = await import("./read-input.ts");
  return (await readBytes(source, terminal)).toString("utf8");
}

async function show(
  problems: readonly Problem[],
  color: ColorMode,
  terminal: Terminal,
  textOf: (file: string) => string | undefined,
): Promise<void> {
  if (problems.length === 0) return;
  const { renderProblems } = await import("./render-problems.ts");
  const colors = colorsFor(color, terminal.env, terminal.stderr);
  terminal.stderr.write(renderProblems(problems, { colors, textOf, limit: 20 }));
}
