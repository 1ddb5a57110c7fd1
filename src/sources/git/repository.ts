import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import { type GitAccess, localEnvironment, remoteEnvironment } from "./environment.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { type GitFailure, gitFailure, gitWords } from "./git-failure.ts";
import { unreachable } from "../../base/unreachable.ts";
import type { GitLocation } from "./location.ts";
import type { ProgramCall, ProgramResult, RunProgram } from "../run-program.ts";
import { describeTarget, type GitTarget, refOf } from "./target.ts";

export interface RepositoryOptions {
  readonly location: GitLocation;
  readonly target: GitTarget;
  /** A folder of its own, on a disk that may lose it: it is fetched anew then. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunProgram;
  readonly clock: Clock;
  /** The longest that one exchange with the remote may take. */
  readonly timeoutMs: number;
  /** The most that one fetch may bring. */
  readonly fetchMaxBytes: number;
  /** Larger files are left out of a fetch where the remote can do so. */
  readonly fileMaxBytes: number;
}

/** Written before each use, so that nothing that a fetch notes there has a say. */
const fixedConfig = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
const incoming = "refs/chancery/incoming";
/** How far back the commit that was served before is looked for. */
const historyDepth = 50;
/** Each fetch adds a pack; after so many it is made anew. */
const mostPacks = 40;
const sizeCheckMs = 100;
const answerMaxBytes = 64 * 1024 * 1024;

/**
 * A bare repository that holds the last commits of one ref and no history beyond. There is no work tree, so links, filters, hooks
 * and attributes of what it holds do nothing. Methods throw `GitFailure`.
 */
