import type { Address } from "../../network/address.ts";
import type { ConnectionInfo, ProxyProtocolState } from "../../network/connection-info.ts";
import type { FormatSource } from "../../network/format-string.ts";
import type { HeaderList } from "../../network/header-list.ts";
import type { LocalReply, RequestHead } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import type { StreamReset, UpstreamStream } from "../../network/http-stream.ts";
import type { ConnectFailure, Upstream } from "../../network/upstream.ts";
import type { ExchangeTimers } from "../exchange-timers.ts";
import { isHopHeader } from "../hop-headers.ts";
import type { Manager } from "../manager.ts";
import type { Forwarding, Route } from "../routes/route.ts";
import { failureReply } from "./failure-replies.ts";
import type { AttemptOwner } from "./upstream-attempt.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";

/** The exchange that a request is forwarded for. */
export interface ForwardOwner {
  readonly manager: Manager;
  readonly info: ConnectionInfo;
  readonly request: RequestHead;
  readonly isInternal: boolean;
  /** Where the upstream is to see the connection come from; undefined leaves it to the cluster. */
  readonly source: Address | undefined;
  readonly timers: ExchangeTimers;
  /** What may be held of the body. */
  readonly bufferLimitBytes: number;
  formatSource(): FormatSource;
  /** The longest time without any movement from now on; 0 for any. */
  watchIdle(timeoutMs: number): void;
  /** Something has moved. */
  touch(): void;
  pauseRequest(isPaused: boolean): void;
  reply(reply: LocalReply): void;
  onResponseHead(status: number, headers: HeaderList, isLast: boolean): void;
  onResponseData(data: Buffer): void;
  onResponseEnd(trailers: HeaderList | undefined): void;
  /** The answer has begun and will not be whole. */
  breakOff(isHard: boolean): void;
}

/** The way of one request to a cluster and of its answer back: Envoy's router filter. */
export class Forward implements AttemptOwner {
  readonly downstream: ProxyProtocolState | undefined;
  readonly #owner: ForwardOwner;
  readonly #route: Route;
  readonly #action: Forwarding;
  #upstream: Upstream | undefined;
  #attempt: UpstreamAttempt | undefined;
  #clusterName: string | undefined;
  /** What served last, or is serving; for what is logged. */
  #lastStream: UpstreamStream | undefined;
  /** What of the body came before there was a stream. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #trailers: HeaderList | undefined;
  #hasNoBody = false;
  #isRequestWhole = false;
  #isHeadSent = false;
  #sentAtMs = 0;
  #isUpstreamPaused = false;

  constructor(
    owner: ForwardOwner,
    downstream: ProxyProtocolState | undefined,
    route: Route,
    action: Forwarding,
  ) {
    this.#owner = owner;
    this.downstream = downstream;
    this.#route = route;
    this.#action = action;
  }

  get info(): ConnectionInfo {
    return this.#owner.info;
  }

  get request(): RequestHead {
    return this.#owner.request;
  }

  get source(): Address | undefined {
    return this.#owner.source;
  }

  /** The cluster that was chosen. */
  get clusterName(): string | undefined {
    return this.#clusterName;
  }

  /** The stream of the last attempt, for what can be said of it. */
  get stream(): UpstreamStream | undefined {
    return this.#lastStream;
  }

