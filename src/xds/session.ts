import { unreachable } from "../base/unreachable.ts";
import { makeResource, type Resource } from "../snapshot/resource.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Node } from "../snapshot/node.ts";
import type { TypeSet } from "../snapshot/type-set.ts";
import type { Remark, Refusal, StreamKind, StreamService, TypeStatus } from "./events.ts";
import { covers, deltaInterest, everything, sotwInterest, type Interest } from "./interest.ts";
import type { InterestPool } from "./interest-pool.ts";
import { judgeDelta, judgeSotw, type Verdict } from "./judge-request.ts";
import { keyOf, type Named } from "./order-views.ts";
import type { DeltaRequest, NameList, Request, SotwRequest } from "./request.ts";
import type { Response } from "./response.ts";
import { labelsNaming } from "./returning.ts";
import {
  type Holding,
  type OrderReason,
  type OrderStanding,
  type ResourceStanding,
  standingOf,
} from "./trace.ts";
import { TypeSession, type Shared } from "./type-session.ts";
import { CLUSTER, ENDPOINTS, LISTENER, ROUTES, type TypeTraits, VIRTUAL_HOST } from "./type-traits.ts";
import { hasVhds, namespaceOf } from "./vhds-routes.ts";
import { Waits, type Overdue } from "./waits.ts";
import { stringFieldSize, WireWriter } from "./wire.ts";

/** What a request did, besides making responses due. */
export type Outcome =
  /** The stream has told who it is; it is to be given a snapshot by `assign` (XDS-13). */
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "subscribed"; readonly typeUrl: string; readonly interest: Interest }
  | { readonly kind: "acked"; readonly typeUrl: string; readonly nonce: string; readonly version: string }
  | { readonly kind: "nacked"; readonly typeUrl: string; readonly refusal: Refusal }
  | { readonly kind: "remark"; readonly remark: Remark }
  /** The stream has to end with this gRPC status. */
  | { readonly kind: "end"; readonly code: number; readonly message: string };

/** What a session has to be done for it next. */
export type Next =
  | { readonly kind: "send"; readonly response: Response }
  | { readonly kind: "remark"; readonly remark: Remark };

/** What a session is made with. */
export interface SessionOptions {
  readonly kind: StreamKind;
  readonly service: StreamService;
  /** What is known of a type by its URL; undefined for one that is not served. */
  readonly traitsOf: (typeUrl: string) => TypeTraits | undefined;
  readonly shared: Shared;
  readonly interests: InterestPool;
  /** Names that a client may ask for of one type on one stream. */
  readonly maxNames: number;
  /** How long one type waits for another, and a removal for the last use of what it removes (XDS-96, XDS-97). */
  readonly orderTimeoutMs: number;
  /** 0 to 1: where heartbeats of this stream lie between those of others (XDS-111). */
  readonly beatPhase: number;
  /** True when versions that this node states of a type are not to be relied on (XDS-60). */
  readonly isDistrusted: (nodeId: string, typeUrl: string) => boolean;
}

/** google.rpc.Code */
const invalidArgument = 3;
const resourceExhausted = 8;

/** What gRPC clients take unless told otherwise; Envoy has no such limit. */
const grpcDefaultMaxBytes = 4 * 1024 * 1024;

/** What streams begin with, and mostly stay with: a set each is memory that a fleet of idle streams pays for. */
const noNames: ReadonlySet<string> = new Set();

/** Unknown types of a stream that are remembered, so that each is remarked on once. */
const maxUnknownTypes = 32;

