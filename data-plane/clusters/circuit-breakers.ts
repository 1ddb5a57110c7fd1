import type { RequestRetries } from "../network/http-stream.ts";
import type { RoutePriority } from "../network/upstream.ts";
import type { Thresholds } from "../resources/circuit-breakers.ts";
import type { Gauge, StatsStore } from "../stats/stats-store.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import { RetryBooks } from "./retry-books.ts";

/** One number that a circuit breaker limits. */
export class BreakerLimit {
  readonly #max: number;
  /** 1 while nothing more may be taken. */
  readonly #open: Gauge;
  /** What may still be taken, where it is tracked. */
  readonly #remaining: Gauge | undefined;
  #used = 0;

  constructor(max: number, open: Gauge, remaining: Gauge | undefined) {
    this.#max = max;
    this.#open = open;
    this.#remaining = remaining;
    this.#showRemaining();
  }

  get isFull(): boolean {
    return this.#used >= this.#max;
  }

  /** Takes one more, whether it is full or not: whoever asks decides. */
  take(): void {
    this.#change(1);
  }

  give(): void {
    this.#change(-1);
  }

  #change(difference: 1 | -1): void {
    this.#used += difference;
    const open = this.isFull ? 1 : 0;
    if (this.#open.value !== open) this.#open.set(open);
    this.#showRemaining();
  }

  #showRemaining(): void {
    if (this.#max <= Number.MAX_SAFE_INTEGER) this.#remaining?.set(Math.max(0, this.#max - this.#used));
    // Envoy's "no limit" is the largest number of 64 bits.
    else this.#remaining?.setExact((1n << 64n) - 1n - BigInt(this.#used));
  }
}

/** The circuit breakers of a cluster for requests of one priority. */
export interface CircuitBreakers {
  readonly connections: BreakerLimit;
  readonly pending: BreakerLimit;
  readonly requests: BreakerLimit;
  readonly pools: BreakerLimit;
  readonly retries: RequestRetries;
}

export type PriorityBreakers = Readonly<Record<RoutePriority, CircuitBreakers>>;

/** The breakers of a cluster, with their gauges under `circuit_breakers.<priority>.`. `scope` is that of the cluster. */
export function circuitBreakers(
  thresholds: Readonly<Record<RoutePriority, Thresholds>>,
  stats: ClusterStats,
  store: StatsStore,
  scope: string,
): PriorityBreakers {
  const of = (priority: RoutePriority): CircuitBreakers => {
    const limits = thresholds[priority];
    const prefix = `${scope}.circuit_breakers.${priority}`;
    const open = store.gauges(prefix, openNames);
    const remaining = limits.isRemainingTracked ? store.gauges(prefix, remainingNames) : undefined;
    const retryGauges = { open: open.rq_retry_open, remaining: remaining?.remaining_retries };
    return {
      connections: new BreakerLimit(limits.maxConnections, open.cx_open, remaining?.remaining_cx),
      pending: new BreakerLimit(
        limits.maxPendingRequests,
        open.rq_pending_open,
        remaining?.remaining_pending,
      ),
      requests: new BreakerLimit(limits.maxRequests, open.rq_open, remaining?.remaining_rq),
      pools: new BreakerLimit(limits.maxConnectionPools, open.cx_pool_open, remaining?.remaining_cx_pools),
      retries: new RetryBooks(limits, stats, retryGauges, store, scope),
    };
  };
  return { default: of("default"), high: of("high") };
}

const openNames = ["cx_open", "cx_pool_open", "rq_open", "rq_pending_open", "rq_retry_open"] as const;
const remainingNames = [
  "remaining_cx",
  "remaining_cx_pools",
  "remaining_pending",
  "remaining_retries",
  "remaining_rq",
] as const;
