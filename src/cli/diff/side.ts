import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { CommandError, exitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

/** One of the two configurations that are compared. */
export type Side =
  | { readonly kind: "server" }
  /** A folder or file of a commit in the repository of the current folder. */
  | { readonly kind: "git"; readonly revision: string; readonly path: string }
  /** A folder or a file on disk, or `-`. */
  | { readonly kind: "files"; readonly path: string };

/**
 * What an argument names: `server`; `git:REV` or `git:REV:PATH`; what is on disk; else `REV:PATH` as git has it, where PATH starts at the
 * root of the repository unless it begins with `./` or `../`. Throws `CommandError` for what is none of them.
 */
export async function sideOf(text: string, { cwd }: Pick<Terminal, "cwd">): Promise<Side> {
  if (text === "server") return { kind: "server" };
  const [, revision, path = ""] = /^git:([^:]+)(?::(.*))?$/s.exec(text) ?? [];
  if (revision !== undefined) return { kind: "git", revision, path };
  const colon = text.indexOf(":");
  if (colon > 0 && !(await isThere(resolve(cwd, text)))) {
    return { kind: "git", revision: text.slice(0, colon), path: text.slice(colon + 1) };
  }
  if (text !== "-" && !(await isThere(resolve(cwd, text)))) {
    const hint = "a revision of git is git:REV or REV:PATH, a running server is `server`";
    throw new CommandError(exitCode.undecided, `${text} does not exist`, hint);
  }
  return { kind: "files", path: text };
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false, // Whatever is in the way, it is no file that can be read.
  );
}
