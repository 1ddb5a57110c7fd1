import type { Clock } from "../base/clock.ts";

/** A slice of work; well below the 50 ms that pings and health checks may have to wait (XDS-126). */
const sliceMs = 15;

/** What became of a run. */
export interface FanOutResult {
  readonly tookMs: number;
  /** Items that were not visited, for the next run came before their turn. */
  readonly leftOut: number;
}

/** Does something for many items without keeping the event loop from its other work. */
export class FanOut<T> {
  readonly #clock: Pick<Clock, "monotonic">;
  #rest: T[] = [];
  #visit: (item: T) => void = () => {};
  #scheduled: NodeJS.Immediate | undefined;
  #startedAtMs = 0;
  readonly #onEnd: (result: FanOutResult) => void;

  /** `onEnd` is told of each run that visited all items, or that the next one cut short. */
  constructor(clock: Pick<Clock, "monotonic">, onEnd: (result: FanOutResult) => void = () => {}) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Visits each item once, a slice in each turn, the first one now. A run that is still under way is given up. */
  run(items: Iterable<T>, visit: (item: T) => void): void {
    if (this.#rest.length > 0) this.#end();
    this.stop();
    this.#rest = [...items].toReversed();
    this.#visit = visit;
    this.#startedAtMs = this.#clock.monotonic();
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
    else this.#end();
  }

  #end(): void {
    const tookMs = this.#clock.monotonic() - this.#startedAtMs;
    this.#onEnd({ tookMs, leftOut: this.#rest.length });
  }
}
