import type { Clock } from "../../src/base/clock.ts";
import type { Address } from "../network/address.ts";
import { isSameAddress } from "../network/address.ts";
import type { Host } from "../network/upstream.ts";
import type { LocalityConfig } from "../resources/cluster-load-assignment.ts";
import type { HealthCheckConfig } from "../resources/health-check.ts";
import type { Counters, Gauges, StatsStore } from "../stats/stats-store.ts";
import { CheckedHost } from "./checked-host.ts";
import type { DialForCheck } from "./check-connection.ts";
import { checkEventLine } from "./check-event-line.ts";
import type { CheckEvent, CheckFlags, CheckOutcome, Verdict } from "./check-verdict.ts";
import { uncheckedRecord } from "./check-verdict.ts";
import { openProbe } from "./open-probe.ts";

/** A host as its checks see it. */
export interface CheckableHost extends Host {
  /** What tells it from other hosts of the cluster. */
  readonly key: string;
  readonly locality: LocalityConfig;
  readonly check: HostCheck;
  readonly flags: { set(flag: keyof CheckFlags, isRaised: boolean): boolean };
}

/** The endpoint's `health_check_config`. */
export interface HostCheck {
  /** Where checks go: the host's own address unless configured. */
  readonly address: Address;
  /** Empty: not configured. */
  readonly hostname: string;
  readonly isDisabled: boolean;
}

export interface HealthCheckerOptions {
  readonly config: HealthCheckConfig;
  readonly cluster: string;
  /** Prefix of the cluster's statistics. */
  readonly scope: string;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly random: () => number;
  /** New hosts count neither as healthy nor as hosts before their first check (`ignore_new_hosts_until_first_hc`). */
  readonly ignoresUncheckedHosts: boolean;
  readonly scheme: string;
  readonly hasTraffic: () => boolean;
  readonly dial: (host: Host, address: Address) => DialForCheck;
  readonly writeEvent: ((line: string) => void) | undefined;
  /** A check of the host passed or failed; its flags are as they are now. */
  readonly onResult: (host: string, result: CheckResult) => void;
}

/** What a check came to, for who follows the health of the host. */
export interface CheckResult {
  readonly hasPassed: boolean;
  readonly isChanged: boolean;
  readonly isFailed: boolean;
}

const counterNames = [
  "attempt",
  "failure",
  "network_failure",
  "passive_failure",
  "success",
  "verify_cluster",
] as const;
const gaugeNames = ["degraded", "healthy"] as const;

/** A host, and its checks. */
interface Entry {
  /** The latest, as far as updates told of it. */
  host: CheckableHost;
  readonly checks: CheckedHost;
  /** As the gauges count it. */
  shown: CheckFlags;
}

/** The active checks of the hosts of one version of a cluster. */
export class HealthChecker {
  readonly #options: HealthCheckerOptions;
  readonly #counters: Counters<(typeof counterNames)[number]>;
  readonly #gauges: Gauges<(typeof gaugeNames)[number]>;
  readonly #entries = new Map<string, Entry>();
  #isStopped = false;
  /** Hosts whose first check has not come to anything yet, from `whenChecked` on. */
  #unchecked: Set<string> | undefined;
  #onChecked: (() => void) | undefined;

  constructor(options: HealthCheckerOptions) {
    const scope = `${options.scope}.health_check`;
    this.#options = options;
    this.#counters = options.stats.counters(scope, counterNames);
    this.#gauges = options.stats.gauges(scope, gaugeNames);
  }

