import type { CheckIntervals } from "../resources/health-check.ts";
import type { Transition } from "./check-verdict.ts";

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
