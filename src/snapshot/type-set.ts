import { withChanges } from "../base/layered-map.ts";
import { finish, type Steps, thingsPerStep } from "../base/steps.ts";
import { addDigest, digestOf, emptySum, formatSum, subtractDigest } from "./content-version.ts";
import type { Resource } from "./resource.ts";

/** What turns one set of resources of a type into another. */
export interface Diff {
  /** New or with another version, in the order of the newer set. */
  readonly changed: readonly Resource[];
  /** Names that the newer set lacks, in the order of the older one. */
  readonly removed: readonly string[];
}

interface Parts {
  /** By name. */
  readonly resources: ReadonlyMap<string, Resource>;
  readonly sum: bigint;
  /** How many have a TTL. */
  readonly ttlCount: number;
  /** What it was made from, by its version, and how it differs from that. */
  readonly origin?: { readonly version: string; readonly diff: Diff };
}

/** All resources of one type in a snapshot. Immutable. */
export class TypeSet {
  readonly typeUrl: string;
  /** By name, in the order given. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** Hash of the names and versions, whatever their order: equal content, equal version (XDS-34, XDS-35). */
  readonly version: string;
  readonly #parts: Parts;

  private constructor(typeUrl: string, parts: Parts) {
    this.typeUrl = typeUrl;
    this.resources = parts.resources;
    this.version = formatSum(parts.sum);
    this.#parts = parts;
  }

  static empty(typeUrl: string): TypeSet {
    return new TypeSet(typeUrl, { resources: new Map(), sum: emptySum, ttlCount: 0 });
  }

  /**
   * A set of these resources. What has not changed since `previous` is shared with it: a resource of the same
   * version keeps its bytes, and when nothing differs at all, `previous` itself is returned. Throws a RangeError
   * for a name that occurs twice or a resource of another type.
   */
  static of(typeUrl: string, resources: Iterable<Resource>, previous?: TypeSet): TypeSet {
    return finish(TypeSet.inSteps(typeUrl, resources, previous));
  }

  /** `of`, step by step: what there is of a large fleet is too much for one turn of the event loop (XDS-126). */
  static *inSteps(
    typeUrl: string,
    resources: Iterable<Resource>,
    previous = TypeSet.empty(typeUrl),
  ): Steps<TypeSet> {
    const next = new Map<string, Resource>();
    const changed: Resource[] = [];
    const removed: string[] = [];
    let { sum } = previous.#parts;
    let kept = 0;
    let isSame = true;
    let ttlCount = 0;
    for (const resource of resources) {
      if (next.size % thingsPerStep === 0) yield;
      if (next.has(resource.name)) throw new RangeError(twice(resource));
      const before = previous.resources.get(resource.name);
      const shared = sharedWith(before, resource, typeUrl);
      if (before) kept += 1;
      if (shared !== before) isSame = false;
      ttlCount += countTtl(shared);
      if (before?.version !== shared.version) {
        sum = replaced(sum, before, shared);
        changed.push(shared);
      }
      next.set(resource.name, shared);
    }
    if (isSame && kept === previous.resources.size) return previous;
    if (kept < previous.resources.size) {
      let seen = 0;
      for (const [name, before] of previous.resources) {
        if (seen++ % thingsPerStep === 0) yield;
        if (next.has(name)) continue;
        sum = replaced(sum, before, undefined);
        removed.push(name);
      }
    }
    if (previous.resources.size === 0) return new TypeSet(typeUrl, { resources: next, sum, ttlCount });
    const origin = { version: previous.version, diff: { changed, removed } };
    return new TypeSet(typeUrl, { resources: next, sum, ttlCount, origin });
  }

  /**
   * This set with these resources, in place of those of their names or beside what there is, and without these names. It
   * costs what changes, not what there is (XDS-130). The set itself when nothing differs. Throws a RangeError as `of` does.
   */
  with({ changed, removed }: Diff): TypeSet {
    const entries = new Map<string, Resource>();
    const news: Resource[] = [];
    let { sum, ttlCount } = this.#parts;
    for (const resource of changed) {
      const before = this.resources.get(resource.name);
      const shared = sharedWith(before, resource, this.typeUrl);
      if (entries.has(shared.name)) throw new RangeError(twice(shared));
      if (shared === before) continue;
      if (shared.version !== before?.version) {
        sum = replaced(sum, before, shared);
        news.push(shared);
      }
      ttlCount += countTtl(shared) - countTtl(before);
      entries.set(shared.name, shared);
    }
    const gone = new Set<string>();
    for (const name of removed) {
      const before = this.resources.get(name);
      if (!before || entries.has(name) || gone.has(name)) continue;
      sum = replaced(sum, before, undefined);
      ttlCount -= countTtl(before);
      gone.add(name);
    }
    if (entries.size === 0 && gone.size === 0) return this;
    const resources = withChanges(this.resources, entries, gone);
    const origin = { version: this.version, diff: { changed: news, removed: [...gone] } };
    return new TypeSet(this.typeUrl, { resources, sum, ttlCount, origin });
  }

  /** True when any of them has a TTL. */
  get hasTtls(): boolean {
    return this.#parts.ttlCount > 0;
  }

  /** How it differs from the set that it was made from; undefined when that was another one. */
  changesSince(previous: TypeSet): Diff | undefined {
    const { origin } = this.#parts;
    return origin?.version === previous.version ? origin.diff : undefined;
  }
}

function twice({ typeUrl, name }: Resource): string {
  return `two resources of ${typeUrl} are called ${name}`;
}

function countTtl(resource: Resource | undefined): 0 | 1 {
  return resource?.ttlMs === undefined ? 0 : 1;
}

/** The same resource again keeps its identity or, when it now stands elsewhere in the text, at least its bytes. */
function sharedWith(before: Resource | undefined, now: Resource, typeUrl: string): Resource {
  if (now.typeUrl !== typeUrl) throw new RangeError(`${now.name} is a ${now.typeUrl}, not a ${typeUrl}`);
  if (before?.version !== now.version) return now;
  return before.origin === now.origin ? before : { ...now, bytes: before.bytes };
}

/** The sum of a set in which one resource takes the place of another. */
function replaced(sum: bigint, before: Resource | undefined, now: Resource | undefined): bigint {
  const rest = before ? subtractDigest(sum, digestOf(before)) : sum;
  return now ? addDigest(rest, digestOf(now)) : rest;
}
