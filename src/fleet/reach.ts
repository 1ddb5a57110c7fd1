import type { NodeStatus } from "./node-status.ts";
import { worstState } from "./node-status.ts";

/** Who has a revision (XDS-146): how many nodes of each kind; every node is of exactly one. */
export interface Reach {
  /** Connected, and accepted all they should hold of it. */
  readonly synced: number;
  /** Connected, and refused a response. */
  readonly refused: number;
  /** Connected, and have not answered for all of it, or are still on another revision. */
  readonly pending: number;
  /** Connected, and of no group. */
  readonly ungrouped: number;
  readonly away: number;
}

/** The answer to "is this revision everywhere?": it is when `refused`, `pending` and `away` are 0. */
export function reachOf(revisionId: string, nodes: Iterable<NodeStatus>): Reach {
  const reach = { synced: 0, refused: 0, pending: 0, ungrouped: 0, away: 0 };
  for (const node of nodes) reach[standing(revisionId, node)] += 1;
  return reach;
}

function standing(revisionId: string, node: NodeStatus): keyof Reach {
  if (node.awaySinceMs !== undefined) return "away";
  if (node.group === undefined) return "ungrouped";
  const worst = worstState(node.types);
  if (worst === "NACKED") return "refused";
  return worst === "SYNCED" && node.revisionId === revisionId ? "synced" : "pending";
}
