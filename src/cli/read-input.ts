import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { formatProblem, type Problem } from "../base/problem.ts";
import type { ConfigFile } from "../config/config-file.ts";
import { decodeText } from "../sources/decode-text.ts";
import { problemUnder } from "../sources/problem-under.ts";
import { notUtf8, refusal } from "../sources/problems.ts";
import { readTree } from "../sources/read-tree.ts";
import { defaultSourceLimits } from "../sources/reading.ts";
import { CommandError, exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The configuration below a folder, in one file, or on stdin (`-`). Throws `CommandError` (65) when there is none, or when a
 * source would not take it either: it is no UTF-8, or larger than `defaultSourceLimits`.
 */
export async function readConfiguration(path: string, terminal: Terminal): Promise<readonly ConfigFile[]> {
  if (path === "-") return [await readText(path, { path: "stdin.yaml", shownAs: "<stdin>" }, terminal)];
  const full = resolve(terminal.cwd, path);
  const found = await stat(full).catch((error: unknown) => unreadable(path, error));
  if (!found.isDirectory()) return [await readText(path, { path: basename(path), shownAs: path }, terminal)];
  const never = new AbortController().signal;
  const shownAs = (inside: string) => join(path, inside);
  const options = { limits: defaultSourceLimits, clock: systemClock, signal: never, shownAs };
  const { reading } = await readTree(full, undefined, options);
  if (reading.kind === "failed") refuse(reading.problems.map((problem) => problemUnder(path, problem)));
  return reading.files;
}

async function readText(
  path: string,
  named: { readonly path: string; readonly shownAs: string },
  terminal: Terminal,
): Promise<ConfigFile> {
  const { fileBytes } = defaultSourceLimits;
  const bytes = await readBytes(path, terminal, fileBytes);
  if (!bytes)
    return refuse([
      refusal("file-too-large", named.shownAs, `file is larger than the limit of ${fileBytes} bytes`),
    ]);
  const text = decodeText(bytes);
  return typeof text === "string" ? { ...named, text } : refuse([notUtf8(named.shownAs, text)]);
}

function refuse(problems: readonly Problem[]): never {
  throw new CommandError(exitCode.unreadableInput, problems.map(formatProblem).join("\n"));
}

/** The bytes of one file, or of stdin for `-`. Throws `CommandError` (65) when it cannot be read. */
export async function readBytes(path: string, terminal: Terminal): Promise<Buffer>;
/** Undefined when there are more than `mostBytes`, which are not read on. */
export async function readBytes(
  path: string,
  terminal: Terminal,
  mostBytes: number,
): Promise<Buffer | undefined>;
export async function readBytes(
  path: string,
  terminal: Terminal,
  mostBytes = Infinity,
): Promise<Buffer | undefined> {
  const source = path === "-" ? terminal.stdin : createReadStream(resolve(terminal.cwd, path));
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of source) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > mostBytes) return undefined;
      chunks.push(bytes);
    }
  } catch (error) {
    unreadable(path, error);
  }
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
