/**
 * What a change does to traffic, the gentlest first:
 * - `none`: nothing that a client could notice;
 * - `in-place`: the next request, or the next connection, is treated otherwise; connections stay;
 * - `new-connections`: connections that stand go on as they are, new ones are treated otherwise;
 * - `endpoints-drained`: connections to endpoints that are gone finish their requests and close;
 * - `cluster-re-warmed`: the cluster is built anew; its connections to upstreams finish their requests and close;
 * - `routes-removed`: connections stay, and requests that only what is gone had routes for fail;
 * - `cluster-removed`: as `cluster-re-warmed`, and requests that are still sent there fail;
 * - `filter-chain-drained`: connections on changed filter chains are asked to close, and cut after the drain time;
 * - `listener-drained`: all connections of the listener are;
 * - `re-bound`: so they are, and it listens on another socket;
 * - `listener-removed`: so they are, and nobody listens any more;
 * - `refused`: Envoy does not take the change.
 */
export const effectKinds = [
  "none",
  "in-place",
  "new-connections",
  "endpoints-drained",
  "cluster-re-warmed",
  "routes-removed",
  "cluster-removed",
  "filter-chain-drained",
  "listener-drained",
  "re-bound",
  "listener-removed",
  "refused",
] as const;

export type EffectKind = (typeof effectKinds)[number];

/** What one change of one resource does. */
export interface Effect {
  readonly kind: EffectKind;
  /** One sentence: which of Envoy's rules makes it so. */
  readonly reason: string;
  /** The fields, filter chains or endpoints that it is due to; empty when it is the resource as a whole. */
  readonly fields: readonly string[];
}

/** How hard a kind is on connections: higher is worse. */
export function severityOf(kind: EffectKind): number {
  return effectKinds.indexOf(kind);
}
