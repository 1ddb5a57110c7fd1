/** The resources of one type on one stream that have one TTL: clients drop them unless they hear of them in time. */
interface Beat {
  readonly ttlMs: number;
  /** When the client was told of them last; its timers began to run no earlier. */
  readonly toldAtMs: number;
  /** When it is to be told again. */
  readonly dueAtMs: number;
}

/** One for each TTL. */
export type Beats = readonly Beat[];

export const noBeats: Beats = [];

export interface BeatTime {
  /** Monotonic. */
  readonly nowMs: number;
  /** 0 to 1, other on every stream, so that those which began together do not beat together (XDS-111). */
  readonly phase: number;
}

/** How often a client is told: two may be lost before a resource is (XDS-111). */
const beatsPerTtl = 3;

/**
 * The beats of a client that now holds resources of these TTLs. One that says it holds them from an earlier stream is
 * told at once (`isReturning`): its timers run since then.
 */
export function followTtls(
  before: Beats,
  ttls: Iterable<number>,
  { nowMs, phase }: BeatTime,
  isReturning: boolean,
): Beats {
  const beats = Array.from(ttls, (ttlMs) => {
    const waitMs = isReturning ? 0 : ((ttlMs / beatsPerTtl) * (1 + phase)) / 2;
    return before.find((beat) => beat.ttlMs === ttlMs) ?? { ttlMs, toldAtMs: nowMs, dueAtMs: nowMs + waitMs };
  });
  return beats.length === 0 ? noBeats : beats;
}

/** The first beat that is due. */
export function dueBeat(beats: Beats, nowMs: number): Beat | undefined {
  return beats.find(({ dueAtMs }) => dueAtMs <= nowMs);
}

/** True when the client may have dropped what the beat is for: it has to be sent in full (XDS-112). */
export function isLate({ ttlMs, toldAtMs }: Beat, nowMs: number): boolean {
  return nowMs - toldAtMs >= ttlMs;
}

/** The client is told now. */
export function afterBeat(beats: Beats, beat: Beat, nowMs: number): Beats {
  const { ttlMs } = beat;
  return beats.map((one) =>
    one === beat ? { ttlMs, toldAtMs: nowMs, dueAtMs: nowMs + ttlMs / beatsPerTtl } : one,
  );
}

/** When the next beat is due; undefined when nothing has a TTL. */
export function nextBeatAtMs(beats: Beats): number | undefined {
  return beats.length === 0 ? undefined : Math.min(...beats.map(({ dueAtMs }) => dueAtMs));
}
