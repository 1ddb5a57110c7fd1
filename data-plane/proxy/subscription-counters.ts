import type { StatsStore } from "../stats/stats-store.ts";
import { xxHash64 } from "../stats/xxhash64.ts";

const names = [
  "init_fetch_timeout",
  "update_attempt",
  "update_failure",
  "update_rejected",
  "update_success",
] as const;

const configNames = ["config_conflict", "config_fail", "config_reload"] as const;

/** A response that was taken. */
export interface AppliedUpdate {
  /** `version_info` or `system_version_info`, which a server need not send. */
  readonly version: string;
  /** Wall clock. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** The statistics of one subscription under its scope (XC-56). Everything that happens is an attempt, its begin too. */
export class SubscriptionCounters {
  readonly #stats: StatsStore;
  readonly #scope: string;
  readonly #counters;
  readonly #gauges;
  readonly #histograms;
  readonly #config;

  /** `hasConfigCounters`: those of ECDS too. */
  constructor(stats: StatsStore, scope: string, hasConfigCounters = false) {
    this.#stats = stats;
    this.#scope = scope;
    this.#counters = stats.counters(scope, names);
    this.#gauges = stats.gauges(scope, ["update_time", "version"]);
    this.#histograms = stats.histograms(scope, ["update_duration"]);
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

  /** `version`: that of the response. `durationMs`: what it took to apply it. */
  success({ version, atMs, durationMs }: AppliedUpdate): void {
    this.#counters.update_attempt += 1;
    this.#counters.update_success += 1;
    this.#gauges.update_time.set(atMs);
    this.#gauges.version.setExact(xxHash64(version));
    this.#histograms.update_duration.record(durationMs);
    this.#stats.setText(`${this.#scope}.version_text`, version);
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
