/** Where a command writes: the part of a `tty.WriteStream` that commands use. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  /** True on a terminal; absent for a pipe or a file. */
  readonly isTTY?: boolean;
  /** Characters a line; absent when it is no terminal. */
  readonly columns?: number;
}

/** Signals that a running command reacts to. */
export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGUSR1";

/** Everything of the process that a command may touch. `main.ts` passes the real one, tests their own. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths start from. */
  readonly cwd: string;
  readonly pid: number;
  /** Calls back at each such signal until the returned function is called. */
  onSignal(signal: Signal, callback: () => void): () => void;
  /** Ends the process at once, for a second signal. */
  exit(code: number): void;
}
