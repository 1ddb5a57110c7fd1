import type { MessageTypes, RouteAction as RouteActionMessage } from "../../../src/schema/api.ts";
import type { Problem } from "../../../src/base/problem.ts";
import type { ParseContext } from "../../resources/extension.ts";
import { metadataMatch } from "../../resources/metadata-match.ts";
import type { SupportTable } from "../../resources/support.ts";
import { wrapped } from "../../resources/values.ts";
import type { Level } from "./level.ts";
import { levelSupport, parseLevel } from "./level.ts";
import type { Rewrite } from "./rewrite.ts";
import type { Forwarding } from "./route.ts";

type Entry = MessageTypes["envoy.config.route.v3.WeightedCluster.ClusterWeight"];

export const weightedEntrySupport: SupportTable = {
  ...levelSupport,
  name: true,
  weight: true,
  metadata_match: true,
  host_rewrite_literal: true,
};

/** One entry of `weighted_clusters`: a route of its own, within the one that has it. */
export interface WeightedEntry {
  readonly weight: number;
  readonly action: Forwarding;
  readonly level: Level;
}

/** What reading entries comes upon. */
interface Findings {
  readonly context: ParseContext;
  readonly problems: Problem[];
}

/**
 * The entries of a route's `weighted_clusters`; undefined when none says more than its cluster, which the route can choose by itself.
 * `path`: of the route's action.
 */
export function parseWeightedEntries(
  route: RouteActionMessage,
  forward: Forwarding,
  outer: Level,
  path: string,
  found: Findings,
): readonly WeightedEntry[] | undefined {
  const entries = route.weighted_clusters?.clusters ?? [];
  if (!entries.some(hasOwn)) return undefined;
  const common = metadataMatch(route.metadata_match);
  return entries.map((entry, index) => {
    const chosen = { name: entry.name ?? "", metadataMatch: metadataMatch(entry.metadata_match, common) };
    const rewrite = entry.host_rewrite_literal
      ? rewritesHost(entry.host_rewrite_literal, forward.rewrite)
      : forward.rewrite;
    return {
      weight: wrapped(entry.weight, 0, 0),
      action: { ...forward, choose: () => chosen, rewrite },
      // The route has the last word over its entries, `most_specific_header_mutations_wins` or not.
      level: parseLevel(entry, outer, `${path}.weighted_clusters.clusters[${index}]`, {
        ...found,
        innerWins: false,
      }),
    };
  });
}

function hasOwn(entry: Entry): boolean {
  const { request_headers_to_add: add, request_headers_to_remove: remove } = entry;
  const { response_headers_to_add: addBack, response_headers_to_remove: removeBack } = entry;
  const lists = [add, remove, addBack, removeBack].some((list) => (list?.length ?? 0) > 0);
  const settings = Object.keys(entry.typed_per_filter_config ?? {}).length > 0;
  return lists || settings || (entry.host_rewrite_literal ?? "") !== "";
}

/** The route's own rewrite comes behind it and has the last word. */
function rewritesHost(host: string, outer: Rewrite | undefined): Rewrite {
  return (request, tells) => {
    request.headers.set("host", host);
    outer?.(request, tells);
  };
}
