import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { peerPath } from "./peers.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A repository with a work tree that a test commits to, and a place for other files beside it. */
export interface GitRepository extends Disposable {
  readonly path: string;
  /** A path beside the repository. */
  beside(name: string): string;
  /** `file://` and its path. */
  readonly url: string;
  /** Runs git in it and gives what it prints. */
  git(...args: readonly string[]): string;
  /** Writes a file without committing it. */
  write(name: string, content: string | Uint8Array): void;
  link(name: string, target: string): void;
  remove(name: string): void;
  /** Commits all that is there, with these files written before; gives the commit. */
  commit(files: Readonly<Record<string, string>>, message?: string, ...options: readonly string[]): string;
}

/** Nothing of the user's own git has a say; dates are fixed, so that commits of equal content are equal. */
export const gitTestEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_DATE: "2026-11-01T12:00:00Z",
  GIT_COMMITTER_DATE: "2026-11-01T12:00:00Z",
};

/** A repository with the branch `main` and these files in a first commit. */
export function gitRepository(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): GitRepository {
  const folder = temporaryFolder();
  const path = folder.file("repository");
  mkdirSync(path);
  const git = (...args: readonly string[]) =>
    execFileSync(peerPath("git"), args, {
      cwd: path,
      encoding: "utf8",
      env: { ...gitTestEnvironment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  const full = (name: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    return join(path, name);
  };
  const write = (name: string, content: string | Uint8Array) => writeFileSync(full(name), content);
  git("init", "--quiet", "--initial-branch=main");
  for (const [key, value] of [
    ["user.name", "Ann Author"],
    ["user.email", "ann@example.com"],
    ["commit.gpgsign", "false"],
    ["uploadpack.allowFilter", "true"],
  ] as const) {
    git("config", key, value);
  }
  const repository: GitRepository = {
    path,
    beside: (name) => folder.file(name),
    url: `file://${path}`,
    git,
    write,
    link: (name, target) => symlinkSync(target, full(name)),
    remove: (name) => rmSync(join(path, name), { recursive: true }),
    commit: (changed, message = "Change the fleet", ...options) => {
      for (const [name, text] of Object.entries(changed)) write(name, text);
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "-m", message, ...options);
      return git("rev-parse", "HEAD");
    },
    [Symbol.dispose]: () => {
      chmodSync(path, 0o755);
      folder[Symbol.dispose]();
    },
  };
  repository.commit(files, "Begin");
  return repository;
}
