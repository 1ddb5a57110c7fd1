import { join, posix, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { Log } from "../../base/log.ts";
import { folderSource } from "../../sources/folder-source.ts";
import { gitIdentity, GitSource } from "../../sources/git/git-source.ts";
import { type GitLocation, parseGitLocation } from "../../sources/git/location.ts";
import { runProgram } from "../../sources/run-program.ts";
import { sshCommandProblem, sshPathProblem } from "../../sources/git/ssh-command.ts";
import { type GitTarget, isCommitId, isRefName } from "../../sources/git/target.ts";
import { defaultSourceLimits } from "../../sources/reading.ts";
import { PushSource } from "../../sources/push/push-source.ts";
import type { Source } from "../../sources/source.ts";
import { ContentStore } from "../../server/state/content-store.ts";
import { diskFiles } from "../../server/state/state-files.ts";
import { stateFolderOf } from "../../server/state/state-folder.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import type { Flag, FlagValues } from "../flag.ts";
import type { Terminal } from "../terminal.ts";
import { gitFlags } from "./git-flags.ts";

type GitFlagValues = FlagValues<typeof gitFlags>;

/** A fetch brings packed files of one commit; twice what a tree may hold is no configuration. */
const fetchMaxBytes = 512 * 1024 * 1024;

/** What is served and, for a repository, what a webhook wakes. */
export interface OpenedSource {
  readonly source: Source;
  readonly git?: GitSource;
  readonly push?: PushSource;
}

/**
 * The source that the argument names: a git repository by its URL, else a folder; with `--push`, none of these. Throws `CommandError` (64) for what
 * cannot be.
 */
export function openSource(
  place: string | undefined,
  flags: GitFlagValues & {
    readonly stateDir: string;
    readonly push: boolean;
    readonly adminTokenFile: string | undefined;
  },
  terminal: Terminal,
  log: Log,
): OpenedSource {
  if (flags.push) return openPush(place, flags, terminal);
  if (place === undefined) throw usage("give a folder or a git URL to serve, or --push");
  const location = locationOf(place);
  if (!location) {
    refuseGitFlags(flags);
    return { source: folderSource(place, terminal.cwd, systemClock) };
  }
  const { cwd, env } = terminal;
  const full = (path: string) => resolve(cwd, path);
  const target = targetOf(flags);
  const path = pathOf(flags.gitPath);
  const access = accessOf(flags, location, terminal);
  const { gitAllowedSigners: allowedSigners, gitGpgKeyring: gpgKeyring } = flags;
  const isVerified = allowedSigners !== undefined || gpgKeyring !== undefined;
  const git = new GitSource({
    location,
    target,
    path,
    access,
    ...(flags.gitTokenFile !== undefined && { tokenFile: full(flags.gitTokenFile) }),
    ...(isVerified && {
      signers: {
        ...(allowedSigners !== undefined && { allowedSigners: full(allowedSigners) }),
        ...(gpgKeyring !== undefined && { gpgKeyring: full(gpgKeyring) }),
      },
    }),
    forbidsRewrite: flags.gitForbidForcePush,
    folder: join(resolve(cwd, flags.stateDir), stateFolderOf(gitIdentity({ location, target, path })), "git"),
    pollMs: flags.gitPoll,
    timeoutMs: flags.gitTimeout,
    limits: defaultSourceLimits,
    fetchMaxBytes,
    env,
    run: runProgram,
    clock: systemClock,
    log: log.with({ component: "git" }),
    random: Math.random,
  });
  return { source: git, git };
}

/** A push changes what a fleet runs: nobody may do so without a token, on this machine neither. */
function openPush(
  place: string | undefined,
  flags: GitFlagValues & { readonly stateDir: string; readonly adminTokenFile: string | undefined },
  { cwd, pid }: Terminal,
): OpenedSource {
  if (place !== undefined) throw usage("--push serves what is pushed: give no folder or URL");
  refuseGitFlags(flags);
  if (flags.adminTokenFile === undefined) throw usage("--push needs --admin-token-file, for who may push");
  const identity = { kind: "push", place: "push" };
  const folder = join(resolve(cwd, flags.stateDir), stateFolderOf(identity), "tree");
  const push = new PushSource(new ContentStore(folder, diskFiles, String(pid)), systemClock);
  return { source: push, push };
}

function locationOf(place: string): GitLocation | undefined {
  try {
    return parseGitLocation(place);
  } catch (error) {
    throw usage(errorMessage(error));
  }
}

function targetOf({ gitBranch, gitTag, gitCommit }: GitFlagValues): GitTarget {
  const given = [gitBranch, gitTag, gitCommit].filter((name) => name !== undefined);
  if (given.length > 1) throw usage("give one of --git-branch, --git-tag and --git-commit");
  if (gitCommit !== undefined) {
    if (!isCommitId(gitCommit))
      throw usage("--git-commit: expected all 40 (or 64) lower-case hexadecimal digits");
    return { kind: "commit", id: gitCommit };
  }
  const name = gitBranch ?? gitTag;
  if (name === undefined) return { kind: "head" };
  const [flag, kind] =
    gitTag === undefined ? (["--git-branch", "branch"] as const) : (["--git-tag", "tag"] as const);
  if (!isRefName(name)) throw usage(`${flag}: ${JSON.stringify(name)} cannot be the name of a ${kind}`);
  return { kind, name };
}

/** `./fleet/edge/` as `fleet/edge`, the root as an empty text. */
function pathOf(text: string): string {
  const path = posix.normalize(text).replace(/\/+$/, "");
  if (path === "." || path === "") return "";
  if (path.startsWith("/") || path === ".." || path.startsWith("../")) {
    throw usage(`--git-path: expected a folder inside the repository, found ${JSON.stringify(text)}`);
  }
  return path;
}

function accessOf(flags: GitFlagValues, { transport }: GitLocation, { cwd, env }: Terminal) {
  const { gitSshKey, gitKnownHosts, gitTokenFile, gitCaFile } = flags;
  const isSsh = transport === "ssh";
  if (isSsh && (gitTokenFile !== undefined || gitCaFile !== undefined)) {
    throw usage("--git-token-file and --git-ca-file are for https; with ssh a key is used (--git-ssh-key)");
  }
  if (!isSsh && (gitSshKey !== undefined || gitKnownHosts !== undefined)) {
    throw usage("--git-ssh-key and --git-known-hosts are for ssh");
  }
  if (transport !== "https" && gitTokenFile !== undefined) {
    throw usage(`--git-token-file: the token would be sent in plain text over ${transport}`);
  }
  const sshKey = gitSshKey === undefined ? undefined : resolve(cwd, gitSshKey);
  const knownHosts = gitKnownHosts === undefined ? undefined : resolve(cwd, gitKnownHosts);
  const problem = isSsh
    ? (sshCommandProblem(env["GIT_SSH_COMMAND"]) ??
      [sshKey, knownHosts].flatMap((path) => sshPathProblem(path ?? "") ?? [])[0])
    : undefined;
  if (problem !== undefined) throw usage(problem);
  return {
    username: flags.gitUsername,
    ...(sshKey !== undefined && { sshKey }),
    ...(knownHosts !== undefined && { knownHosts }),
    ...(gitCaFile !== undefined && { caFile: resolve(cwd, gitCaFile) }),
  };
}

/** A folder has no branch: what would be passed over is refused by name. */
function refuseGitFlags(flags: GitFlagValues): void {
  const all: Readonly<Record<string, Flag<unknown>>> = gitFlags;
  const values: Readonly<Record<string, unknown>> = flags;
  const set = Object.keys(gitFlags).find((name) => values[name] !== all[name]!.default);
  if (set === undefined) return;
  throw usage(
    `--${set.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for a git URL, such as https://HOST/fleet.git`,
  );
}

function usage(message: string): CommandError {
  return new CommandError(exitCode.usage, message);
}
