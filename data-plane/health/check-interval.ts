import type { Transition } from "./check-verdict.ts";

/** How long the pauses between checks are, in milliseconds: the fields of `envoy.config.core.v3.HealthCheck`, defaults filled in. */
export interface CheckIntervals {
  readonly intervalMs: number;
  readonly unhealthyMs: number;
  readonly unhealthyEdgeMs: number;
  readonly healthyEdgeMs: number;
  /** While the cluster has never had a connection. */
  readonly noTrafficMs: number;
  readonly noTrafficHealthyMs: number;
  readonly jitterMs: number;
  /** Of the pause. */
  readonly jitterPercent: number;
  /** Runtime `health_check.min_interval` and `max_interval`. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** What the pause depends on. */
export interface CheckSituation {
  readonly hasPassed: boolean;
  readonly transition: Transition;
  /** The cluster has had a connection for a downstream. */
  readonly hasTraffic: boolean;
}

/** The pause before the next check of a host, jitter included; never 0. `random` gives numbers in [0, 1). */
export function pauseMs(intervals: CheckIntervals, situation: CheckSituation, random: () => number): number {
  return withJitter(intervals, basePause(intervals, situation), intervals.jitterMs, random);
}

/** The pause before the first check of a host that has an `initial_jitter`. */
export function initialPauseMs(
  intervals: CheckIntervals,
  initialJitterMs: number,
  random: () => number,
): number {
  return withJitter(intervals, 0, initialJitterMs, random);
}

function basePause(intervals: CheckIntervals, { hasPassed, transition, hasTraffic }: CheckSituation): number {
  const isEdge = transition === "pending";
  if (!hasTraffic) return hasPassed && !isEdge ? intervals.noTrafficHealthyMs : intervals.noTrafficMs;
  if (hasPassed) return isEdge ? intervals.healthyEdgeMs : intervals.intervalMs;
  return isEdge ? intervals.unhealthyEdgeMs : intervals.unhealthyMs;
}

function withJitter(
  intervals: CheckIntervals,
  baseMs: number,
  jitterMs: number,
  random: () => number,
): number {
  const share = Math.trunc((intervals.jitterPercent * baseMs) / 100);
  const jittered =
    baseMs +
    (share > 0 ? Math.floor(random() * share) : 0) +
    (jitterMs > 0 ? Math.floor(random() * jitterMs) : 0);
  return Math.max(1, intervals.leastMs, Math.min(jittered, intervals.mostMs));
}
