import { xxHash64 } from "../base/hash/xx-hash-64.ts";
import { matchesNode, type NodeMatch } from "../config/node-match.ts";
import { diff } from "./diff.ts";
import type { Node } from "./node.ts";
import type { Resource } from "./resource.ts";
import { type Group, matchGroup, type Revision } from "./revision.ts";

/** Which nodes of a group a candidate has reached: those below the share, and those that match. It only ever grows. */
export interface Extent {
  /** Nodes whose place (`placeOf`) is below it: 0 for none, `wholeShare` for all. */
  readonly share: number;
  readonly matches: readonly NodeMatch[];
}

/** The share that every place is below: all nodes. */
export const wholeShare = 2 ** 32;

/** Where a candidate begins: no node. */
export const nowhere: Extent = { share: 0, matches: [] };
/** Where it ends: all nodes. */
export const everywhere: Extent = { share: wholeShare, matches: [] };

/** A revision that is on its way to the nodes. */
export interface Candidate {
  readonly revision: Revision;
  /** How far it has come, by the name of the group; groups that are not named have it everywhere. */
  readonly extents: ReadonlyMap<string, Extent>;
}

/** What a fleet is served: plain data, from which follows what each node gets. Immutable. */
export interface Serving {
  /** What nodes have that no candidate has reached. */
  readonly stable: Revision;
  /** Present during a rollout. */
  readonly candidate?: Candidate;
}

/** What a node is served. */
export interface Served {
  readonly revision: Revision;
  /** Absent when no group of the revision is for the node (XDS-16). */
  readonly group?: Group;
}

/** The revision that a node is served from, and its group there; `groupOf` is how a revision's groups are chosen from. */
export function revisionFor(
  { stable, candidate }: Serving,
  node: Node,
  groupOf: (node: Node, revision: Revision) => Group | undefined = groupByMatch,
): Served {
  const before = groupOf(node, stable);
  if (!candidate) return served(stable, before);
  const after = groupOf(node, candidate.revision);
  // A group that the candidate takes away goes by the stages that it had.
  const name = after?.name ?? before?.name;
  const extent = name === undefined ? everywhere : (candidate.extents.get(name) ?? everywhere);
  return hasReached(extent, candidate.revision, node)
    ? served(candidate.revision, after)
    : served(stable, before);
}

/** What of a serving was not there in the one before, group by group. It costs what differs where that is known (`diff`). */
export function* newResources(before: Serving | undefined, now: Serving): Generator<Resource, void> {
  const known = revisionsOf(before);
  for (const revision of revisionsOf(now)) {
    if (known.includes(revision)) continue;
    for (const { name, snapshot } of revision.groups.values()) {
      const olds = known.flatMap(({ groups }) => groups.get(name)?.snapshot ?? []);
      for (const set of snapshot.types.values()) {
        const old = olds.map(({ types }) => types.get(set.typeUrl)).find((one) => one !== undefined);
        yield* old ? diff(old, set).changed : set.resources.values();
      }
    }
  }
}

function revisionsOf(serving: Serving | undefined): readonly Revision[] {
  if (!serving) return [];
  return serving.candidate ? [serving.candidate.revision, serving.stable] : [serving.stable];
}

function served(revision: Revision, group: Group | undefined): Served {
  return group ? { revision, group } : { revision };
}

function groupByMatch(node: Node, { groups }: Revision): Group | undefined {
  return matchGroup(node, groups);
}

function hasReached({ share, matches }: Extent, { id }: Revision, node: Node): boolean {
  if (share >= wholeShare) return true;
  if (matches.some((match) => matchesNode(match, node))) return true;
  return share > 0 && placeOf(id, node.id) < share;
}

/**
 * Where a node stands in the order in which a revision reaches the nodes: a whole number from 0 below `wholeShare`. The
 * same for every replica and after every restart; another one for each revision, so that no node is always the first.
 */
export function placeOf(revisionId: string, nodeId: string): number {
  return Number(xxHash64(Buffer.from(`${revisionId} ${nodeId}`)) >> 32n);
}
