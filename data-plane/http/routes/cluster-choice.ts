import type { MessageTypes } from "../../../src/schema/api.ts";
import { metadataMatch } from "../../resources/metadata-match.ts";
import { wrapped } from "../../resources/values.ts";
import type { HeaderList } from "../../network/header-list.ts";
import type { ChosenCluster } from "../../tcp/route-choice.ts";
import { weightedChoice } from "../../tcp/weighted-clusters.ts";

/** The cluster for a request, from a random number in [0, 1) and its headers; an empty name when a header should tell and does not. */
export type RequestChoice = (random: number, headers: HeaderList) => ChosenCluster;

/**
 * The cluster of `cluster`, `cluster_header` or `weighted_clusters`, with the subset of its hosts that may serve: the `metadata_match` of a weighted cluster
 * wins over that of the route, field by field.
 */
export function clusterChoice(route: MessageTypes["envoy.config.route.v3.RouteAction"]): RequestChoice {
  const common = metadataMatch(route.metadata_match);
  const single = { name: route.cluster ?? "", metadataMatch: common };
  const weighted = route.weighted_clusters?.clusters ?? [];
  const choose = weightedChoice(
    weighted.map(({ name = "", weight, metadata_match: own }) => ({
      name,
      weight: wrapped(weight, 0, 0),
      metadataMatch: metadataMatch(own, common),
    })),
  );
  const named = route.cluster_header?.toLowerCase();
  const header = named === ":authority" ? "host" : named;
  if (header) return (_random, headers) => ({ name: headers.get(header) ?? "", metadataMatch: common });
  return (random) => choose(random) ?? single;
}
