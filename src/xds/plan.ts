import type { Resource } from "../snapshot/resource.ts";
import type { TypeSet } from "../snapshot/type-set.ts";
import type { Change, Plan } from "./change.ts";
import type { StreamKind } from "./events.ts";
import { covers, noInterest, type Interest } from "./interest.ts";
import type { TypeTraits } from "./type-traits.ts";
import type { Views } from "./views.ts";

/**
 * Where a client stands with one type: it holds what `interest` covers of `base`, apart from the names that are
 * owed or refused.
 */
export interface Position {
  readonly interest: Interest;
  readonly base: TypeSet;
  /** Names to be answered whether they changed or not: newly asked for, asked for again, or their parent changed. */
  readonly owed: ReadonlySet<string>;
  /** An answer is due even when there is nothing to put into it (XDS-18). */
  readonly owesAnswer: boolean;
  /** Names of refused responses; they become owed with the next change of content (XDS-55, XDS-56). */
  readonly refused: ReadonlySet<string>;
  /** SotW of a partial type: names that went without the client being told, for there is no way to (XDS-64). */
  readonly lingering: ReadonlySet<string>;
  /** Delta: name to version, as the client's first message states them; compared once. */
  readonly stated?: ReadonlyMap<string, string>;
  /** SotW of a full-state type: the version that the client's first request states; compared once (XDS-42). */
  readonly statedVersion?: string;
}

/** The response that is due, if any, and where the client stands once it was sent. */
export interface Planned {
  readonly plan?: Plan;
  readonly next: Position;
  /** The client said, and was believed, that it holds all of this already. */
  readonly isHeld?: boolean;
}

const none: ReadonlySet<string> = new Set();

/** Where a client stands that holds nothing and wants nothing yet. */
export function startPosition(empty: TypeSet): Position {
  return { interest: noInterest, base: empty, owed: none, owesAnswer: false, refused: none, lingering: none };
}

function settled(position: Position, base: TypeSet): Position {
  const { interest, refused, lingering } = position;
  return { interest, base, owed: none, owesAnswer: false, refused, lingering };
}

/** A resource for a name that does not exist, where one must be sent nevertheless (XDS-100). */
export type StandIn = (name: string) => Resource | undefined;

/** What a client is to be sent next of one type, given where it stands and what it should hold. */
export function planResponse(
  kind: StreamKind,
  traits: Pick<TypeTraits, "isFullState">,
  position: Position,
  target: TypeSet,
  views: Views,
  standIn: StandIn,
): Planned {
  if (kind === "delta") return planDelta(position, target, views);
  return traits.isFullState
    ? planFullState(position, target, views)
    : planPartial(position, target, views, standIn);
}

/** SotW of CDS, LDS and SRDS: the whole set, as soon as anything in it differs (XDS-36). */
function planFullState(position: Position, target: TypeSet, views: Views): Planned {
  const { interest, base, owesAnswer, owed, statedVersion } = position;
  const next = settled(position, target);
  // What has a TTL is sent nevertheless: in state of the world there is no other way to keep it (XDS-109).
  const isStated = statedVersion !== undefined && statedVersion === views.versionOf(target, interest);
  if (isStated && views.ttls(target, interest).size === 0) return { next, isHeld: true };
  const due = owesAnswer || owed.size > 0 || hasChanges(views.change(base, target, interest));
  return due ? { plan: views.content(target, interest), next } : { next };
}

/**
 * SotW of the other types: only what is new to the client; a removal cannot be said (XDS-64). `standIn` gives the
 * resource that is sent for a name asked for which does not exist, if one should be (XDS-100).
 */
