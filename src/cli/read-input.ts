import { stat, readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { problemUnder } from "../sources/problem-under.ts";
import { readTree } from "../sources/read-tree.ts";
import { defaultSourceLimits } from "../sources/reading.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** The configuration below a folder, in one file, or on stdin (`-`). Throws `CommandError` (65) when there is none. */
export async function readConfiguration(path: string, terminal: Terminal): Promise<readonly ConfigFile[]> {
  if (path === "-") {
    const text = (await readStdin(terminal)).toString("utf8");
    return [{ path: "stdin.yaml", text, shownAs: "<stdin>" }];
  }
  const full = resolve(terminal.cwd, path);
  const found = await stat(full).catch((error: unknown) => unreadable(path, error));
  if (!found.isDirectory()) {
    const text = await readFile(full, "utf8").catch((error: unknown) => unreadable(path, error));
    return [{ path: basename(path), text, shownAs: path }];
  }
  const never = new AbortController().signal;
  const shownAs = (inside: string) => join(path, inside);
  const options = { limits: defaultSourceLimits, clock: systemClock, signal: never, shownAs };
  const { reading } = await readTree(full, undefined, options);
  if (reading.kind === "failed") {
    const { formatProblem } = await import("../base/problem.ts");
    const problems = reading.problems.map((problem) => formatProblem(problemUnder(path, problem)));
    throw new CommandError(exitCode.unreadableInput, problems.join("\n"));
  }
  return reading.files;
}

/** The bytes of one file, or of stdin for `-`. Throws `CommandError` (65) when it cannot be read. */
export async function readBytes(path: string, terminal: Terminal): Promise<Buffer> {
  if (path === "-") return readStdin(terminal);
  return readFile(resolve(terminal.cwd, path)).catch((error: unknown) => unreadable(path, error));
}

async function readStdin(terminal: Terminal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Why a file could not be read, for people. */
export function whyUnreadable(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT") return "it does not exist";
  if (code === "EISDIR") return "it is a folder, expected a file";
  if (code === "EACCES") return "permission denied";
  return cause instanceof Error ? cause.message : "it cannot be opened";
}

function unreadable(path: string, cause: unknown): never {
  throw new CommandError(
    exitCode.unreadableInput,
    `cannot read ${path}: ${whyUnreadable(cause)}`,
    undefined,
    {
      cause,
    },
  );
}
