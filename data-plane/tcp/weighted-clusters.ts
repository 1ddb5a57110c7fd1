/** The cluster for a connection, from a random number in [0, 1). */
export type ClusterChoice = (random: number) => string;

/** Each cluster as often as its weight is of the sum of all. */
export function weightedClusters(
  clusters: readonly { readonly name?: string; readonly weight?: number }[],
): ClusterChoice {
  const choose = weightedChoice(clusters);
  return (random) => choose(random)?.name ?? "";
}

/** One of the items by a random number in [0, 1), each as often as its weight says; undefined when there are none. */
export function weightedChoice<Item extends { readonly weight?: number }>(
  items: readonly Item[],
): (random: number) => Item | undefined {
  const total = items.reduce((sum, { weight = 0 }) => sum + weight, 0);
  return (random) => {
    let left = random * total;
    for (const item of items) {
      left -= item.weight ?? 0;
      if (left < 0) return item;
    }
    return items.at(-1);
  };
}
