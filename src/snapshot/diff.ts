import type { Resource } from "./resource.ts";
import type { Diff, TypeSet } from "./type-set.ts";

/**
 * How one set differs from another, by versions and not by identity: a resource that only moved in its file has not
 * changed. It is known where the newer set was made from the older one; else the cost is one look-up for each resource.
 */
export function diff(previous: TypeSet, next: TypeSet): Diff {
  if (previous.version === next.version) return { changed: [], removed: [] };
  const known = next.changesSince(previous);
  if (known) return known;
  const changed: Resource[] = [];
  const removed: string[] = [];
  for (const resource of next.resources.values()) {
    if (previous.resources.get(resource.name)?.version !== resource.version) changed.push(resource);
  }
  for (const name of previous.resources.keys()) {
    if (!next.resources.has(name)) removed.push(name);
  }
  return { changed, removed };
}
