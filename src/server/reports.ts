import type { NodeStatus } from "../fleet/node-status.ts";
import { reachOf } from "../fleet/reach.ts";
import type { JsonValue } from "../schema/json-value.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { Revision } from "../snapshot/revision.ts";
import type { RefusedReport, ResourceQuery, ResourceReport, ServedReport } from "./admin/admin-source.ts";
import type { RefusedLoad } from "./reconcile/attempt.ts";
import { isCalled } from "./type-names.ts";

/** What the API tells of the revision that is served. */
export function servedReport(
  revision: Revision,
  isRestored: boolean,
  nodes: Iterable<NodeStatus>,
): ServedReport {
  return {
    id: revision.id,
    source: revision.source,
    createdAtMs: revision.createdAtMs,
    isRestored,
    groups: [...revision.groups.values()].map(({ name, match, snapshot }) => ({
      name,
      match,
      types: [...snapshot.types.values()].map(({ typeUrl, version, resources }) => ({
        typeUrl,
        version,
        resources: resources.size,
      })),
    })),
    warnings: revision.problems,
    reach: reachOf(revision.id, nodes),
  };
}

/** A broken folder may have more problems than anybody reads. */
const mostProblems = 1000;

/** What the API tells of a state of the source that is not served. */
export function refusedReport({ atMs, reason, problems, source }: RefusedLoad): RefusedReport {
  const counted = { problemCount: problems.length, problems: problems.slice(0, mostProblems) };
  return { atMs, reason, ...(source && { source }), ...counted };
}

/** The resources of a revision that the query picks, in the order of groups and texts. */
export function resourceReports(
  revision: Revision | undefined,
  query: ResourceQuery,
  contentOf: (resource: Resource) => JsonValue,
): { readonly resources: readonly ResourceReport[]; readonly isTruncated: boolean } {
  const resources: ResourceReport[] = [];
  for (const { group, resource } of pick(revision, query)) {
    if (resources.length === query.limit) return { resources, isTruncated: true };
    const { typeUrl, name, version, origin } = resource;
    const place = origin ? { place: origin.place } : {};
    resources.push({ group, typeUrl, name, version, ...place, resource: contentOf(resource) });
  }
  return { resources, isTruncated: false };
}

function* pick(
  revision: Revision | undefined,
  query: ResourceQuery,
): Iterable<{ group: string; resource: Resource }> {
  for (const group of revision?.groups.values() ?? []) {
    if (query.group !== undefined && group.name !== query.group) continue;
    for (const set of group.snapshot.types.values()) {
      if (query.type !== undefined && !isCalled(set.typeUrl, query.type)) continue;
      for (const resource of set.resources.values()) {
        if (query.name === undefined || resource.name === query.name) yield { group: group.name, resource };
      }
    }
  }
}