  /**
   * Takes the hosts of the cluster: those that are gone are checked no more, those that are new count as failed from now on and are
   * checked at once (the first connection is made later than this call). A host that is checked elsewhere than before is new.
   */
  update(hosts: readonly CheckableHost[]): void {
    if (this.#isStopped) return;
    const checked = new Map(hosts.filter(({ check }) => !check.isDisabled).map((host) => [host.key, host]));
    for (const [key, entry] of this.#entries) {
      const next = checked.get(key);
      if (next && isCheckedAlike(entry.host, next)) entry.host = next;
      else this.#drop(key, entry);
    }
    for (const host of hosts) {
      if (host.check.isDisabled) clearFlags(host);
      else if (!this.#entries.has(host.key)) this.#add(host);
    }
  }

  /** True when the host passes its checks, so that it may stay although discovery dropped it. False for one that is not checked. */
  isPassing(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && !entry.checks.record.flags.failed_active_hc;
  }

  /** Calls back once, when each of the present hosts has had its first check, or is gone; at once when there is none. */
  whenChecked(callback: () => void): void {
    const waiting = [...this.#entries].filter(([, { checks }]) => checks.record.isFirst);
    if (waiting.length === 0) return callback();
    this.#unchecked = new Set(waiting.map(([key]) => key));
    this.#onChecked = callback;
  }

  /** A response of the host to somebody's request asked for it to be left out. */
  failPassively(key: string): void {
    this.#entries.get(key)?.checks.failPassively();
  }

  /** No checks any more. Hosts keep the health that they have. */
  stop(): void {
    this.#isStopped = true;
    for (const [key, entry] of this.#entries) this.#drop(key, entry);
  }

  #add(host: CheckableHost): void {
    const { config, clock, random, hasTraffic, ignoresUncheckedHosts, cluster, scheme, dial } = this.#options;
    const record = uncheckedRecord(ignoresUncheckedHosts);
    const checks = new CheckedHost({
      config,
      clock,
      random,
      record,
      hasTraffic,
      openProbe: (report) =>
        openProbe({
          config,
          host,
          hostname: host.check.hostname,
          cluster,
          scheme,
          dial: dial(host, host.check.address),
          report,
          onServiceVerified: () => {
            this.#counters.verify_cluster += 1;
          },
        }),
      onAttempt: () => {
        this.#counters.attempt += 1;
      },
      onVerdict: (verdict, outcome) => this.#onVerdict(entry, verdict, outcome),
    });
    const entry: Entry = { host, checks, shown: record.flags };
    this.#entries.set(host.key, entry);
    this.#show(record.flags, 1);
    raise(host, record.flags);
    checks.start();
  }

  #drop(key: string, { checks, shown }: Entry): void {
    checks.stop();
    this.#entries.delete(key);
    this.#show(shown, -1);
    this.#wasChecked(key);
  }

  #onVerdict(entry: Entry, { record, transition, events }: Verdict, outcome: CheckOutcome): void {
    const { host } = entry;
    this.#count(outcome);
    this.#log(host, events);
    this.#show(entry.shown, -1);
    entry.shown = record.flags;
    this.#show(record.flags, 1);
    raise(host, record.flags);
    this.#options.onResult(host.key, {
      hasPassed: outcome.kind === "passed",
      isChanged: transition === "changed",
      isFailed: record.flags.failed_active_hc,
    });
    this.#wasChecked(host.key);
  }

  #count(outcome: CheckOutcome): void {
    if (outcome.kind === "passed") {
      this.#counters.success += 1;
      return;
    }
    this.#counters.failure += 1;
    if (outcome.failure === "PASSIVE") this.#counters.passive_failure += 1;
    else if (outcome.failure !== "ACTIVE") this.#counters.network_failure += 1;
  }

  #show(flags: CheckFlags, by: 1 | -1): void {
    if (!flags.failed_active_hc) this.#gauges.healthy.add(by);
    if (flags.degraded_active_hc) this.#gauges.degraded.add(by);
  }

  #log(host: CheckableHost, events: readonly CheckEvent[]): void {
    const { writeEvent, config, cluster, clock } = this.#options;
    if (!writeEvent) return;
    const subject = {
      checker: config.checker.kind,
      cluster,
      address: host.address,
      locality: host.locality,
    };
    for (const event of events) writeEvent(checkEventLine(event, subject, clock.now()));
  }

  #wasChecked(key: string): void {
    if (!this.#unchecked?.delete(key) || this.#unchecked.size > 0) return;
    this.#unchecked = undefined;
    this.#onChecked?.();
  }
}

/** A change of address, of locality aside, makes a host of its own, checked from the start. */
function isCheckedAlike(a: CheckableHost, b: CheckableHost): boolean {
  return isSameAddress(a.check.address, b.check.address) && a.check.hostname === b.check.hostname;
}

const flagNames = [
  "failed_active_hc",
  "degraded_active_hc",
  "pending_active_hc",
  "excluded_via_immediate_hc_fail",
  "active_hc_timeout",
] as const satisfies readonly (keyof CheckFlags)[];

function raise(host: CheckableHost, flags: CheckFlags): void {
  for (const name of flagNames) host.flags.set(name, flags[name]);
}

function clearFlags(host: CheckableHost): void {
  for (const name of flagNames) host.flags.set(name, false);
}
