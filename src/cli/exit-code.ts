/** What the process answers to its caller. Scripts depend on these; docs/operating.md lists them. */
export const exitCode = {
  ok: 0,
  /** The command did its work and the answer is no: problems found, nothing reachable, a port in use. */
  failure: 1,
  /** The command could not find out what the answer is. */
  undecided: 2,
  /** EX_USAGE of sysexits.h: an unknown command or flag, or a value that cannot be one. */
  usage: 64,
  /** EX_DATAERR of sysexits.h: an input that is not there or cannot be read. */
  unreadableInput: 65,
  /** `--timeout` ran out, as timeout(1) answers. */
  timeout: 124,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** An expected end of a command: a sentence for the person, an exit code for the script, and what to do next. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  /** What to do about it, as one sentence or command line. */
  readonly hint: string | undefined;

  constructor(code: ExitCode, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = code;
    this.hint = hint;
  }
}
