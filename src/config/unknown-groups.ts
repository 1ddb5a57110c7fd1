import { nearest } from "../base/edit-distance.ts";
import type { Problem } from "../base/problem.ts";
import type { SourceNode } from "../schema/source-node.ts";
import { locate } from "../schema/yaml/locate.ts";
import { placeOfNode } from "./source-tree.ts";

/**
 * Errors for names of groups, listed at `path` of chancery.yaml, that the tree does not have: a typing error would lock
 * nodes out, or leave them without what was meant for them.
 */
export function unknownGroups(
  names: readonly string[],
  path: string,
  groupNames: readonly string[],
  document: SourceNode,
): readonly Problem[] {
  return names.flatMap((name, at) => {
    if (groupNames.includes(name)) return [];
    const itemPath = `${path}[${at}]`;
    const suggestion = nearest(name, groupNames);
    const problem: Problem = {
      code: "unknown-group",
      severity: "error",
      message: `there is no group ${JSON.stringify(name)}`,
      place: placeOfNode(locate(document, itemPath)),
      path: itemPath,
      ...(suggestion !== undefined && { suggestion }),
    };
    return [problem];
  });
}
