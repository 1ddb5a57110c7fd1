/** How many requests a stream may make (a token bucket). */
export interface RateLimit {
  readonly perSecond: number;
  /** At once, after a quiet time. */
  readonly burst: number;
}

/** What a stream has left. */
export interface RateState {
  readonly left: number;
  readonly atMs: number;
}

/** The state after a request at `nowMs`, on a monotonic clock, or undefined when the request is one too many. */
export function takeRequest(
  { perSecond, burst }: RateLimit,
  state: RateState | undefined,
  nowMs: number,
): RateState | undefined {
  const { left, atMs } = state ?? { left: burst, atMs: nowMs };
  const filled = Math.min(burst, left + ((nowMs - atMs) / 1000) * perSecond);
  return filled < 1 ? undefined : { left: filled - 1, atMs: nowMs };
}
