import { status, type ServerDuplexStream } from "@grpc/grpc-js";
import type { Clock } from "../base/clock.ts";
import { unreachable } from "../base/unreachable.ts";
import type { StreamHoldings } from "../fleet/node-config.ts";
import type { StreamStanding } from "../fleet/why.ts";
import type { Node } from "../snapshot/node.ts";
import type { Served } from "../snapshot/serving.ts";
import type { Remark, StreamKind, StreamService, StreamStatus, XdsEvent } from "../xds/events.ts";
import type { Named } from "../xds/order-views.ts";
import type { Response } from "../xds/response.ts";
import type { Outcome, Session } from "../xds/session.ts";
import { WireError } from "../xds/wire.ts";
import { decodeRequest } from "./decode-request.ts";
import type { Slices } from "./slices.ts";
import { type RateLimit, type RateState, takeRequest } from "./request-rate.ts";
import { forgetRequest, resetCall, writeMessage } from "./beneath-call.ts";
import type { ConnectionAges } from "./connection-ages.ts";

/** A bidirectional call whose messages are not decoded: their bytes, without gRPC's framing. */
export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/**
 * What handing a response to the kernel takes, about. Node does that at the end of the turn, for all streams that were written
 * to: without it, a turn would be given as many large responses as can be made in the time of a slice.
 */
const writeMs = 0.02;
const bytesPerMs = 1_000_000;

/** What all streams of a server share: one object, for there are thousands of them. */
export interface AdsStreamHost {
  readonly clock: Clock;
  /** Answers go out in slices: thousands of requests may come in one turn of the event loop. */
  readonly slices: Slices;
  readonly ages: ConnectionAges;
  onEvent(stream: AdsStream, event: XdsEvent): void;
  /** Told of each request that can be read, by its type URL; empty when it has none. */
  onRequest(typeUrl: string): void;
  /** Gives the session of a node that has just become known its snapshot. */
  onNode(stream: AdsStream, node: Node): void;
  /** Why the client may not have what it has asked for, or undefined when it may (XDS-137). */
  refusal(stream: AdsStream): string | undefined;
  onClosed(stream: AdsStream): void;
  /** A response that the client has not taken after this time costs it the stream (XDS-124). */
  readonly stallTimeoutMs: number;
  /** A stream that has not made its first request after this time is ended. */
  readonly firstRequestTimeoutMs: number;
  readonly requestRate: RateLimit;
}

/** What a stream is made with. */
export interface AdsStreamOptions {
  readonly streamId: number;
  readonly kind: StreamKind;
  readonly service: StreamService;
  readonly call: RawCall;
  readonly session: Session;
  /** What the client has proved about itself: names of its certificate or its token. */
  readonly principals: readonly string[];
  readonly host: AdsStreamHost;
}

/**
 * Carries one gRPC call: requests to its session, and responses from it, one at a time. The next response is only made
 * when the transport has taken the one before, so that a slow client costs one buffer and gets the newest.
 */
export class AdsStream {
  readonly #options: AdsStreamOptions;
  readonly #openedAtMs: number;
  /** Monotonic. */
  readonly #connectedAtMs: number;
  readonly #peer: string;
  #served: Served | undefined;
  #state: "idle" | "writing" | "closed" = "idle";
  #cancelStallTimer: (() => void) | undefined;
  #cancelFirstTimer: (() => void) | undefined;
  /** Encoded size of what the transport has not taken yet. */
  #bufferedBytes = 0;
  #rate: RateState | undefined;
  #isPumpDue = false;
  #wakingAtMs: number | undefined;
  #cancelWake: (() => void) | undefined;

  constructor(options: AdsStreamOptions) {
    this.#options = options;
    const { clock, ages } = options.host;
    this.#openedAtMs = clock.now();
    this.#connectedAtMs = ages.since(options.call, clock.monotonic());
    this.#peer = options.call.getPeer();
  }