function planPartial(position: Position, target: TypeSet, views: Views, standIn: StandIn): Planned {
  const { interest, base, owesAnswer, refused } = position;
  const change = views.change(base, target, interest);
  const isFirst = position.owed === interest.names && base.resources.size === 0 && refused.size === 0;
  const isComplete = isFirst && change.changed.length === interest.names.size;
  const version = views.versionOf(target, interest, base);
  const owed = dueNames(position, change);
  const next = { ...settled(position, target), lingering: lingeringAfter(position, change, target) };
  if (owed.size === 0 || isComplete) {
    if (change.changed.length === 0 && !owesAnswer) return { next };
    return { plan: views.partialPlan(change, target.typeUrl, version), next };
  }
  const resources = new Map(change.changed.map((resource) => [resource.name, resource]));
  for (const name of owed) {
    const resource = covers(interest, name) ? (target.resources.get(name) ?? standIn(name)) : undefined;
    if (resource) resources.set(name, resource);
  }
  const after = { ...next, refused: without(refused, owed) };
  if (resources.size === 0 && !owesAnswer) return { next: after };
  const { typeUrl } = target;
  const isShared = resources.size === change.changed.length;
  const plan = isShared
    ? views.partialPlan(change, typeUrl, version)
    : { typeUrl, version, resources: [...resources.values()], removed: [] };
  return { plan, next: after };
}

/** Delta of any type: what changed, what is owed, and the names that are no more (XDS-65, XDS-70, XDS-75). */
function planDelta(position: Position, target: TypeSet, views: Views): Planned {
  const { interest, base, owesAnswer, refused, stated } = position;
  const next = settled(position, target);
  const change = views.change(base, target, interest);
  if (!stated && position.owed === interest.names && base.resources.size === 0 && refused.size === 0) {
    const plan = views.firstAnswer(target, interest);
    return hasChanges({ changed: plan.resources, removed: plan.removed }) || owesAnswer
      ? { plan, next }
      : { next };
  }
  const owed = dueNames(position, change);
  if (!stated && owed.size === 0) {
    return hasChanges(change) || owesAnswer ? { plan: views.deltaPlan(change, target), next } : { next };
  }
  const isHeld = ({ name, version }: Resource) => stated?.get(name) === version;
  const resources = new Map<string, Resource>();
  const removed = new Set(change.removed);
  for (const resource of change.changed) {
    if (!isHeld(resource)) resources.set(resource.name, resource);
  }
  for (const name of stated?.keys() ?? []) {
    if (covers(interest, name) && !target.resources.has(name)) removed.add(name);
  }
  for (const name of owed) {
    if (!covers(interest, name)) continue;
    const resource = target.resources.get(name);
    if (!resource) removed.add(name);
    else if (!isHeld(resource)) resources.set(name, resource);
  }
  const after = { ...next, refused: without(refused, owed) };
  if (resources.size === 0 && removed.size === 0 && !owesAnswer) {
    return { next: after, isHeld: stated !== undefined };
  }
  const { typeUrl, version } = target;
  return {
    plan: { typeUrl, version, resources: [...resources.values()], removed: [...removed] },
    next: after,
  };
}

/** True when there is anything to tell. */
export function hasChanges({ changed, removed }: Change): boolean {
  return changed.length > 0 || removed.length > 0;
}

/** The owed names and, once the content has changed, those that were refused before. */
function dueNames({ owed, refused }: Position, change: Change): ReadonlySet<string> {
  return refused.size > 0 && hasChanges(change) ? new Set([...owed, ...refused]) : owed;
}

function without(names: ReadonlySet<string>, taken: ReadonlySet<string>): ReadonlySet<string> {
  if (names.size === 0) return names;
  const rest = new Set([...names].filter((name) => !taken.has(name)));
  return rest.size === 0 ? none : rest;
}

function lingeringAfter(position: Position, change: Change, target: TypeSet): ReadonlySet<string> {
  const { interest, lingering } = position;
  if (lingering.size === 0 && change.removed.length === 0) return lingering;
  const names = [...lingering, ...change.removed];
  return new Set(names.filter((name) => covers(interest, name) && !target.resources.has(name)));
}
