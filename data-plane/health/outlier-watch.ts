import type { Clock } from "../../src/base/clock.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { EjectionCause, OutlierDetectionConfig } from "../resources/outlier-detection.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { OutlierEvent } from "./outlier-detector.ts";
import { OutlierDetector } from "./outlier-detector.ts";
import type { OutlierMonitor } from "./outlier-monitor.ts";
import { outlierStats } from "./outlier-stats.ts";

/** The health flags of a host, as far as outlier detection raises them. One object stands for one host, over all updates. */
export interface EjectableFlags {
  set(flag: "failed_outlier_check", isRaised: boolean): boolean;
}

export interface OutlierWatchOptions<Flags extends EjectableFlags> {
  readonly config: OutlierDetectionConfig;
  readonly stats: StatsStore;
  /** Prefix of the cluster's statistics. */
  readonly scope: string;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** The flag of a host was raised, or lowered. */
  readonly onEjected: (host: Flags) => void;
  readonly onReturned: (host: Flags) => void;
}

/** Outlier detection of one version of a cluster: its statistics, the flags of its hosts, and its timer. */
export class OutlierWatch<Flags extends EjectableFlags> {
  readonly #options: OutlierWatchOptions<Flags>;
  readonly #stats: ReturnType<typeof outlierStats>;
  readonly #detector: OutlierDetector<Flags>;
  #watched: ReadonlySet<Flags> = new Set();
  #isStopped = false;
  #cancelTimer: () => void;

  constructor(options: OutlierWatchOptions<Flags>) {
    this.#options = options;
    this.#stats = outlierStats(options.stats, options.scope);
    this.#detector = new OutlierDetector<Flags>(options.config, options.random, (event) => this.#on(event));
    this.#cancelTimer = this.#arm();
  }

  /** Takes the hosts of the cluster: those that are gone are watched no more, and their ejections are over. */
  update(hosts: readonly Flags[]): void {
    const next = new Set(hosts);
    for (const host of this.#watched) if (!next.has(host)) this.#forget(host);
    this.#watched = next;
  }

  /** What counts the outcomes of a host; what it gives goes to `detected`. */
  monitor(host: Flags): OutlierMonitor {
    return this.#detector.watch(host);
  }

  /** A host stands out by its outcomes. */
  detected(host: Flags, causes: readonly EjectionCause[]): void {
    if (!this.#isStopped) this.#detector.detected(host, causes, this.#options.clock.monotonic());
  }

  /** The host passed an active check and counts as healthy by them. */
  checkPassed(host: Flags): void {
    this.#detector.checkPassed(host, this.#options.clock.monotonic());
  }

  /** Ejects nobody any more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.update([]);
  }

  #forget(host: Flags): void {
    if (this.#detector.isEjected(host)) this.#stats.gauges.ejections_active.add(-1);
    this.#detector.forget(host);
  }

  #arm(): () => void {
    const { clock, config } = this.#options;
    return clock.after(config.intervalMs, () => {
      this.#detector.tick(clock.monotonic());
      this.#cancelTimer = this.#arm();
    });
  }

  #on(event: OutlierEvent<Flags>): void {
    const { counters, gauges } = this.#stats;
    switch (event.kind) {
      case "detected":
        counters[`ejections_detected_${event.cause}`] += 1;
        // The two below are Envoy's older names for the same.
        if (event.cause === "consecutive_5xx") counters.ejections_consecutive_5xx += 1;
        if (isOfSuccessRate(event.cause)) counters.ejections_success_rate += 1;
        return;
      case "spared":
        if (isInTotal(event.cause)) counters.ejections_total += 1;
        return;
      case "ejected":
        if (isInTotal(event.cause)) counters.ejections_total += 1;
        counters.ejections_enforced_total += 1;
        counters[`ejections_enforced_${event.cause}`] += 1;
        gauges.ejections_active.add(1);
        event.host.set("failed_outlier_check", true);
        this.#options.onEjected(event.host);
        return;
      case "overflow":
        counters.ejections_overflow += 1;
        return;
      case "returned":
        gauges.ejections_active.add(-1);
        event.host.set("failed_outlier_check", false);
        this.#options.onReturned(event.host);
        return;
      default:
        return unreachable(event);
    }
  }
}

function isOfSuccessRate(cause: EjectionCause): boolean {
  return cause === "success_rate" || cause === "local_origin_success_rate";
}

/** `ejections_total` is of before there were other causes. */
function isInTotal(cause: EjectionCause): boolean {
  return cause === "success_rate" || cause === "consecutive_5xx";
}
