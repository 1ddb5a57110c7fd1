import type { FlagValues, Flags } from "./flag.ts";
import type { Terminal } from "./terminal.ts";

/** A command line that works as it stands, and what it is for. */
export interface Example {
  /** Without the leading `chancery`. */
  readonly line: string;
  readonly explains: string;
}

/** A positional argument. */
export interface Argument {
  readonly name: string;
  readonly description: string;
  /** May be left out. */
  readonly isOptional?: boolean;
  /** Takes all that are left; only the last one may. */
  readonly isVariadic?: boolean;
}

export interface Invocation<Set extends Flags> {
  /** The positional arguments, variadic ones spread. */
  readonly args: readonly string[];
  readonly flags: FlagValues<Set>;
  readonly terminal: Terminal;
}

/**
 * A command as data: `program.ts` makes the parser from it, completion and the help's tests read it. `run` loads
 * what is heavy with `import()`, so that help and the other commands start at once.
 */
export interface CommandDefinition<Set extends Flags = Flags> {
  readonly name: string;
  /** One line in the list of commands. */
  readonly summary: string;
  /** Paragraphs of the command's own help. */
  readonly details?: string;
  readonly arguments: readonly Argument[];
  readonly flags: Set;
  /** At least one. */
  readonly examples: readonly Example[];
  /** Resolves to the exit code; throws `CommandError` for an end that needs words. */
  run(invocation: Invocation<Set>): Promise<number>;
}

/** A command that another part parses and runs by itself, such as `proxy` with Envoy's own flags. */
export interface ForeignCommand {
  readonly name: string;
  readonly summary: string;
  /** Gets everything that stands behind the name, `--help` too; resolves to the exit code. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** Gives a definition its type from its flags. */
export function defineCommand<const Set extends Flags>(
  definition: CommandDefinition<Set>,
): CommandDefinition {
  return definition;
}
