import type { HostCriteria } from "../../network/upstream.ts";
import type { LoadBalancingConfig } from "../../resources/load-balancing/load-balancing-config.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";
import { EdfScheduler } from "./edf-scheduler.ts";
import type { LbCounters, LoadBalancer } from "./load-balancer.ts";
import { chooseWanted } from "./load-balancer.ts";
import { weightedLocalities } from "./locality-weights.ts";
import type { Picker, PickerOf, Turn } from "./picker.ts";
import type { Availability, PriorityLoad } from "./priority-load.ts";
import { choosePriority, priorityLoad } from "./priority-load.ts";

export interface PriorityBalancerOptions {
  readonly config: Omit<LoadBalancingConfig, "policy">;
  readonly pickerOf: PickerOf;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly counters: LbCounters;
}

/** The pickers of one priority. */
interface PriorityPickers {
  readonly all: Picker;
  readonly healthy: Picker;
  readonly degraded: Picker;
}

/**
 * Load balancing in steps, for policies that do not hash: first the priority, by its share of the load; then, where localities are
 * weighted, the locality; then the host, by the policy.
 */
export class PriorityBalancer implements LoadBalancer {
  readonly #options: PriorityBalancerOptions;
  readonly #turns = new Map<string, Turn>();
  #load: PriorityLoad = { healthy: [], degraded: [], isInPanic: [] };
  #pickers: readonly PriorityPickers[] = [];

  constructor(options: PriorityBalancerOptions) {
    this.#options = options;
  }

  update(sets: readonly HostSet[]): void {
    this.#load = priorityLoad(sets, this.#options.config.panicPercent);
    this.#pickers = sets.map((set) => ({
      all: this.#picker(set.hosts, `${set.priority} all`),
      healthy: this.#fitPicker(set, "healthy"),
      degraded: this.#fitPicker(set, "degraded"),
    }));
  }

  choose(criteria: HostCriteria): ClusterHost | undefined {
    return chooseWanted(criteria, () => this.#chooseOnce());
  }

  #chooseOnce(): ClusterHost | undefined {
    const { config, counters, random } = this.#options;
    if (this.#pickers.length === 0) return undefined;
    // With one priority there is nothing to draw lots for.
    const { priority, availability } = choosePriority(
      this.#load.healthy[0] === 100 ? 0 : Math.floor(random() * 100),
      this.#load,
    );
    const pickers = this.#pickers[priority]!;
    if (!this.#load.isInPanic[priority]) return pickers[availability]();
    counters.lb_healthy_panic += 1;
    return config.failsTrafficOnPanic ? undefined : pickers.all();
  }

  /** Healthy or degraded hosts of a priority, by locality where the cluster asks for it and weights are given. */
  #fitPicker(set: HostSet, availability: Availability): Picker {
    const source = `${set.priority} ${availability}`;
    const localities = this.#options.config.weighsLocalities ? weightedLocalities(set, availability) : [];
    if (localities.length === 0) return this.#picker(set[availability], source);
    const { start } = this.#turn(source);
    const scheduler = new EdfScheduler(localities, ({ weight }) => weight, start);
    const pickers = set.localities.map((locality, index) =>
      this.#picker(locality[availability], `${source} ${index}`),
    );
    return () => pickers[scheduler.pick()?.index ?? 0]?.();
  }

  /** Made at first use: of all sources of hosts, few are used at a time. */
  #picker(hosts: readonly ClusterHost[], source: string): Picker {
    if (hosts.length < 2) return () => hosts[0];
    let picker: Picker | undefined;
    return () => (picker ??= this.#options.pickerOf(hosts, this.#turn(source)))();
  }

  #turn(source: string): Turn {
    let turn = this.#turns.get(source);
    if (!turn) {
      const start = this.#options.random();
      turn = { start, next: Math.floor(start * 1_000_000) };
      this.#turns.set(source, turn);
    }
    return turn;
  }
}
