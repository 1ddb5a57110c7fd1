/** The cluster for a connection, from a random number in [0, 1). */
export type ClusterChoice = (random: number) => string;

/** `TcpProxy.WeightedCluster`: each cluster as often as its weight is of the sum of all. */
export function weightedClusters(
  clusters: readonly { readonly name?: string; readonly weight?: number }[],
): ClusterChoice {
  const total = clusters.reduce((sum, { weight = 0 }) => sum + weight, 0);
  return (random) => {
    let left = random * total;
    for (const { name = "", weight = 0 } of clusters) {
      left -= weight;
      if (left < 0) return name;
    }
    return clusters.at(-1)?.name ?? "";
  };
}
