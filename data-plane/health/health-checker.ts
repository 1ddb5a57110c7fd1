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
import type { CheckEvent, CheckFlags, CheckOutcome, CheckRecord, Verdict } from "./check-verdict.ts";
import { uncheckedRecord } from "./check-verdict.ts";
import { openProbe } from "./open-probe.ts";

/** The health flags of a host, as far as checks raise them. One object stands for one host, over all updates. */
export interface CheckedFlags {
  set(flag: keyof CheckFlags, isRaised: boolean): boolean;
}

/** A host as its checks see it. */
export interface CheckableHost<Flags extends CheckedFlags> extends Host {
  readonly locality: LocalityConfig;
  readonly check: HostCheck;
  readonly flags: Flags;
}

/** The endpoint's `health_check_config`. */
export interface HostCheck {
  /** Where checks go: the host's own address unless configured. */
  readonly address: Address;
  /** Empty: not configured. */
  readonly hostname: string;
  readonly isDisabled: boolean;
}

export interface HealthCheckerOptions<Flags extends CheckedFlags> {
  readonly config: HealthCheckConfig;
  readonly cluster: string;
  /** Prefix of the cluster's statistics. */
  readonly scope: string;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly random: () => number;
  /** New hosts count neither as healthy nor as hosts before their first check (`ignore_new_hosts_until_first_hc`). */
  readonly ignoresUncheckedHosts: boolean;
  /** A host that passes stays in service though discovery has another in its place. */
  readonly keepsPassingHosts: boolean;
  readonly scheme: string;
  readonly hasTraffic: () => boolean;
  readonly dial: (host: Host, address: Address) => DialForCheck;
  readonly writeEvent: ((line: string) => void) | undefined;
  /** A check of the host passed or failed; its flags are as they are now. */
  readonly onResult: (host: Flags, result: CheckResult) => void;
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
interface Entry<Flags extends CheckedFlags> {
  /** The latest, as far as updates told of it. */
  host: CheckableHost<Flags>;
  readonly checks: CheckedHost;
  /** As the gauges count it. */
  shown: CheckFlags;
}

/** The active checks of the hosts of one version of a cluster. */
export class HealthChecker<Flags extends CheckedFlags> {
  readonly #options: HealthCheckerOptions<Flags>;
  readonly #counters: Counters<(typeof counterNames)[number]>;
  readonly #gauges: Gauges<(typeof gaugeNames)[number]>;
  readonly #entries = new Map<Flags, Entry<Flags>>();
  /** Hosts to be checked from the start on; undefined behind it. */
  #waiting: readonly CheckableHost<Flags>[] | undefined = [];
  #isStopped = false;
  /** Hosts whose first check has not come to anything yet. */
  #unchecked: Set<Flags> | undefined;
  #onChecked: (() => void) | undefined;

  constructor(options: HealthCheckerOptions<Flags>) {
    const scope = `${options.scope}.health_check`;
    this.#options = options;
    this.#counters = options.stats.counters(scope, counterNames);
    this.#gauges = options.stats.gauges(scope, gaugeNames);
  }

