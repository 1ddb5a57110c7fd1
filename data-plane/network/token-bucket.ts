/** How many tokens there may be, and how they come back. */
export interface TokenBucketConfig {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/**
 * `envoy.type.v3.TokenBucket` as Envoy's local rate limits run it: full at first, and filled little by little rather than once an
 * interval.
 */
export class TokenBucket {
  readonly #maxTokens: number;
  readonly #tokensPerMs: number;
  #tokens: number;
  #countedAtMs: number;

  /** `nowMs`: of a monotonic clock, as in `take`. */
  constructor({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketConfig, nowMs: number) {
    this.#maxTokens = maxTokens;
    this.#tokensPerMs = tokensPerFill / fillIntervalMs;
    this.#tokens = maxTokens;
    this.#countedAtMs = nowMs;
  }

  /** Takes a token; false when there is none. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** How many could be taken now. */
  remaining(nowMs: number): number {
    this.#fill(nowMs);
    return Math.floor(this.#tokens);
  }

  /** When there will be one; 0 when there is. */
  untilNextMs(nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, (1 - this.#tokens) / this.#tokensPerMs);
  }

  #fill(nowMs: number): void {
    const grown = this.#tokens + (nowMs - this.#countedAtMs) * this.#tokensPerMs;
    this.#countedAtMs = nowMs;
    this.#tokens = Math.min(this.#maxTokens, grown);
  }
}
