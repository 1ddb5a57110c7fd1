import type { TypeSet } from "../snapshot/type-set.ts";
import { collectionOf, type Collections, isCollection } from "./collections.ts";
import type { Interest } from "./interest.ts";
import type { TypeTraits } from "./type-traits.ts";
import type { HostNames } from "./virtual-host-names.ts";

/** How the names of resources in a set are found from names that lead there indirectly. */
export interface SetNames {
  readonly collections: (set: TypeSet) => Collections;
  readonly hosts: (set: TypeSet) => HostNames;
}

type Naming = Pick<TypeTraits, "naming">;

/** True when some of the names asked for may lead to resources of other names. */
export function isIndirect({ names }: Interest, { naming }: Naming): boolean {
  if (names.size === 0) return false;
  if (naming === "hosts") return true;
  for (const name of names) {
    if (isCollection(name)) return true;
  }
  return false;
}

/**
 * Names of the resources that a name asked for leads to in these sets: the members of a collection (XDS-32), the
 * virtual host for a host (XDS-114), and otherwise itself. What leads nowhere leads to itself, so that the client is
 * told that there is none (XDS-70): Envoy heeds no empty answer for a collection.
 */
export function namesReached(
  name: string,
  { naming }: Naming,
  sets: readonly TypeSet[],
  { collections, hosts }: SetNames,
): readonly string[] {
  const collection = isCollection(name) ? collectionOf(name) : undefined;
  if (collection === undefined && naming !== "hosts") return [name];
  const found = sets.flatMap((set) =>
    collection === undefined ? (hosts(set).find(name) ?? []) : (collections(set).get(collection) ?? []),
  );
  return found.length === 0 ? [name] : found;
}

/** The interest in terms of names of resources: what it leads to in any of the sets. */
export function reachOf(
  asked: Interest,
  traits: Naming,
  sets: readonly TypeSet[],
  setNames: SetNames,
): Interest {
  const names = new Set<string>();
  for (const name of asked.names) {
    for (const reached of namesReached(name, traits, sets, setNames)) names.add(reached);
  }
  return { wildcard: asked.wildcard, names };
}

/** Stated names that belong to what is asked for, so that the client is told when they are no more (XDS-84). */
export function statedWithin(
  stated: Iterable<string>,
  { names }: Interest,
  { naming }: Naming,
): readonly string[] {
  // Which host a client found a virtual host by is not known any more; it would not hold what it did not ask for.
  if (naming === "hosts") return [...stated];
  const asked = new Set([...names].filter(isCollection).map((name) => collectionOf(name)));
  return [...stated].filter((name) => asked.has(collectionOf(name)));
}
