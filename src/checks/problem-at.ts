import type { Place, Problem } from "../base/problem.ts";
import type { Resource } from "../config/resource.ts";
import { placeOfNode } from "../config/source-tree.ts";
import type { SourceNode } from "../schema/source-node.ts";
import { locate, locateKey } from "../schema/yaml/locate.ts";

/** Where a field of a resource is written: its key, its item, or those of the nearest thing above that is. */
export function placeIn(resource: Resource, path: string): Place | undefined {
  if (!resource.origin) return undefined;
  const { node, place } = resource.origin;
  if (!node) return place;
  for (let at = path; at !== ""; at = parentOf(at)) {
    const found = locateKey(node, at) ?? itemAt(node, at);
    if (found) return placeOfNode(found);
  }
  return place;
}

/** Where the value of a field is written. */
export function placeOfValue(resource: Resource, path: string): Place | undefined {
  const { node, place } = resource.origin ?? {};
  return node ? placeOfNode(locate(node, path)) : place;
}

/** A problem, without a place when there is none. */
export function problemAt(place: Place | undefined, problem: Omit<Problem, "place">): Problem {
  return place ? { ...problem, place } : problem;
}

function itemAt(root: SourceNode, path: string): SourceNode | undefined {
  if (!path.endsWith("]")) return undefined;
  const item = locate(root, path);
  return item === locate(root, parentOf(path)) ? undefined : item;
}

/** The path without its last step. */
function parentOf(path: string): string {
  return /^(.*?)(?:\.[^.[\]]+|\[\d+\]|\["(?:[^"\\]|\\.)*"\]|^[^.[\]]+)$/.exec(path)?.[1] ?? "";
}
