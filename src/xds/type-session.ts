import type { Resource } from "../snapshot/resource.ts";
import type { TypeSet } from "../snapshot/type-set.ts";
import type { Change, Plan } from "./change.ts";
import type { Refusal, StreamKind, TypeStatus } from "./events.ts";
import { answerHosts } from "./host-answers.ts";
import { covers, isWildcard, noInterest, type Interest } from "./interest.ts";
import type { Exchange } from "./judge-request.ts";
import { hasChanges, planResponse, startPosition, type Position } from "./plan.ts";
import { afterBeat, type Beats, dueBeat, followTtls, isLate, nextBeatAtMs, noBeats } from "./heartbeats.ts";
import type { OrderViews } from "./order-views.ts";
import { namesReached, statedWithin } from "./reach.ts";
import { partGone } from "./returning.ts";
import type { Response, ResponseCache } from "./response.ts";
import type { ResourceTrace } from "./trace.ts";
import type { TypeTraits } from "./type-traits.ts";
import type { Views } from "./views.ts";

/** What all sessions of a server share. */
export interface Shared {
  readonly views: Views;
  readonly responses: ResponseCache;
  /** Absent when nothing is known of what resources name: types then wait for each other, but not for ACKs. */
  readonly order?: OrderViews;
}

/** A response to be sent, and the resources in it that are news to the client. */
export interface Due {
  readonly response: Response;
  readonly news: readonly Resource[];
}

/** What the rest of the stream means for a type that is about to be planned. */
export interface Surroundings {
  /** A type before this one has changes that could not be sent yet. */
  readonly isHeld: boolean;
  /** Monotonic. */
  readonly nowMs: number;
  /** What a returning client states and the target lacks is not to be removed at once. */
  readonly keepsGone: boolean;
  /** The resource that is sent for a name asked for which does not exist, if one should be (XDS-100). */
  readonly standIn: (name: string) => Resource | undefined;
}

/** How a client is kept from dropping what has a TTL. */
export interface TtlTerms {
  /** False for a client that would not understand a TTL. */
  readonly isUnderstood: boolean;
  /** 0 to 1: where its heartbeats lie between those of others (XDS-111). */
  readonly phase: number;
}

/**
 * Delta answers to subscriptions go out although others are not ACKed yet (XDS-76); a client that never ACKs gets no
 * further ones beyond this number, so that it cannot make its session grow.
 */
const maxUnacked = 64;

/** Refused contents that are remembered as possibly held in part; a client that refuses on and on holds few of them. */
const maxUncertain = 4;

const noNames: ReadonlySet<string> = new Set();
/** The empty list of all sessions at rest. */
const nothing: readonly never[] = [];
const noChange: Change = { changed: [], removed: [] };

/** One type on one stream: what the client wants and holds, what it was sent, and what it said to it. */
export class TypeSession {
  readonly traits: TypeTraits;
  readonly #kind: StreamKind;
  readonly #shared: Shared;
  #position: Position;
  #asked: Interest = noInterest;
  #greetings: ReadonlySet<string> = noNames;
  #gone: ReadonlySet<string> = noNames;
  /** The content that the client should hold; absent while its node has no snapshot. */
  #target: TypeSet | undefined;
  /** What it is brought to now: the target, with what cannot be removed yet. */
  #aim: TypeSet | undefined;
  /** What it accepted. */
  #accepted: TypeSet;
  /** What it was sent since and did not accept, oldest first: it may run any part of it. */
  #uncertain: readonly TypeSet[] = nothing;
  /** Nothing is due for this target and position: a session at rest costs no look-ups. */
  #isAtRest = false;
  #isReturning = false;
  #unacked: readonly Response[] = nothing;
  /** Parts of a plan that are still to be sent (XDS-91). */
  #parts: readonly Plan[] = nothing;
  #lastSerial = 0;
  #lastNonce: string | undefined;
  #sentVersion: string | undefined;
  #ackedVersion: string | undefined;
  #refusal: Refusal | undefined;
  readonly #tellsTtls: boolean;
  readonly #beatPhase: number;
  #beats: Beats = noBeats;

