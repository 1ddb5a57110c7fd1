/** The wrapper and duration messages as they stand in a decoded message. */
interface DurationMessage {
  readonly seconds?: unknown;
  readonly nanos?: unknown;
}

/** Milliseconds of a google.protobuf.Duration, cut below the millisecond; `fallback` when it is not set. */
export function durationMs(duration: DurationMessage | null | undefined, fallback: number): number {
  if (!duration) return fallback;
  return Math.trunc(Number(duration.seconds ?? 0) * 1000 + Number(duration.nanos ?? 0) / 1e6);
}

/** The value inside a wrapper message; an empty wrapper is `zero`, an absent one `fallback`. */
export function wrapped<Value>(
  wrapper: { readonly value?: Value } | null | undefined,
  zero: Value,
  fallback: Value,
): Value {
  return wrapper ? (wrapper.value ?? zero) : fallback;
}
