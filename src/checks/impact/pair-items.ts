import { itemIdentity } from "./item-identity.ts";

/** An item of a list before and after; one of them is undefined when it was added or removed. */
export interface ItemPair {
  /** What stands between the brackets of the path: `"web"`, or the place in the list. */
  readonly label: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface PairedItems {
  readonly pairs: readonly ItemPair[];
  /** How items that are in both lists are ordered, when that differs. */
  readonly order?: { readonly before: readonly string[]; readonly after: readonly string[] };
}

/**
 * Finds for each item of one list the one that it is in the other: by identity where every item has one of its own; else equal items
 * belong together, and what is left goes by order.
 */
export function pairItems(
  typeName: string,
  before: readonly unknown[],
  after: readonly unknown[],
  isSame: (one: unknown, other: unknown) => boolean,
): PairedItems {
  const oldNames = namesOf(typeName, before);
  const newNames = namesOf(typeName, after);
  return oldNames && newNames
    ? pairByName(before, after, oldNames, newNames)
    : { pairs: pairByContent(before, after, isSame) };
}

/** The identity of each item; undefined unless all have one and no two the same. */
function namesOf(typeName: string, items: readonly unknown[]): readonly string[] | undefined {
  const names = items.map((item) => itemIdentity(typeName, item)).filter((name) => name !== undefined);
  return new Set(names).size === items.length ? names : undefined;
}

function pairByName(
  before: readonly unknown[],
  after: readonly unknown[],
  oldNames: readonly string[],
  newNames: readonly string[],
): PairedItems {
  const old = new Map(oldNames.map((name, index) => [name, before[index]]));
  const next = new Map(newNames.map((name, index) => [name, after[index]]));
  const pairs = [...new Set([...oldNames, ...newNames])].map((name) => ({
    label: JSON.stringify(name),
    before: old.get(name),
    after: next.get(name),
  }));
  const kept = oldNames.filter((name) => next.has(name));
  const order = newNames.filter((name) => old.has(name));
  return {
    pairs,
    ...(kept.some((name, index) => name !== order[index]) && { order: { before: kept, after: order } }),
  };
}

function pairByContent(
  before: readonly unknown[],
  after: readonly unknown[],
  isSame: (one: unknown, other: unknown) => boolean,
): readonly ItemPair[] {
  let start = 0;
  while (start < before.length && start < after.length && isSame(before[start], after[start])) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && isSame(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const count = Math.max(before.length, after.length) - end - start;
  return Array.from({ length: count }, (_, index) => ({
    label: String(start + index),
    before: start + index < before.length - end ? before[start + index] : undefined,
    after: start + index < after.length - end ? after[start + index] : undefined,
  }));
}
