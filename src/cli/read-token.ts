import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CommandError, exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** The first token of a file of the form that servers read, or undefined without a file. Rejects with `CommandError`. */
export async function readToken(path: string | undefined, { cwd }: Terminal): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(resolve(cwd, path), "utf8").catch((error: NodeJS.ErrnoException) => {
    const reason = error.code ?? error.message;
    throw new CommandError(exitCode.unreadableInput, `${path} cannot be read: ${reason}`, undefined, {
      cause: error,
    });
  });
  const line = text.split(/\r?\n/).find((candidate) => /^\s*[^#\s]/.test(candidate));
  const token = line?.trim().split(/\s+/).at(-1);
  if (token === undefined) throw new CommandError(exitCode.unreadableInput, `${path} has no token`);
  return token;
}