  /** A client that holds nothing of the type and wants nothing yet. */
  constructor(kind: StreamKind, traits: TypeTraits, shared: Shared, { isUnderstood, phase }: TtlTerms) {
    this.#kind = kind;
    this.#tellsTtls = isUnderstood && traits.bearsTtl;
    this.#beatPhase = phase;
    this.traits = traits;
    this.#shared = shared;
    this.#accepted = shared.views.empty(traits.typeUrl);
    this.#position = startPosition(this.#accepted);
  }

  /** What the client asks for, in its words. */
  get asked(): Interest {
    return this.#asked;
  }

  /** The same in names of resources. */
  get interest(): Interest {
    return this.#position.interest;
  }

  get exchange(): Exchange {
    return {
      unacked: this.#unacked.map(({ nonce, plan }) => ({ nonce, version: plan.version })),
      ...(this.#lastNonce !== undefined && { lastNonce: this.#lastNonce }),
      ...(this.#refusal && { refusedNonce: this.#refusal.nonce }),
      ...(this.#ackedVersion !== undefined && { ackedVersion: this.#ackedVersion }),
    };
  }

  /** True when the client was sent, and may still hold, a resource of this name. */
  mayHold(name: string): boolean {
    const { base, lingering } = this.#position;
    return base.resources.has(name) || lingering.has(name);
  }

  /** The content that the client should hold in the end. */
  get target(): TypeSet | undefined {
    return this.#target;
  }

  /** The content that it was last sent. */
  get base(): TypeSet {
    return this.#position.base;
  }

  get accepted(): TypeSet {
    return this.#accepted;
  }

  /** The contents that it may hold, as far as it wants them: the accepted one, and those that it was sent since. */
  get held(): readonly TypeSet[] {
    return this.#uncertain.length === 0 ? [this.#accepted] : [this.#accepted, ...this.#uncertain];
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** True when something that the target lacks is kept for the time being. */
  get isKeeping(): boolean {
    return this.#aim !== this.#target || this.#gone.size > 0;
  }

  /** True when it accepted anything: before, there is nothing that order could protect. */
  get hasAccepted(): boolean {
    return this.#accepted.resources.size > 0;
  }

  /** True when the resource of this name is, in some version, among what the client accepted. */
  accepts(name: string): boolean {
    const { interest, owed } = this.#position;
    if (!covers(interest, name) || !this.#accepted.resources.has(name)) return false;
    if (isWildcard(interest)) return true;
    // What is in the accepted content was not sent if it was not asked for then.
    const isOnItsWay = ({ resources }: Plan) => resources.some((resource) => resource.name === name);
    return (
      !owed.has(name) && !this.#unacked.some(({ plan }) => isOnItsWay(plan)) && !this.#parts.some(isOnItsWay)
    );
  }

  /** True when the client holds something from an earlier stream, or was sent more than one response. */
  get isReturning(): boolean {
    return this.#isReturning;
  }

  /** The client's interest is now another one, or it asked again for names of it (XDS-27, XDS-78). */
  want(asked: Interest, owed: ReadonlySet<string>): void {
    this.#asked = asked;
    const before = this.#position;
    const interest = this.#reach();
    const hasGained = isWildcard(interest) && !isWildcard(before.interest);
    const isFirst = this.#lastNonce === undefined && before.base.resources.size === 0 && !before.stated;
    const due = isFirst && !hasGained ? interest.names : this.#reached(owed);
    this.#position = {
      ...before,
      interest,
      // What it dropped it has forgotten, and may ask for anew.
      lingering: covered(before.lingering, interest),
      owed: due === interest.names ? due : union(before.owed, due, hasGained ? uncovered(before) : noNames),
      owesAnswer: before.owesAnswer || hasGained || (this.traits.isFullState && owed.size > 0),
    };
    this.#isAtRest = false;
  }

  /** What is asked for in names of resources: for nearly all clients just what they ask for. */
  #reach(): Interest {
    const { views } = this.#shared;
    const isIndirect = views.isIndirect(this.#asked, this.traits);
    if (!isIndirect && this.#greetings.size === 0) return this.#asked;
    const { base, stated } = this.#position;
    const reach = isIndirect
      ? views.reach(this.#asked, this.traits, base, this.#target ?? base)
      : this.#asked;
    if (!stated && this.#greetings.size === 0) return reach;
    const within = new Set(statedWithin(stated?.keys() ?? [], this.#asked, this.traits));
    return { ...reach, names: union(reach.names, within, this.#greetings) };
  }

  #reached(names: ReadonlySet<string>): ReadonlySet<string> {
    const { views } = this.#shared;
    if (!views.isIndirect(this.#asked, this.traits)) return names;
    const sets = this.#target ? [this.#target] : [];
    return new Set([...names].flatMap((name) => namesReached(name, this.traits, sets, views.setNames)));
  }

  /** These names are sent again, changed or not, as far as the client wants them (XDS-43, XDS-88, XDS-99). */
  owe(names: Iterable<string>): void {
    const { interest, owed, stated } = this.#position;
    const wanted = [...names].filter((name) => covers(interest, name));
    if (wanted.length === 0) return;
    const isNews = new Set(wanted);
    this.#position = {
      ...this.#position,
      owed: union(owed, isNews),
      ...(stated && { stated: new Map([...stated].filter(([name]) => !isNews.has(name))) }),
    };
    this.#isAtRest = false;
  }

  /** Names that nothing has and nobody asked for, and that the client is nevertheless told are gone (XDS-114). */
  greet(names: readonly string[]): void {
    if (names.length === 0) return;
    const greetings = new Set(names);
    this.#greetings = union(this.#greetings, greetings);
    this.#position = {
      ...this.#position,
      interest: this.#reach(),
      owed: union(this.#position.owed, greetings),
    };
    this.#isAtRest = false;
  }

  /** The versions that a delta client says it holds from an earlier stream (XDS-84). */
  believe(stated: ReadonlyMap<string, string>): void {
    this.#position = { ...this.#position, stated };
    this.#isReturning = true;
  }

  /** The version of the whole content that a SotW client says it holds from an earlier stream (XDS-42). */
  believeVersion(statedVersion: string): void {
    this.#position = { ...this.#position, statedVersion };
  }

  /** The content that the client should hold from now on; what was not sent yet of an older one is dropped (XDS-106). */
  assign(target: TypeSet | undefined): void {
    if (target === this.#target) return;
    this.#target = target;
    this.aimAt(target);
    const interest = this.#reach();
    if (interest === this.#position.interest) return;
    const { owed, base, interest: before } = this.#position;
    // What names lead to now, and the client was not sent because they led elsewhere.
    const isNew = (name: string) => base.resources.has(name) && !covers(before, name);
    this.#position = {
      ...this.#position,
      interest,
      owed: union(owed, new Set([...interest.names].filter(isNew))),
    };
  }

  /** The content that the client is brought to now, on the way to its target. */
  aimAt(aim: TypeSet | undefined): void {
    if (aim === this.#aim) return;
    this.#aim = aim;
    this.#isAtRest = false;
  }

  /** The response of this nonce was accepted. Answers its version. */
  accept(nonce: string): string | undefined {
    const response = this.#settle(nonce);
    if (!response) return undefined;
    // What the client refused it still refuses, though it goes on keeping the rest.
    if (response.plan.isHeartbeat) return this.#refusal ? undefined : response.plan.version;
    this.#ackedVersion = response.plan.version;
    this.#refusal = undefined;
    this.#noteBase();
    return this.#ackedVersion;
  }

  /** The response of this nonce was neither accepted nor refused, but is no longer waited for (XDS-49). */
  settle(nonce: string): void {
    this.#settle(nonce);
  }

  /** The response of this nonce was refused: nothing in it counts as held, and nothing of it is due (XDS-50, XDS-56). */
  refuse(refused: Omit<Refusal, "version" | "acceptedVersion">): Refusal {
    const response = this.#settle(refused.nonce);
    const version = response?.plan.version ?? this.#sentVersion ?? "";
    this.#refusal = { ...refused, version, acceptedVersion: this.#ackedVersion ?? "" };
    if (response && !(this.#kind === "sotw" && this.traits.isFullState)) {
      const { resources, removed, isHeartbeat } = response.plan;
      const names = new Set([...resources.map(({ name }) => name), ...removed]);
      // XDS-112: it refused to keep what it has dropped already.
      if (isHeartbeat) this.owe(names);
      else this.#position = { ...this.#position, refused: union(this.#position.refused, names) };
    }
    return this.#refusal;
  }

  #settle(nonce: string): Response | undefined {
    const response = this.#unacked.find((one) => one.nonce === nonce);
    if (!response) return undefined;
    this.#unacked = this.#unacked.length === 1 ? nothing : this.#unacked.filter((one) => one !== response);
    return response;
  }

  /** The next response of the type that is due and may be sent now: what is new to the client, else a heartbeat. */
  next(surroundings: Surroundings): Due | undefined {
    return this.#nextNews(surroundings) ?? this.#nextBeat(surroundings.nowMs);
  }

  /** When the next heartbeat is due; undefined when nothing that the client holds has a TTL. */
  get beatAtMs(): number | undefined {
    return nextBeatAtMs(this.#beats);
  }

  #nextNews({ isHeld, standIn, nowMs, keepsGone }: Surroundings): Due | undefined {
    const [part, ...parts] = this.#parts;
    if (part) {
      this.#parts = parts.length === 0 ? nothing : parts;
      return { response: this.#send(part), news: part.resources };
    }
    if (!this.#aim || this.#isAtRest || !this.#isFree(isHeld)) return undefined;
    const aim = isHeld ? this.#aimOfAsked(this.#aim) : this.#aim;
    const position = keepsGone ? this.#partGone(aim) : this.#position;
    const {
      plan,
      next,
      isHeld: isCurrent,
    } = planResponse(this.#kind, this.traits, position, aim, this.#shared.views, standIn);
    this.#position = next;
    this.#isAtRest = aim === this.#aim;
    if (this.#greetings.size > 0) {
      this.#greetings = noNames;
      this.#position = { ...next, interest: this.#reach() };
    }
    this.#followTtls(nowMs, position.stated !== undefined);
    if (!plan) {
      if (isCurrent || (this.#ackedVersion !== undefined && !this.#refusal && this.#unacked.length === 0)) {
        this.#sentVersion = this.#ackedVersion = this.#wantedVersion(aim);
      }
      this.#noteBase();
      return undefined;
    }
    if (this.#kind === "sotw") {
      const news = this.#shared.views.change(position.base, aim, position.interest).changed;
      return { response: this.#send(plan), news };
    }
    const [first = plan, ...rest] = this.#partsOf(plan, position.base);
    this.#parts = rest.length === 0 ? nothing : rest;
    return { response: this.#send(first), news: first.resources };
  }

  /**
   * While changes are held back, what a client asks for meanwhile goes out, and nothing else: the content that it was
   * sent, with what it asks for as it is now (XDS-97, XDS-101).
   */
  #aimOfAsked(aim: TypeSet): TypeSet {
    const { base, owed, owesAnswer, interest } = this.#position;
    const wantsAll = owesAnswer && isWildcard(interest);
    if (owed.size === 0 || wantsAll || !this.hasAccepted) return aim;
    const changed = [...owed].flatMap((name) => aim.resources.get(name) ?? []);
    return base.with({ changed, removed: [...owed].filter((name) => !aim.resources.has(name)) });
  }

  #partGone(aim: TypeSet): Position {
    const { position, gone } = partGone(this.#position, aim);
    if (gone.size > 0) this.#gone = gone;
    return position;
  }

  /** What the client states it holds from an earlier stream, and is to give up once nothing names it any more. */
  get gone(): ReadonlySet<string> {
    return this.#gone;
  }

  /** What is gone is removed now. */
  removeGone(): void {
    // What has come back meanwhile was sent like anything new.
    const names = [...this.#gone].filter((name) => !this.#target?.resources.has(name));
    this.#gone = noNames;
    this.owe(names);
  }

  /** True when the client has accepted all that it should hold, and gave up the rest. */
  get isSettled(): boolean {
    const isAccepted = this.#unacked.every(({ plan }) => plan.isHeartbeat) && this.#parts.length === 0;
    return this.#isAtRest && isAccepted && !this.isKeeping && !this.#refusal;
  }

  #partsOf(plan: Plan, sent: TypeSet): readonly Plan[] {
    const { views } = this.#shared;
    const parts = views.parts(plan);
    if (this.traits.naming !== "hosts" || !this.#aim) return parts;
    const hosts = views.setNames.hosts(this.#aim);
    return parts.map((part) => answerHosts(part, this.#asked, hosts, sent));
  }

  #followTtls(nowMs: number, isReturning: boolean): void {
    const { base, interest } = this.#position;
    if (!this.#tellsTtls) return;
    const ttls = this.#shared.views.ttls(base, interest);
    if (ttls.size === 0 && this.#beats === noBeats) return;
    this.#beats = followTtls(this.#beats, ttls.keys(), { nowMs, phase: this.#beatPhase }, isReturning);
  }

  /** A heartbeat; or, when heartbeats came too late, what they were for. */
  #nextBeat(nowMs: number): Due | undefined {
    const beat = this.#beats === noBeats ? undefined : dueBeat(this.#beats, nowMs);
    if (!beat || !this.#mayBeat()) return undefined;
    this.#beats = afterBeat(this.#beats, beat, nowMs);
    const { base, interest, owed, refused } = this.#position;
    const { views } = this.#shared;
    const group = views.ttls(base, interest).get(beat.ttlMs) ?? [];
    const isHeld = ({ name }: Resource) => !owed.has(name) && !refused.has(name);
    const resources = owed.size + refused.size === 0 ? group : group.filter(isHeld);
    if (resources.length === 0) return undefined;
    const { typeUrl } = base;
    if (this.#kind === "sotw") {
      const version = views.versionOf(base, interest);
      // XDS-109: Envoy takes whatever it is sent as the full set, and what has no body as removed.
      const told = this.traits.isFullState ? views.content(base, interest).resources : resources;
      return { response: this.#send(views.heartbeat(told, typeUrl, version)), news: [] };
    }
    const { version } = base;
    const plan = isLate(beat, nowMs)
      ? { typeUrl, version, resources, removed: [] }
      : views.heartbeat(resources, typeUrl, version);
    return { response: this.#send(plan), news: [] };
  }

  /** State of the world has one response under way (XDS-45), and never says again what was refused (XDS-50). */
  #mayBeat(): boolean {
    if (this.#kind === "delta") return this.#unacked.length < maxUnacked;
    return this.#unacked.length === 0 && !(this.#refusal && this.traits.isFullState);
  }

  /** The changes of content that are still to be sent. */
  get pending(): Change {
    if (!this.#aim || this.#isAtRest) return noChange;
    const { base, interest } = this.#position;
    return this.#shared.views.change(base, this.#aim, interest);
  }

  /** Names that the client holds or is on the way to, and that its target lacks. */
  get leftovers(): readonly string[] {
    const { base, interest } = this.#position;
    if (!this.#target || base === this.#target) return noChange.removed;
    return this.#shared.views.change(base, this.#target, interest).removed;
  }

  /** True when changes of content wait for something. */
  get isBlocked(): boolean {
    return hasChanges(this.pending);
  }

  /** Takes note of what the client holds, after something was sent or settled or turned out to be no news. */
  #noteBase(): void {
    const { base, refused } = this.#position;
    const isCertain =
      this.#unacked.length === 0 && this.#parts.length === 0 && !this.#refusal && refused.size === 0;
    if (isCertain) {
      this.#accepted = base;
      this.#uncertain = nothing;
    } else if (base !== this.#accepted && this.#uncertain.at(-1) !== base) {
      this.#uncertain = [...this.#uncertain.slice(1 - maxUncertain), base];
    }
  }

  /**
   * SotW never has two responses un-ACKed (XDS-45). Delta sends changes only when nothing is un-ACKed, so that a slow
   * client gets the newest and not each one between, but answers what was asked for at any time (XDS-76).
   */
  #isFree(isHeld: boolean): boolean {
    const { owed, owesAnswer } = this.#position;
    const isAsked = owed.size > 0 || owesAnswer;
    if (this.#unacked.length === 0) return isAsked || !isHeld;
    return this.#kind === "delta" && isAsked && this.#unacked.length < maxUnacked;
  }

  #send(plan: Plan): Response {
    const { responses } = this.#shared;
    const response = responses.take(this.#kind, plan, this.#lastSerial, this.#tellsTtls);
    this.#isReturning ||= this.#lastNonce !== undefined;
    this.#lastSerial = response.serial;
    this.#lastNonce = response.nonce;
    this.#sentVersion = plan.version;
    this.#unacked = [...this.#unacked, response];
    this.#noteBase();
    return response;
  }

  #wantedVersion(target: TypeSet): string {
    return this.#kind === "delta"
      ? target.version
      : this.#shared.views.versionOf(target, this.#position.interest, this.#position.base);
  }

  /** What the client asks for and should hold, holds although it should not, or asks for in vain. */
  get names(): ReadonlySet<string> {
    const { interest, lingering } = this.#position;
    const sets = [this.#target, this.#aim, this.#accepted].flatMap((set) => [
      ...(set?.resources.keys() ?? []),
    ]);
    return new Set([...sets, ...interest.names, ...lingering].filter((name) => covers(interest, name)));
  }

  /** What is known of one resource. */
  trace(name: string, nowMs: number): ResourceTrace {
    const { interest, base, owed, refused, lingering } = this.#position;
    const versionIn = (set: TypeSet | undefined) => set?.resources.get(name)?.version;
    const isAbout = ({ resources, removed }: Plan) =>
      removed.includes(name) || resources.some((resource) => resource.name === name);
    const target = versionIn(this.#target);
    const isUnwritten = this.#parts.some(isAbout);
    const news = this.#unacked.filter(({ plan }) => !plan.isHeartbeat);
    const ttlMs = base.resources.get(name)?.ttlMs;
    const beat = ttlMs === undefined ? undefined : this.#beats.find((one) => one.ttlMs === ttlMs);
    return {
      isWanted: covers(interest, name),
      nameCount: interest.names.size,
      hasContent: this.#target !== undefined,
      target,
      base: versionIn(base),
      accepted: versionIn(this.#accepted),
      isKept: target === undefined && this.#aim?.resources.has(name) === true,
      isLingering: lingering.has(name),
      isOwed: owed.has(name),
      isRefused: refused.has(name),
      awaitedNonce: isUnwritten ? "" : news.find(({ plan }) => isAbout(plan))?.nonce,
      blockingNonce: this.#unacked[0]?.nonce,
      refusal: this.#refusal,
      ...(beat && isLate(beat, nowMs) && { expiredTtlMs: beat.ttlMs }),
    };
  }

  /** Where the client stands, for people. */
  get status(): TypeStatus {
    return {
      typeUrl: this.traits.typeUrl,
      isWildcard: isWildcard(this.#asked),
      names: this.#asked.names,
      ...(this.#target && { wantedVersion: this.#wantedVersion(this.#target) }),
      ...(this.#sentVersion !== undefined && { sentVersion: this.#sentVersion }),
      ...(this.#ackedVersion !== undefined && { ackedVersion: this.#ackedVersion }),
      ...(this.#refusal && { refusal: this.#refusal }),
      state: this.#state(),
    };
  }

  #state(): TypeStatus["state"] {
    if (this.#refusal) return "NACKED";
    if (this.#sentVersion === undefined) return "NOT_SENT";
    return this.isSettled ? "SYNCED" : "STALE";
  }
}

/** What the client does not hold of `base`, because it did not want it. */
function uncovered({ base, interest }: Position): ReadonlySet<string> {
  return new Set([...base.resources.keys()].filter((name) => !covers(interest, name)));
}

function covered(names: ReadonlySet<string>, interest: Interest): ReadonlySet<string> {
  return names.size === 0 ? names : new Set([...names].filter((name) => covers(interest, name)));
}

/** The union, which is one of the sets itself when the others add nothing. */
function union(...sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const [first = noNames, ...others] = sets.filter((set) => set.size > 0);
  return others.length === 0 ? first : new Set([first, ...others].flatMap((set) => [...set]));
}
