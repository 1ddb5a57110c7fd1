import type { Problem } from "../base/problem.ts";
import type { AccessPolicy } from "../config/access-policy.ts";
import { contentHash } from "../config/content-hash.ts";
import { matchesNode, type NodeMatch } from "../config/node-match.ts";
import type { RevisionSource } from "../config/revision-source.ts";
import type { Node } from "./node.ts";
import type { Snapshot } from "./snapshot.ts";

export type { RevisionSource } from "../config/revision-source.ts";

/** The nodes that match and what they should hold. */
export interface Group {
  readonly name: string;
  readonly match: NodeMatch;
  readonly snapshot: Snapshot;
}

/** One state of the whole configuration: what every group of nodes should hold. Immutable. */
export interface Revision {
  /** Hash of the names, matches and content of the groups: replicas that read the same commit agree on it. */
  readonly id: string;
  /** By name; a node belongs to the first one that matches. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Who may have what of it; absent when every client that connects is who it says it is (XDS-137). */
  readonly authorization?: AccessPolicy;
  readonly source: RevisionSource;
  /** What the checks had to say, none of it an error. */
  readonly problems: readonly Problem[];
  /** Wall clock. */
  readonly createdAtMs: number;
}

/** A revision with the id that its groups give it. Throws a RangeError when two groups have one name. */
export function makeRevision(parts: {
  readonly groups: Iterable<Group>;
  readonly authorization?: AccessPolicy;
  readonly source: RevisionSource;
  readonly problems?: readonly Problem[];
  readonly createdAtMs: number;
}): Revision {
  const groups = new Map<string, Group>();
  const lines: string[] = [];
  for (const group of parts.groups) {
    if (groups.has(group.name)) throw new RangeError(`two groups are called ${group.name}`);
    groups.set(group.name, group);
    lines.push(`${group.name} ${JSON.stringify(group.match)} ${group.snapshot.version}\n`);
  }
  const { authorization } = parts;
  if (authorization) lines.push(`authorization ${JSON.stringify(authorization)}\n`);
  return {
    id: contentHash(...lines),
    groups,
    ...(authorization && { authorization }),
    source: parts.source,
    problems: parts.problems ?? [],
    createdAtMs: parts.createdAtMs,
  };
}

/** The first group that the node matches, or undefined: such a node is never given an empty set (XDS-16). */
export function matchGroup(node: Node, groups: ReadonlyMap<string, Group>): Group | undefined {
  for (const group of groups.values()) {
    if (matchesNode(group.match, node)) return group;
  }
  return undefined;
}
