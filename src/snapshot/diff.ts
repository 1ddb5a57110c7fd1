import type { Resource } from "./resource.ts";
import type { TypeSet } from "./type-set.ts";

/** What turns one set of resources of a type into another. */
export interface Diff {
  /** New or with another version, in the order of the newer set. */
  readonly changed: readonly Resource[];
  /** Names that the newer set lacks, in the order of the older one. */
  readonly removed: readonly string[];
}

/**
 * Compares versions, not identity: a resource that only moved in its file has not changed. The cost is one look-up
 * for each resource; `ViewCache` makes it once for all streams.
 */
export function diff(previous: TypeSet, next: TypeSet): Diff {
  if (previous.version === next.version) return { changed: [], removed: [] };
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
