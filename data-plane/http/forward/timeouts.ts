import type { HeaderList } from "../../network/header-list.ts";

/** How long a request may take, as its route and its headers have it; 0: any time. */
export interface Timeouts {
  /** The whole of the answer, from the end of the request on, over all tries. */
  readonly answerMs: number;
  /** One try, from the end of the request on to the head of its answer. */
  readonly perTryMs: number;
  /** One try without any movement. */
  readonly perTryIdleMs: number;
  /** What a client is answered when the time is up. */
  readonly status: 504 | 204;
}

/**
 * The route's timeouts, unless headers of the request, which the router takes away, have others.
 */
export function timeoutsOf(headers: HeaderList, route: Timeouts): Timeouts {
  const answerMs = taken(headers, "x-envoy-upstream-rq-timeout-ms") ?? route.answerMs;
  const perTryMs = taken(headers, "x-envoy-upstream-rq-per-try-timeout-ms") ?? route.perTryMs;
  const isAlternative = headers.has("x-envoy-upstream-rq-timeout-alt-response");
  if (isAlternative) headers.remove("x-envoy-upstream-rq-timeout-alt-response");
  return withinWhole({
    answerMs,
    perTryMs,
    perTryIdleMs: route.perTryIdleMs,
    status: isAlternative ? 204 : 504,
  });
}

/** Without a timeout for one try that is no shorter than that of the whole. */
export function withinWhole(timeouts: Timeouts): Timeouts {
  const { answerMs, perTryMs } = timeouts;
  return answerMs > 0 && perTryMs >= answerMs ? { ...timeouts, perTryMs: 0 } : timeouts;
}

/** What an upstream is told that it has, `elapsedMs` after the request was whole; undefined when it has any time. */
export function expectedMs({ answerMs, perTryMs }: Timeouts, elapsedMs: number): number | undefined {
  const expected = perTryMs > 0 ? perTryMs : answerMs;
  if (expected === 0) return undefined;
  if (answerMs === 0) return expected;
  return elapsedMs >= answerMs ? 1 : Math.min(expected, answerMs - elapsedMs);
}

function taken(headers: HeaderList, name: string): number | undefined {
  const value = headers.get(name);
  if (value === undefined) return undefined;
  headers.remove(name);
  return /^\d+$/.test(value) ? Number(value) : undefined;
}
