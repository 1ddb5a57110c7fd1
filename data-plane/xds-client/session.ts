import { unreachable } from "../../src/base/unreachable.ts";
import type { Message } from "../../src/schema/message.ts";
import { deltaDialect } from "./delta-dialect.ts";
import type { Dialect } from "./dialect.ts";
import { refusalText } from "./refusal-text.ts";
import type { Instant, ReceivedResource, Response, SessionAction, SessionEvent } from "./session-events.ts";
import { sotwDialect } from "./sotw-dialect.ts";
import type { TypeState } from "./type-state.ts";
import {
  endWait,
  isSubscribed,
  newTypeState,
  newTypeStream,
  noteRefusals,
  refresh,
  subscribe,
  unsubscribe,
  waitingNames,
} from "./type-state.ts";
import type { FetchEnd, Refusal, Update, UpdatedResource } from "./update.ts";

/** State of the world or delta: `api_type` GRPC or DELTA_GRPC (XC-4). */
export type SessionMode = "sotw" | "delta";

export interface SessionOptions {
  readonly mode: SessionMode;
  /** `envoy.config.core.v3.Node`, as it is sent. */
  readonly node: Message;
  /** `set_node_on_first_message_only` (XC-16). */
  readonly isNodeOnFirstOnly: boolean;
  /** Default true. False where each reading of a file is an attempt, and to subscribe is none (XC-56). */
  readonly isSubscribingAnAttempt?: boolean;
}

/** A type's state, for those who only look: stats and `/config_dump`. */
export type TypeView = Readonly<
  Pick<TypeState, "typeUrl" | "version" | "held" | "errors" | "stats" | "isWildcard" | "names">
>;

/** A response whose verdict is awaited. */
interface Applying {
  readonly type: TypeState;
  readonly response: Response;
  readonly received: readonly ReceivedResource[];
  readonly update: Update;
  readonly refused: readonly Refusal[];
  /** The stream that it came on; answers do not go to another. */
  readonly stream: TypeState["stream"];
  readonly isFirst: boolean;
}

/**
 * The client's side of one source of resources: an ADS source with all its types, or one of its own for one
 * type. It outlives streams. Events in, actions out; it does no I/O and reads no clock.
 */
