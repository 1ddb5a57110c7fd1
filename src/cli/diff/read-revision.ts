import { posix } from "node:path";
import { formatProblem } from "../../base/problem.ts";
import type { ConfigFile } from "../../config/config-file.ts";
import { localEnvironment } from "../../sources/git/environment.ts";
import { GitFailure, gitWords } from "../../sources/git/git-failure.ts";
import { readCommit } from "../../sources/git/read-commit.ts";
import type { GitReader } from "../../sources/git/repository.ts";
import { runProgram } from "../../sources/run-program.ts";
import { defaultSourceLimits } from "../../sources/reading.ts";
import { decodeText } from "../../sources/decode-text.ts";
import { notUtf8 } from "../../sources/problems.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

const answerMaxBytes = 64 * 1024 * 1024;

/**
 * The configuration files of a commit in the repository that the current folder is in, read from its objects: no work tree, no
 * hooks, no filters; or the one file that `path` names. Throws `CommandError` when there is no such repository, revision, folder or
 * file, or it is no text.
 */
export async function readRevision(
  { revision, path }: { readonly revision: string; readonly path: string },
  terminal: Pick<Terminal, "cwd" | "env">,
): Promise<readonly ConfigFile[]> {
  const { reader, prefix } = await findRepository(terminal);
  const { signal } = new AbortController();
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  const found = await reader.git(args, { signal });
  if (found.code !== 0)
    throw new CommandError(exitCode.undecided, `git knows no revision ${JSON.stringify(revision)}`);
  const commit = found.stdout.toString("ascii").trim();
  const folder = folderOf(path, prefix);
  const shownAs = `${revision}:${folder}`;
  const kind = await reader.git(["cat-file", "-t", `${commit}:${folder}`], { signal });
  if (kind.stdout.toString("ascii").trim() === "blob")
    return [await readFileOf(reader, `${commit}:${folder}`, { path: posix.basename(folder), shownAs })];
  try {
    const options = { folder, limits: defaultSourceLimits, known: new Map(), signal };
    const { files } = await readCommit(reader, commit, options);
    return files.map((file) => ({ ...file, shownAs: `${revision}:${file.shownAs ?? file.path}` }));
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    const problems = error.problems.map((problem) => formatProblem(problem));
    throw new CommandError(exitCode.undecided, problems.join("\n"), undefined, { cause: error });
  }
}

/** One file of a commit, by its name in git's words. */
async function readFileOf(
  reader: GitReader,
  object: string,
  named: { readonly path: string; readonly shownAs: string },
): Promise<ConfigFile> {
  const { fileBytes } = defaultSourceLimits;
  const { signal } = new AbortController();
  const size = await reader.git(["cat-file", "-s", object], { signal });
  if (Number(size.stdout.toString("ascii")) > fileBytes)
    throw new CommandError(
      exitCode.undecided,
      `${named.shownAs}: file is larger than the limit of ${fileBytes} bytes`,
    );
  const content = await reader.git(["cat-file", "blob", object], { signal });
  const text = decodeText(content.stdout);
  if (typeof text === "string") return { ...named, text };
  throw new CommandError(exitCode.undecided, formatProblem(notUtf8(named.shownAs, text)));
}

/** From the root of the repository, or from the current folder as git takes `REV:./PATH`; no slash at the end. */
function folderOf(path: string, prefix: string): string {
  const whole = /^\.\.?(\/|$)/.test(path) ? posix.join(prefix, path) : posix.normalize(path);
  return whole.replace(/^\.?\/?$|\/+$/g, "");
}

async function findRepository({ cwd, env }: Pick<Terminal, "cwd" | "env">) {
  const local = localEnvironment(env);
  const run = async (args: readonly string[], more: Parameters<GitReader["git"]>[1]) => {
    const { input, stdoutMaxBytes = answerMaxBytes, signal } = more;
    const result = await runProgram({
      program: "git",
      args,
      env: { ...local, ...more.env },
      cwd,
      stdoutMaxBytes,
      signal,
      ...(input !== undefined && { input }),
    });
    if (result.kind === "ended") return result;
    const reason = result.kind === "missing" ? result.reason : result.kind;
    throw new CommandError(exitCode.undecided, `git cannot be run: ${reason}`);
  };
  // Whether a repository of somebody else is safe to look into, the user has said in their own settings (safe.directory).
  const { GIT_CONFIG_GLOBAL: _none, ...own } = local;
  const found = await runProgram({
    program: "git",
    args: ["rev-parse", "--absolute-git-dir", "--show-prefix"],
    env: { ...own, ...(env["HOME"] !== undefined && { HOME: env["HOME"] }) },
    cwd,
    stdoutMaxBytes: answerMaxBytes,
    signal: new AbortController().signal,
  });
  if (found.kind !== "ended" || found.code !== 0) {
    const reason = found.kind === "ended" ? gitWords(found.stderr) : found.kind;
    throw new CommandError(exitCode.undecided, `${cwd}: ${reason}`, "run it inside the repository");
  }
  const [gitDir = "", prefix = ""] = found.stdout.toString("utf8").split("\n");
  const reader: GitReader = { git: (args, more) => run([`--git-dir=${gitDir}`, ...args], more) };
  return { reader, prefix };
}
