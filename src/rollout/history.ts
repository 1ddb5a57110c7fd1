import type { RolloutRecord, RolloutState } from "./state.ts";

/** How much is remembered of what is over. */
export interface HistoryLimits {
  readonly maxAgeMs: number;
  readonly maxCount: number;
  /** Revisions that were good and stay to be gone back to, what is served among them. */
  readonly revisions: number;
}

export const historyLimitsByDefault: HistoryLimits = {
  maxAgeMs: 90 * 24 * 3_600_000,
  maxCount: 200,
  revisions: 10,
};

/**
 * What stays of the history, oldest first. The last record of a revision that is served or quarantined stays whatever the limits:
 * people are told why by it. `atMs` is wall clock.
 */
export function keepHistory(
  records: readonly RolloutRecord[],
  { serving, quarantine }: Pick<RolloutState, "serving" | "quarantine">,
  { maxAgeMs, maxCount }: HistoryLimits,
  atMs: number,
): readonly RolloutRecord[] {
  const inUse = new Set([serving?.stable.id, serving?.candidate?.revision.id, ...quarantine.keys()]);
  const kept: RolloutRecord[] = [];
  const told = new Set<string>();
  for (const [index, record] of [...records.entries()].toReversed()) {
    const { revisionId, endedAtMs } = record;
    const isRecent = records.length - index <= maxCount && atMs - endedAtMs <= maxAgeMs;
    if (isRecent || (inUse.has(revisionId) && !told.has(revisionId))) kept.push(record);
    told.add(revisionId);
  }
  return kept.toReversed();
}

/** Ids of the revisions that were good and stay to be gone back to, the newest first. */
export function revisionsToGoBackTo(
  records: readonly RolloutRecord[],
  { revisions }: HistoryLimits,
): readonly string[] {
  const good = records.filter(({ result }) => result === "completed").map(({ revisionId }) => revisionId);
  return [...new Set(good.toReversed())].slice(0, revisions);
}
