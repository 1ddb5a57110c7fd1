import type { EjectionCause, OutlierDetectionConfig } from "../resources/outlier-detection.ts";
import { OutlierMonitor } from "./outlier-monitor.ts";
import { rateOutliers, type HostRate } from "./success-rate-outliers.ts";

/** What outlier detection decided: for the statistics, the host's flag and the log. */
export type OutlierEvent<Host> =
  | { readonly kind: "detected"; readonly host: Host; readonly cause: EjectionCause }
  | { readonly kind: "ejected"; readonly host: Host; readonly cause: EjectionCause }
  /** It would have been ejected, but `enforcing_…` spared it. */
  | { readonly kind: "spared"; readonly host: Host; readonly cause: EjectionCause }
  /** Too many are ejected already. */
  | { readonly kind: "overflow"; readonly host: Host }
  | { readonly kind: "returned"; readonly host: Host };

/** A host under observation. */
interface Watched {
  readonly monitor: OutlierMonitor;
  isEjected: boolean;
  ejectedAtMs: number;
  returnedAtMs: number | undefined;
  jitterMs: number;
  /** How many times the base time the ejection lasts: grows with each ejection, shrinks with each interval without. */
  backoff: number;
}

/**
 * Outlier detection over the hosts of a cluster, by Envoy's rules. No I/O and no timers: whoever has the clock calls `tick` once an
 * interval. Times are monotonic milliseconds; `random` gives numbers in [0, 1).
 */
export class OutlierDetector<Host> {
  readonly #config: OutlierDetectionConfig;
  readonly #random: () => number;
  readonly #tell: (event: OutlierEvent<Host>) => void;
  readonly #watched = new Map<Host, Watched>();
  #ejected = 0;

  constructor(
    config: OutlierDetectionConfig,
    random: () => number,
    tell: (event: OutlierEvent<Host>) => void,
  ) {
    this.#config = config;
    this.#random = random;
    this.#tell = tell;
  }

  /** Hosts that are ejected now. */
  get ejectedCount(): number {
    return this.#ejected;
  }

  isEjected(host: Host): boolean {
    return this.#watched.get(host)?.isEjected ?? false;
  }

  /** What counts the outcomes of a host; a new one for a host that is not watched yet. Its causes go to `detected`. */
  watch(host: Host): OutlierMonitor {
    const known = this.#watched.get(host);
    if (known) return known.monitor;
    const monitor = new OutlierMonitor(this.#config);
    this.#watched.set(host, {
      monitor,
      isEjected: false,
      ejectedAtMs: 0,
      returnedAtMs: undefined,
      jitterMs: 0,
      backoff: 0,
    });
    return monitor;
  }

  /** The host is gone, ejected or not. */
  forget(host: Host): void {
    if (this.isEjected(host)) this.#ejected -= 1;
    this.#watched.delete(host);
  }

  /** A row of failures is long enough. Of several causes at once only the first to eject counts. */
  detected(host: Host, causes: readonly EjectionCause[], nowMs: number): void {
    for (const cause of causes) {
      const watched = this.#watched.get(host);
      if (!watched || watched.isEjected) return;
      this.#tell({ kind: "detected", host, cause });
      this.#eject(host, watched, cause, nowMs);
      watched.monitor.reset(cause);
    }
  }

  /** An active check of the host passed, and it does not count as failed by them: it comes back (`successful_active_health_check_uneject_host`). */
  checkPassed(host: Host, nowMs: number): void {
    const watched = this.#watched.get(host);
    if (watched?.isEjected && this.#config.isUnejectedByCheck) this.#return(host, watched, nowMs);
  }

  /** An interval is over: brings hosts back whose time is up, then looks at the requests of the interval. */
  tick(nowMs: number): void {
    for (const [host, watched] of this.#watched) {
      if (watched.isEjected && this.#lastsMs(watched) <= nowMs - watched.ejectedAtMs) {
        this.#return(host, watched, nowMs);
      }
      watched.monitor.external.turn();
      watched.monitor.local.turn();
    }
    this.#lookAtRates("external", nowMs);
    this.#lookAtRates("local", nowMs);
    for (const watched of this.#watched.values()) {
      const isBack = watched.returnedAtMs !== undefined && !watched.isEjected;
      if (isBack && nowMs - watched.returnedAtMs! >= this.#config.intervalMs && watched.backoff > 0) {
        watched.backoff -= 1;
      }
    }
  }

  #lastsMs({ backoff, jitterMs }: Watched): number {
    const { baseEjectionMs, maxEjectionMs } = this.#config;
    return Math.min(baseEjectionMs * backoff, maxEjectionMs) + jitterMs;
  }

  #lookAtRates(origin: "external" | "local", nowMs: number): void {
    const { successRate, failurePercentage } = this.#config;
    const leastVolume = Math.min(successRate.requestVolume, failurePercentage.requestVolume);
    const hasEnough =
      this.#watched.size >= Math.min(successRate.minimumHosts, failurePercentage.minimumHosts);
    const rates: HostRate<Host>[] = [];
    for (const [host, { isEjected, monitor }] of this.#watched) {
      const rate = monitor[origin].lastInterval;
      if (isEjected || !rate) continue;
      if (hasEnough && rate.volume >= leastVolume) monitor[origin].shown = rate.percent;
      rates.push({ host, ...rate });
    }
    const { outliers } = rateOutliers(rates, this.#watched.size, this.#config, origin === "local");
    for (const { host, cause } of outliers) {
      this.#tell({ kind: "detected", host, cause });
      const watched = this.#watched.get(host);
      if (watched && !watched.isEjected) this.#eject(host, watched, cause, nowMs);
    }
  }

  #eject(host: Host, watched: Watched, cause: EjectionCause, nowMs: number): void {
    const config = this.#config;
    const percent = (100 * (this.#ejected + 1)) / this.#watched.size;
    const isFirst = config.alwaysEjectsOneHost && this.#ejected === 0;
    if (percent > config.maxEjectionPercent && !isFirst) return this.#tell({ kind: "overflow", host });
    if (Math.floor(this.#random() * 100) >= config.enforcing[cause]) {
      return this.#tell({ kind: "spared", host, cause });
    }
    this.#ejected += 1;
    watched.isEjected = true;
    watched.ejectedAtMs = nowMs;
    watched.jitterMs = Math.floor(this.#random() * (config.maxEjectionJitterMs + 1));
    if (watched.backoff * config.baseEjectionMs < config.maxEjectionMs + config.baseEjectionMs) {
      watched.backoff += 1;
    }
    this.#tell({ kind: "ejected", host, cause });
  }

  #return(host: Host, watched: Watched, nowMs: number): void {
    this.#ejected -= 1;
    watched.isEjected = false;
    watched.returnedAtMs = nowMs;
    watched.monitor.reset();
    this.#tell({ kind: "returned", host });
  }
}
