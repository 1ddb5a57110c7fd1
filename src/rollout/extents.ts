import type { Stage } from "../config/rollout-policy.ts";
import type { Node } from "../snapshot/node.ts";
import { matchGroup, type Revision } from "../snapshot/revision.ts";
import { type Extent, placeOf, wholeShare } from "../snapshot/serving.ts";

/** The groups that become something else, by name: those of the candidate in its order, then those that it lacks. */
export function changedGroups(stable: Revision, candidate: Revision): readonly string[] {
  const names = [...new Set([...candidate.groups.keys(), ...stable.groups.keys()])];
  // Who belongs where, and who may have what, can move any node.
  const isMoved = placing(stable) !== placing(candidate);
  return names.filter(
    (name) =>
      isMoved || stable.groups.get(name)?.snapshot.version !== candidate.groups.get(name)?.snapshot.version,
  );
}

function placing({ groups, authorization }: Revision): string {
  return JSON.stringify([[...groups.values()].map(({ name, match }) => [name, match]), authorization]);
}

/** The group by whose stages a node comes to the candidate. */
export function stagedGroupOf(stable: Revision, candidate: Revision, node: Node): string | undefined {
  return (matchGroup(node, candidate.groups) ?? matchGroup(node, stable.groups))?.name;
}

/**
 * What the stage adds to an extent. A percentage is of the nodes of the group that are there, rounded up, so that a
 * small group has a first node too; of those that come later, about that share is below the same place.
 */
export function grow(
  extent: Extent,
  { reach }: Stage,
  revisionId: string,
  nodeIds: readonly string[],
): Extent {
  if (reach.kind === "match") return { ...extent, matches: [...extent.matches, reach.match] };
  const { percent } = reach;
  if (percent >= 100) return { ...extent, share: wholeShare };
  const places = nodeIds.map((id) => placeOf(revisionId, id)).sort((a, b) => a - b);
  const last = places[Math.ceil((percent / 100) * places.length) - 1];
  const share = last === undefined ? Math.floor((percent / 100) * wholeShare) : last + 1;
  return { ...extent, share: Math.max(extent.share, share) };
}
