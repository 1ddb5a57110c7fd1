import type { Refusal, UpdatedResource } from "./update.ts";
import type { Instant } from "./session-events.ts";

/** Counters of one type of one source, under the names that Envoy gives them (XC-56). */
export interface SubscriptionStats {
  /** Everything that happens is one, as in Envoy: the begin, each answer, a timeout, each end of a stream. */
  updateAttempt: number;
  updateSuccess: number;
  updateFailure: number;
  updateRejected: number;
  initFetchTimeout: number;
  /** Wall clock of the last accepted response. */
  updateTimeMs?: number;
}

/** A resource as it is applied: what `initial_resource_versions` and `/config_dump` say (XC-21, XC-57). */
export interface HeldResource {
  readonly version: string;
  readonly updatedAtMs: number;
  /** Monotonic end of its TTL. */
  readonly expiresAtMs?: number;
}

/** The last refusal of a resource, until it is taken or gone: `error_state` of `/config_dump` (XC-57). */
export interface ErrorState {
  readonly reason: string;
  readonly version: string;
  readonly atMs: number;
  /** What was refused; absent where it was the second of two with one name. */
  readonly resource?: UpdatedResource;
}

interface Subscribed {
  holders: number;
  /** Monotonic end of `initial_fetch_timeout`; absent once answered, timed out, or for ever. */
  deadlineMs?: number;
}

/** An ACK, or a NACK when it has an error, that is still to be sent. */
export interface Answer {
  readonly nonce: string;
  readonly error?: string;
}

/**
 * Everything that a session knows of one type. It outlives streams; what belongs to one stream stands in `stream`
 * and is replaced with it. Mutated by the session that owns it, and by nobody else.
 */
export interface TypeState {
  readonly typeUrl: string;
  /** CDS and LDS: the whole set, without names. */
  isWildcard: boolean;
  wildcardDeadlineMs?: number;
  /** In the order of subscription. */
  readonly names: Map<string, Subscribed>;
  /** Last accepted `version_info` or `system_version_info`. */
  version: string;
  readonly held: Map<string, HeldResource>;
  readonly errors: Map<string, ErrorState>;
  /** Updates whose clusters warm; answers wait while there are any. */
  warming: number;
  readonly stats: SubscriptionStats;
  stream: TypeStream;
}

/** The part of a type's state that begins and ends with a stream. */
export interface TypeStream {
  /** The first message of the type went out. */
  isRequested: boolean;
  /** Nonce of the last response that was answered. */
  nonce: string;
  /** Names that the server was told. */
  readonly told: Set<string>;
  /** Names to ask for, again or for the first time, and names to give up, with the next message. */
  readonly wanted: Set<string>;
  readonly unwanted: Set<string>;
  answers: Answer[];
}

export function newTypeState(typeUrl: string): TypeState {
  return {
    typeUrl,
    isWildcard: false,
    names: new Map(),
    version: "",
    held: new Map(),
    errors: new Map(),
    warming: 0,
    stats: { updateAttempt: 0, updateSuccess: 0, updateFailure: 0, updateRejected: 0, initFetchTimeout: 0 },
    stream: newTypeStream(),
  };
}

export function newTypeStream(): TypeStream {
  return {
    isRequested: false,
    nonce: "",
    told: new Set(),
    wanted: new Set(),
    unwanted: new Set(),
    answers: [],
  };
}

/** True while there is something to ask for: a type without that is not mentioned on a new stream (XC-22). */
export function isSubscribed(type: TypeState): boolean {
  return type.isWildcard || type.names.size > 0;
}

/** Adds a holder of a name. The server is asked, even if it was told the name before: somebody new needs it. */
export function subscribe(type: TypeState, name: string, timeoutMs: number, at: Instant): void {
  const known = type.names.get(name);
  const subscribed = known ?? { holders: 0 };
  subscribed.holders += 1;
  if (!known) type.names.set(name, subscribed);
  if (timeoutMs > 0 && !type.held.has(name)) subscribed.deadlineMs ??= at.monotonicMs + timeoutMs;
  refresh(type, name);
}

export function refresh(type: TypeState, name: string): void {
  if (!type.names.has(name)) return;
  type.stream.unwanted.delete(name);
  type.stream.wanted.add(name);
}

/** Takes a holder away; with the last one goes what is known of the resource. */
export function unsubscribe(type: TypeState, name: string): void {
  const subscribed = type.names.get(name);
  if (!subscribed) return;
  subscribed.holders -= 1;
  if (subscribed.holders > 0) return;
  type.names.delete(name);
  type.held.delete(name);
  type.errors.delete(name);
  type.stream.wanted.delete(name);
  if (type.stream.told.has(name)) type.stream.unwanted.add(name);
}

/** The first answer, or the refusal of one, ends the wait for these names (XC-13). */
export function endWait(type: TypeState, names: Iterable<string>): void {
  delete type.wildcardDeadlineMs;
  for (const name of names) {
    const subscribed = type.names.get(name);
    if (subscribed) delete subscribed.deadlineMs;
  }
}

/** Names that still wait for their first answer. */
export function waitingNames(type: TypeState): string[] {
  return [...type.names].filter(([, { deadlineMs }]) => deadlineMs !== undefined).map(([name]) => name);
}

/** Keeps what was refused, where it can be shown. */
export function noteRefusals(
  type: TypeState,
  refused: readonly Refusal[],
  version: string,
  resources: ReadonlyMap<string, UpdatedResource>,
  at: Instant,
): void {
  for (const { name, reason } of refused) {
    const resource = resources.get(name);
    type.errors.set(name, { reason, version, atMs: at.wallMs, ...(resource ? { resource } : {}) });
  }
}
