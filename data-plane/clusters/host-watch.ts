import type { DialForCheck } from "../health/check-connection.ts";
import type { CheckResult } from "../health/health-checker.ts";
import { HealthChecker } from "../health/health-checker.ts";
import { OutlierWatch } from "../health/outlier-watch.ts";
import type { Address } from "../network/address.ts";
import type { Host } from "../network/upstream.ts";
import type { ClusterConfig } from "../resources/cluster.ts";
import type { RunContext } from "../resources/extension.ts";
import type { ClusterHost } from "./cluster-host.ts";
import type { HostFlags } from "./host-health.ts";
import { HostReport } from "./host-report.ts";

export interface HostWatchOptions {
  readonly config: ClusterConfig;
  readonly run: RunContext;
  /** Prefix of the cluster's statistics. */
  readonly scope: string;
  readonly isSecure: boolean;
  readonly hasTraffic: () => boolean;
  readonly dial: (host: Host, address: Address) => DialForCheck;
  /** The health of hosts has changed. */
  readonly onChanged: () => void;
  /** The host has just failed its checks, or was found an outlier. */
  readonly onFailed: (host: ClusterHost) => void;
  /** The host was kept for passing its checks only, and fails them now. */
  readonly onGone: (host: ClusterHost) => void;
}

/**
 * Watches the hosts of a cluster: active checks and outlier detection, as far as they are configured, raise and lower the flags of
 * hosts, and one tells the other what it needs to know.
 */
export class HostWatch {
  readonly #options: HostWatchOptions;
  readonly #checker: HealthChecker<HostFlags> | undefined;
  readonly #outliers: OutlierWatch<HostFlags> | undefined;
  #hosts: ReadonlyMap<HostFlags, ClusterHost> = new Map();

  constructor(options: HostWatchOptions) {
    const { config, run, scope } = options;
    const { check, outliers, ignoresUncheckedHosts, keepsPassingHosts } = config.health;
    this.#options = options;
    this.#outliers =
      outliers &&
      new OutlierWatch<HostFlags>({
        config: outliers,
        stats: run.stats,
        scope,
        clock: run.clock,
        random: run.random,
        onEjected: (flags) => this.#onEjected(flags),
        onReturned: () => options.onChanged(),
      });
    const writers = check?.eventLogPaths.map((path) => run.openAccessLog({ kind: "file", path }));
    this.#checker =
      check &&
      new HealthChecker<HostFlags>({
        config: check,
        cluster: config.name,
        scope,
        stats: run.stats,
        clock: run.clock,
        random: run.random,
        ignoresUncheckedHosts,
        keepsPassingHosts,
        scheme: options.isSecure ? "https" : "http",
        hasTraffic: options.hasTraffic,
        dial: options.dial,
        writeEvent:
          writers && writers.length > 0
            ? (line) => {
                for (const write of writers) write(line);
              }
            : undefined,
        onResult: (flags, result) => this.#onResult(flags, result),
      });
  }

  /** Takes the hosts that discovery found, and gives those that the cluster is to have: some that are gone may stay. */
  update(hosts: readonly ClusterHost[]): readonly ClusterHost[] {
    const found = new Set(hosts.map(({ flags }) => flags));
    for (const { flags } of hosts) flags.set("pending_dynamic_removal", false);
    const all = [...hosts];
    for (const [flags, host] of this.#hosts) {
      if (found.has(flags) || !this.#stays(host)) continue;
      flags.set("pending_dynamic_removal", true);
      all.push(host);
    }
    this.#hosts = new Map(all.map((host) => [host.flags, host]));
    this.#checker?.update(all);
    this.#outliers?.update([...this.#hosts.keys()]);
    for (const host of all) host.outcomes ??= this.#report(host.flags);
    return all;
  }

  /** Begins with the active checks, if there are any. Calls back once, when each host has had its first one; at once if there is none. */
  start(onChecked: () => void): void {
    if (this.#checker) this.#checker.start(onChecked);
    else onChecked();
  }

  /** No checks any more, active or passive. */
  stop(): void {
    this.#checker?.stop();
    this.#outliers?.stop();
  }

  #report(flags: HostFlags): HostReport {
    return new HostReport({
      monitor: this.#outliers?.monitor(flags),
      onDetected: (causes) => this.#outliers?.detected(flags, causes),
      onAskedToBeLeftOut: () => this.#checker?.failPassively(flags),
    });
  }

  #stays({ flags }: ClusterHost): boolean {
    if (!this.#options.config.health.keepsPassingHosts || !this.#checker?.isPassing(flags)) return false;
    return !flags.has("failed_eds_health") && !flags.has("eds_status_draining");
  }

  #onResult(flags: HostFlags, { hasPassed, isChanged, isFailed }: CheckResult): void {
    const host = this.#hosts.get(flags);
    if (!host) return;
    if (hasPassed && !isFailed) this.#outliers?.checkPassed(flags);
    if (!isChanged) return;
    if (isFailed) this.#options.onFailed(host);
    if (isFailed && flags.has("pending_dynamic_removal")) this.#options.onGone(host);
    else this.#options.onChanged();
  }

  #onEjected(flags: HostFlags): void {
    const host = this.#hosts.get(flags);
    if (!host) return;
    this.#options.onFailed(host);
    this.#options.onChanged();
  }
}
