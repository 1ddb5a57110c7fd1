import type { MessageTypes } from "../../../src/schema/api.ts";
import { metadataMatch } from "../../resources/metadata-match.ts";
import { wrapped } from "../../resources/values.ts";
import type { RouteChoice } from "../../tcp/route-choice.ts";
import { weightedChoice } from "../../tcp/weighted-clusters.ts";

/**
 * The cluster of `cluster` or `weighted_clusters`, with the subset of its hosts that may serve: the `metadata_match` of a weighted cluster
 * wins over that of the route, field by field.
 */
export function clusterChoice(route: MessageTypes["envoy.config.route.v3.RouteAction"]): RouteChoice {
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
  return (random) => choose(random) ?? single;
}