export class Repository {
  readonly #options: RepositoryOptions;
  readonly #local: Record<string, string>;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#local = localEnvironment(options.env);
  }

  get #bare(): string {
    return join(this.#options.folder, "bare");
  }

  /** The commit, or the tag on it, that the remote has for the target; undefined for a commit, which needs no asking. */
  async ask(access: GitAccess, signal: AbortSignal): Promise<string | undefined> {
    const { location, target } = this.#options;
    const ref = refOf(target);
    if (ref === undefined) return undefined;
    const result = await this.#remote(["ls-remote", "--exit-code", "origin", ref], access, signal);
    if (result.code === 2) {
      throw gitFailure("git-ref-missing", `${location.url} has no ${describeTarget(target)}`);
    }
    if (result.code !== 0) throw this.#refusal(result.stderr);
    const line = result.stdout
      .toString("utf8")
      .split("\n")
      .find((candidate) => candidate.endsWith(`\t${ref}`));
    if (!line) throw gitFailure("git-ref-missing", `${location.url} has no ${describeTarget(target)}`);
    return line.slice(0, line.indexOf("\t"));
  }

  /** The commit that a local object is or leads to, or undefined when it is not here. */
  async commitOf(id: string, signal: AbortSignal): Promise<string | undefined> {
    const result = await this.git(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", `${id}^{commit}`],
      { signal },
    );
    return result.code === 0 ? result.stdout.toString("ascii").trim() : undefined;
  }

  /** Brings the target here and gives its commit; with `isFollowed`, also some commits before it. */
  async fetch(access: GitAccess, isFollowed: boolean, signal: AbortSignal): Promise<string> {
    const { location, target, fileMaxBytes } = this.#options;
    const ref = refOf(target);
    const wanted = ref ?? (target.kind === "commit" ? target.id : "HEAD");
    const options = [
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--no-auto-maintenance",
      "--no-recurse-submodules",
    ];
    const depth = `--depth=${isFollowed ? historyDepth : 1}`;
    const filter = `--filter=blob:limit=${fileMaxBytes + 1}`;
    const args = ["fetch", ...options, depth, filter, "origin", `+${wanted}:${incoming}`];
    const result = await this.#remote(args, access, signal, true);
    if (result.code !== 0) throw this.#refusal(result.stderr);
    await this.#writeConfig();
    const commit = await this.commitOf(incoming, signal);
    if (commit === undefined) {
      throw gitFailure("git-ref-missing", `${location.url}: ${describeTarget(target)} is not a commit`);
    }
    return commit;
  }

  /** True when `older` is the other commit or one of those shortly before it. */
  async isAncestor(older: string, newer: string, signal: AbortSignal): Promise<boolean> {
    const result = await this.git(["merge-base", "--is-ancestor", older, newer], { signal });
    return result.code === 0;
  }

  /** Makes the repository ready for use, anew where it is missing, damaged or full of old packs. */
  async open(signal: AbortSignal): Promise<void> {
    const { folder } = this.#options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const packs = await readdir(join(this.#bare, "objects/pack")).catch(noNames);
      if (packs.filter((name) => name.endsWith(".pack")).length > mostPacks) await this.discard();
      if (await this.#isWhole(signal)) return;
      await this.discard();
      const made = await this.#run(["init", "--quiet", "--bare", "--template=", this.#bare], { signal });
      if (made.code !== 0) throw gitFailure("git-store", `${this.#bare}: ${gitWords(made.stderr)}`);
      await this.#writeConfig();
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      throw gitFailure("git-store", `${folder} cannot be used: ${error.message}`);
    }
  }

  /** Forgets all that was fetched. */
  async discard(): Promise<void> {
    // A disk that refuses says so at the next use.
    await rm(this.#bare, { recursive: true, force: true }).catch(() => undefined);
  }

  /** The commit that was served of this target before, also by an earlier process. */
  async followed(): Promise<string | undefined> {
    const text = await readFile(this.#followedFile, "utf8").catch(() => "");
    return /^[0-9a-f]{40,64}$/.test(text.trim()) ? text.trim() : undefined;
  }

  /** Remembers the commit, also for a later process. */
  async follow(commit: string): Promise<void> {
    const aside = `${this.#followedFile}.new`;
    try {
      await writeFile(aside, `${commit}\n`, { mode: 0o600 });
      await rename(aside, this.#followedFile);
    } catch (error) {
      throw gitFailure("git-store", `${this.#followedFile}: ${errorMessage(error)}`);
    }
  }

  get #followedFile(): string {
    return join(this.#options.folder, "followed");
  }

  /** Runs a git that speaks with nobody. */
  async git(args: readonly string[], more: LocalCall): Promise<Ended> {
    return this.#run([`--git-dir=${this.#bare}`, ...args], more);
  }

  async #run(args: readonly string[], { env, stdoutMaxBytes = answerMaxBytes, ...call }: LocalCall) {
    const { run, folder } = this.#options;
    const result = await run({
      program: "git",
      args,
      env: { ...this.#local, ...env },
      cwd: folder,
      stdoutMaxBytes,
      ...call,
    });
    return ended(result, "git-too-large", "git gives more than can be read");
  }

  /** Runs a git that speaks with the remote, for so long and no more bytes than allowed. */
  async #remote(
    args: readonly string[],
    access: GitAccess,
    signal: AbortSignal,
    isFetch = false,
  ): Promise<Ended> {
    const { location, env, run, clock, timeoutMs, fetchMaxBytes, folder } = this.#options;
    const stop = new AbortController();
    let isLate = false;
    const cancelTimer = clock.after(timeoutMs, () => {
      isLate = true;
      stop.abort();
    });
    const growth = isFetch ? await this.#watchGrowth(() => stop.abort()) : undefined;
    try {
      const result = await run({
        program: "git",
        args: [`--git-dir=${this.#bare}`, ...args],
        env: remoteEnvironment(location, access, env),
        cwd: folder,
        stdoutMaxBytes: 1024 * 1024,
        signal: AbortSignal.any([signal, stop.signal]),
      });
      if (isLate) {
        throw gitFailure("git-unreachable", `${location.url} did not answer within ${timeoutMs / 1000} s`);
      }
      if (await growth?.isOver()) {
        await this.discard();
        throw gitFailure(
          "git-too-large",
          `${location.url} sends more than the limit of ${fetchMaxBytes} bytes`,
        );
      }
      return ended(result, "git-too-large", `${location.url} has too many refs`);
    } finally {
      cancelTimer();
      growth?.stop();
    }
  }

  /** Nothing in git bounds what a remote may send, so the pack is watched while it grows. */
  async #watchGrowth(onOver: () => void): Promise<{ isOver(): Promise<boolean>; stop(): void }> {
    const { clock, fetchMaxBytes } = this.#options;
    const before = await this.#packBytes();
    const isOver = async () => (await this.#packBytes()) - before > fetchMaxBytes;
    let isStopped = false;
    let cancel: (() => void) | undefined;
    const check = async () => {
      if (await isOver()) onOver();
      else if (!isStopped) checkSoon();
    };
    const checkSoon = () => {
      cancel = clock.after(sizeCheckMs, () => void check());
    };
    checkSoon();
    return {
      isOver,
      stop: () => {
        isStopped = true;
        cancel?.();
      },
    };
  }

  /** What is wrong with our own files is not the remote's refusal. */
  #refusal(stderr: string): GitFailure {
    if (stderr.includes(this.#bare)) return gitFailure("git-store", gitWords(stderr));
    return explainRefusal(this.#options.location.url, stderr);
  }

  async #packBytes(): Promise<number> {
    const packs = join(this.#bare, "objects/pack");
    const sizes = (await readdir(packs).catch(noNames)).map(async (name) => {
      // A pack under way is renamed when it is whole.
      const found = await stat(join(packs, name)).catch(() => undefined);
      return found?.size ?? 0;
    });
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  async #isWhole(signal: AbortSignal): Promise<boolean> {
    const config = await readFile(join(this.#bare, "config"), "utf8").catch(() => undefined);
    if (config === undefined) return false;
    if (config !== fixedConfig) await this.#writeConfig();
    // What a killed git held would stand in the way of the next for ever; nobody else uses this folder.
    for (const lock of ["shallow.lock", "packed-refs.lock", "config.lock", `${incoming}.lock`]) {
      await rm(join(this.#bare, lock), { force: true });
    }
    const packs = join(this.#bare, "objects/pack");
    for (const name of await readdir(packs).catch(noNames)) {
      if (name.startsWith("tmp_")) await rm(join(packs, name), { force: true });
    }
    const result = await this.git(["rev-parse", "--is-bare-repository"], { signal });
    return result.code === 0;
  }

  async #writeConfig(): Promise<void> {
    await writeFile(join(this.#bare, "config"), fixedConfig, { mode: 0o600 });
  }
}

/** What a git that speaks with nobody is given beside its arguments. */
type LocalCall = Pick<ProgramCall, "signal" | "input"> & Partial<Pick<ProgramCall, "stdoutMaxBytes" | "env">>;

/** What reads objects: a repository that we keep, or one that somebody works in. */
export type GitReader = Pick<Repository, "git">;

interface Ended {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function ended(result: ProgramResult, code: string, tooMuch: string): Ended {
  switch (result.kind) {
    case "ended":
      return result;
    case "too-much":
      throw gitFailure(code, tooMuch);
    case "aborted":
      throw gitFailure("git-unreachable", "stopped before it was through");
    case "missing":
      throw gitFailure("git-store", `git cannot be run: ${result.reason}`);
    default:
      return unreachable(result);
  }
}

/** No such folder yet. */
function noNames(): string[] {
  return [];
}