export class Session {
  readonly #dialect: Dialect;
  readonly #options: SessionOptions;
  /** In the order of first subscription, which is the order of first messages (XC-19, XC-20). */
  readonly #types = new Map<string, TypeState>();
  #stream: "closed" | "fresh" | "introduced" = "closed";
  #applying: Applying | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#dialect = options.mode === "sotw" ? sotwDialect : deltaDialect;
  }

  step(event: SessionEvent, at: Instant): SessionAction[] {
    switch (event.kind) {
      case "opened":
        return this.#open();
      case "closed":
        return this.#close();
      case "subscribe-all":
        return this.#subscribeAll(event.typeUrl, event.timeoutMs, at);
      case "subscribe":
        subscribe(this.#type(event.typeUrl), event.name, event.timeoutMs, at);
        return [];
      case "unsubscribe":
        unsubscribe(this.#type(event.typeUrl), event.name);
        return [];
      case "refresh":
        refresh(this.#type(event.typeUrl), event.name);
        return [];
      case "received":
        return this.#receive(event.response, at);
      case "applied":
        return this.#conclude(event.refused, event.isWarming, at);
      case "warmed":
        return this.#warmed(this.#type(event.typeUrl));
      case "wait-over":
        return this.#endWait(this.#type(event.typeUrl), event.end);
      case "turn-ended":
        return [...this.#types.values()].flatMap((type) => this.#sendChanges(type));
      case "time-passed":
        return [...this.#types.values()].flatMap((type) => [
          ...this.#endWaits(type, at),
          ...this.#expire(type, at),
        ]);
      default:
        return unreachable(event);
    }
  }

  /** Monotonic time at which it wants `time-passed`, if any. */
  deadlineMs(): number | undefined {
    let earliest = Infinity;
    for (const type of this.#types.values()) {
      earliest = Math.min(earliest, type.wildcardDeadlineMs ?? Infinity);
      for (const { deadlineMs } of type.names.values()) earliest = Math.min(earliest, deadlineMs ?? Infinity);
      if (type === this.#applying?.type) continue;
      for (const { expiresAtMs } of type.held.values())
        earliest = Math.min(earliest, expiresAtMs ?? Infinity);
    }
    return earliest === Infinity ? undefined : earliest;
  }

  /** The types in the order of first subscription. */
  types(): readonly TypeView[] {
    return [...this.#types.values()];
  }

  #type(typeUrl: string): TypeState {
    const known = this.#types.get(typeUrl);
    if (known) return known;
    const type = newTypeState(typeUrl);
    this.#types.set(typeUrl, type);
    return type;
  }

  #subscribeAll(typeUrl: string, timeoutMs: number, at: Instant): SessionAction[] {
    const type = this.#type(typeUrl);
    type.isWildcard = true;
    if (this.#options.isSubscribingAnAttempt ?? true) type.stats.updateAttempt += 1;
    if (timeoutMs > 0) type.wildcardDeadlineMs = at.monotonicMs + timeoutMs;
    return [];
  }

  #open(): SessionAction[] {
    this.#stream = "fresh";
    return [...this.#types.values()].flatMap((type) => {
      type.stream = newTypeStream();
      return this.#sendFirst(type);
    });
  }

  #close(): SessionAction[] {
    this.#stream = "closed";
    for (const type of this.#types.values()) {
      type.stream = newTypeStream();
      if (!isSubscribed(type)) continue;
      type.stats.updateAttempt += 1;
      type.stats.updateFailure += 1;
    }
    return [];
  }

  #send(request: Message): SessionAction {
    const withNode = this.#stream === "fresh" || !this.#options.isNodeOnFirstOnly;
    this.#stream = "introduced";
    return { kind: "send", request: withNode ? { node: this.#options.node, ...request } : request };
  }

  #sendFirst(type: TypeState): SessionAction[] {
    if (this.#stream === "closed" || !isSubscribed(type)) return [];
    type.stream.isRequested = true;
    return [this.#send(this.#takeChanges(type, this.#dialect.first(type)))];
  }

  #sendChanges(type: TypeState): SessionAction[] {
    if (this.#stream === "closed" || type.warming > 0) return [];
    if (!type.stream.isRequested) return this.#sendFirst(type);
    if (type.stream.wanted.size === 0 && type.stream.unwanted.size === 0) return [];
    return [this.#send(this.#takeChanges(type, this.#dialect.change(type)))];
  }

  /** Names that went out with a message are known to the server from then on. */
  #takeChanges(type: TypeState, request: Message): Message {
    type.stream.wanted.clear();
    type.stream.unwanted.clear();
    type.stream.told.clear();
    for (const name of type.names.keys()) type.stream.told.add(name);
    return request;
  }

  #receive(response: Response, at: Instant): SessionAction[] {
    const type = this.#types.get(response.typeUrl);
    // XC-23: a type that was not asked for on this stream gets neither attention nor an answer.
    if (!type?.stream.isRequested) return [];
    if (response.content.kind === "malformed")
      return this.#refuseWhole(type, response, response.content.reason);
    const { resources, refused } = response.content;
    const wanted = resources.filter(({ name }) => type.isWildcard || type.names.has(name));
    const broken = wanted.filter(({ resource }) => !resource);
    for (const heartbeat of broken) {
      const reason = this.#dialect.refuseHeartbeat(type, heartbeat);
      if (reason !== undefined) return this.#refuseWhole(type, response, reason);
    }
    const update = {
      typeUrl: type.typeUrl,
      version: response.version,
      resources: new Map(wanted.flatMap(({ name, resource }) => (resource ? [[name, resource]] : []))),
      removed: this.#dialect.removed(type, response, resources),
    };
    const isFirst = type.stats.updateSuccess + type.stats.updateRejected === 0;
    const { stream } = type;
    this.#applying = { type, response, received: wanted, update, refused, stream, isFirst };
    const isEmpty = update.resources.size === 0 && update.removed.length === 0;
    // An empty set of clusters or listeners still ends the wait for one (XC-11).
    if (isEmpty && !type.isWildcard) return this.#conclude([], false, at);
    return [{ kind: "apply", update }];
  }

  #refuseWhole(type: TypeState, { nonce }: Response, reason: string): SessionAction[] {
    type.stats.updateRejected += 1;
    type.stats.updateAttempt += 1;
    type.stream.answers.push({ nonce, error: reason });
    const ends = this.#endWait(type, "refused");
    return [...this.#sendAnswers(type), ...ends];
  }

  #endWait(type: TypeState, end: FetchEnd): SessionAction[] {
    if (end === "failed") {
      type.stats.updateFailure += 1;
      type.stats.updateAttempt += 1;
    }
    const names = waitingNames(type);
    const isWaiting = names.length > 0 || type.wildcardDeadlineMs !== undefined;
    endWait(type, names);
    return isWaiting ? [{ kind: "end-fetch", typeUrl: type.typeUrl, names, end }] : [];
  }

  #conclude(refusedByConsumer: readonly Refusal[], isWarming: boolean, at: Instant): SessionAction[] {
    const applying = this.#applying;
    if (!applying) throw new Error("a verdict came without an update that awaits one");
    this.#applying = undefined;
    const { type, response, update, isFirst } = applying;
    const refused = [...applying.refused, ...refusedByConsumer];
    this.#hold(applying, new Set(refusedByConsumer.map(({ name }) => name)), at);
    noteRefusals(type, refused, response.version, update.resources, at);
    endWait(type, [...update.resources.keys(), ...update.removed]);
    type.stats.updateAttempt += 1;
    if (refused.length > 0) {
      type.stats.updateRejected += 1;
    } else {
      type.stats.updateSuccess += 1;
      type.stats.updateTimeMs = at.wallMs;
      type.version = response.version;
    }
    // At start Envoy answers at once (XC-35).
    if (isWarming && !isFirst) type.warming += 1;
    if (applying.stream !== type.stream) return [];
    const error = refused.length > 0 ? { error: refusalText(type.typeUrl, refused) } : {};
    type.stream.answers.push({ nonce: response.nonce, ...error });
    return this.#sendAnswers(type);
  }

  /** Books what is applied from now on: all but the refused, with the versions and TTLs that came. */
  #hold({ type, response, received, update }: Applying, refused: ReadonlySet<string>, at: Instant): void {
    for (const { name, version, ttlMs, resource } of received) {
      if (refused.has(name) || !this.#isWanted(type, name)) continue;
      const expiry = ttlMs === undefined ? {} : { expiresAtMs: at.monotonicMs + ttlMs };
      const held = type.held.get(name);
      if (resource) {
        const { wallMs } = at;
        type.held.set(name, { version: version || response.version, updatedAtMs: wallMs, ...expiry });
        type.errors.delete(name);
      } else if (held) {
        type.held.set(name, { version: held.version, updatedAtMs: held.updatedAtMs, ...expiry });
      }
    }
    for (const name of update.removed) {
      type.held.delete(name);
      type.errors.delete(name);
    }
  }

  /** A name may have been given up while its resource was being applied. */
  #isWanted(type: TypeState, name: string): boolean {
    return type.isWildcard || type.names.has(name);
  }

  #sendAnswers(type: TypeState): SessionAction[] {
    if (type.warming > 0 || type.stream.answers.length === 0) return [];
    const answers = type.stream.answers;
    type.stream.answers = [];
    type.stream.nonce = answers.at(-1)!.nonce;
    return this.#dialect.answers(type, answers).map((request) => this.#send(request));
  }

  #warmed(type: TypeState): SessionAction[] {
    type.warming = Math.max(0, type.warming - 1);
    return this.#sendAnswers(type);
  }

  #endWaits(type: TypeState, at: Instant): SessionAction[] {
    const isOver = (deadlineMs: number | undefined) =>
      deadlineMs !== undefined && deadlineMs <= at.monotonicMs;
    const names = [...type.names].filter(([, { deadlineMs }]) => isOver(deadlineMs)).map(([name]) => name);
    const isWildcardOver = isOver(type.wildcardDeadlineMs);
    if (names.length === 0 && !isWildcardOver) return [];
    for (const name of names) delete type.names.get(name)?.deadlineMs;
    if (isWildcardOver) delete type.wildcardDeadlineMs;
    type.stats.initFetchTimeout += Math.max(1, names.length);
    type.stats.updateAttempt += Math.max(1, names.length);
    return [{ kind: "end-fetch", typeUrl: type.typeUrl, names, end: "timeout" }];
  }

  /** XC-52: a cluster or listener goes as if the server had removed it; the other types keep what they have. */
  #expire(type: TypeState, at: Instant): SessionAction[] {
    if (type === this.#applying?.type) return [];
    const isOver = ({ expiresAtMs = Infinity }) => expiresAtMs <= at.monotonicMs;
    const over = [...type.held].filter(([, held]) => isOver(held));
    for (const [name, { version, updatedAtMs }] of over) {
      if (type.isWildcard) type.held.delete(name);
      else type.held.set(name, { version, updatedAtMs });
    }
    if (over.length === 0 || !type.isWildcard) return [];
    const removed = over.map(([name]) => name);
    const resources = new Map<string, UpdatedResource>();
    const { typeUrl, version } = type;
    return [{ kind: "expire", update: { typeUrl, version, resources, removed } }];
  }
}
