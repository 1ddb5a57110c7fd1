import type { HostSet, LocalityHosts } from "../host-set.ts";
import type { Availability } from "./priority-load.ts";

/**
 * What a locality weighs against the others of its priority: its configured weight, less where too few of its hosts are fit
 * (overprovisioned as priorities are).
 */
function effectiveLocalityWeight(
  locality: LocalityHosts,
  availability: Availability,
  overprovisioningFactor: number,
): number {
  const counted = locality.hosts.length - locality.excluded.length;
  if (counted === 0) return 0;
  const share = locality[availability].length / counted;
  return locality.weight * Math.min(1, (overprovisioningFactor / 100) * share);
}

/** The localities of a priority that can take load, with what they weigh. */
export function weightedLocalities(
  set: HostSet,
  availability: Availability,
): readonly { readonly index: number; readonly weight: number }[] {
  return set.localities.flatMap((locality, index) => {
    const weight = effectiveLocalityWeight(locality, availability, set.overprovisioningFactor);
    return weight > 0 ? [{ index, weight }] : [];
  });
}
