/** Why a check failed: `envoy.data.core.v3.HealthCheckFailureType`. */
export type CheckFailure = "ACTIVE" | "PASSIVE" | "NETWORK" | "NETWORK_TIMEOUT";

/** What one check of a host came to. */
export type CheckOutcome =
  | { readonly kind: "passed"; readonly isDegraded: boolean }
  | {
      readonly kind: "failed";
      readonly failure: CheckFailure;
      /** The host is given until `unhealthy_threshold`; other answers of a host that speaks count at once. */
      readonly isRetriable: boolean;
      /** The host asked to be left out (`x-envoy-immediate-health-check-fail`). */
      readonly isImmediate: boolean;
      /** Of the HTTP response; 0 without one. */
      readonly status: number;
    };

/** What active checks have found out about a host: the flags of its health that are theirs. */
export interface CheckFlags {
  readonly failed_active_hc: boolean;
  readonly degraded_active_hc: boolean;
  /** Not checked yet, and not to be counted before (`ignore_new_hosts_until_first_hc`). */
  readonly pending_active_hc: boolean;
  readonly excluded_via_immediate_hc_fail: boolean;
  /** It fails, and the last check got no answer in time. */
  readonly active_hc_timeout: boolean;
}

/** What is known of a host from its checks so far. */
export interface CheckRecord {
  readonly flags: CheckFlags;
  /** No check has come to anything yet. */
  readonly isFirst: boolean;
  /** Checks passed in a row while it counted as failed, and the reverse. */
  readonly passes: number;
  readonly failures: number;
}

/** Whether the host stands otherwise than before; `pending`: it will, if the next checks agree. */
export type Transition = "unchanged" | "pending" | "changed";

/** What is written to the event log: the oneof `event` of `envoy.data.core.v3.HealthCheckEvent`. */
export type CheckEvent =
  | { readonly kind: "add_healthy_event"; readonly isFirst: boolean }
  | { readonly kind: "eject_unhealthy_event"; readonly failure: CheckFailure; readonly status: number }
  | {
      readonly kind: "health_check_failure_event";
      readonly failure: CheckFailure;
      readonly isFirst: boolean;
      readonly status: number;
    }
  | { readonly kind: "successful_health_check_event" }
  | { readonly kind: "degraded_healthy_host" }
  | { readonly kind: "no_longer_degraded_host" };

/** The part of the configuration that decides. */
export interface VerdictRules {
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly logsEveryFailure: boolean;
  readonly logsEverySuccess: boolean;
}

export interface Verdict {
  readonly record: CheckRecord;
  readonly transition: Transition;
  readonly events: readonly CheckEvent[];
}

/** A host before its first check: failed until it passes one, as every host of a checked cluster starts in Envoy. */
export function uncheckedRecord(isIgnoredUntilChecked: boolean): CheckRecord {
  return {
    flags: {
      failed_active_hc: true,
      degraded_active_hc: false,
      pending_active_hc: isIgnoredUntilChecked,
      excluded_via_immediate_hc_fail: false,
      active_hc_timeout: false,
    },
    isFirst: true,
    passes: 0,
    failures: 0,
  };
}

/** Takes one outcome into account, by the rules of Envoy's health checker base. */
export function judge(record: CheckRecord, outcome: CheckOutcome, rules: VerdictRules): Verdict {
  const verdict =
    outcome.kind === "passed" ? pass(record, outcome.isDegraded, rules) : fail(record, outcome, rules);
  if (!record.flags.pending_active_hc) return verdict;
  // Even if it stays failed: it counts as a host of the cluster from now on.
  const flags = { ...verdict.record.flags, pending_active_hc: false };
  return { ...verdict, record: { ...verdict.record, flags }, transition: "changed" };
}

function pass(record: CheckRecord, isDegraded: boolean, rules: VerdictRules): Verdict {
  const { isFirst } = record;
  const wasFailed = record.flags.failed_active_hc;
  // The first check decides by itself, so that a cluster starts soon.
  const passes = wasFailed && !isFirst ? record.passes + 1 : record.passes;
  const recovers = wasFailed && (isFirst || passes === rules.healthyThreshold);
  const flips = isDegraded !== record.flags.degraded_active_hc;
  const events: CheckEvent[] = [];
  if (recovers) events.push({ kind: "add_healthy_event", isFirst });
  else if (rules.logsEverySuccess) events.push({ kind: "successful_health_check_event" });
  if (flips) events.push({ kind: isDegraded ? "degraded_healthy_host" : "no_longer_degraded_host" });
  const isPending = wasFailed && !recovers && !record.flags.pending_active_hc;
  const flags = recovers
    ? {
        ...record.flags,
        failed_active_hc: false,
        active_hc_timeout: false,
        excluded_via_immediate_hc_fail: false,
      }
    : record.flags;
  return {
    record: { flags: { ...flags, degraded_active_hc: isDegraded }, isFirst: false, passes, failures: 0 },
    transition: isPending ? "pending" : recovers || flips ? "changed" : "unchanged",
    events,
  };
}

function fail(
  record: CheckRecord,
  { failure, isRetriable, isImmediate, status }: Extract<CheckOutcome, { kind: "failed" }>,
  rules: VerdictRules,
): Verdict {
  const { isFirst } = record;
  const wasFailed = record.flags.failed_active_hc;
  // A host that answers, but not as expected, is at fault beyond doubt; a network may lose one check.
  const countsAtOnce = failure !== "NETWORK" && failure !== "NETWORK_TIMEOUT" && !isRetriable;
  const failures = wasFailed || countsAtOnce ? record.failures : record.failures + 1;
  const falls = !wasFailed && (countsAtOnce || failures === rules.unhealthyThreshold);
  const events: CheckEvent[] = [];
  if (falls) events.push({ kind: "eject_unhealthy_event", failure, status });
  if (isFirst || rules.logsEveryFailure) {
    events.push({ kind: "health_check_failure_event", failure, isFirst, status });
  }
  const isFailed = wasFailed || falls;
  const flags = {
    ...record.flags,
    failed_active_hc: isFailed,
    active_hc_timeout: isFailed && failure === "NETWORK_TIMEOUT",
    excluded_via_immediate_hc_fail: record.flags.excluded_via_immediate_hc_fail || isImmediate,
  };
  return {
    record: { flags, isFirst: false, passes: 0, failures },
    transition: falls ? "changed" : wasFailed ? "unchanged" : "pending",
    events,
  };
}
