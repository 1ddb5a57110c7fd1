import { nearest } from "../base/edit-distance.ts";
import { maskSecrets } from "../base/mask-secrets.ts";
import type { Place } from "../base/problem.ts";
import { unreachable } from "../base/unreachable.ts";
import type { Group, Revision, RevisionSource } from "../snapshot/revision.ts";
import type { Named } from "../xds/order-views.ts";
import type { ResourceStanding } from "../xds/trace.ts";
import type { NodeStatus } from "./node-status.ts";

/** How one open stream of a node stands with a resource. */
export interface StreamStanding {
  /** The higher, the newer. */
  readonly streamId: number;
  readonly standing: ResourceStanding;
  /** The client has not taken yet what was written last. */
  readonly isWriting: boolean;
}

/** All that is known for an answer to "why has this node this resource, or why not?". */
export interface WhyFacts {
  readonly nodeId: string;
  readonly resource: Named;
  /** All nodes, connected and away. */
  readonly nodes: readonly NodeStatus[];
  /** What nodes are being brought to; absent when nothing is served. */
  readonly newest: Revision | undefined;
  /** What the node is served from: another revision than the newest while a rollout has not reached it. */
  readonly own: Revision | undefined;
  /** Why a newer state of the source is not served, if there is one. */
  readonly refusedSource?: string | undefined;
  /** The open streams of the node. */
  readonly streams: readonly StreamStanding[];
}

/** Reasons that do not lie in what was said on a stream. */
export type NodeReason =
  | { readonly kind: "unknownNode"; readonly suggestion?: string }
  /** `ended` is what ended its last stream. */
  | { readonly kind: "notConnected"; readonly sinceMs: number; readonly ended: string }
  | { readonly kind: "nothingServed" }
  | {
      readonly kind: "noGroup";
      readonly groups: readonly Pick<Group, "name" | "match">[];
    }
  /** The newest revision has the resource in another version, or has it not, and has not reached the node. */
  | {
      readonly kind: "otherRevision";
      readonly own: string;
      readonly newest: string;
      readonly heldVersion?: string;
    }
  | { readonly kind: "typeNotAsked"; readonly asked: readonly string[] }
  | {
      readonly kind: "notInGroup";
      readonly group: string;
      readonly otherGroups: readonly string[];
      /** A resource of the group that is called nearly so. */
      readonly suggestion?: string;
      /** Why a newer state of the source is not served, which may have it. */
      readonly refusedSource?: string;
    }
  /** It is due, but the client has not taken what was written before. */
  | { readonly kind: "notReading"; readonly heldVersion?: string };

/** The one true reason. */
export type WhyReason =
  | NodeReason
  | Exclude<ResourceStanding, { kind: "typeNotAsked" | "noContent" | "absent" }>;

/** Whether a node has a resource, and why. */
export interface Why extends Named {
  readonly node: string;
  /** `current`: as the newest revision has it. `other`: in another version, or although the revision lacks it. */
  readonly holds: "current" | "other" | "nothing";
  readonly reason: WhyReason;
  /** The version that the newest revision has for the node; absent when it has none. */
  readonly version?: string;
  /** Where that is written. */
  readonly place?: Place;
  /** Where the revision was read from that the node is served from. */
  readonly source?: RevisionSource;
}

/** Finds the reason why a node has or has not a resource. */
export function explain(facts: WhyFacts): Why {
  const { nodeId, resource, newest, own } = facts;
  const node = facts.nodes.find(({ id }) => id === nodeId);
  const wanted = node && findIn(newest?.groups.get(node.group ?? ""), resource);
  const reason = reasonOf(facts, node);
  return {
    node: nodeId,
    typeUrl: resource.typeUrl,
    name: resource.name,
    holds: holdingOf(reason),
    reason,
    ...(wanted && { version: wanted.version }),
    ...(wanted?.origin && { place: wanted.origin.place }),
    ...(own && { source: own.source }),
  };
}

/** What a question about a node, and about no resource, is answered from. */
export type NodeFacts = Pick<WhyFacts, "nodeId" | "nodes" | "newest">;

