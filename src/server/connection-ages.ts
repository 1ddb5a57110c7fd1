import { sessionBeneath } from "./beneath-call.ts";

/** grpc-js ends a connection up to this share earlier than its maximum age, so that they never all go at once. */
const jitter = 0.1;

/** Since when the connections of calls are there, to tell those that end for their age from clients that go away. */
export class ConnectionAges {
  readonly #maxAgeMs: number | undefined;
  readonly #since = new WeakMap<object, number>();

  /** `maxAgeMs` is absent where connections may grow as old as they like. */
  constructor(maxAgeMs: number | undefined) {
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * When the first call of this call's connection was made, which is when gRPC's clients connect; times are monotonic. The
   * call must be open.
   */
  since(call: object, nowMs: number): number {
    const session = this.#maxAgeMs === undefined ? undefined : sessionBeneath(call);
    if (!session) return nowMs;
    const sinceMs = this.#since.get(session) ?? nowMs;
    this.#since.set(session, sinceMs);
    return sinceMs;
  }

  /** True when a connection of this time ends now because it has come to its age. */
  isOfAge(sinceMs: number, nowMs: number): boolean {
    return this.#maxAgeMs !== undefined && nowMs - sinceMs >= this.#maxAgeMs * (1 - jitter);
  }
}