  /** `isLast`: the request has no body. */
  start(isLast: boolean): void {
    const { manager, request } = this.#owner;
    const { run, stats } = manager;
    const action = this.#action;
    this.#clusterName = action.choose(run.random());
    const upstream = run.upstreams.get(this.#clusterName);
    if (!upstream) {
      stats.counters.no_cluster += 1;
      return this.#owner.reply(localReply(action.missingClusterStatus, "cluster_not_found"));
    }
    this.#upstream = upstream;
    if (action.timeoutMs > 0 && !manager.suppressesEnvoyHeaders) {
      request.headers.set("x-envoy-expected-rq-timeout-ms", String(action.timeoutMs));
    }
    if (this.#route.requestMutations.length > 0) {
      const source = this.#owner.formatSource();
      for (const mutate of this.#route.requestMutations) mutate(request.headers, source);
    }
    action.rewrite?.(request);
    if (action.idleTimeoutMs !== undefined) this.#owner.watchIdle(action.idleTimeoutMs);
    this.#hasNoBody = isLast;
    if (isLast) this.#requestIsWhole();
    this.#attempt = new UpstreamAttempt(this);
    this.#attempt.start(upstream);
  }

  onRequestData(data: Buffer): void {
    const stream = this.#attempt?.stream;
    if (stream) {
      if (!stream.sendData(data)) this.#owner.pauseRequest(true);
      return;
    }
    if (!this.#attempt) return;
    this.#held.push(data);
    this.#heldBytes += data.length;
    if (this.#heldBytes > this.#owner.bufferLimitBytes) this.#owner.pauseRequest(true);
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.#trailers = trailers;
    this.#requestIsWhole();
    this.#attempt?.stream?.end(trailers);
  }

  /** The client takes bytes again. */
  resumeResponse(): void {
    if (!this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = false;
    this.#attempt?.stream?.resume();
  }

  /** The client is slower than the upstream. */
  pauseResponse(): void {
    if (this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = true;
    this.#attempt?.stream?.pause();
  }

  /** The answer took too long. */
  onTimeout(): void {
    this.#upstream?.countTimeout();
    this.#upstream?.countResponse(504, this.#owner.isInternal);
    if (this.#isHeadSent) this.#owner.breakOff(true);
    else this.#owner.reply(localReply(504, "response_timeout", "upstream request timeout"));
  }

  /** Lets go of the upstream. */
  cancel(): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.#held = [];
  }

  onStream(stream: UpstreamStream): void {
    this.#lastStream = stream;
    this.#sentAtMs = this.#owner.manager.run.clock.monotonic();
    stream.sendHead(this.request, this.#hasNoBody);
    if (this.#hasNoBody) return;
    const isTaken = this.#sendHeld(stream);
    if (this.#isRequestWhole) stream.end(this.#trailers);
    else this.#owner.pauseRequest(!isTaken);
  }

  onUpstreamDrain(): void {
    this.#owner.pauseRequest(false);
  }

  onAttemptFailure(failure: ConnectFailure): void {
    this.#attempt = undefined;
    this.#upstream?.countResponse(503, this.#owner.isInternal);
    this.#owner.reply(failureReply(failure));
  }

  onAttemptReset(reason: StreamReset): void {
    this.#attempt = undefined;
    // The head is out: only the end of the stream can tell that the rest is missing.
    if (this.#isHeadSent) this.#owner.breakOff(false);
    else this.#owner.reply(failureReply(reason));
  }

  onUpstreamInterim(): void {
    // Envoy passes nothing on but 100, and that where `proxy_100_continue` is set.
    this.#owner.touch();
  }

  onUpstreamHead(status: number, headers: HeaderList, isLast: boolean): void {
    const { manager, isInternal } = this.#owner;
    this.#owner.touch();
    this.#upstream?.countResponse(status, isInternal);
    headers.removeWhere(isHopHeader);
    if (!manager.suppressesEnvoyHeaders) {
      const elapsedMs = Math.max(0, Math.trunc(manager.run.clock.monotonic() - this.#sentAtMs));
      headers.set("x-envoy-upstream-service-time", String(elapsedMs));
    }
    this.#isHeadSent = true;
    this.#owner.onResponseHead(status, headers, isLast);
  }

  onUpstreamData(data: Buffer): void {
    this.#owner.touch();
    this.#owner.onResponseData(data);
  }

  onUpstreamEnd(trailers: HeaderList | undefined): void {
    this.#attempt = undefined;
    this.#owner.onResponseEnd(trailers);
  }

  #requestIsWhole(): void {
    this.#isRequestWhole = true;
    if (this.#action.timeoutMs > 0) this.#owner.timers.set("answer", this.#action.timeoutMs);
  }

  #sendHeld(stream: UpstreamStream): boolean {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    const [first] = held;
    return !first || stream.sendData(held.length === 1 ? first : Buffer.concat(held));
  }
}
