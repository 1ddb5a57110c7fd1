import type { Signal, Terminal } from "../../src/cli/terminal.ts";

/** A terminal whose output is kept as text and whose signals the test sends. */
export interface FakeTerminal extends Terminal {
  readonly written: { stdout: string; stderr: string; exitCodes: number[] };
  send(signal: Signal): void;
}

/** A terminal that is no TTY, with the given environment, input and folder. */
export function fakeTerminal(
  options: {
    env?: Record<string, string>;
    stdin?: Iterable<string | Uint8Array>;
    cwd?: string;
    isTTY?: boolean;
  } = {},
): FakeTerminal {
  const written = { stdout: "", stderr: "", exitCodes: [] as number[] };
  const listeners = new Map<Signal, Set<() => void>>();
  const output = (name: "stdout" | "stderr") => ({
    isTTY: options.isTTY ?? false,
    write: (text: string | Uint8Array) => {
      written[name] += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
    },
  });
  return {
    written,
    stdout: output("stdout"),
    stderr: output("stderr"),
    stdin: {
      async *[Symbol.asyncIterator]() {
        yield* options.stdin ?? [];
      },
    },
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    pid: 1,
    onSignal: (signal, callback) => {
      const set = listeners.get(signal) ?? new Set();
      listeners.set(signal, set.add(callback));
      return () => set.delete(callback);
    },
    exit: (code) => {
      written.exitCodes.push(code);
    },
    send: (signal) => {
      for (const callback of listeners.get(signal) ?? []) callback();
    },
  };
}
