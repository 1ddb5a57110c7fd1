import type { StatsStore } from "../stats/stats-store.ts";

const names = [
  "init_fetch_timeout",
  "update_attempt",
  "update_failure",
  "update_rejected",
  "update_success",
] as const;

/** The statistics of one subscription under its scope (XC-56). Everything that happens is an attempt, its begin too. */
export class SubscriptionCounters {
  readonly #stats: StatsStore;
  readonly #scope: string;
  readonly #counters;

  constructor(stats: StatsStore, scope: string) {
    this.#stats = stats;
    this.#scope = scope;
    this.#counters = stats.counters(scope, names);
    this.#counters.update_attempt += 1;
  }

  /** `version`: undefined leaves that of the last one. */
  success(version: string | undefined, atMs: number): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_success += 1;
    this.#stats.gauges(this.#scope, ["update_time"]).update_time.set(atMs);
    if (version !== undefined) this.#stats.setText(`${this.#scope}.version_text`, version);
  }

  rejection(): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_rejected += 1;
  }

  timeout(): void {
    this.#counters.update_attempt += 1;
    this.#counters.init_fetch_timeout += 1;
  }

  failure(): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_failure += 1;
  }
}