  /** Takes the call's events from here on. */
  open(): void {
    const { call, kind, service } = this.#options;
    const { streamId } = this.#options;
    this.#emit({
      kind: "streamOpened",
      streamId,
      atMs: this.#openedAtMs,
      streamKind: kind,
      service,
      peer: this.#peer,
    });
    const { clock, firstRequestTimeoutMs } = this.#options.host;
    this.#cancelFirstTimer = clock.after(firstRequestTimeoutMs, () =>
      this.end(status.DEADLINE_EXCEEDED, `no request came within ${firstRequestTimeoutMs / 1000} s`),
    );
    call.on("data", (bytes: Buffer) => this.#receive(bytes));
    call.on("end", () => {
      if (this.#gone(status.OK, "the client closed the stream")) call.end();
    });
    call.on("cancelled", () => this.#gone(status.CANCELLED, "the client went away"));
    call.on("error", () => this.#close(status.UNKNOWN, "the stream broke"));
  }

  get streamId(): number {
    return this.#options.streamId;
  }

  get principals(): readonly string[] {
    return this.#options.principals;
  }

  get session(): Session {
    return this.#options.session;
  }

  get node(): Node | undefined {
    return this.#options.session.node;
  }

  /** How the stream stands, for status pages. */
  get status(): StreamStatus {
    const { streamId, kind: streamKind, service, session } = this.#options;
    return {
      streamId,
      streamKind,
      service,
      peer: this.#peer,
      openedAtMs: this.#openedAtMs,
      ...(session.node && { node: session.node }),
      ...this.#place,
      bufferedBytes: this.#bufferedBytes,
      types: session.status,
    };
  }

  /** How it stands with a resource. */
  standing(resource: Named): StreamStanding {
    const { streamId, session, host } = this.#options;
    const standing = session.standing(resource, host.clock.monotonic());
    return { streamId, standing, isWriting: this.#state === "writing" };
  }

  /** All that its client should hold or holds, of one type or of all. */
  holdings(typeUrl: string | undefined): StreamHoldings {
    const { streamId, session, host } = this.#options;
    const holdings = session.holdings(typeUrl, host.clock.monotonic());
    return { streamId, isWriting: this.#state === "writing", holdings };
  }

  /** What the node is served; absent before it is known, or while nothing is loaded. */
  get served(): Served | undefined {
    return this.#served;
  }

  /** Notes what the node is served from now on; the session was given the snapshot of it. */
  assigned(served: Served | undefined): void {
    this.#served = served;
    const { streamId, host } = this.#options;
    this.#emit({ kind: "groupAssigned", streamId, atMs: host.clock.now(), ...this.#place });
  }

  /** Group and revision, as events and status tell them. */
  get #place(): { readonly group?: string; readonly revisionId?: string } {
    const { group, revision } = this.#served ?? {};
    return { ...(group && { group: group.name }), ...(revision && { revisionId: revision.id }) };
  }

  /** Sends what is due, as far as the transport takes it now. */
  pump(): void {
    const { session, host } = this.#options;
    const nowMs = host.clock.monotonic();
    while (this.#state === "idle") {
      const next = session.next(nowMs);
      if (!next) return this.#wakeAt(session.wakeAtMs, nowMs);
      if (next.kind === "send") this.#write(next.response);
      else this.#remark(next.remark);
    }
  }

  /** Pumps again when a wait in the session reaches its deadline. */
  #wakeAt(wakeAtMs: number | undefined, nowMs: number): void {
    if (wakeAtMs === this.#wakingAtMs) return;
    this.#cancelWake?.();
    this.#wakingAtMs = wakeAtMs;
    this.#cancelWake =
      wakeAtMs === undefined
        ? undefined
        : this.#options.host.clock.after(Math.ceil(wakeAtMs - nowMs), () => {
            this.#wakingAtMs = undefined;
            this.pump();
          });
  }

  /** Ends the stream with a status that says why. */
  end(code: status, reason: string): void {
    if (!this.#close(code, reason)) return;
    this.#options.call.emit("error", { code, details: reason });
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosed) return;
    const { call, kind, service, session, host } = this.#options;
    const { clock, requestRate } = host;
    this.#cancelFirstTimer?.();
    this.#cancelFirstTimer = undefined;
    forgetRequest(call);
    this.#rate = takeRequest(requestRate, this.#rate, clock.monotonic());
    if (!this.#rate) {
      const { perSecond, burst } = requestRate;
      const limit = `limit is ${perSecond} a second and ${burst} at once`;
      this.end(status.RESOURCE_EXHAUSTED, `too many requests on the stream: ${limit}`);
      return;
    }
    let outcomes: readonly Outcome[];
    try {
      const request = decodeRequest(kind, bytes, session.node === undefined);
      host.onRequest(request.typeUrl || (service.kind === "type" ? service.typeUrl : ""));
      outcomes = session.receive(request, clock.now());
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.end(status.INVALID_ARGUMENT, `the request cannot be read: ${error.message}`);
      return;
    }
    for (const outcome of outcomes) {
      if (!this.#isClosed) this.#perform(outcome);
    }
    this.#pumpInTurn();
  }

  #pumpInTurn(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    this.#options.host.slices.do(() => {
      this.#isPumpDue = false;
      this.pump();
    });
  }

  #perform(outcome: Outcome): void {
    const { streamId, host } = this.#options;
    const at = { streamId, atMs: host.clock.now() };
    switch (outcome.kind) {
      case "node":
        this.#emit({ kind: "nodeKnown", ...at, node: outcome.node });
        host.onNode(this, outcome.node);
        return;
      case "subscribed": {
        const { typeUrl, interest } = outcome;
        const isWildcard = interest.wildcard !== "none";
        this.#emit({ kind: "subscribed", ...at, typeUrl, isWildcard, names: interest.names });
        const refusal = host.refusal(this);
        if (refusal !== undefined) this.end(status.PERMISSION_DENIED, refusal);
        return;
      }
      case "acked":
        this.#emit({ ...outcome, ...at });
        return;
      case "nacked": {
        const { nonce, version, acceptedVersion, code, message } = outcome.refusal;
        const { typeUrl } = outcome;
        this.#emit({ kind: "nacked", ...at, typeUrl, nonce, version, acceptedVersion, code, message });
        return;
      }
      case "remark":
        this.#remark(outcome.remark);
        return;
      case "end":
        this.end(outcome.code, outcome.message);
        return;
      default:
        unreachable(outcome);
    }
  }

  #remark(remark: Remark): void {
    const { streamId, host } = this.#options;
    this.#emit({ kind: "remarked", streamId, atMs: host.clock.now(), remark });
  }

  #write(response: Response): void {
    const { plan, nonce, bytes } = response;
    const { call, streamId, host } = this.#options;
    const { clock, stallTimeoutMs } = host;
    this.#state = "writing";
    this.#bufferedBytes = bytes.length;
    this.#cancelStallTimer = clock.after(stallTimeoutMs, () => this.#cut());
    writeMessage(call, response, () => {
      this.#cancelStallTimer?.();
      this.#cancelStallTimer = undefined;
      this.#bufferedBytes = 0;
      if (this.#state !== "writing") return;
      this.#state = "idle";
      this.pump();
    });
    host.slices.charge(writeMs + bytes.length / bytesPerMs);
    this.#emit({
      kind: "sent",
      streamId,
      atMs: clock.now(),
      typeUrl: plan.typeUrl,
      nonce,
      version: plan.version,
      resourceCount: plan.resources.length,
      removedCount: plan.removed.length,
      bytes: bytes.length,
    });
  }

  /** A status would wait behind the response that the client does not take, so the call is reset. */
  #cut(): void {
    const { call, host } = this.#options;
    const reason = `the client took nothing for ${host.stallTimeoutMs / 1000} s`;
    if (this.#close(status.UNAVAILABLE, reason)) resetCall(call);
  }

  /** Closes a stream that ended; the transport does not say that its connection was cut on this side for its age. */
  #gone(code: status, reason: string): boolean {
    const { clock, ages } = this.#options.host;
    return ages.isOfAge(this.#connectedAtMs, clock.monotonic())
      ? this.#close(status.UNAVAILABLE, "its connection had come to its age")
      : this.#close(code, reason);
  }

  /** False when it was closed already. */
  #close(code: status, reason: string): boolean {
    if (this.#state === "closed") return false;
    this.#state = "closed";
    this.#cancelStallTimer?.();
    this.#cancelFirstTimer?.();
    this.#cancelWake?.();
    const { streamId, host } = this.#options;
    host.onClosed(this);
    this.#emit({ kind: "streamClosed", streamId, atMs: host.clock.now(), code, reason });
    return true;
  }

  #emit(event: XdsEvent): void {
    this.#options.host.onEvent(this, event);
  }
}
