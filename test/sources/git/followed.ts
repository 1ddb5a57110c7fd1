import assert from "node:assert/strict";
import type { Clock } from "../../../src/base/clock.ts";
import { createLog, type LogRecord } from "../../../src/base/log.ts";
import { GitSource, type GitSourceOptions } from "../../../src/sources/git/git-source.ts";
import { parseGitLocation } from "../../../src/sources/git/location.ts";
import { runProgram } from "../../../src/sources/run-program.ts";
import { defaultSourceLimits, type Reading } from "../../../src/sources/reading.ts";
import { temporaryFolder } from "../../kit/temporary-folder.ts";

/** As the system's, but its timers keep the process alive. */
export const livelyClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** A repository as a source follows it, for a test. */
export class Followed implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #state = temporaryFolder();
  readonly lines: LogRecord[] = [];
  readonly source: GitSource;
  #readings: AsyncGenerator<Reading, void, void>;

  constructor(url: string, more: Partial<GitSourceOptions> = {}) {
    this.source = new GitSource({
      location: parseGitLocation(url)!,
      target: { kind: "head" },
      path: "",
      access: { username: "git" },
      forbidsRewrite: false,
      folder: this.#state.file("git"),
      // So slow that only a poke can be what has it look.
      pollMs: 600_000,
      timeoutMs: 20_000,
      limits: defaultSourceLimits,
      fetchMaxBytes: 256 * 1024 * 1024,
      env: { PATH: process.env["PATH"] },
      run: runProgram,
      clock: livelyClock,
      log: createLog("debug", (line) => this.lines.push(line)),
      random: () => 0,
      ...more,
    });
    this.#readings = this.source.watch(this.#abort.signal);
  }

  get folder(): string {
    return this.#state.file("git");
  }

  async next(): Promise<Reading> {
    const result = await this.#readings.next();
    assert.ok(!result.done, "the watch has ended");
    return result.value;
  }

  /** The next reading after a look that is asked for now. */
  async poked(): Promise<Reading> {
    const next = this.next();
    this.source.poke();
    return next;
  }

  /** Begins to watch anew, as after a wish to reconcile. */
  rewatch(): void {
    this.#readings = this.source.watch(this.#abort.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#readings.return();
    this.#state[Symbol.dispose]();
  }
}

/** Texts by path of a reading that must be a tree. */
export function textsOf(reading: Reading): Record<string, string> {
  assert.equal(reading.kind, "tree", JSON.stringify(reading));
  return Object.fromEntries(
    reading.kind === "tree" ? reading.files.map(({ path, text }) => [path, text]) : [],
  );
}

/** `code place: message` of a reading that must be a failure. */
export function failuresOf(reading: Reading): string[] {
  assert.equal(reading.kind, "failed", JSON.stringify(reading));
  if (reading.kind !== "failed") return [];
  return reading.problems.map(({ code, place, message }) => `${code} ${place?.file ?? "-"}: ${message}`);
}
