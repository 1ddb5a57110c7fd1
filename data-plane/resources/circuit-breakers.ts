import type { Cluster } from "../../src/schema/api.ts";
import type { RoutePriority } from "../network/upstream.ts";
import type { SupportTable } from "./support.ts";
import { wrapped } from "./values.ts";

/** The largest number of 64 bits, as Envoy has it where there is no limit. */
const UNLIMITED = 2 ** 64;

/** `CircuitBreakers.Thresholds` of one priority. */
export interface Thresholds {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
  /** No limit when unset. */
  readonly maxConnectionPools: number;
  /** Instead of `maxRetries`: a share of the requests that are active or wait, and never fewer than so many. */
  readonly retryBudget?: { readonly percent: number; readonly minRetries: number };
  /** Gauges tell what is left of each limit. */
  readonly isRemainingTracked: boolean;
}

/** The field of a cluster. Limits for each host are not there. */
export const circuitBreakersSupport: SupportTable = {
  thresholds: {
    priority: true,
    max_connections: true,
    max_pending_requests: true,
    max_requests: true,
    max_retries: true,
    max_connection_pools: true,
    track_remaining: true,
    retry_budget: { budget_percent: { value: true }, min_retry_concurrency: true },
  },
};

/** The limits of both priorities: 1024 connections, pending requests and requests, 3 retries where nothing else is said. */
export function parseThresholds(cluster: Cluster): Readonly<Record<RoutePriority, Thresholds>> {
  const thresholds = cluster.circuit_breakers?.thresholds ?? [];
  const of = (priority: string): Thresholds => {
    const found = thresholds.find((threshold) => (threshold.priority ?? "DEFAULT") === priority);
    const budget = found?.retry_budget;
    return {
      maxConnections: wrapped(found?.max_connections, 0, 1024),
      maxPendingRequests: wrapped(found?.max_pending_requests, 0, 1024),
      maxRequests: wrapped(found?.max_requests, 0, 1024),
      maxRetries: wrapped(found?.max_retries, 0, 3),
      maxConnectionPools: wrapped(found?.max_connection_pools, 0, UNLIMITED),
      ...(budget && {
        retryBudget: {
          percent: budget.budget_percent ? (budget.budget_percent.value ?? 0) : 20,
          minRetries: wrapped(budget.min_retry_concurrency, 0, 3),
        },
      }),
      isRemainingTracked: found?.track_remaining ?? false,
    };
  };
  return { default: of("DEFAULT"), high: of("HIGH") };
}
