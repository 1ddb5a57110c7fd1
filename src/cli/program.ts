import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { errorMessage } from "../base/error-message.ts";
import type { CommandDefinition, Example, ForeignCommand } from "./command.ts";
import { flagsFromEnvironment } from "./environment.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import type { Flag } from "./flag.ts";
import { environmentName, longName } from "./flag.ts";
import type { Terminal } from "./terminal.ts";

/** What `chancery` consists of. */
export interface ProgramParts {
  readonly commands: readonly CommandDefinition[];
  readonly foreign: readonly ForeignCommand[];
  readonly version: () => string;
}

/** Runs one command line (without node and the script) and resolves to the exit code. Never throws for input. */
export async function runProgram(
  parts: ProgramParts,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const foreign = parts.foreign.find((command) => command.name === argv[0]);
  try {
    if (foreign) return await foreign.run(argv.slice(1), terminal);
    if (argv[0] === "--version" || argv[0] === "-V") {
      terminal.stdout.write(`chancery ${parts.version()}\n`);
      return exitCode.ok;
    }
    let code: number = exitCode.ok;
    const root = buildProgram(parts, terminal, (result) => {
      code = result;
    });
    if (argv.length === 0) root.outputHelp();
    else await root.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    return report(error, terminal);
  }
}

/** The parser of all commands; `finish` gets the exit code of the command that ran. */
function buildProgram(parts: ProgramParts, terminal: Terminal, finish: (code: number) => void): Command {
  const root = prepare(new Command("chancery"), terminal)
    .description("A GitOps control plane for Envoy fleets, with a bundled data plane.")
    .option("-V, --version", "print the version")
    .enablePositionalOptions()
    .addHelpText("after", examplesText(rootExamples));
  for (const definition of parts.commands) root.addCommand(buildCommand(definition, terminal, finish));
  for (const foreign of parts.foreign) {
    root.addCommand(
      prepare(new Command(foreign.name), terminal).summary(foreign.summary).description(foreign.summary),
    );
  }
  return root;
}

const rootExamples: readonly Example[] = [
  { line: "serve ./config", explains: "serve a folder to every Envoy that asks" },
  { line: "validate ./config", explains: "check it first, as in CI" },
  { line: "status", explains: "who has which version, and who refused it" },
];

function buildCommand(
  definition: CommandDefinition,
  terminal: Terminal,
  finish: (code: number) => void,
): Command {
  const command = prepare(new Command(definition.name), terminal)
    .summary(definition.summary)
    .description(definition.details ?? definition.summary)
    .addHelpText("after", examplesText(definition.examples));
  for (const argument of definition.arguments) {
    const name = `${argument.name}${argument.isVariadic ? "..." : ""}`;
    command.argument(argument.isOptional ? `[${name}]` : `<${name}>`, argument.description);
  }
  for (const [key, flag] of Object.entries(definition.flags)) {
    command.addOption(buildOption(definition.name, key, flag));
  }
  command.action(async () => {
    let environment: ReadonlyMap<string, unknown>;
    try {
      environment = flagsFromEnvironment(definition, terminal.env);
    } catch (error) {
      throw new CommandError(
        exitCode.usage,
        errorMessage(error),
        `chancery ${definition.name} --help lists the flags`,
        {
          cause: error,
        },
      );
    }
    const flags: Record<string, unknown> = {};
    for (const [key, flag] of Object.entries(definition.flags)) {
      const isGiven = command.getOptionValueSource(key) === "cli";
      flags[key] = isGiven ? command.getOptionValue(key) : (environment.get(key) ?? flag.default);
    }
    finish(await definition.run({ args: command.args, flags, terminal }));
  });
  return command;
}

function buildOption(command: string, key: string, flag: Flag<unknown>): Option {
  const value = flag.placeholder === undefined ? "" : ` <${flag.placeholder}>`;
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const notes = [];
  if (flag.choices) notes.push(flag.choices.join("|"));
  if (flag.defaultText) notes.push(`default: ${flag.defaultText}`);
  notes.push(`env: ${environmentName(command, key, flag)}`);
  const option = new Option(
    `${short}--${longName(key, flag)}${value}`,
    `${flag.description} (${notes.join("; ")})`,
  );
  if (flag.placeholder === undefined) return option;
  return option.argParser((text: string, previous: unknown) => {
    try {
      return flag.parse ? flag.parse(text, previous ?? flag.default) : text;
    } catch (error) {
      throw new InvalidArgumentError(errorMessage(error));
    }
  });
}

function prepare(command: Command, terminal: Terminal): Command {
  return command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      getOutHelpWidth: () => terminal.stdout.columns ?? 100,
      getErrHelpWidth: () => terminal.stderr.columns ?? 100,
    })
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false });
}

function examplesText(examples: readonly Example[]): string {
  const lines = examples.flatMap((example) => [`  # ${example.explains}`, `  $ chancery ${example.line}`]);
  return `\nExamples:\n${lines.join("\n")}`;
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.ok;
    terminal.stderr.write("chancery --help lists the commands, chancery COMMAND --help its flags\n");
    return exitCode.usage;
  }
  if (error instanceof CommandError) {
    terminal.stderr.write(`error: ${error.message}\n${error.hint ? `${error.hint}\n` : ""}`);
    return error.exitCode;
  }
  terminal.stderr.write(
    `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return exitCode.failure;
}
