/** A remote that came back is found within this. */
const longestMs = 5 * 60_000;
const firstMs = 1000;

/**
 * How long to wait before a remote that failed `failures` times in a row is asked again: 1 s, doubled each time up to 5 minutes, less
 * a random part of up to half, so that replicas do not come back all at once. `random` is in [0, 1).
 */
export function retryDelayMs(failures: number, random: number): number {
  const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return ceilingMs * (1 - random / 2);
}
