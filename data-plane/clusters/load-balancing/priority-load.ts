import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet } from "../host-set.ts";

/** Which hosts of a priority a pick is for. */
export type Availability = "healthy" | "degraded";

/**
 * How the load is spread over priorities: percentages by priority, all of `healthy` and `degraded` together 100. A priority in panic
 * uses its hosts whatever their health.
 */
export interface PriorityLoad {
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  readonly isInPanic: readonly boolean[];
}

/**
 * Envoy's priority levels: each takes load up to its availability, which is the share of its hosts that are fit times the overprovisioning
 * factor; what it cannot take spills to the next. `panicPercent` is `healthy_panic_threshold`; 0 switches panic off.
 */
export function priorityLoad(sets: readonly HostSet[], panicPercent: number): PriorityLoad {
  const healthy = sets.map((set) => availability(set, set.healthy));
  const degraded = sets.map((set) => availability(set, set.degraded));
  const total = Math.min(100, sum(healthy) + sum(degraded));
  const zeros = sets.map(() => 0);
  const calm = sets.map(() => false);
  if (total === 0 && panicPercent === 0)
    return { healthy: allToFirst(sets), degraded: zeros, isInPanic: calm };
  const isInPanic = total === 100 ? calm : sets.map((set) => isFewerFit(set, panicPercent));
  if (isInPanic.every(Boolean)) return { healthy: loadBySize(sets), degraded: zeros, isInPanic };
  return { ...spread(healthy, degraded, total), isInPanic };
}

/** Which priority serves, by a number from 0 to 99. */
export function choosePriority(
  percent: number,
  load: PriorityLoad,
): { readonly priority: number; readonly availability: Availability } {
  let left = percent;
  for (const availability of ["healthy", "degraded"] as const) {
    const shares = load[availability];
    for (let priority = 0; priority < shares.length; priority += 1) {
      left -= shares[priority]!;
      if (left < 0) return { priority, availability };
    }
  }
  throw new RangeError(`the shares of the priorities do not reach ${percent + 1} percent`);
}

/** 0 to 100: the share of those hosts that count which are fit, overprovisioned. */
function availability(set: HostSet, fit: readonly ClusterHost[]): number {
  const weigh = set.weighsPriorityHealth ? weightOf : (hosts: readonly ClusterHost[]) => hosts.length;
  const counted = weigh(set.hosts) - weigh(set.excluded);
  if (set.hosts.length === set.excluded.length) return 0;
  return Math.min(100, Math.floor((set.overprovisioningFactor * weigh(fit)) / counted));
}

function spread(
  healthy: readonly number[],
  degraded: readonly number[],
  total: number,
): { healthy: readonly number[]; degraded: readonly number[] } {
  let left = 100;
  const take = (share: number) => {
    const load = Math.min(left, Math.floor((share * 100) / total));
    left -= load;
    return load;
  };
  const healthyLoad = healthy.map(take);
  const degradedLoad = degraded.map(take);
  // What rounding left over goes to the first that can take any.
  const first = healthy.findIndex((share) => share > 0);
  if (first >= 0) healthyLoad[first]! += left;
  else degradedLoad[degraded.findIndex((share) => share > 0)]! += left;
  return { healthy: healthyLoad, degraded: degradedLoad };
}

/** Every priority is in panic: load goes by the number of hosts. */
function loadBySize(sets: readonly HostSet[]): number[] {
  const total = sum(sets.map((set) => set.hosts.length));
  if (total === 0) return allToFirst(sets);
  const load = sets.map((set) => Math.floor((100 * set.hosts.length) / total));
  load[sets.findIndex((set) => set.hosts.length > 0)]! += 100 - sum(load);
  return load;
}

function isFewerFit(set: HostSet, panicPercent: number): boolean {
  const counted = set.hosts.length - set.excluded.length;
  const fit = set.healthy.length + set.degraded.length;
  return (counted === 0 ? 0 : (100 * fit) / counted) < panicPercent;
}

function allToFirst(sets: readonly HostSet[]): number[] {
  return sets.map((_set, priority) => (priority === 0 ? 100 : 0));
}

function weightOf(hosts: readonly ClusterHost[]): number {
  return hosts.reduce((total, host) => total + host.weight, 0);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
