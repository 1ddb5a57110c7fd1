import type { Clock } from "../base/clock.ts";
import type { Steps } from "../base/steps.ts";
import type { Slices } from "./slices.ts";

/** What became of a run. */
export interface FanOutResult {
  readonly tookMs: number;
  /** Items that were not visited, for the next run came before their turn. */
  readonly leftOut: number;
}

/** What is under way: the items that are left, the next one last. */
interface Run<T> {
  readonly rest: T[];
  readonly startedAtMs: number;
}

/** Visits all of many items for the newest reason to do so. */
export class FanOut<T> {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #slices: Slices;
  readonly #onEnd: (result: FanOutResult) => void;
  #run: Run<T> | undefined;

  /** `onEnd` is told of each run that visited all items, or that the next one cut short. */
  constructor(
    clock: Pick<Clock, "monotonic">,
    slices: Slices,
    onEnd: (result: FanOutResult) => void = () => {},
  ) {
    this.#clock = clock;
    this.#slices = slices;
    this.#onEnd = onEnd;
  }

  /** Visits each item once, after the steps that get them ready. A run that is still under way is given up. */
  run(items: Iterable<T>, visit: (item: T) => void, ready: Iterable<undefined> = []): void {
    this.#end();
    this.#run = { rest: [...items].toReversed(), startedAtMs: this.#clock.monotonic() };
    void this.#slices.run(this.#steps(this.#run, visit, ready));
  }

  /** Drops what has not been visited. */
  stop(): void {
    this.#run = undefined;
  }

  *#steps(run: Run<T>, visit: (item: T) => void, ready: Iterable<undefined>): Steps<void> {
    const isOver = () => this.#run !== run;
    for (const step of ready) {
      yield step;
      if (isOver()) return;
    }
    for (let item = run.rest.pop(); item !== undefined; item = run.rest.pop()) {
      visit(item);
      yield;
      if (isOver()) return;
    }
    this.#end();
  }

  #end(): void {
    const run = this.#run;
    this.#run = undefined;
    if (run) this.#onEnd({ tookMs: this.#clock.monotonic() - run.startedAtMs, leftOut: run.rest.length });
  }
}
