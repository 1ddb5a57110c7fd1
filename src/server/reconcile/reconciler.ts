import type { Revision } from "../../snapshot/revision.ts";
import type { Reading } from "../../sources/reading.ts";
import { type Attempt, attempt } from "./attempt.ts";
import type { Loader } from "../loading/loader.ts";
import { Slices } from "../slices.ts";
import type { RemovalPolicy } from "./removals.ts";

export interface ReconcilerOptions {
  /** Ends the loop; `run` then resolves. */
  readonly signal: AbortSignal;
  /** What nodes are brought to, or were before a restart: what the next state of the source is compared with. */
  readonly current: () => Revision | undefined;
  readonly removals: RemovalPolicy;
  /** Watches the source until the signal aborts; yields a reading at once, and one for each change. */
  watch(signal: AbortSignal): AsyncIterable<Reading>;
  /** The signal is the one above. */
  readonly load: Loader["load"];
  /** Each attempt, in order; the next reading waits until it is done. */
  onAttempt(attempt: Attempt, tookMs: number): Promise<void>;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Somebody who asked for a look at the source; due once a watch has begun after the asking. */
interface Waiter {
  readonly removals: RemovalPolicy;
  readonly isDue: boolean;
  readonly resolve: (attempt: Attempt) => void;
}

/** Follows a source: every state of it becomes an attempt, and what was accepted is what the next is compared with. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #slices: Slices;
  #round = new AbortController();
  #waiting: readonly Waiter[] = [];

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#slices = new Slices({ monotonic: options.monotonic });
  }

  /** Follows the source until the signal aborts. Rejects only when `onAttempt` or the source itself breaks. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = () => this.#round.abort();
    signal.addEventListener("abort", stop, { once: true });
    while (!signal.aborted) {
      this.#round = new AbortController();
      this.#waiting = this.#waiting.map((waiter) => ({ ...waiter, isDue: true }));
      for await (const reading of this.#options.watch(this.#round.signal)) await this.#take(reading);
    }
    signal.removeEventListener("abort", stop);
  }

  /** Looks at the source now, whether it seems to have changed or not, and resolves with what came of it. */
  async reconcileNow(removals: RemovalPolicy = this.#options.removals): Promise<Attempt> {
    const result = new Promise<Attempt>((resolve) => {
      this.#waiting = [...this.#waiting, { removals, isDue: false, resolve }];
    });
    this.#round.abort();
    return result;
  }

  async #take(reading: Reading): Promise<void> {
    const { load, monotonic, signal } = this.#options;
    const startMs = monotonic();
    const due = this.#waiting.filter(({ isDue }) => isDue);
    const removals = due.at(-1)?.removals ?? this.#options.removals;
    const result = await attempt(reading, {
      current: this.#options.current(),
      removals,
      load: (files) => load(files, signal),
      perform: (steps) => this.#slices.run(steps),
    });
    // What the end has interrupted says nothing about the source.
    if (signal.aborted) return;
    await this.#options.onAttempt(result, monotonic() - startMs);
    this.#waiting = this.#waiting.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve(result);
  }
}
