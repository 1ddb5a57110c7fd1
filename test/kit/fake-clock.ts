import type { Clock } from "../../src/base/clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that a test moves. Timers call back within `advance`, in the order in which they are due. */
export class FakeClock implements Clock {
  readonly #startedAt: number;
  readonly #timers = new Set<Timer>();
  #elapsedMs = 0;
  #created = 0;

  /** `startedAt`: the wall clock's first reading, milliseconds since the epoch. */
  constructor(startedAt = Date.UTC(2030, 0, 1)) {
    this.#startedAt = startedAt;
  }

  now(): number {
    return this.#startedAt + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#created += 1;
    const timer = { at: this.#elapsedMs + Math.max(0, delayMs), order: this.#created, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set and neither due nor cancelled: none may be left when a component has been closed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass. Timers that others set while it passes are called back too when they are due within it. */
  advance(ms: number): void {
    const end = this.#elapsedMs + ms;
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#timers.delete(next);
      this.#elapsedMs = next.at;
      next.callback();
    }
    this.#elapsedMs = end;
  }

  #nextUntil(end: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.at <= end);
    return due.sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}
