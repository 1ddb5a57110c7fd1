import type { HostCriteria } from "../../network/upstream.ts";
import type { LoadBalancingConfig } from "../../resources/load-balancing/load-balancing-config.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";
import type { HostShare } from "./host-weights.ts";
import { hostShares } from "./host-weights.ts";
import type { LbCounters, LoadBalancer } from "./load-balancer.ts";
import { chooseWanted } from "./load-balancer.ts";
import type { PriorityLoad } from "./priority-load.ts";
import { choosePriority, priorityLoad } from "./priority-load.ts";

/** The host for a hash of 64 bits. `choice` counts tries for one request from 0: later ones may give another host. */
export type HashTable = (hash: bigint, choice: number) => ClusterHost | undefined;

export interface HashBalancerOptions {
  readonly config: Omit<LoadBalancingConfig, "policy">;
  readonly tableOf: (shares: readonly HostShare[]) => HashTable;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly counters: LbCounters;
}

/** Load balancing by a hash: it tells the priority and, in a table that hosts and weights determine, the host. */
export class HashBalancer implements LoadBalancer {
  readonly #options: HashBalancerOptions;
  #load: PriorityLoad = { healthy: [], degraded: [], isInPanic: [] };
  #tables: readonly HashTable[] = [];

  constructor(options: HashBalancerOptions) {
    this.#options = options;
  }

  update(sets: readonly HostSet[]): void {
    const { config, tableOf } = this.#options;
    this.#load = priorityLoad(sets, config.panicPercent);
    this.#tables = sets.map((set) =>
      tableOf(hostShares(set, this.#load.isInPanic[set.priority]!, config.weighsLocalities)),
    );
  }

  choose(criteria: HostCriteria): ClusterHost | undefined {
    if (this.#tables.length === 0) return undefined;
    const hash = criteria.hash ?? this.#randomHash();
    const { priority } = choosePriority(Number(hash % 100n), this.#load);
    if (this.#load.isInPanic[priority]) this.#options.counters.lb_healthy_panic += 1;
    const table = this.#tables[priority]!;
    return chooseWanted(criteria, (choice) => table(hash, choice));
  }

  #randomHash(): bigint {
    const { random } = this.#options;
    const half = () => BigInt(Math.floor(random() * 0x1_0000_0000));
    return (half() << 32n) | half();
  }
}
