import { readFile } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/error-message.ts";
import type { Log } from "../../base/log.ts";
import type { GitCommit } from "../../config/revision-source.ts";
import { problemUnder } from "../problem-under.ts";
import type { Reading, SourceLimits } from "../reading.ts";
import { Settling } from "../settling.ts";
import type { Source, SourceIdentity } from "../source.ts";
import { type GitAccess, localEnvironment } from "./environment.ts";
import { GitFailure, gitFailure } from "./git-failure.ts";
import { readCommitInfo } from "./commit-info.ts";
import type { GitLocation } from "./location.ts";
import { type KnownBlobs, readCommit } from "./read-commit.ts";
import { Repository } from "./repository.ts";
import { retryDelayMs } from "./retry-delay.ts";
import type { RunProgram } from "../run-program.ts";
import { describeTarget, type GitTarget } from "./target.ts";
import { type Signers, verifyCommit } from "./verify-commit.ts";

export interface GitSourceOptions {
  readonly location: GitLocation;
  readonly target: GitTarget;
  /** The folder inside the repository that is served, `/` between folders; empty for its root. */
  readonly path: string;
  readonly access: Omit<GitAccess, "token">;
  /** Its first line is the token; read at each look, so that it may be replaced. A whole path. */
  readonly tokenFile?: string;
  /** Commits that none of these have signed are not served. */
  readonly signers?: Signers;
  /** A commit is served only if the one before it is among its ancestors. */
  readonly forbidsRewrite: boolean;
  /** Where the repository is kept. A whole path. */
  readonly folder: string;
  /** How often the remote is asked. */
  readonly pollMs: number;
  readonly timeoutMs: number;
  readonly limits: SourceLimits;
  readonly fetchMaxBytes: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run: RunProgram;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/** How a repository stands, for metrics. */
export interface GitStatus {
  /** The commit that was read last; absent before the first. */
  readonly commit: string | undefined;
  /** Wall clock of the last time that the remote answered as it should. */
  readonly lastFetchMs: number | undefined;
  /** Looks that came to nothing, ever, by the code of what was wrong. */
  readonly errors: ReadonlyMap<string, number>;
}

/** A repository with what of it is followed: another branch is another source. */
export function gitIdentity({
  location,
  target,
  path,
}: Pick<GitSourceOptions, "location" | "target" | "path">): SourceIdentity {
  return { kind: "git", place: `${location.url} ${describeTarget(target)} ${path}`.trimEnd() };
}

/** Deliveries of a webhook come in bursts. */
const settlingOptions = { quietMs: 20, atMostMs: 500 };

type TreeReading = Extract<Reading, { kind: "tree" }>;

/** A repository as a source: the tree of one commit at a time, read without a work tree. */
export class GitSource implements Source {
  readonly identity: SourceIdentity;
  readonly #options: GitSourceOptions;
  readonly #repository: Repository;
  readonly #settling: Settling;
  readonly #errors = new Map<string, number>();
  #known: KnownBlobs = new Map();
  #last: { readonly commit: string; readonly reading: TreeReading } | undefined;
  #lastFetchMs: number | undefined;
  #failures = 0;

  constructor(options: GitSourceOptions) {
    this.#options = options;
    const { clock, limits } = options;
    this.identity = gitIdentity(options);
    this.#settling = new Settling(clock, settlingOptions);
    this.#repository = new Repository({ ...options, fileMaxBytes: limits.fileBytes });
  }

  /** What of the repository is followed. */
  get target(): GitTarget {
    return this.#options.target;
  }

  /** Has the remote asked soon, without waiting for the next poll. */
  poke(): void {
    this.#settling.poke();
  }

  status(): GitStatus {
    return { commit: this.#last?.commit, lastFetchMs: this.#lastFetchMs, errors: this.#errors };
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Reading, void, void> {
    const { pollMs, random } = this.#options;
    let last: string | undefined;
    try {
      while (!signal.aborted) {
        const reading = await this.#look(signal);
        // What an aborted git says is about the abort.
        if (signal.aborted) return;
        const now = signatureOf(reading);
        if (now !== last) yield reading;
        last = now;
        const delayMs =
          this.#failures > 0 ? Math.min(retryDelayMs(this.#failures, random()), pollMs) : pollMs;
        await this.#settling.wait(delayMs, signal);
      }
    } finally {
      this.#settling.stop();
    }
  }

  async #look(signal: AbortSignal): Promise<Reading> {
    const { clock } = this.#options;
    const seen: { origin?: GitCommit } = {};
    try {
      const reading = await this.#read(signal, seen).catch(async (error: unknown) => {
        // What is damaged on this disk is fetched anew.
        const isDamaged =
          error instanceof GitFailure && error.problems.some(({ code }) => code === "git-store");
        if (!isDamaged || signal.aborted) throw error;
        await this.#repository.discard();
        return this.#read(signal, seen);
      });
      this.#failures = 0;
      return reading;
    } catch (error) {
      if (!(error instanceof GitFailure)) throw error;
      if (!signal.aborted) this.#count(error);
      const { problems } = error;
      return { kind: "failed", problems, readAtMs: clock.now(), ...(seen.origin && { origin: seen.origin }) };
    }
  }

