import { nearest } from "../base/edit-distance.ts";
import type { NodeStatus } from "../fleet/node-status.ts";
import { explain, type StreamStanding, typesOfName, type Why } from "../fleet/why.ts";
import { whyText } from "../fleet/why-text.ts";
import type { Revision } from "../snapshot/revision.ts";
import type { Serving } from "../snapshot/serving.ts";
import type { StreamStatus } from "../xds/events.ts";
import type { Named } from "../xds/order-views.ts";
import { v3Types } from "../xds/type-traits.ts";
import { typeLabel } from "./metrics/xds-counters.ts";
import { isCalled } from "./type-names.ts";

export interface WhyQuery {
  /** The id of the node. */
  readonly node: string;
  /** The name of the resource. */
  readonly name: string;
  /** `CDS`, `Cluster`, or a type URL; absent: all types that have a resource of the name. */
  readonly type?: string | undefined;
}

/** The answers, one a type; without any, `problem` says what is wrong with the question. */
export interface WhyReport {
  readonly items: readonly (Why & { readonly message: string })[];
  readonly problem?: string;
}

/** What the server knows that may be the reason. */
export interface WhySource {
  readonly nowMs: number;
  readonly nodes: readonly NodeStatus[];
  readonly streams: Iterable<StreamStatus>;
  /** What nodes are served; absent when nothing is. */
  readonly serving: Serving | undefined;
  /** Why a newer state of the source is not served, if there is one. */
  readonly refusedSource?: string | undefined;
  standings(nodeId: string, resource: Named): Promise<readonly StreamStanding[]>;
}

/** Why a node has, or has not, the resources of a name. */
export async function whyReport(
  { node: nodeId, name, type }: WhyQuery,
  source: WhySource,
): Promise<WhyReport> {
  const { nowMs, nodes, serving, refusedSource } = source;
  const node = nodes.find(({ id }) => id === nodeId);
  const { newest, own } = revisionsOf(serving, node);
  const types = typesFor({ node: nodeId, name, type }, [newest, own], source.streams);
  if (typeof types === "string") return { items: [], problem: types };
  const items = await Promise.all(
    [...types].map(async (typeUrl) => {
      const resource = { typeUrl, name };
      const streams = await source.standings(nodeId, resource);
      const why = explain({ nodeId, resource, nodes, newest, own, refusedSource, streams });
      return { ...why, message: whyText(why, nowMs, typeLabel) };
    }),
  );
  return { items };
}

/** The revision that nodes are being brought to, and the one that this node is served from. */
export function revisionsOf(
  serving: Serving | undefined,
  node: NodeStatus | undefined,
): { readonly newest: Revision | undefined; readonly own: Revision | undefined } {
  const { stable, candidate } = serving ?? {};
  const newest = candidate?.revision ?? stable;
  return { newest, own: node?.revisionId === newest?.id ? newest : stable };
}

/** The type URLs that the question is about, or why there are none. */
function typesFor(
  { node, name, type }: WhyQuery,
  revisions: readonly (Revision | undefined)[],
  streams: Iterable<StreamStatus>,
): ReadonlySet<string> | string {
  const known = revisions.filter((revision) => revision !== undefined);
  const own = [...streams].filter((stream) => stream.node?.id === node).flatMap(({ types }) => types);
  const served = known.flatMap(({ groups }) => [...groups.values()].map(({ snapshot }) => snapshot.types));
  if (type !== undefined) {
    const all = new Set([
      ...v3Types.map(({ typeUrl }) => typeUrl),
      ...served.flatMap((types) => [...types.keys()]),
      ...own.map(({ typeUrl }) => typeUrl),
    ]);
    const found = [...all].filter((typeUrl) => isCalled(typeUrl, type));
    if (found.length > 0) return new Set(found);
    const labels = [...v3Types.map(({ label }) => label), ...[...all].map(typeLabel)];
    return `there is no resource type ${JSON.stringify(type)}${didYouMean(nearest(type, labels))}`;
  }
  const asking = own.filter(({ names }) => names.has(name)).map(({ typeUrl }) => typeUrl);
  const types = new Set([...typesOfName(name, known), ...asking]);
  if (types.size > 0) return types;
  const names = served.flatMap((sets) =>
    [...sets.values()].flatMap(({ resources }) => [...resources.keys()]),
  );
  return `no group has a resource called ${JSON.stringify(name)}${didYouMean(nearest(name, names))}`;
}

function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
}
