import type { SubsetConfig } from "./subset-config.ts";

/** How a cluster spreads its load over its hosts. */
export interface LoadBalancingConfig {
  readonly policy: LbPolicy;
  /** `healthy_panic_threshold`, whole percent: with fewer fit hosts all are used. 50 when unset, 0 never. */
  readonly panicPercent: number;
  /** `locality_weighted_lb_config`: localities share the load of their priority by their weights. */
  readonly weighsLocalities: boolean;
  /** `fail_traffic_on_panic`: no host at all instead of all of them. */
  readonly failsTrafficOnPanic: boolean;
  readonly subsets: SubsetConfig | undefined;
}

/** How a host is chosen among those that may be used. */
export type LbPolicy =
  | { readonly kind: "round-robin" }
  | { readonly kind: "random" }
  | LeastRequestPolicy
  | RingHashPolicy
  | MaglevPolicy;

export interface LeastRequestPolicy {
  readonly kind: "least-request";
  /** Hosts drawn by lot, of which the one with the fewest requests is taken. 2 when unset. */
  readonly choiceCount: number;
  /** Where weights differ: how much running requests take from a weight; 1 when unset, 0 not at all. */
  readonly activeRequestBias: number;
  /** Compares all hosts, draws lots among the equal. */
  readonly scansAll: boolean;
}

/** What the two policies that hash have in common. */
interface Hashing {
  /** Hosts are placed by their name instead of their address; metadata `envoy.lb` `hash_key` wins over both. */
  readonly usesHostname: boolean;
}

export interface RingHashPolicy extends Hashing {
  readonly kind: "ring-hash";
  /** Entries; 1024 and 8 M when unset. */
  readonly minimumSize: number;
  readonly maximumSize: number;
  readonly hashFunction: "XX_HASH" | "MURMUR_HASH_2";
}

export interface MaglevPolicy extends Hashing {
  readonly kind: "maglev";
  /** A prime; 65537 when unset. */
  readonly tableSize: number;
}

/** Envoy's default of `healthy_panic_threshold`. */
export const DEFAULT_PANIC_PERCENT = 50;
