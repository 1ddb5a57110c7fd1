import {
  type ComparedGroup,
  compareGroups,
  type ResourceChange,
} from "../../checks/impact/compare-groups.ts";
import type { EffectKind } from "../../checks/impact/effect.ts";
import type { Schema } from "../../schema/schema.ts";

/** Connected nodes that go from one group to another, and what that does to what they have. */
export interface Move {
  /** Absent for nodes of no group: they keep what they have. */
  readonly from?: string;
  readonly to?: string;
  /** Ids, in order. */
  readonly nodes: readonly string[];
  /** The hardest of its effects. */
  readonly effect: EffectKind;
  readonly resources: readonly ResourceChange[];
}

interface Side {
  readonly groups: readonly ComparedGroup[];
  /** The group of each connected node, by id. */
  readonly groupOf: ReadonlyMap<string, string | undefined>;
}

/** The nodes whose group is another one after the change, by where they come from and go to. */
export function movesBetween(schema: Schema, before: Side, after: Side): readonly Move[] {
  const ways = new Map<string, { from: string | undefined; to: string | undefined; nodes: string[] }>();
  for (const [node, from] of before.groupOf) {
    const to = after.groupOf.get(node);
    if (from === to) continue;
    const key = JSON.stringify([from, to]);
    const way = ways.get(key) ?? { from, to, nodes: [] };
    way.nodes.push(node);
    ways.set(key, way);
  }
  return [...ways.values()].map(({ from, to, nodes }) => {
    // A node without a group is told nothing, so that what it has stays.
    const resources =
      to === undefined ? [] : resourceChanges(schema, groupIn(before, from), groupIn(after, to));
    return {
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      nodes: nodes.toSorted(),
      effect: resources[0]?.effect.kind ?? "none",
      resources,
    };
  });
}

function groupIn({ groups }: Side, name: string | undefined): ComparedGroup {
  return groups.find((group) => group.name === name) ?? { name: "", match: {}, resources: [] };
}

function resourceChanges(schema: Schema, from: ComparedGroup, to: ComparedGroup): readonly ResourceChange[] {
  const same = { name: "", match: {} };
  const [change] = compareGroups(schema, [{ ...from, ...same }], [{ ...to, ...same }]);
  return change?.resources ?? [];
}
