import type { RequestRetries } from "../network/http-stream.ts";
import type { Thresholds } from "../resources/circuit-breakers.ts";
import type { Gauge, StatsStore } from "../stats/stats-store.ts";
import { Tally } from "../stats/tally.ts";
import type { ClusterStats } from "./cluster-stats.ts";

/** How many retries of a cluster are under way, and how many may be. */
export class RetryBooks implements RequestRetries {
  readonly counters: RequestRetries["counters"];
  readonly #limits: Thresholds;
  readonly #stats: ClusterStats;
  readonly #responses: Tally;
  readonly #gauges: { readonly open: Gauge; readonly remaining: Gauge | undefined };
  #active = 0;

  constructor(
    limits: Thresholds,
    stats: ClusterStats,
    gauges: { readonly open: Gauge; readonly remaining: Gauge | undefined },
    store: StatsStore,
    scope: string,
  ) {
    this.#gauges = gauges;
    this.counters = stats.counters;
    this.#limits = limits;
    this.#stats = stats;
    this.#responses = new Tally(store, `${scope}.retry`);
    gauges.remaining?.set(this.#most);
  }

  take(): boolean {
    if (this.#active >= this.#most) return false;
    this.#change(1);
    return true;
  }

  give(): void {
    this.#change(-1);
  }

  countResponse(status: number): void {
    this.#responses.add("upstream_rq_completed");
    this.#responses.add(`upstream_rq_${status}`);
    this.#responses.add(`upstream_rq_${Math.trunc(status / 100)}xx`);
  }

  get #most(): number {
    const { maxRetries, retryBudget: budget } = this.#limits;
    if (!budget) return maxRetries;
    const { upstream_rq_active: active, upstream_rq_pending_active: pending } = this.#stats.gauges;
    const share = Math.trunc(((active.value + pending.value) * budget.percent) / 100);
    return Math.max(budget.minRetries, share);
  }

  #change(difference: 1 | -1): void {
    this.#active += difference;
    this.#gauges.open.set(this.#active >= this.#most ? 1 : 0);
    this.#gauges.remaining?.set(Math.max(0, this.#most - this.#active));
  }
}
