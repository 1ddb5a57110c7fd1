import type { StatsStore } from "./stats-store.ts";

/** Counters under one prefix whose names only traffic tells, such as `upstream_rq_404`: each is there from its first count on. */
export class Tally {
  readonly #stats: StatsStore;
  readonly #prefix: string;
  #counters: Record<string, number> | undefined;

  constructor(stats: StatsStore, prefix: string) {
    this.#stats = stats;
    this.#prefix = prefix;
  }

  add(name: string): void {
    this.#counters ??= this.#stats.counters(this.#prefix, []);
    this.#counters[name] = (this.#counters[name] ?? 0) + 1;
  }
}