  /**
   * Takes the hosts of the cluster. From now on those that are new count as failed; once the checks have started they are checked at
   * once (the first connection is made later than this call), and those that are gone no more. A host that is checked elsewhere than
   * before begins anew.
   */
  update(hosts: readonly CheckableHost<Flags>[]): void {
    if (this.#isStopped) return;
    const checked = hosts.filter(({ check }) => !check.isDisabled);
    for (const { check, flags } of hosts) if (check.isDisabled) raise(flags, noFlags);
    if (this.#waiting) {
      this.#waiting = checked;
      const { flags: initial } = uncheckedRecord(this.#options.ignoresUncheckedHosts);
      for (const { flags } of checked) raise(flags, initial);
      return;
    }
    const next = new Map(checked.map((host) => [host.flags, host]));
    for (const [flags, entry] of this.#entries) {
      const host = next.get(flags);
      if (host && isCheckedAlike(entry.host, host)) entry.host = host;
      else this.#drop(entry);
      if (host && !this.#entries.has(flags)) this.#add(host, this.#recordOfMoved(entry));
    }
    for (const host of checked) if (!this.#entries.has(host.flags)) this.#add(host, this.#newRecord());
  }

  /** Begins to check. Calls back once, when each of the present hosts has had its first check, or is gone; at once without hosts. */
  start(onChecked: () => void): void {
    const hosts = this.#waiting ?? [];
    this.#waiting = undefined;
    if (hosts.length === 0) return onChecked();
    this.#unchecked = new Set(hosts.map(({ flags }) => flags));
    this.#onChecked = onChecked;
    for (const host of hosts) this.#add(host, this.#newRecord());
  }

  /** True when the host passes its checks, so that it may stay although discovery dropped it. False for one that is not checked. */
  isPassing(host: Flags): boolean {
    const entry = this.#entries.get(host);
    return entry !== undefined && !entry.checks.record.flags.failed_active_hc;
  }

  /** A response of the host to somebody's request asked for it to be left out. */
  failPassively(host: Flags): void {
    this.#entries.get(host)?.checks.failPassively();
  }

  /** No checks any more. Hosts keep the health that they have. */
  stop(): void {
    this.#isStopped = true;
    for (const entry of this.#entries.values()) this.#drop(entry);
  }

  #newRecord(): CheckRecord {
    return uncheckedRecord(this.#options.ignoresUncheckedHosts);
  }

  /**
   * What is known of a host that is checked elsewhere from now on. Envoy makes a new host of it and keeps the old one in service for as
   * long as that passes; there is one host here, which goes on being healthy until the new checks say otherwise.
   */
  #recordOfMoved({ checks: { record } }: Entry<Flags>): CheckRecord {
    const isKept = this.#options.keepsPassingHosts && !record.flags.failed_active_hc;
    return isKept ? { ...record, isFirst: true, failures: 0 } : this.#newRecord();
  }

  #add(host: CheckableHost<Flags>, record: CheckRecord): void {
    const { config, clock, random, hasTraffic, cluster, scheme, dial } = this.#options;
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
    const entry: Entry<Flags> = { host, checks, shown: record.flags };
    this.#entries.set(host.flags, entry);
    this.#show(record.flags, 1);
    raise(host.flags, record.flags);
    checks.start();
  }

  #drop({ checks, shown, host }: Entry<Flags>): void {
    checks.stop();
    this.#entries.delete(host.flags);
    this.#show(shown, -1);
    this.#wasChecked(host.flags);
  }

  #onVerdict(entry: Entry<Flags>, { record, transition, events }: Verdict, outcome: CheckOutcome): void {
    const { host } = entry;
    this.#count(outcome);
    this.#log(host, events);
    this.#showChange(entry.shown, record.flags);
    entry.shown = record.flags;
    raise(host.flags, record.flags);
    this.#options.onResult(host.flags, {
      hasPassed: outcome.kind === "passed",
      isChanged: transition === "changed",
      isFailed: record.flags.failed_active_hc,
    });
    this.#wasChecked(host.flags);
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

  #showChange(before: CheckFlags, now: CheckFlags): void {
    const { healthy, degraded } = this.#gauges;
    healthy.add(Number(before.failed_active_hc) - Number(now.failed_active_hc));
    // A host that is degraded no more still counts, in Envoy too, until it is gone while degraded.
    if (now.degraded_active_hc && !before.degraded_active_hc) degraded.add(1);
  }

  #show(flags: CheckFlags, by: 1 | -1): void {
    if (!flags.failed_active_hc) this.#gauges.healthy.add(by);
    if (flags.degraded_active_hc) this.#gauges.degraded.add(by);
  }

  #log(host: CheckableHost<Flags>, events: readonly CheckEvent[]): void {
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

  #wasChecked(host: Flags): void {
    if (!this.#unchecked?.delete(host) || this.#unchecked.size > 0) return;
    this.#unchecked = undefined;
    this.#onChecked?.();
  }
}

type Checked = Pick<CheckableHost<CheckedFlags>, "check">;

/** A host that is checked at another address than before is another host, as in Envoy. */
function isCheckedAlike(a: Checked, b: Checked): boolean {
  return isSameAddress(a.check.address, b.check.address) && a.check.hostname === b.check.hostname;
}

const flagNames = [
  "failed_active_hc",
  "degraded_active_hc",
  "pending_active_hc",
  "excluded_via_immediate_hc_fail",
  "active_hc_timeout",
] as const satisfies readonly (keyof CheckFlags)[];

const noFlags: CheckFlags = {
  failed_active_hc: false,
  degraded_active_hc: false,
  pending_active_hc: false,
  excluded_via_immediate_hc_fail: false,
  active_hc_timeout: false,
};

function raise(flags: CheckedFlags, raised: CheckFlags): void {
  for (const name of flagNames) flags.set(name, raised[name]);
}