/**
 * One stream as the protocol sees it, SotW or delta: requests and snapshots in, responses out. It is deterministic and
 * touches no socket or clock. Responses are asked for by `next`, one at a time and only when they can be written, so
 * that what is sent is always the newest.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #types = new Map<string, TypeSession>();
  /** The same in the order in which types go out. */
  #ordered: readonly TypeSession[] = [];
  #node: Node | undefined;
  #snapshot: Snapshot | undefined;
  #unknownTypes: ReadonlySet<string> = noNames;
  #hasOtherNode = false;
  /** Endpoints whose clusters were sent anew before the client said which endpoints it holds (XDS-88). */
  #orphans: ReadonlySet<string> = noNames;
  readonly #waits: Waits;
  /** The types whose changes order held back when they were looked at last. */
  #heldBack: ReadonlySet<string> = noNames;
  readonly #remarks: Remark[] = [];
  /** Types that were remarked on for their size. */
  #oversized: ReadonlySet<string> = noNames;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#waits = new Waits(options.orderTimeoutMs);
  }

  /** When `next` has to be asked again although nothing happened; undefined when nothing waits for a deadline. */
  get wakeAtMs(): number | undefined {
    let earliest = this.#waits.wakeAtMs;
    for (const { beatAtMs } of this.#ordered) {
      if (beatAtMs !== undefined && beatAtMs < (earliest ?? Infinity)) earliest = beatAtMs;
    }
    return earliest;
  }

  get node(): Node | undefined {
    return this.#node;
  }

  /** How the stream stands with each type that it asked for, in their order. */
  get status(): readonly TypeStatus[] {
    return this.#ordered.map((type) => type.status);
  }

  /** What the client should hold from now on; undefined leaves it with what it has (XDS-16). */
  assign(snapshot: Snapshot | undefined): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    for (const type of this.#ordered) type.assign(this.#targetOf(type.traits));
    // On a stream of virtual hosts alone nobody sees when their route configurations are sent.
    if (before && snapshot && this.#types.has(VIRTUAL_HOST) && !this.#types.has(ROUTES)) {
      const { views } = this.#options.shared;
      this.#greet(views.change(before.typeSet(ROUTES), snapshot.typeSet(ROUTES), everything).changed);
    }
  }

  #targetOf({ typeUrl }: TypeTraits): TypeSet | undefined {
    return this.#snapshot && (this.#snapshot.types.get(typeUrl) ?? this.#options.shared.views.empty(typeUrl));
  }

  /**
   * The next response that is due, in the order of types (XDS-94, XDS-95), or a remark on why one goes out; undefined
   * when nothing is due. `nowMs` is monotonic.
   */
  next(nowMs: number): Next | undefined {
    const remark = this.#remarks.shift();
    if (remark) return { kind: "remark", remark };
    this.#waits.beginRound();
    const response = this.#nextResponse(nowMs);
    const overdue = this.#waits.takeOverdue();
    if (overdue.length > 0) this.#remarks.push(...overdueRemarks(overdue));
    if (response) {
      this.#weigh(response);
      return { kind: "send", response };
    }
    this.#waits.endRound();
    const first = this.#remarks.shift();
    return first && { kind: "remark", remark: first };
  }

  #weigh({ plan: { typeUrl }, bytes: { length: bytes } }: Response): void {
    // Delta responses are split long before.
    if (bytes <= grpcDefaultMaxBytes || this.#options.kind === "delta") return;
    if (!this.#node?.userAgentName.startsWith("gRPC") || this.#oversized.has(typeUrl)) return;
    this.#oversized = new Set([...this.#oversized, typeUrl]);
    this.#remarks.push({ kind: "oversized", typeUrl, bytes });
  }

  #nextResponse(nowMs: number): Response | undefined {
    for (;;) {
      const isKeeping = this.#aim(nowMs);
      const before = isKeeping ? this.#ordered.map(({ accepted }) => accepted) : [];
      const response = this.#firstDue(nowMs);
      // What is no news is accepted without an answer, and may have been the last use of something.
      const hasMoved = isKeeping && this.#ordered.some(({ accepted }, index) => accepted !== before[index]);
      if (response || !hasMoved) return response;
    }
  }

  #firstDue(nowMs: number): Response | undefined {
    const blocked: TypeSession[] = [];
    for (const type of this.#ordered) {
      const { typeUrl, holdsLater } = type.traits;
      const isHeld = this.#isHeld(type, blocked, nowMs);
      if (isHeld !== this.#heldBack.has(typeUrl)) this.#heldBack = toggled(this.#heldBack, typeUrl);
      if (type.gone.size > 0 && !this.#keepsGone(type, nowMs)) type.removeGone();
      const due = type.next({
        isHeld,
        nowMs,
        keepsGone: this.#canKeepGone(type),
        standIn: (name) => this.#standIn(type, name),
      });
      if (due) {
        if (typeUrl === CLUSTER) this.#oweEndpoints(due.news);
        if (typeUrl === ROUTES) this.#greet(due.news);
        return due.response;
      }
      if (holdsLater && type.isBlocked) blocked.push(type);
    }
    return undefined;
  }

  /** Keeps what is to go as long as the client holds something that names it (XDS-68, XDS-96); true if anything is. */
  #aim(nowMs: number): boolean {
    const { order } = this.#options.shared;
    if (!order) return false;
    let isKeeping = false;
    for (const type of this.#ordered) {
      const { base, target, leftovers } = type;
      if (!target) continue;
      const kept = leftovers.filter((name) => this.#mustKeep({ typeUrl: target.typeUrl, name }, nowMs));
      type.aimAt(kept.length === 0 ? target : order.keeping(base, target, kept));
      isKeeping ||= kept.length > 0;
    }
    return isKeeping;
  }

  /** On a stream of one type nothing is known of what names its resources. */
  #canKeepGone({ traits }: TypeSession): boolean {
    const { service, shared } = this.#options;
    return shared.order !== undefined && service.kind === "ads" && labelsNaming(traits.label).length > 0;
  }

  /** True until a returning client has accepted all that could have named what it is to give up, or the deadline. */
  #keepsGone(type: TypeSession, nowMs: number): boolean {
    const [first, ...others] = labelsNaming(type.traits.label).map((label) =>
      this.#ordered.find(({ traits }) => traits.label === label),
    );
    const users = [first, ...others.filter((user) => user !== undefined)];
    if (users.every((user) => user?.isSettled)) return false;
    const isTimed = !users.some((user) => user?.isRefused || user?.isKeeping);
    const { typeUrl } = type.traits;
    // Each of them is asked, so that the remark names them all.
    return (
      [...type.gone].filter((name) => this.#waits.mayWait({ kind: "removal", typeUrl, name }, nowMs, isTimed))
        .length > 0
    );
  }

  #mustKeep(resource: Named, nowMs: number): boolean {
    const users = this.#ordered.filter((type) => this.#names(type, resource));
    if (users.length === 0) return false;
    // Who refused what was to replace a use still has that use; one that is itself held back has its own deadline.
    const isTimed = !users.some(
      (type) => type.isRefused || type.isKeeping || this.#heldBack.has(type.traits.typeUrl),
    );
    return this.#waits.mayWait({ kind: "removal", ...resource }, nowMs, isTimed);
  }

  /** True when something that the client may hold of a type names the resource. */
  #names(type: TypeSession, resource: Named): boolean {
    const { order } = this.#options.shared;
    return type.held.some((set) => order?.namesIn(set, type.interest).has(keyOf(resource)));
  }

  /**
   * True when the changes of a type have to wait: for changes of an earlier type that could not be sent yet, or for
   * clusters that they name and that the client has not accepted with their endpoints (XDS-97).
   */
  #isHeld(type: TypeSession, blocked: readonly TypeSession[], nowMs: number): boolean {
    if (!type.traits.waitsForEarlier || !type.isBlocked) return false;
    const names = [...blocked.map(({ traits }) => traits.label), ...this.#unready(type)];
    const { typeUrl } = type.traits;
    // Each of them is asked, so that their deadlines run side by side.
    return names.filter((name) => this.#waits.mayWait({ kind: "change", typeUrl, name }, nowMs)).length > 0;
  }

  #unready(type: TypeSession): readonly string[] {
    const { order } = this.#options.shared;
    const clusters = this.#types.get(CLUSTER);
    if (!order || !clusters || !this.#snapshot || !type.hasAccepted) return [];
    return order
      .clustersBehind(type.pending, this.#snapshot)
      .filter((cluster) => covers(clusters.interest, cluster.name) && !this.#isReady(cluster, clusters))
      .map(({ name }) => name);
  }

  #isReady(cluster: Resource, clusters: TypeSession): boolean {
    if (!clusters.accepts(cluster.name)) return false;
    const references = this.#options.shared.order?.referencesOf(cluster) ?? [];
    const endpoints = this.#types.get(ENDPOINTS);
    const sets = this.#snapshot?.typeSet(ENDPOINTS).resources;
    return references.every(
      ({ typeUrl, name }) => typeUrl !== ENDPOINTS || !sets?.has(name) || (endpoints?.accepts(name) ?? false),
    );
  }

  /** Why the client has or has not a resource. `nowMs` is monotonic. */
  standing(resource: Named, nowMs: number): ResourceStanding {
    const type = this.#types.get(resource.typeUrl);
    return type
      ? this.#standing(type, resource, this.#waitsOf(type, nowMs), nowMs)
      : { kind: "typeNotAsked" };
  }

  /** All that the client asks for and should hold, holds, or asks for in vain; of one type or of all. */
  holdings(typeUrl: string | undefined, nowMs: number): readonly Holding[] {
    const types = this.#ordered.filter(({ traits }) => typeUrl === undefined || traits.typeUrl === typeUrl);
    return types.flatMap((type) => {
      const waits = this.#waitsOf(type, nowMs);
      return [...type.names].map((name) => {
        const resource = { typeUrl: type.traits.typeUrl, name };
        return { ...resource, standing: this.#standing(type, resource, waits, nowMs) };
      });
    });
  }

  #standing(
    type: TypeSession,
    resource: Named,
    waits: Pick<OrderStanding, "waitsFor" | "waitedMs">,
    nowMs: number,
  ): ResourceStanding {
    return standingOf(type.trace(resource.name, nowMs), { ...waits, usedBy: () => this.#usersOf(resource) });
  }

  #waitsOf(
    { traits: { typeUrl } }: TypeSession,
    nowMs: number,
  ): Pick<OrderStanding, "waitsFor" | "waitedMs"> {
    if (!this.#heldBack.has(typeUrl)) return { waitsFor: [], waitedMs: 0 };
    const { names, waitedMs } = this.#waits.ofChange(typeUrl, nowMs);
    const labels = new Set(this.#ordered.map(({ traits }) => traits.label));
    const waitsFor = names.map((name) => (labels.has(name) ? { name } : { name, typeUrl: CLUSTER }));
    return { waitsFor, waitedMs };
  }

  /** What the client may hold that names the resource: one of each type. */
  #usersOf(resource: Named): readonly OrderReason[] {
    const { order } = this.#options.shared;
    if (!order) return [];
    return this.#ordered
      .filter((type) => this.#names(type, resource))
      .flatMap((type) => order.userIn(type.held, resource) ?? []);
  }

  /** Takes a request. `nowMs` is the wall clock, for the record of refusals. */
  receive(request: Request, nowMs: number): readonly Outcome[] {
    const outcomes: Outcome[] = [];
    const end = (message: string): readonly Outcome[] => [
      ...outcomes,
      { kind: "end", code: invalidArgument, message },
    ];
    if (!this.#node) {
      if (!request.node?.id) return end("node.id is missing in the first request of the stream");
      this.#node = request.node;
      outcomes.push({ kind: "node", node: request.node });
    } else if (request.nodeId !== undefined && request.nodeId !== this.#node.id && !this.#hasOtherNode) {
      this.#hasOtherNode = true;
      outcomes.push({ kind: "remark", remark: { kind: "otherNode", id: request.nodeId } });
    }
    const { service, traitsOf } = this.#options;
    const typeUrl = request.typeUrl || (service.kind === "type" ? service.typeUrl : "");
    if (typeUrl === "") return end("type_url is missing on an aggregated stream");
    if (service.kind === "type" && typeUrl !== service.typeUrl) {
      return end(`type_url is ${cut(typeUrl)} on a stream that serves ${service.typeUrl}`);
    }
    const traits = traitsOf(typeUrl);
    if (!traits) return [...outcomes, ...this.#remarkUnknown(typeUrl)];
    outcomes.push(
      ...(request.kind === "sotw"
        ? this.#receiveSotw(request, traits, nowMs)
        : this.#receiveDelta(request, traits, nowMs)),
    );
    return outcomes;
  }

  #receiveSotw(request: SotwRequest, traits: TypeTraits, nowMs: number): Outcome[] {
    const known = this.#types.get(traits.typeUrl);
    const before = known?.asked;
    const outcomes: Outcome[] = [];
    const type = known ?? this.#open(traits);
    let verdict: Verdict = "request";
    if (known) {
      const { responseNonce: nonce, versionInfo: version } = request;
      verdict = judgeSotw({ nonce, version, isRefusal: request.errorDetail !== undefined }, known.exchange);
      outcomes.push(...settle(known, verdict, request, nowMs));
      // XDS-39, XDS-40: nothing in it counts, its names neither.
      if (verdict === "stale") return outcomes;
    } else if (traits.isFullState && request.versionInfo !== "" && !this.#isDistrusted(traits)) {
      type.believeVersion(request.versionInfo);
    }
    const interest = this.#sotwInterest(before, request.names, traits);
    if ("kind" in interest) return [...outcomes, interest];
    if (interest !== before) {
      const added = [...interest.names].filter((name) => !before?.names.has(name));
      type.want(interest, new Set(added));
      outcomes.push({ kind: "subscribed", typeUrl: traits.typeUrl, interest });
    } else if (verdict === "repeat" && !traits.isFullState) {
      type.owe(type.interest.names);
    }
    return outcomes;
  }

  #sotwInterest(
    before: Interest | undefined,
    list: NameList,
    traits: TypeTraits,
  ): Interest | Extract<Outcome, { kind: "end" }> {
    const { interests, maxNames } = this.#options;
    if (before && interests.isEncodedAs(before, list.encoded)) return before;
    const known = interests.recentlyEncodedAs(list.encoded);
    if (known) return known;
    const names = list.decode();
    const problem = namesProblem("resource_names", names, maxNames, maxNames);
    if (problem) return problem;
    const interest = interests.intern(sotwInterest(before, names, traits));
    interests.noteEncoding(interest, list.encoded);
    return interest;
  }

  #receiveDelta(request: DeltaRequest, traits: TypeTraits, nowMs: number): Outcome[] {
    const known = this.#types.get(traits.typeUrl);
    const before = known?.asked;
    const { interests, maxNames } = this.#options;
    const room = maxNames - (before?.names.size ?? 0);
    const problem = namesProblem("resource_names_subscribe", request.subscribe, room, maxNames);
    if (problem) return [problem];
    const outcomes: Outcome[] = [];
    const type = known ?? this.#open(traits);
    if (known) {
      const answer = { nonce: request.responseNonce, isRefusal: request.errorDetail !== undefined };
      outcomes.push(...settle(known, judgeDelta(answer, known.exchange), request, nowMs));
    } else if (request.initialResourceVersions.size > 0) {
      type.believe(this.#believable(request.initialResourceVersions, traits));
    }
    const resources = this.#snapshot?.typeSet(traits.typeUrl).resources;
    const change = deltaInterest(before, request, traits, (name) => resources?.has(name) ?? false);
    const interest = change.interest === before ? before : interests.intern(change.interest);
    if (interest !== before || change.owed.size > 0) type.want(interest, change.owed);
    if (!known && traits.naming === "hosts") this.#greet(this.#routesHeld());
    if (interest !== before) outcomes.push({ kind: "subscribed", typeUrl: traits.typeUrl, interest });
    return outcomes;
  }

  #open(traits: TypeTraits): TypeSession {
    const { kind, shared } = this.#options;
    const isUnderstood = this.#node !== undefined && knowsWrappers(kind, this.#node);
    const type = new TypeSession(kind, traits, shared, { isUnderstood, phase: this.#options.beatPhase });
    this.#types.set(traits.typeUrl, type);
    this.#ordered = [...this.#types.values()].sort((a, b) => a.traits.order - b.traits.order);
    type.assign(this.#targetOf(traits));
    return type;
  }

  #isDistrusted({ typeUrl }: TypeTraits): boolean {
    return this.#node !== undefined && this.#options.isDistrusted(this.#node.id, typeUrl);
  }

  /** Stated versions, without those that the client will not use: names stay, so that removals are told. */
  #believable(stated: ReadonlyMap<string, string>, traits: TypeTraits): ReadonlyMap<string, string> {
    const orphans = traits.typeUrl === ENDPOINTS ? this.#orphans : undefined;
    if (traits.typeUrl === ENDPOINTS) this.#orphans = noNames;
    const isDistrusted = this.#isDistrusted(traits);
    if (!isDistrusted && !orphans?.size) return stated;
    return new Map(
      [...stated].map(([name, version]) => [name, isDistrusted || orphans?.has(name) ? "" : version]),
    );
  }

  /**
   * A cluster that changed warms anew, and a delta client does not ask for its endpoints again; a SotW client does,
   * with a nonce that may be stale by then. So they are sent unasked (XDS-88, XDS-99).
   */
  #oweEndpoints(clusters: readonly Resource[]): void {
    const endpoints = this.#types.get(ENDPOINTS);
    if (endpoints) {
      endpoints.owe(this.#options.shared.views.edsNamesOf(clusters));
      return;
    }
    // Until endpoints are asked for, only a returning delta client can turn out to hold some.
    if (this.#options.kind === "delta" && this.#types.get(CLUSTER)?.isReturning) {
      const names = this.#options.shared.views.edsNamesOf(clusters);
      this.#orphans = this.#orphans.size === 0 ? names : new Set([...this.#orphans, ...names]);
    }
  }

  /**
   * Envoy asks for no host at first, and a route configuration with VHDS warms until it is told something of its own
   * hosts, or 15 s have passed. It is told that one is gone which it never had.
   */
  #greet(routes: Iterable<Resource>): void {
    this.#types.get(VIRTUAL_HOST)?.greet([...routes].filter(hasVhds).map(namespaceOf));
  }

  /** Route configurations that the client has or will have, as far as this stream tells. */
  #routesHeld(): Iterable<Resource> {
    const routes = this.#types.get(ROUTES);
    if (!routes) return this.#snapshot?.typeSet(ROUTES).resources.values() ?? [];
    return this.#options.shared.views.content(routes.base, routes.interest).resources;
  }

  /** XDS-100, XDS-148: an empty set of endpoints where the client would otherwise warm until its timeout. */
  #standIn(type: TypeSession, name: string): Resource | undefined {
    if (type.traits.typeUrl !== ENDPOINTS || this.#options.service.kind !== "ads") return undefined;
    const clusters = this.#snapshot?.typeSet(CLUSTER);
    const isReferred = clusters !== undefined && this.#options.shared.views.edsNames(clusters).has(name);
    const isReconnect = !this.#types.has(CLUSTER) && (this.#types.has(LISTENER) || this.#types.has(ROUTES));
    return isReferred || (isReconnect && !type.mayHold(name)) ? emptyEndpoints(name) : undefined;
  }

  #remarkUnknown(typeUrl: string): Outcome[] {
    if (this.#unknownTypes.has(typeUrl) || this.#unknownTypes.size >= maxUnknownTypes) return [];
    this.#unknownTypes = new Set([...this.#unknownTypes, typeUrl]);
    const isV2 = /^type\.googleapis\.com\/envoy\.(api|config\.\w+)\.v2/.test(typeUrl);
    return [{ kind: "remark", remark: { kind: "unknownType", typeUrl: cut(typeUrl), isV2 } }];
  }
}

/** The set with the name, or without it if it had it. */
function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  if (!names.has(name)) return new Set([...names, name]);
  return names.size === 1 ? noNames : new Set([...names].filter((one) => one !== name));
}

/** One remark for each kind of wait and type, however many resources it is about. */
function overdueRemarks(overdue: readonly Overdue[]): Remark[] {
  const remarks = new Map<string, Extract<Remark, { kind: "orderTimeout" }> & { names: string[] }>();
  for (const { kind: wait, typeUrl, name, waitedMs } of overdue) {
    const key = `${wait}\0${typeUrl}`;
    const remark = remarks.get(key) ?? { kind: "orderTimeout", wait, typeUrl, names: [], waitedMs };
    remark.names.push(name);
    remarks.set(key, remark);
  }
  return [...remarks.values()];
}

/** Does to the session of a type what the request says about its responses. */
function settle(type: TypeSession, verdict: Verdict, request: Request, nowMs: number): Outcome[] {
  const { typeUrl } = type.traits;
  const nonce = request.responseNonce;
  switch (verdict) {
    case "ack": {
      const version = type.accept(nonce);
      return version === undefined ? [] : [{ kind: "acked", typeUrl, nonce, version }];
    }
    case "nack": {
      const { code = 0, message = "" } = request.errorDetail ?? {};
      return [{ kind: "nacked", typeUrl, refusal: type.refuse({ nonce, code, message, atMs: nowMs }) }];
    }
    case "settled":
      type.settle(nonce);
      return [];
    case "stale":
      return [{ kind: "remark", remark: { kind: "staleNonce", typeUrl, nonce: cut(nonce) } }];
    case "request":
    case "nackAgain":
    case "repeat":
    case "spent":
      return [];
    default:
      return unreachable(verdict);
  }
}

function namesProblem(
  field: string,
  names: readonly string[],
  room: number,
  maxNames: number,
): Extract<Outcome, { kind: "end" }> | undefined {
  if (names.includes(""))
    return { kind: "end", code: invalidArgument, message: `${field} has an empty name` };
  if (names.length <= room) return undefined;
  const message = `${field} has ${names.length} names, limit is ${maxNames} a type`;
  return { kind: "end", code: resourceExhausted, message };
}

/** An `envoy.config.endpoint.v3.ClusterLoadAssignment` with a name and nothing else. */
function emptyEndpoints(name: string): Resource {
  const writer = new WireWriter(stringFieldSize(name));
  writer.string(1, name);
  return makeResource({ typeUrl: ENDPOINTS, name, bytes: writer.bytes });
}

/**
 * True when the client understands resources in a wrapper, and with it a TTL: delta has nothing else, Envoy takes it
 * and says nothing, and gRPC clients state it (XDS-17).
 */
function knowsWrappers(kind: StreamKind, { userAgentName, clientFeatures }: Node): boolean {
  if (kind === "delta" || clientFeatures.includes("xds.config.resource-in-sotw")) return true;
  return userAgentName === "envoy" || userAgentName === "chancery";
}

/** What a peer wrote, short enough for a log. */
function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
