import type { TypeTraits } from "./type-traits.ts";

/**
 * Which resources of one type a client wants. A legacy wildcard came from a first request without names, an
 * explicit one from the name `*`; they differ in what ends them (XDS-21, XDS-22, XDS-82).
 */
export interface Interest {
  readonly wildcard: "none" | "legacy" | "explicit";
  /** The names asked for one by one, without `*`. */
  readonly names: ReadonlySet<string>;
}

const anything = "*";
const noNames: ReadonlySet<string> = new Set();

/** What a client wants before it has said anything. */
export const noInterest: Interest = { wildcard: "none", names: noNames };

/** What a client wants that wants all. */
export const everything: Interest = { wildcard: "explicit", names: noNames };

/** True when everything of the type is asked for. */
export function isWildcard(interest: Interest): boolean {
  return interest.wildcard !== "none";
}

/** True when the name is asked for, by itself or by a wildcard. */
export function covers(interest: Interest, name: string): boolean {
  return interest.wildcard !== "none" || interest.names.has(name);
}

/**
 * The interest that a SotW request states: the list replaces the one before it, which is returned itself when the
 * names are the same (XDS-30). `previous` is undefined for the first request of the type on the stream.
 */
export function sotwInterest(
  previous: Interest | undefined,
  names: readonly string[],
  traits: Pick<TypeTraits, "hasLegacyWildcard">,
): Interest {
  if (names.length === 0) {
    const isLegacy = previous ? previous.wildcard === "legacy" : traits.hasLegacyWildcard;
    if (!isLegacy) return noInterest;
    return previous ?? { wildcard: "legacy", names: noNames };
  }
  if (previous && isSame(previous, names)) return previous;
  if (!names.includes(anything)) return { wildcard: "none", names: new Set(names) };
  return { wildcard: "explicit", names: new Set(names.filter((name) => name !== anything)) };
}

function isSame({ wildcard, names }: Interest, list: readonly string[]): boolean {
  return wildcard === "none" && names.size === list.length && list.every((name) => names.has(name));
}

/** A delta request in terms of interest: what the client wants now, and which names it must be answered for. */
export interface DeltaChange {
  readonly interest: Interest;
  /** Names just subscribed to, known before or not (XDS-78), and names to be confirmed after XDS-81. */
  readonly owed: ReadonlySet<string>;
}

/**
 * The interest after a delta request. Of names in both lists the subscription counts; what an unsubscription means
 * depends on the wildcard that the whole request leaves (XDS-81).
 * `isKnown` says whether a wildcard still brings a name.
 */
export function deltaInterest(
  previous: Interest | undefined,
  {
    subscribe,
    unsubscribe,
  }: { readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[] },
  traits: Pick<TypeTraits, "hasLegacyWildcard">,
  isKnown: (name: string) => boolean,
): DeltaChange {
  if (previous && subscribe.length === 0 && unsubscribe.length === 0)
    return { interest: previous, owed: noNames };
  const isLegacy = !previous && subscribe.length === 0 && traits.hasLegacyWildcard;
  let wildcard = isLegacy ? "legacy" : (previous?.wildcard ?? "none");
  const names = new Set(previous?.names);
  const owed = new Set<string>();
  if (unsubscribe.includes(anything)) wildcard = "none";
  if (subscribe.includes(anything) && wildcard === "none") wildcard = "explicit";
  for (const name of unsubscribe) {
    const wasNamed = names.delete(name);
    // XDS-81: the client dropped it and has to learn what the wildcard makes of it. XDS-80: else no answer.
    if (name !== anything && wildcard !== "none" && (wasNamed || isKnown(name))) owed.add(name);
  }
  for (const name of subscribe) {
    if (name === anything) continue;
    owed.add(name);
    names.add(name);
  }
  return { interest: { wildcard, names }, owed };
}