  async #read(signal: AbortSignal, seen: { origin?: GitCommit }): Promise<Reading> {
    const { location, path, limits, clock, signers } = this.#options;
    const repository = this.#repository;
    await repository.open(signal);
    const before = this.#last?.commit ?? (await repository.followed());
    const commit = await this.#bring(before, signal);
    this.#lastFetchMs = clock.now();
    const origin = await readCommitInfo(repository, location.url, commit, signal);
    seen.origin = origin;
    if (signers) await this.#verify(commit, signers, signal);
    if (this.#last?.commit === commit) return this.#last.reading;
    await this.#checkHistory(before, origin, signal);
    const tree = await readCommit(repository, commit, {
      folder: path,
      limits,
      known: this.#known,
      signal,
    }).catch((error: unknown) => {
      if (!(error instanceof GitFailure)) throw error;
      throw new GitFailure(error.problems.map((problem) => problemUnder(path, problem)));
    });
    this.#known = tree.known;
    if (commit !== before) await this.#follow(commit);
    const reading: TreeReading = {
      kind: "tree",
      files: tree.files,
      readAtMs: clock.now(),
      origin,
    };
    this.#last = { commit, reading };
    return reading;
  }

  /** The commit that the target is at now, fetched unless it is here. */
  async #bring(before: string | undefined, signal: AbortSignal): Promise<string> {
    const { target } = this.#options;
    const access = await this.#access();
    const id = target.kind === "commit" ? target.id : await this.#repository.ask(access, signal);
    const here = id === undefined ? undefined : await this.#repository.commitOf(id, signal);
    return here ?? this.#repository.fetch(access, before !== undefined, signal);
  }

  async #access(): Promise<GitAccess> {
    const { access, tokenFile } = this.#options;
    if (tokenFile === undefined) return access;
    try {
      const [token = ""] = (await readFile(tokenFile, "utf8")).split(/\r?\n/);
      if (token.trim() === "") throw new Error(`${tokenFile} has no token`);
      return { ...access, token: token.trim() };
    } catch (error) {
      throw gitFailure("git-denied", `no token: ${errorMessage(error)}`);
    }
  }

  async #verify(commit: string, signers: Signers, signal: AbortSignal): Promise<void> {
    const { folder, run, env } = this.#options;
    await verifyCommit(this.#repository, commit, {
      signers,
      folder,
      run,
      env: localEnvironment(env),
      signal,
    });
  }

  async #checkHistory(before: string | undefined, { commit }: GitCommit, signal: AbortSignal): Promise<void> {
    const { forbidsRewrite, target, location, log } = this.#options;
    if (before === undefined || before === commit || target.kind === "commit") return;
    if (await this.#repository.isAncestor(before, commit, signal)) return;
    const what = describeTarget(target);
    if (forbidsRewrite) {
      throw gitFailure(
        "git-history-rewritten",
        `${location.url}: the history of ${what} was rewritten: ${commit.slice(0, 12)} does not follow ${before.slice(0, 12)}`,
      );
    }
    log.warn("history was rewritten: the commit does not follow the one that was served", {
      commit,
      before,
      target: what,
    });
  }

  /** A disk that refuses costs the notice of a history that is rewritten over a restart; where that is no mere notice, the commit. */
  async #follow(commit: string): Promise<void> {
    const { forbidsRewrite, log } = this.#options;
    try {
      await this.#repository.follow(commit);
    } catch (error) {
      if (forbidsRewrite || !(error instanceof GitFailure)) throw error;
      log.warn("the commit that is followed cannot be kept", { commit, error: error.message });
    }
  }

  #count({ problems }: GitFailure): void {
    this.#failures += 1;
    const code = problems[0]?.code ?? "unknown";
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }
}

function signatureOf(reading: Reading): string {
  const { origin } = reading;
  const commit = origin?.kind === "git" ? origin.commit : "";
  return reading.kind === "tree" ? `${commit} is read` : `${commit} ${JSON.stringify(reading.problems)}`;
}
