import type {
  AssignmentPolicy,
  LocalityConfig,
  LocalityWeight,
} from "../resources/cluster-load-assignment.ts";
import type { ClusterHost } from "./cluster-host.ts";

/** Hosts, and which of them are fit for what, as it stood when the set was made. A host that is excluded may be healthy too. */
interface Partition {
  readonly hosts: readonly ClusterHost[];
  readonly healthy: readonly ClusterHost[];
  readonly degraded: readonly ClusterHost[];
  readonly excluded: readonly ClusterHost[];
}

/** The hosts of one locality in one priority. */
export interface LocalityHosts extends Partition {
  readonly locality: LocalityConfig;
  /** `load_balancing_weight` of the locality; 0 when unset, which takes it no load where localities are weighted. */
  readonly weight: number;
}

/** The hosts of one priority. Immutable: a change of hosts or of health makes a new one. */
export interface HostSet extends Partition {
  readonly priority: number;
  /** In the order of region, zone, sub-zone. */
  readonly localities: readonly LocalityHosts[];
  /** In percent: 140 takes full load as long as 1/1.4 of the hosts are healthy. */
  readonly overprovisioningFactor: number;
  /** Health counts by the weights of hosts instead of their number. */
  readonly weighsPriorityHealth: boolean;
}

/** What an assignment says of its hosts as a whole. */
export interface HostSetLayout {
  readonly policy: AssignmentPolicy;
  readonly localityWeights: readonly LocalityWeight[];
}

/** The host sets by priority, from 0 to the last that has a host: at least one, without gaps. */
export function hostSets(hosts: readonly ClusterHost[], layout: HostSetLayout): readonly HostSet[] {
  const byPriority: ClusterHost[][] = [[]];
  for (const host of hosts) {
    while (byPriority.length <= host.priority) byPriority.push([]);
    byPriority[host.priority]!.push(host);
  }
  return byPriority.map((inPriority, priority) => ({
    ...partition(inPriority),
    priority,
    localities: localitiesOf(inPriority, priority, layout.localityWeights),
    overprovisioningFactor: layout.policy.overprovisioningFactor,
    weighsPriorityHealth: layout.policy.weighsPriorityHealth,
  }));
}

function partition(hosts: readonly ClusterHost[]): Partition {
  const healthy: ClusterHost[] = [];
  const degraded: ClusterHost[] = [];
  const excluded: ClusterHost[] = [];
  for (const host of hosts) {
    const { health, isExcluded } = host.flags;
    if (isExcluded) excluded.push(host);
    if (health === "healthy") healthy.push(host);
    else if (health === "degraded") degraded.push(host);
  }
  // One list where all are healthy, as they mostly are.
  return { hosts, healthy: healthy.length === hosts.length ? hosts : healthy, degraded, excluded };
}

function localitiesOf(
  hosts: readonly ClusterHost[],
  priority: number,
  weights: readonly LocalityWeight[],
): readonly LocalityHosts[] {
  const byLocality = new Map<string, ClusterHost[]>();
  for (const host of hosts) {
    const key = localityKey(host.locality);
    const group = byLocality.get(key);
    if (group) group.push(host);
    else byLocality.set(key, [host]);
  }
  const sorted = [...byLocality].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([key, group]) => {
    // Of several weights for one locality the last holds, as in Envoy.
    const weight = weights.findLast(
      (entry) => entry.priority === priority && localityKey(entry.locality) === key,
    );
    return { ...partition(group), locality: group[0]!.locality, weight: weight?.weight ?? 0 };
  });
}

function localityKey({ region, zone, subZone }: LocalityConfig): string {
  return `${region}\0${zone}\0${subZone}`;
}
