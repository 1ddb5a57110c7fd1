import { unreachable } from "../base/unreachable.ts";
import type { Group } from "../snapshot/revision.ts";
import type { OrderReason } from "../xds/trace.ts";
import type { Why, WhyReason } from "./why.ts";

/** Names types as people do: `Cluster`. */
export type NameType = (typeUrl: string) => string;

/** The answer as one sentence without a full stop. `nowMs` is the wall clock. */
export function whyText(why: Why, nowMs: number, nameType: NameType): string {
  const what = `${nameType(why.typeUrl)} ${why.name}`;
  const verdict = {
    current: "has",
    other: why.version === undefined ? "still has" : "has an older",
    nothing: "does not have",
  }[why.holds];
  return `${why.node} ${verdict} ${what}: ${reasonText(why.reason, nowMs, nameType)}`;
}

/** The reason alone, as part of a sentence about the node. */
export function reasonText(reason: WhyReason, nowMs: number, nameType: NameType): string {
  switch (reason.kind) {
    case "unknownNode":
      return `no node of this id has connected${didYouMean(reason.suggestion)}`;
    case "notConnected":
      return `it has not been connected for ${seconds(nowMs - reason.sinceMs)}, since its stream ended: ${reason.ended}`;
    case "nothingServed":
      return "nothing is served, for the source has no valid revision";
    case "noGroup":
      return `no group matches the node: ${reason.groups.map(groupText).join(", ")}`;
    case "otherRevision":
      return `it is served revision ${reason.own}, and the rollout of ${reason.newest} has not reached it`;
    case "typeNotAsked": {
      const asked = reason.asked.map(nameType).join(", ");
      return `it has not asked for this type${asked && `, only for ${asked}`}`;
    }
    case "notInGroup":
      return notInGroupText(reason);
    case "notSubscribed":
      return `it asks for ${counted(reason.nameCount, "resource")} of this type by name, and this is none of them`;
    case "refused":
      return `it refused ${reason.version === undefined ? "its removal" : `version ${reason.version}`} ${seconds(nowMs - reason.refusal.atMs)} ago: ${reason.refusal.message.trim()}`;
    case "heldBack":
      return `held back for ${seconds(reason.waitedMs)}, until the node accepts ${listText(reason.waitsFor, nameType)}`;
    case "kept":
      return `it is to go, and stays until the node accepts what replaces ${listText(reason.usedBy, nameType)}`;
    case "lingers":
      return "it is to go, but state of the world cannot say so for this type: the node keeps it until what names it goes";
    case "expired":
      return `its TTL of ${seconds(reason.ttlMs)} ran out, for the node could not be told in time to keep it`;
    case "awaited":
      return "it was sent what is to be, and has not answered; Envoy answers for clusters when they have warmed";
    case "queued":
      return `an earlier response of this type is not answered yet, nonce ${reason.nonce}`;
    case "due":
      return "it is about to be sent";
    case "notReading":
      return "the node does not read what was sent to it before";
    case "unanswered":
      return "it was sent, and the answer of the node neither accepts nor refuses it";
    case "holds":
      return `it accepted version ${reason.version}`;
    default:
      return unreachable(reason);
  }
}

function notInGroupText(reason: Extract<WhyReason, { kind: "notInGroup" }>): string {
  const { group, otherGroups, suggestion, refusedSource } = reason;
  const others =
    otherGroups.length === 0
      ? ""
      : `; ${otherGroups.join(", ")} ${otherGroups.length === 1 ? "has" : "have"} one`;
  const newer =
    refusedSource === undefined ? "" : `; a newer state of the source is not served (${refusedSource})`;
  return `group ${group} has none of this name${others}${didYouMean(suggestion)}${newer}`;
}

function groupText({ name, match }: Pick<Group, "name" | "match">): string {
  return `${name} is for ${JSON.stringify(match)}`;
}

function listText(reasons: readonly OrderReason[], nameType: NameType): string {
  return reasons
    .map(({ typeUrl, name }) => (typeUrl === undefined ? name : `${nameType(typeUrl)} ${name}`))
    .join(", ");
}

function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
