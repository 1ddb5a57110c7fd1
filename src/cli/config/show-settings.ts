import { Command, Option } from "commander";
import { errorMessage } from "../../base/error-message.ts";
import type { CommandDefinition } from "../command.ts";
import { flagsFromEnvironment } from "../environment.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { environmentName, type Flag, longName } from "../flag.ts";
import { type OutputFormat, writeReport } from "../output.ts";
import { formatTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** One flag, the text that sets it, and where that comes from: the command line wins over the environment. */
interface Setting {
  readonly flag: string;
  readonly variable: string;
  /** As it was written; null for a flag that is not set and has no default. */
  readonly value: string | null;
  readonly origin: "command line" | "environment" | "default";
}

export interface ShowSettingsOptions {
  /** The command whose flags are shown. */
  readonly command: CommandDefinition;
  /** Flags that are taken as given. */
  readonly args: readonly string[];
  readonly hasOrigin: boolean;
  readonly output: OutputFormat;
}

/** Shows the value of each flag of a command. Throws `CommandError` (64) for one that the command would refuse. */
export async function showSettings(options: ShowSettingsOptions, terminal: Terminal): Promise<number> {
  const { command, args, hasOrigin, output } = options;
  const settings = settingsOf(command, args, terminal.env);
  await writeReport(terminal, output, {
    kind: "Settings",
    document: { command: command.name, items: settings },
    lines: settings.map((setting) => ({ ...setting })),
    text: () => {
      const headings = ["FLAG", "VALUE", ...(hasOrigin ? ["ORIGIN", "VARIABLE"] : [])];
      const rows = settings.map(({ flag, value, origin, variable }) => [
        flag,
        value ?? "",
        ...(hasOrigin ? [origin, variable] : []),
      ]);
      return formatTable(headings, rows);
    },
  });
  return exitCode.ok;
}

function settingsOf(
  { name, flags }: CommandDefinition,
  args: readonly string[],
  env: Terminal["env"],
): readonly Setting[] {
  const given = givenTexts(name, flags, args);
  try {
    flagsFromEnvironment({ name, flags }, env);
  } catch (error) {
    throw new CommandError(exitCode.usage, errorMessage(error));
  }
  return Object.entries(flags).map(([key, flag]) => {
    const variable = environmentName(name, key, flag);
    const texts = given.get(key);
    const value = texts?.join(",") ?? (env[variable] || undefined) ?? defaultText(flag);
    const origin = texts ? "command line" : env[variable] ? "environment" : "default";
    return { flag: `--${longName(key, flag)}`, variable, value, origin };
  });
}

function defaultText(flag: Flag<unknown>): string | null {
  return flag.defaultText ?? (flag.placeholder === undefined ? "false" : null);
}

/** The texts that a command line gives to flags, by key: none for a flag that it does not name. */
function givenTexts(
  name: string,
  flags: CommandDefinition["flags"],
  args: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const given = new Map<string, string[]>();
  const parser = new Command(name)
    .exitOverride()
    .allowExcessArguments()
    .configureOutput({ writeErr: () => undefined });
  for (const [key, flag] of Object.entries(flags)) {
    const value = flag.placeholder === undefined ? "" : ` <${flag.placeholder}>`;
    const short = flag.short === undefined ? "" : `-${flag.short}, `;
    parser.addOption(new Option(`${short}--${longName(key, flag)}${value}`));
    const note = (text: string | undefined) => {
      if (text !== undefined) flag.parse?.(text, flag.default);
      given.set(key, [...(given.get(key) ?? []), text ?? "true"]);
    };
    parser.on(`option:${longName(key, flag)}`, note);
  }
  try {
    parser.parse([...args], { from: "user" });
  } catch (error) {
    const message = errorMessage(error);
    throw new CommandError(exitCode.usage, message.replace(/^error: /, ""));
  }
  return given;
}
