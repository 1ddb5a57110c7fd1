/** Steps of a jittered exponential backoff, in milliseconds. */
export interface BackoffPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** What Envoy waits between the attempts of an xDS stream (XC-17). */
export const defaultBackoff: BackoffPolicy = { baseMs: 500, maxMs: 30_000 };

/**
 * How long to wait after the `failures`-th failed attempt in a row (from 1): a random time between 0 and the step,
 * the step starting at `baseMs` and doubling up to `maxMs`. `random` is in [0, 1).
 */
export function backoffMs({ baseMs, maxMs }: BackoffPolicy, failures: number, random: number): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 52));
  return Math.floor(random * step);
}
