import type { Refusal } from "./events.ts";
import type { Named } from "./order-views.ts";

/** What the session of one type knows of one resource. Versions are those of the resource, not of the set. */
export interface ResourceTrace {
  /** The client asks for it, by its name or by a wildcard. */
  readonly isWanted: boolean;
  /** How many names the client asks for one by one. */
  readonly nameCount: number;
  /** The node has a snapshot. */
  readonly hasContent: boolean;
  /** The version that the client should hold; absent when its snapshot lacks the resource. */
  readonly target?: string | undefined;
  /** The version that the client was brought to last; what is refused or owed is not really there. */
  readonly base?: string | undefined;
  /** The version that it accepted. */
  readonly accepted?: string | undefined;
  /** Kept on the client for the sake of order, although the target lacks it. */
  readonly isKept: boolean;
  /** The target lacks it, and state of the world has no way to say so (XDS-64). */
  readonly isLingering: boolean;
  /** It is to be sent, changed or not. */
  readonly isOwed: boolean;
  /** It stood in a response that was refused, and is not sent again as it is (XDS-50, XDS-55). */
  readonly isRefused: boolean;
  /** Nonce of the response that it stands in and that was not answered yet; empty for one not written yet. */
  readonly awaitedNonce?: string | undefined;
  /** Nonce of any response of the type that was not answered yet. */
  readonly blockingNonce?: string | undefined;
  /** Its TTL, when that ran out before the client could be told to keep it (XDS-112). */
  readonly expiredTtlMs?: number;
  /** The last refusal of the type. */
  readonly refusal?: Refusal | undefined;
}

/** Something that a change waits for, or that keeps a resource where it is. */
export interface OrderReason {
  /** The resource that is not accepted yet, or that still names what is to go; or a type whose changes come first. */
  readonly name: string;
  /** Absent when `name` is a type. */
  readonly typeUrl?: string;
}

/** How one stream stands with one resource. A `version` that is absent is the removal of the resource. */
export type ResourceStanding =
  /** The stream has not asked for the type. */
  | { readonly kind: "typeNotAsked" }
  | { readonly kind: "notSubscribed"; readonly nameCount: number }
  | { readonly kind: "noContent" }
  /** The client should not have it, and was not sent it. */
  | { readonly kind: "absent" }
  | { readonly kind: "holds"; readonly version: string }
  /** The client had it and has dropped it, for heartbeats could not be sent in time. */
  | { readonly kind: "expired"; readonly version: string; readonly ttlMs: number }
  | Refused
  /** It was sent, or its removal was, and is not answered yet; `nonce` is empty while it waits for the transport. */
  | {
      readonly kind: "awaited";
      readonly version?: string;
      readonly heldVersion?: string;
      readonly nonce: string;
    }
  /** Held back until the client has accepted what it builds on (XDS-97). */
  | {
      readonly kind: "heldBack";
      readonly version: string;
      readonly heldVersion?: string;
      readonly waitsFor: readonly OrderReason[];
      readonly waitedMs: number;
    }
  /** An earlier response of the type is not answered yet (XDS-45). */
  | {
      readonly kind: "queued";
      readonly version: string;
      readonly heldVersion?: string;
      readonly nonce: string;
    }
  /** It is due, and goes out when the client takes what was written before. */
  | { readonly kind: "due"; readonly version?: string; readonly heldVersion?: string }
  /** It was sent, and the answer was neither an ACK nor a NACK (XDS-49). */
  | { readonly kind: "unanswered"; readonly version: string; readonly heldVersion?: string }
  /** Its removal waits until the client has accepted what replaces the last use of it (XDS-96). */
  | { readonly kind: "kept"; readonly version: string; readonly usedBy: readonly OrderReason[] }
  /** The client keeps it until its parent goes: state of the world cannot remove a resource of this type (XDS-64). */
  | { readonly kind: "lingers" };

interface Refused {
  readonly kind: "refused";
  readonly version?: string;
  readonly heldVersion?: string;
  readonly refusal: Refusal;
}

/** A resource and how one stream stands with it. */
export interface Holding extends Named {
  readonly standing: ResourceStanding;
}

/** What order has to say about the resource. */
export interface OrderStanding {
  /** What changes of its type wait for; empty when they wait for nothing. */
  readonly waitsFor: readonly OrderReason[];
  readonly waitedMs: number;
  /** What the client holds that names it; looked up only when it matters. */
  usedBy(): readonly OrderReason[];
}

/** The one reason why a client has or has not a resource, of all that its stream knows. */
export function standingOf(trace: ResourceTrace, order: OrderStanding): ResourceStanding {
  if (!trace.isWanted) return { kind: "notSubscribed", nameCount: trace.nameCount };
  if (!trace.hasContent) return { kind: "noContent" };
  return trace.target === undefined
    ? withoutTarget(trace, order)
    : withTarget({ ...trace, target: trace.target }, order);
}

function withoutTarget(trace: ResourceTrace, order: OrderStanding): ResourceStanding {
  const { base, accepted: heldVersion, awaitedNonce, blockingNonce: nonce = awaitedNonce, refusal } = trace;
  if (trace.isKept && base !== undefined) return { kind: "kept", version: base, usedBy: order.usedBy() };
  if (trace.isLingering) return { kind: "lingers" };
  if (heldVersion === undefined) return { kind: "absent" };
  if (base !== undefined) return { kind: "due", heldVersion };
  if (nonce !== undefined) return { kind: "awaited", heldVersion, nonce };
  return refusal ? { kind: "refused", heldVersion, refusal } : { kind: "absent" };
}

function withTarget(
  trace: ResourceTrace & { readonly target: string },
  { waitsFor, waitedMs }: OrderStanding,
): ResourceStanding {
  const { target: version, base, accepted, awaitedNonce, blockingNonce, refusal, isOwed } = trace;
  const held = accepted === undefined || accepted === version ? {} : { heldVersion: accepted };
  if (awaitedNonce !== undefined) return { kind: "awaited", version, ...held, nonce: awaitedNonce };
  const isSent = base === version && !isOwed;
  if (refusal && isSent && (trace.isRefused || accepted !== version))
    return { kind: "refused", version, ...held, refusal };
  if (isSent && accepted === version) {
    const { expiredTtlMs: ttlMs } = trace;
    return ttlMs === undefined ? { kind: "holds", version } : { kind: "expired", version, ttlMs };
  }
  if (isSent) return { kind: "unanswered", version, ...held };
  if (blockingNonce !== undefined) return { kind: "queued", version, ...held, nonce: blockingNonce };
  if (!isOwed && waitsFor.length > 0) return { kind: "heldBack", version, ...held, waitsFor, waitedMs };
  return { kind: "due", version, ...held };
}
