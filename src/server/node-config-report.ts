import type { Place } from "../base/problem.ts";
import { nodeHoldings, type StreamHoldings } from "../fleet/node-config.ts";
import type { NodeStatus } from "../fleet/node-status.ts";
import { explain, type NodeReason, type Why, type WhyReason, whyNotServed } from "../fleet/why.ts";
import { reasonText } from "../fleet/why-text.ts";
import type { JsonValue } from "../schema/json-value.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { RevisionSource } from "../snapshot/revision.ts";
import type { Named } from "../xds/order-views.ts";
import type { ResourceStanding } from "../xds/trace.ts";
import { typeLabel } from "./metrics/xds-counters.ts";
import { isCalled } from "./type-names.ts";
import { revisionsOf, type WhySource } from "./why-report.ts";

export interface NodeConfigQuery {
  /** The id of the node. */
  readonly node: string;
  /** `CDS`, `Cluster`, or a type URL; absent: all types that the node asks for. */
  readonly type?: string | undefined;
  readonly limit: number;
  /** With the resources themselves, secrets masked. */
  readonly hasContent: boolean;
}

/** A resource that the node should hold, holds, or asks for in vain. */
export interface NodeConfigItem extends Named {
  readonly holds: Why["holds"];
  /** Why it does not hold what it should; absent when it does. */
  readonly reason?: WhyReason;
  /** The same for people. */
  readonly message?: string;
  /** The version that it should hold; absent when there is none for it. */
  readonly version?: string;
  /** The version that it has accepted. */
  readonly heldVersion?: string;
  /** Where `version` is written. */
  readonly place?: Place;
  /** The content of `version`. */
  readonly resource?: JsonValue;
}

export interface NodeConfigReport {
  /** What is known of the node. */
  readonly node?: NodeStatus;
  /** Why it is not served at all, for programs and for people. */
  readonly reason?: NodeReason;
  readonly message?: string;
  /** Where the revision was read from that it is served from. */
  readonly source?: RevisionSource;
  /** In the order of types. */
  readonly items: readonly NodeConfigItem[];
  readonly isTruncated: boolean;
}

/** What the report is made from. */
export interface NodeConfigSource extends WhySource {
  holdings(nodeId: string, typeUrl?: string): Promise<readonly StreamHoldings[]>;
  /** A resource as JSON with its secrets masked. */
  contentOf(resource: Resource): JsonValue;
}

/** What the control plane gives a node, and what it has accepted of that. */
export async function nodeConfigReport(
  query: NodeConfigQuery,
  source: NodeConfigSource,
): Promise<NodeConfigReport> {
  const { nodes, serving, nowMs, refusedSource } = source;
  const { node: nodeId, type, limit, hasContent } = query;
  const node = nodes.find(({ id }) => id === nodeId);
  const known = node && { node };
  const { newest, own } = revisionsOf(serving, node);
  const group = whyNotServed({ nodeId, nodes, newest });
  if (typeof group !== "string") {
    const message = reasonText(group, nowMs, typeLabel);
    return { ...known, reason: group, message, items: [], isTruncated: false };
  }
  const holdings = nodeHoldings(await source.holdings(nodeId)).filter(
    ({ typeUrl }) => type === undefined || isCalled(typeUrl, type),
  );
  const items = holdings.slice(0, limit).map((holding): NodeConfigItem => {
    const { typeUrl, name, standing } = holding;
    const resource = newest?.groups.get(group)?.snapshot.types.get(typeUrl)?.resources.get(name);
    const heldVersion = heldVersionOf(standing);
    const why = explain({ nodeId, resource: holding, nodes, newest, own, refusedSource, streams: [holding] });
    const { holds, reason } = why;
    return {
      typeUrl,
      name,
      holds,
      ...(holds !== "current" && { reason, message: reasonText(reason, nowMs, typeLabel) }),
      ...(resource && { version: resource.version }),
      ...(heldVersion !== undefined && { heldVersion }),
      ...(resource?.origin && { place: resource.origin.place }),
      ...(resource && hasContent && { resource: source.contentOf(resource) }),
    };
  });
  const isTruncated = holdings.length > limit;
  return { ...known, ...(own && { source: own.source }), items, isTruncated };
}

function heldVersionOf(standing: ResourceStanding): string | undefined {
  if (standing.kind === "holds" || standing.kind === "kept") return standing.version;
  return "heldVersion" in standing ? standing.heldVersion : undefined;
}
