import { hasErrors } from "../../base/problem.ts";
import { printable } from "../../base/printable.ts";
import { colorsFor, type ColorMode } from "../color.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { type OutputFormat, writeReport } from "../output.ts";
import { readBytes } from "../read-input.ts";
import { renderProblems } from "../render-problems.ts";
import { shortTypeName } from "../status/node-rows.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { loadSchemaWith } from "../user-schema.ts";
import { readConfigDump } from "./config-dump.ts";

export interface ShowDumpOptions {
  /** A path, or `-` for stdin. */
  readonly file: string;
  /** Full type name; absent: all types. */
  readonly type: string | undefined;
  readonly output: OutputFormat;
  readonly color: ColorMode;
  readonly descriptors: readonly string[];
  readonly protoPath: readonly string[];
}

/** Shows what a dump of an Envoy holds. Throws `CommandError` (65) when it is none. */
export async function showDump(options: ShowDumpOptions, terminal: Terminal): Promise<number> {
  const { file, type, output } = options;
  const shownAs = file === "-" ? "<stdin>" : file;
  const text = (await readBytes(file, terminal)).toString("utf8");
  const { items: all, problems } = readConfigDump(await loadSchemaWith(options, terminal), shownAs, text);
  if (hasErrors(problems)) {
    const colors = colorsFor(options.color, terminal.env, terminal.stderr);
    terminal.stderr.write(renderProblems(problems, { colors, textOf: () => text, limit: 20 }));
    throw new CommandError(exitCode.unreadableInput, `${shownAs} is no config_dump that can be read`);
  }
  const items = all.filter((item) => type === undefined || item.type === type);
  await writeReport(terminal, output, {
    kind: "ConfigDump",
    document: { file: shownAs, items },
    lines: items.map((item) => ({ ...item })),
    text: () => {
      const rows = items.map((item) => [
        shortTypeName(item.type),
        printable(item.name, 80),
        item.state,
        printable(item.version ?? "", 40),
        printable(item.error ?? "", 300),
      ]);
      return items.length === 0
        ? "the dump has none\n"
        : formatTable(["TYPE", "NAME", "STATE", "VERSION", "ERROR"], rows);
    },
  });
  return exitCode.ok;
}
