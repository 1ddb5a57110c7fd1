import type { Clock } from "../base/clock.ts";

/** A slice of work; well below the 50 ms that pings and health checks may have to wait (XDS-126). */
const sliceMs = 15;

/** Does something for many items without keeping the event loop from its other work. */
export class FanOut<T> {
  readonly #clock: Pick<Clock, "monotonic">;
  #rest: T[] = [];
  #visit: (item: T) => void = () => {};
  #scheduled: NodeJS.Immediate | undefined;

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Visits each item once, a slice in each turn, the first one now. A run that is still under way is given up. */
  run(items: Iterable<T>, visit: (item: T) => void): void {
    this.stop();
    this.#rest = [...items].toReversed();
    this.#visit = visit;
    this.#slice();
  }

  /** Drops what has not been visited. */
  stop(): void {
    this.#rest = [];
    clearImmediate(this.#scheduled);
  }

  #slice(): void {
    const endsAt = this.#clock.monotonic() + sliceMs;
    for (let item = this.#rest.pop(); item !== undefined; item = this.#rest.pop()) {
      this.#visit(item);
      if (this.#clock.monotonic() >= endsAt) break;
    }
    if (this.#rest.length > 0) this.#scheduled = setImmediate(() => this.#slice());
  }
}
