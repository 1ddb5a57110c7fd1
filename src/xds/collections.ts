import type { TypeSet } from "../snapshot/type-set.ts";

/** Names of a collection's members, by the collection's name in the form of `collectionOf`. */
export type Collections = ReadonlyMap<string, readonly string[]>;

const scheme = "xdstp:";

/** True for the name of a collection: an `xdstp:` URL whose path ends in `/*` (XDS-32). */
export function isCollection(name: string): boolean {
  return name.startsWith(scheme) && pathOf(name).endsWith("/*");
}

/** The name of the collection that a resource of this name belongs to, or of a collection, its context parameters sorted. */
export function collectionOf(name: string): string | undefined {
  if (!name.startsWith(scheme)) return undefined;
  const path = pathOf(name);
  const directory = path.slice(0, path.lastIndexOf("/") + 1);
  const context = name.slice(path.length).replace(/^\?|#.*$/g, "");
  const sorted = context === "" ? "" : `?${context.split("&").sort().join("&")}`;
  return `${directory}*${sorted}`;
}

/** What of a set is in which collection; resources whose names are no `xdstp:` URLs are in none. */
export function collectionsOf({ resources }: TypeSet): Collections {
  const collections = new Map<string, string[]>();
  for (const name of resources.keys()) {
    const collection = collectionOf(name);
    if (collection === undefined) continue;
    const members = collections.get(collection);
    if (members) members.push(name);
    else collections.set(collection, [name]);
  }
  return collections;
}

function pathOf(name: string): string {
  return /^[^?#]*/.exec(name)?.[0] ?? "";
}
