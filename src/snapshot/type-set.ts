import { addDigest, digestOf, emptySum, formatSum, subtractDigest } from "./content-version.ts";
import type { Resource } from "./resource.ts";

/** All resources of one type in a snapshot. Immutable. */
export class TypeSet {
  readonly typeUrl: string;
  /** By name, in the order given. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** Hash of the names and versions, whatever their order: equal content, equal version (XDS-34, XDS-35). */
  readonly version: string;
  /** The sum behind `version`, from which the version of a changed set is derived. */
  readonly sum: bigint;

  /** True when any of them has a TTL. */
  readonly hasTtls: boolean;

  private constructor(
    typeUrl: string,
    resources: ReadonlyMap<string, Resource>,
    sum: bigint,
    hasTtls: boolean,
  ) {
    this.typeUrl = typeUrl;
    this.resources = resources;
    this.sum = sum;
    this.version = formatSum(sum);
    this.hasTtls = hasTtls;
  }

  static empty(typeUrl: string): TypeSet {
    return new TypeSet(typeUrl, new Map(), emptySum, false);
  }

  /**
   * A set of these resources. What has not changed since `previous` is shared with it: a resource of the same
   * version keeps its bytes, and when nothing differs at all, `previous` itself is returned. Throws a RangeError
   * for a name that occurs twice or a resource of another type.
   */
  static of(typeUrl: string, resources: Iterable<Resource>, previous = TypeSet.empty(typeUrl)): TypeSet {
    const next = new Map<string, Resource>();
    let sum = previous.sum;
    let kept = 0;
    let isSame = true;
    let hasTtls = false;
    for (const resource of resources) {
      if (resource.typeUrl !== typeUrl) {
        throw new RangeError(`${resource.name} is a ${resource.typeUrl}, not a ${typeUrl}`);
      }
      if (next.has(resource.name))
        throw new RangeError(`two resources of ${typeUrl} are called ${resource.name}`);
      const before = previous.resources.get(resource.name);
      const shared = before ? share(before, resource) : resource;
      if (before) kept += 1;
      if (shared !== before) isSame = false;
      if (shared.ttlMs !== undefined) hasTtls = true;
      if (before?.version !== resource.version) {
        if (before) sum = subtractDigest(sum, digestOf(before));
        sum = addDigest(sum, digestOf(resource));
      }
      next.set(resource.name, shared);
    }
    if (kept === previous.resources.size) return isSame ? previous : new TypeSet(typeUrl, next, sum, hasTtls);
    for (const [name, before] of previous.resources) {
      if (!next.has(name)) sum = subtractDigest(sum, digestOf(before));
    }
    return new TypeSet(typeUrl, next, sum, hasTtls);
  }
}

/** The same resource again keeps its identity or, when it now stands elsewhere in the text, at least its bytes. */
function share(before: Resource, now: Resource): Resource {
  if (before.version !== now.version) return now;
  return before.origin === now.origin ? before : { ...now, bytes: before.bytes };
}
