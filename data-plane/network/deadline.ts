import type { Clock } from "../../src/base/clock.ts";

/**
 * A timer that is set and cleared for every request at the cost of reading the clock: the timer of the system behind it is left
 * running and, when it fires too early, set again for what is left.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #onPassed: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #firesAtMs = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onPassed: () => void) {
    this.#clock = clock;
    this.#onPassed = onPassed;
  }

  /** Calls back in so long, instead of when it was set for before. */
  set(delayMs: number): void {
    const now = this.#clock.monotonic();
    this.#atMs = now + delayMs;
    if (this.#firesAtMs > this.#atMs) this.#arm(delayMs);
  }

  clear(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  /** Lets go of the timer too. */
  dispose(): void {
    this.clear();
    this.#cancel?.();
    this.#cancel = undefined;
    this.#firesAtMs = Number.POSITIVE_INFINITY;
  }

  #arm(delayMs: number): void {
    this.#cancel?.();
    this.#firesAtMs = this.#atMs;
    this.#cancel = this.#clock.after(delayMs, () => this.#fired());
  }

  #fired(): void {
    this.#cancel = undefined;
    this.#firesAtMs = Number.POSITIVE_INFINITY;
    if (this.#atMs === Number.POSITIVE_INFINITY) return;
    const left = this.#atMs - this.#clock.monotonic();
    if (left > 0) return this.#arm(left);
    this.#atMs = Number.POSITIVE_INFINITY;
    this.#onPassed();
  }
}
