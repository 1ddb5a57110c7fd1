import type { MetadataValue } from "../../network/connection-info.ts";
import { metadataKey } from "../../network/metadata-match.ts";
import type { SubsetConfig } from "../../resources/load-balancing/subset-config.ts";
import type { ClusterHost } from "../cluster-host.ts";
import type { HostSet, LocalityHosts } from "../host-set.ts";

type Fields = Readonly<Record<string, MetadataValue>>;
type Entry = readonly [string, MetadataValue];

/** The keys (see `MetadataMatch.key`) of the subsets that a host is in. */
export function subsetsOf(
  host: ClusterHost,
  { selectors, takesListAsAny }: SubsetConfig,
): ReadonlySet<string> {
  const fields = host.metadata.filter.get("envoy.lb");
  if (!fields) return new Set();
  const keys = selectors.flatMap((selector) => combinations(selector.keys, fields, takesListAsAny));
  return new Set(keys.map(metadataKey));
}

/** One list of entries for each combination of values; none when a key is missing. */
function combinations(keys: readonly string[], fields: Fields, takesListAsAny: boolean): readonly Entry[][] {
  let combined: Entry[][] = [[]];
  for (const key of keys) {
    const value = fields[key];
    if (value === undefined) return [];
    const values = takesListAsAny ? listOf(value) : [value];
    combined = combined.flatMap((entries) => values.map((one): Entry[] => [...entries, [key, one]]));
  }
  return combined;
}

/** True when the host has all of these fields, one of a list being enough where lists are taken so. */
export function hasFields(host: ClusterHost, wanted: Fields, takesListAsAny: boolean): boolean {
  const fields = host.metadata.filter.get("envoy.lb");
  return Object.entries(wanted).every(([name, value]) => {
    const found = fields?.[name];
    if (found === undefined) return false;
    const key = metadataKey([[name, value]]);
    return (takesListAsAny ? listOf(found) : [found]).some((one) => metadataKey([[name, one]]) === key);
  });
}

function listOf(value: MetadataValue): readonly MetadataValue[] {
  return isList(value) ? value : [value];
}

function isList(value: MetadataValue): value is readonly MetadataValue[] {
  return Array.isArray(value);
}

/**
 * The host sets of a subset: what is left of each priority and locality. Weights of localities stay as they are, shrink with the hosts that
 * are left, or fall away, as the cluster says.
 */
export function subsetSets(
  sets: readonly HostSet[],
  isMember: (host: ClusterHost) => boolean,
  config: Pick<SubsetConfig, "weighsLocalities" | "scalesLocalityWeight">,
): readonly HostSet[] {
  const weightOf = (locality: LocalityHosts, left: number): number =>
    config.scalesLocalityWeight
      ? Math.round((locality.weight * left) / locality.hosts.length)
      : locality.weight;
  return sets.map((set) => ({
    ...set,
    ...membersOf(set, isMember),
    // Without localities their weights cannot count.
    localities: (config.weighsLocalities ? set.localities : []).map((locality) => {
      const members = membersOf(locality, isMember);
      return { ...locality, ...members, weight: weightOf(locality, members.hosts.length) };
    }),
  }));
}

function membersOf(
  partition: Pick<HostSet, "hosts" | "healthy" | "degraded" | "excluded">,
  isMember: (host: ClusterHost) => boolean,
) {
  return {
    hosts: partition.hosts.filter(isMember),
    healthy: partition.healthy.filter(isMember),
    degraded: partition.degraded.filter(isMember),
    excluded: partition.excluded.filter(isMember),
  };
}
