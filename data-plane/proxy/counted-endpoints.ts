import type { Clock } from "../../src/base/clock.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { FetchEnd, ResourceConsumer, Update, Verdict } from "../xds-client/update.ts";
import { SubscriptionCounters } from "./subscription-counters.ts";

/** What happens to the endpoints of one stream, counted for each cluster that they are for: `cluster.<name>.update_…` (XC-56). */
export class CountedEndpoints implements ResourceConsumer {
  readonly #apply: (update: Update) => Promise<Verdict>;
  readonly #fetchEnded: ResourceConsumer["fetchEnded"];
  readonly #stats: StatsStore;
  readonly #clock: Clock;
  readonly #byName = new Map<string, Set<SubscriptionCounters>>();

  constructor(
    {
      apply,
      fetchEnded,
    }: { readonly apply: (update: Update) => Promise<Verdict> } & Pick<ResourceConsumer, "fetchEnded">,
    stats: StatsStore,
    clock: Clock,
  ) {
    this.#apply = apply;
    this.#fetchEnded = fetchEnded;
    this.#stats = stats;
    this.#clock = clock;
  }

  /** Counts for a cluster what happens to a name, until the function that is given is called. */
  count(name: string, cluster: string): () => void {
    const counters = new SubscriptionCounters(this.#stats, `cluster.${cluster}`);
    const all = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, all.add(counters));
    return () => {
      all.delete(counters);
      if (all.size === 0 && this.#byName.get(name) === all) this.#byName.delete(name);
    };
  }

  async apply(update: Update): Promise<Verdict> {
    const beganAtMs = this.#clock.monotonic();
    const verdict = await this.#apply(update);
    const { version } = update;
    const durationMs = this.#clock.monotonic() - beganAtMs;
    const applied = { version, atMs: this.#clock.now(), durationMs };
    const refused = new Set(verdict.refused.map(({ name }) => name));
    const taken = [...update.resources.keys(), ...update.removed].filter((name) => !refused.has(name));
    for (const counters of this.#of(taken)) counters.success(applied);
    if (refused.size > 0) this.#rejectAll();
    return verdict;
  }

  fetchEnded(names: readonly string[], end: FetchEnd): void {
    if (end === "refused") this.#rejectAll();
    if (end === "absent") for (const counters of this.#of(names)) counters.rejection();
    if (end === "timeout") for (const counters of this.#of(names)) counters.timeout();
    this.#fetchEnded(names, end);
  }

  streamFailed(): void {
    for (const counters of this.#of(this.#byName.keys())) counters.failure();
  }

  /** XC-27: a refusal is counted on every subscription of the type. */
  #rejectAll(): void {
    for (const counters of this.#of(this.#byName.keys())) counters.rejection();
  }

  #of(names: Iterable<string>): SubscriptionCounters[] {
    return Array.from(names).flatMap((name) => [...(this.#byName.get(name) ?? [])]);
  }
}