/** Why the node is not served at all, or its group when it is. */
export function whyNotServed({ nodeId, nodes, newest }: NodeFacts): NodeReason | string {
  if (!newest) return { kind: "nothingServed" };
  const node = nodes.find(({ id }) => id === nodeId);
  if (!node) {
    const suggestion = nearest(
      nodeId,
      nodes.map(({ id }) => id),
    );
    return { kind: "unknownNode", ...(suggestion !== undefined && { suggestion }) };
  }
  if (node.awaySinceMs !== undefined)
    return { kind: "notConnected", sinceMs: node.awaySinceMs, ended: node.endReason ?? "" };
  if (node.group !== undefined) return node.group;
  const groups = [...newest.groups.values()].map(({ name, match }) => ({ name, match }));
  return { kind: "noGroup", groups };
}

function reasonOf(facts: WhyFacts, node: NodeStatus | undefined): WhyReason {
  const group = whyNotServed(facts);
  if (typeof group !== "string") return group;
  const { newest, own, resource } = facts;
  if (!own || !newest || !node) return { kind: "nothingServed" };
  const before = findIn(own.groups.get(group), resource)?.version;
  if (own.id !== newest.id && findIn(newest.groups.get(group), resource)?.version !== before) {
    const held = facts.streams.map(({ standing }) => standing).find(({ kind }) => kind === "holds");
    const heldVersion = held?.kind === "holds" ? { heldVersion: held.version } : {};
    return { kind: "otherRevision", own: own.id, newest: newest.id, ...heldVersion };
  }
  return streamReason(facts, node, group);
}

function streamReason(facts: WhyFacts, node: NodeStatus, group: string): WhyReason {
  const asking = facts.streams.filter(({ standing }) => standing.kind !== "typeNotAsked");
  // Of several streams with one type the newest counts: an older one may be half-open (XDS-9).
  const [stream] = asking.toSorted((a, b) => b.streamId - a.streamId);
  if (!stream) return { kind: "typeNotAsked", asked: node.types.map(({ typeUrl }) => typeUrl) };
  const { standing, isWriting } = stream;
  switch (standing.kind) {
    case "typeNotAsked":
    case "noContent":
    case "absent":
      return notInGroup(facts, group);
    case "notSubscribed":
      // What there is not is the reason, asked for or not.
      return findIn(facts.own?.groups.get(group), facts.resource) ? standing : notInGroup(facts, group);
    case "due":
      if (!isWriting) return standing;
      return {
        kind: "notReading",
        ...(standing.heldVersion !== undefined && { heldVersion: standing.heldVersion }),
      };
    case "refused": {
      const { refusal } = standing;
      return { ...standing, refusal: { ...refusal, message: maskSecrets(refusal.message) } };
    }
    case "holds":
    case "expired":
    case "awaited":
    case "heldBack":
    case "queued":
    case "unanswered":
    case "kept":
    case "lingers":
      return standing;
    default:
      return unreachable(standing);
  }
}

function notInGroup({ own, resource, refusedSource }: WhyFacts, group: string): WhyReason {
  const groups = [...(own?.groups.values() ?? [])];
  const otherGroups = groups.filter((other) => other.name !== group && findIn(other, resource));
  const names = own?.groups.get(group)?.snapshot.types.get(resource.typeUrl)?.resources.keys() ?? [];
  const suggestion = nearest(resource.name, names);
  return {
    kind: "notInGroup",
    group,
    otherGroups: otherGroups.map(({ name }) => name),
    ...(suggestion !== undefined && { suggestion }),
    ...(refusedSource !== undefined && { refusedSource }),
  };
}

function findIn(group: Group | undefined, { typeUrl, name }: Named) {
  return group?.snapshot.types.get(typeUrl)?.resources.get(name);
}

function holdingOf(reason: WhyReason): Why["holds"] {
  if (reason.kind === "holds") return "current";
  if (reason.kind === "kept" || reason.kind === "lingers") return "other";
  return "heldVersion" in reason && reason.heldVersion !== undefined ? "other" : "nothing";
}

/**
 * The types that a question without one can be about: those of which some group has a resource of the name. With none,
 * the types that the node asks for.
 */
export function typesOfName(name: string, revisions: Iterable<Revision>): ReadonlySet<string> {
  const types = new Set<string>();
  for (const { groups } of revisions) {
    for (const { snapshot } of groups.values()) {
      for (const set of snapshot.types.values()) if (set.resources.has(name)) types.add(set.typeUrl);
    }
  }
  return types;
}
