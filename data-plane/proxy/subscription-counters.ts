import type { StatsStore } from "../stats/stats-store.ts";

const names = [
  "init_fetch_timeout",
  "update_attempt",
  "update_failure",
  "update_rejected",
  "update_success",
] as const;

const configNames = ["config_conflict", "config_fail", "config_reload"] as const;

/** The statistics of one subscription under its scope (XC-56). Everything that happens is an attempt, its begin too. */
export class SubscriptionCounters {
  readonly #stats: StatsStore;
  readonly #scope: string;
  readonly #counters;
  readonly #config;

  /** `hasConfigCounters`: those of ECDS too. */
  constructor(stats: StatsStore, scope: string, hasConfigCounters = false) {
    this.#stats = stats;
    this.#scope = scope;
    this.#counters = stats.counters(scope, names);
    this.#config = hasConfigCounters ? stats.counters(scope, configNames) : undefined;
    this.#counters.update_attempt += 1;
  }

  /** A new configuration, or none, is in use everywhere. */
  reload(): void {
    if (this.#config) this.#config.config_reload += 1;
  }

  /** What is held is of no use to somebody who asked for it later. */
  conflict(): void {
    if (this.#config) this.#config.config_conflict += 1;
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
    this.#fail();
  }

  timeout(): void {
    this.#counters.update_attempt += 1;
    this.#counters.init_fetch_timeout += 1;
    this.#fail();
  }

  failure(): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_failure += 1;
  }

  /** A stream that is lost is no fault of the configuration. */
  #fail(): void {
    if (this.#config) this.#config.config_fail += 1;
  }
}
