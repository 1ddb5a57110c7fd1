import type { TcpProxy } from "../../src/schema/api.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import { MetadataMatch } from "../network/metadata-match.ts";
import { metadataMatch } from "../resources/metadata-match.ts";
import { weightedChoice } from "./weighted-clusters.ts";

/** A cluster, and the subset of its hosts that may serve. */
export interface ChosenCluster {
  readonly name: string;
  readonly metadataMatch: MetadataMatch | undefined;
}

/** The cluster for a connection, from a random number in [0, 1). */
export type RouteChoice = (random: number) => ChosenCluster;

/** `cluster` or `weighted_clusters`. The `metadata_match` of a weighted cluster wins over that of the filter, field by field. */
export function routeChoice(proxy: TcpProxy): RouteChoice {
  const common = metadataMatch(proxy.metadata_match);
  const single = { name: proxy.cluster ?? "", metadataMatch: common };
  const weighted = proxy.weighted_clusters?.clusters ?? [];
  const choose = weightedChoice(
    weighted.map(({ name = "", weight = 0, metadata_match: own }) => ({
      name,
      weight,
      metadataMatch: metadataMatch(own, common),
    })),
  );
  return (random) => choose(random) ?? single;
}

/** The subset that is asked for; dynamic metadata of the connection under `envoy.lb` asks as well, and wins. */
export function connectionSubset(
  info: ConnectionInfo,
  match: MetadataMatch | undefined,
): MetadataMatch | undefined {
  const own = info.metadata("envoy.lb");
  if (!own) return match;
  return match ? match.with(own) : new MetadataMatch(own);
}
