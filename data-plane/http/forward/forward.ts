import type { Address } from "../../network/address.ts";
import type { ConnectionInfo, ProxyProtocolState } from "../../network/connection-info.ts";
import type { FormatSource } from "../../network/format-string.ts";
import type { HeaderList } from "../../network/header-list.ts";
import type { HttpProtocol, LocalReply, RequestHead } from "../../network/http-message.ts";
import { localReply } from "../../network/http-message.ts";
import type { UpstreamStream } from "../../network/http-stream.ts";
import type { MetadataMatch } from "../../network/metadata-match.ts";
import type { Host, Upstream, RoutePriority } from "../../network/upstream.ts";
import type { ExchangeTimers } from "../exchange-timers.ts";
import { isHopHeader, isHopHeaderBesideUpgrade } from "../hop-headers.ts";
import type { Manager } from "../manager.ts";
import { isChosen } from "../../resources/runtime-fraction.ts";
import { connectionSubset } from "../../tcp/route-choice.ts";
import { rewriteHost } from "../routes/rewrite.ts";
import type { Forwarding, Route } from "../routes/route.ts";
import type { AttemptFailure } from "./failure-replies.ts";
import { failureFlag, failureReply } from "./failure-replies.ts";
import type { Retries, RetryVerdict } from "./retries.ts";
import { retriesOf } from "./retries.ts";
import type { Timeouts } from "./timeouts.ts";
import { expectedMs, timeoutsOf } from "./timeouts.ts";
import type { AttemptOwner } from "./upstream-attempt.ts";
import { UpstreamAttempt } from "./upstream-attempt.ts";

/** The exchange that a request is forwarded for. */
export interface ForwardOwner {
  readonly manager: Manager;
  readonly info: ConnectionInfo;
  readonly request: RequestHead;
  readonly protocol: HttpProtocol;
  readonly isInternal: boolean;
  /** It asks for the health of the proxy, or of the service behind it. */
  readonly isHealthCheck: boolean;
  /** The client of the request. */
  readonly remote: Address;
  /** Where the upstream is to see the connection come from; undefined leaves it to the cluster. */
  readonly source: Address | undefined;
  readonly timers: ExchangeTimers;
  /** What may be held of the body. */
  readonly bufferLimitBytes: number;
  formatSource(): FormatSource;
  addResponseFlag(flag: string): void;
  /** The longest time without any movement from now on; 0 for any. */
  watchIdle(timeoutMs: number): void;
  /** Something has moved. */
  touch(): void;
  pauseRequest(isPaused: boolean): void;
  /** Answers in the upstream's place; an answer that has begun is broken off, kindly if the client may have what it has. */
  reply(reply: LocalReply, isKind?: boolean): void;
  onResponseHead(status: number, headers: HeaderList, isLast: boolean): void;
  onResponseData(data: Buffer): void;
  onResponseEnd(trailers: HeaderList | undefined): void;
}

function isWebSocket({ headers }: RequestHead): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** The way of one request to a cluster and of its answer back: Envoy's router filter. */
export class Forward implements AttemptOwner {
  readonly downstream: ProxyProtocolState | undefined;
  readonly #owner: ForwardOwner;
  readonly #route: Route;
  readonly #action: Forwarding;
  #upstream: Upstream | undefined;
  #attempt: UpstreamAttempt | undefined;
  #clusterName = "";
  #metadataMatch: MetadataMatch | undefined;
  #timeouts: Timeouts;
  #retries: Retries | undefined;
  #attempts = 0;
  /** What served last, or is serving; for what is logged. */
  #lastStream: UpstreamStream | undefined;
  #lastHost: Host | undefined;
  #failureReason: string | undefined;
  /** What of the body an upstream may still want: all of it while retries are possible, else what waits for a stream. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #trailers: HeaderList | undefined;
  #hasNoBody = false;
  /** When the request was whole; undefined as long as it is not. */
  #wholeAtMs: number | undefined;
  /** The upstream of the present try has been sent something. */
  #isTrySent = false;
  #isHeadSent = false;
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
    this.#timeouts = action.timeouts;
  }

  get info(): ConnectionInfo {
    return this.#owner.info;
  }

  get protocol(): HttpProtocol {
    return this.#owner.protocol;
  }

  get request(): RequestHead {
    return this.#owner.request;
  }

  get source(): Address | undefined {
    return this.#owner.source;
  }

  get hash(): bigint | undefined {
    return this.#action.hashOf?.(this.#owner.request, this.#owner.remote);
  }

  get metadataMatch(): MetadataMatch | undefined {
    return connectionSubset(this.#owner.info, this.#metadataMatch);
  }

  get priority(): RoutePriority {
    return this.#action.priority;
  }

  get isUnwanted(): ((host: Host) => boolean) | undefined {
    const retries = this.#retries;
    return retries && this.#attempts > 1 ? (host) => retries.isUnwanted(host) : undefined;
  }

  get maxChoices(): number {
    return this.#retries?.maxHostChoices ?? 1;
  }

  /** The cluster that was chosen. */
  get clusterName(): string {
    return this.#clusterName;
  }

  /** The stream of the last attempt, for what can be said of it. */
  get stream(): UpstreamStream | undefined {
    return this.#lastStream;
  }

  /** The host of the last attempt, whether it could be reached or not. */
  get host(): Host | undefined {
    return this.#lastHost;
  }

  /** How often an upstream was tried. */
  get attempts(): number {
    return this.#attempts;
  }

  /** What the transport socket said of the last failure. */
  get failureReason(): string | undefined {
    return this.#failureReason;
  }

  /** `isLast`: the request has no body. */
  start(isLast: boolean): void {
    const { manager, request, isInternal } = this.#owner;
    const { run, stats } = manager;
    const action = this.#action;
    const { headers } = request;
    const chosen = action.choose(run.random(), headers);
    this.#clusterName = chosen.name;
    this.#metadataMatch = chosen.metadataMatch;
    const upstream = run.upstreams.get(this.#clusterName);
    if (!upstream) {
      stats.counters.no_cluster += 1;
      this.#owner.addResponseFlag("NC");
      return this.#owner.reply(localReply(action.missingClusterStatus, "cluster_not_found"));
    }
    this.#upstream = upstream;
    if (isChosen(upstream.dropFraction, run.random)) return this.#drop(upstream.dropFraction >= 1);
    // Others' headers have been taken away already.
    const mayHaveHeaders =
      isInternal || manager.filters.length > 0 || this.#route.requestMutations.length > 0;
    if (mayHaveHeaders) this.#timeouts = timeoutsOf(headers, action.timeouts);
    this.#tellExpected(0);
    this.#attempts = 1;
    if (action.attemptCount.isInRequest) headers.set("x-envoy-attempt-count", "1");
    if (this.#route.requestMutations.length > 0) {
      const source = this.#owner.formatSource();
      for (const mutate of this.#route.requestMutations) mutate(headers, source);
    }
    action.rewrite?.(request, !manager.suppressesEnvoyHeaders);
    if (mayHaveHeaders || action.retryPolicy) {
      const around = { random: run.random, now: () => run.clock.now() };
      this.#retries = retriesOf(action.retryPolicy, headers, upstream.retries[action.priority], around);
    }
    if (action.idleTimeoutMs !== undefined) this.#owner.watchIdle(action.idleTimeoutMs);
    this.#hasNoBody = isLast;
    if (isLast) this.#requestIsWhole();
    this.#try(upstream);
  }

  /** The cluster's endpoints are to get less (`drop_overloads`). */
  #drop(isAll: boolean): void {
    const { manager } = this.#owner;
    this.#countResponse(503);
    this.#owner.addResponseFlag(isAll ? "UDO" : "DO");
    const text = isAll ? "unconditional drop overload" : "drop overload";
    const reply = localReply(503, text.replaceAll(" ", "_"), text);
    const header = `x-envoy-${text.replaceAll(" ", "-")}`;
    this.#owner.reply(manager.suppressesEnvoyHeaders ? reply : { ...reply, headers: [[header, "true"]] });
  }

  onRequestData(data: Buffer): void {
    const stream = this.#attempt?.stream;
    if (!stream || this.#retries) {
      this.#kept.push(data);
      this.#keptBytes += data.length;
      if (this.#retries && this.#keptBytes > this.#keepLimit && !this.#giveUpRetries()) return;
    }
    if (stream) {
      if (!stream.sendData(data)) this.#owner.pauseRequest(true);
    } else if (!this.#retries && this.#keptBytes > this.#owner.bufferLimitBytes) {
      this.#owner.pauseRequest(true);
    }
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.#trailers = trailers;
    this.#requestIsWhole();
    const stream = this.#attempt?.stream;
    if (!stream) return;
    stream.end(trailers);
    this.#watchTry();
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

  /** The answer took too long, over all tries. */
  onTimeout(): void {
    this.#upstream?.countTimeout();
    if (!this.#isHeadSent) this.#attempt?.stream?.host.outcomes?.failed(504);
    this.#countHostTimeout();
    this.#abortForTime("response_timeout");
  }

  /** One try took too long, or nothing moved on it. */
  onTryTimeout(isIdle: boolean): void {
    const counters = this.#upstream?.retries[this.priority].counters;
    if (!counters || (this.#isHeadSent && !isIdle)) return;
    counters[isIdle ? "upstream_rq_per_try_idle_timeout" : "upstream_rq_per_try_timeout"] += 1;
    this.#attempt?.stream?.host.outcomes?.failed(504);
    this.#countHostTimeout();
    this.#attempt?.cancel();
    this.#attempt = undefined;
    if (this.#isTriedAgain(this.#verdictOn("timeout"), true)) return;
    this.#abortForTime(isIdle ? "upstream_per_try_idle_timeout" : "upstream_per_try_timeout");
  }

  /** The wait before the next try is over. */
  onBackOff(): void {
    const { manager, request } = this.#owner;
    this.#retries?.begun();
    this.#attempts += 1;
    // The cluster may have gone, or have been replaced, meanwhile.
    const upstream = manager.run.upstreams.get(this.#clusterName);
    if (!upstream) {
      this.#owner.addResponseFlag("UH");
      return this.#owner.reply(failureReply("no-host", this.#circumstances));
    }
    this.#upstream = upstream;
    if (this.#action.attemptCount.isInRequest) {
      request.headers.set("x-envoy-attempt-count", String(this.#attempts));
    }
    this.#tellExpected(this.#elapsedMs);
    this.#try(upstream);
  }

  /** Lets go of the upstream. */
  cancel(): void {
    this.#retries?.end();
    this.#retries = undefined;
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.#kept = [];
  }

  onStream(stream: UpstreamStream): void {
    this.#isTrySent = true;
    this.#lastStream = stream;
    this.#lastHost = stream.host;
    this.#retries?.attempted(stream.host);
    // Without a body from the start, or none that was worth a chunk when the first try failed.
    const isWhole = this.#wholeAtMs !== undefined;
    const isLast =
      this.#hasNoBody || (this.#attempts > 1 && isWhole && this.#kept.length === 0 && !this.#trailers);
    const { hostName } = this.#action;
    if (hostName && stream.host.hostname !== "") {
      const tells = !this.#owner.manager.suppressesEnvoyHeaders;
      rewriteHost(this.request, stream.host.hostname, { ...hostName, tells });
    }
    stream.sendHead(this.request, isLast);
    this.#touchTry();
    if (!isLast) {
      const isTaken = this.#sendKept(stream);
      if (isWhole) stream.end(this.#trailers);
      else this.#owner.pauseRequest(!isTaken);
    }
    if (isWhole) this.#watchTry();
  }

  onUpstreamDrain(): void {
    this.#owner.pauseRequest(false);
  }

  onAttemptFailure(failure: AttemptFailure, host: Host | undefined, reason: string | undefined): void {
    this.#attempt = undefined;
    this.#lastHost = host ?? this.#lastHost;
    this.#failureReason = reason;
    this.#clearTry();
    this.#retries?.attempted(host);
    if (host) countHost(host, 503);
    if (this.#isTriedAgain(this.#verdictOn(failure), false)) return;
    const reply = failureReply(failure, this.#circumstances);
    if (!this.#isHeadSent) this.#countResponse(reply.status);
    this.#owner.addResponseFlag(failureFlag(failure));
    const isOverload = failure === "overflow" && !this.#owner.manager.suppressesEnvoyHeaders;
    this.#reply(isOverload ? { ...reply, headers: [["x-envoy-overloaded", "true"]] } : reply, true);
  }

  onUpstreamInterim(status: number): void {
    // Envoy passes nothing on but 100, and that where `proxy_100_continue` is set. It counts them all.
    this.#countResponse(status);
    this.#owner.touch();
    this.#touchTry();
  }

  onUpstreamHead(status: number, headers: HeaderList, isLast: boolean): void {
    const { manager, request } = this.#owner;
    this.#owner.touch();
    this.#touchTry();
    if (request.isUpgrade && status >= 200 && status < 400 && isWebSocket(request)) {
      // The client must not take what follows for the other protocol.
      const location = headers.get("location");
      const kept: LocalReply["headers"] = location === undefined ? [] : [["location", location]];
      return this.#owner.reply(localReply(status, "websocket_handshake_unsuccessful", "", kept));
    }
    const upstream = this.#upstream;
    if (this.#lastHost) countHost(this.#lastHost, status);
    if (this.#retries && !this.#isHeadSent) {
      const verdict = this.#retries.afterHead(status, headers);
      if (verdict.kind === "retry") {
        upstream?.retries[this.priority].countResponse(status);
        if (isLast && this.#wholeAtMs !== undefined) this.#attempt?.ignoreEnd();
        else this.#attempt?.cancel();
        this.#attempt = undefined;
      }
      if (this.#isTriedAgain(verdict, false)) return;
      this.#forgetRetries();
    }
    this.#countResponse(status);
    // What an upgrade is to stays, for the client to know.
    headers.removeWhere(status === 101 && request.isUpgrade ? isHopHeaderBesideUpgrade : isHopHeader);
    // An answer that comes before the whole request says nothing of the time that it took.
    if (!manager.suppressesEnvoyHeaders && this.#wholeAtMs !== undefined) {
      headers.set("x-envoy-upstream-service-time", String(Math.max(0, Math.trunc(this.#elapsedMs))));
    }
    if (this.#action.attemptCount.isInResponse) {
      headers.set("x-envoy-attempt-count", String(this.#attempts));
    }
    this.#isHeadSent = true;
    this.#owner.onResponseHead(status, headers, isLast);
  }

  onUpstreamData(data: Buffer): void {
    this.#owner.touch();
    this.#touchTry();
    this.#owner.onResponseData(data);
  }

  onUpstreamEnd(trailers: HeaderList | undefined): void {
    this.#attempt = undefined;
    const { isInternal, isHealthCheck } = this.#owner;
    if (this.#wholeAtMs !== undefined && !isHealthCheck)
      this.#upstream?.countTime(this.#elapsedMs, isInternal);
    this.#owner.onResponseEnd(trailers);
  }

  /** Those who ask for the health of the service are no traffic, as in Envoy. */
  #countResponse(status: number): void {
    const { isInternal, isHealthCheck } = this.#owner;
    if (!isHealthCheck) this.#upstream?.countResponse(status, isInternal);
  }

  get #elapsedMs(): number {
    return this.#wholeAtMs === undefined ? 0 : this.#owner.manager.run.clock.monotonic() - this.#wholeAtMs;
  }

  get #circumstances() {
    return { isRetry: this.#attempts > 1, isLate: this.#isHeadSent, reason: this.#failureReason };
  }

  get #keepLimit(): number {
    return Math.min(this.#owner.bufferLimitBytes, this.#action.bufferLimitBytes ?? Number.POSITIVE_INFINITY);
  }

  #try(upstream: Upstream): void {
    this.#isTrySent = false;
    this.#attempt = new UpstreamAttempt(this);
    this.#attempt.start(upstream, this.#action.endsConnect && this.request.method === "CONNECT");
  }

  #requestIsWhole(): void {
    const { manager, timers } = this.#owner;
    this.#wholeAtMs = manager.run.clock.monotonic();
    if (this.#timeouts.answerMs > 0) timers.set("answer", this.#timeouts.answerMs);
  }

  #tellExpected(elapsedMs: number): void {
    const { manager, request } = this.#owner;
    if (manager.suppressesEnvoyHeaders) return;
    const expected = expectedMs(this.#timeouts, Math.trunc(elapsedMs));
    if (expected !== undefined) request.headers.set("x-envoy-expected-rq-timeout-ms", String(expected));
  }

  /** The time of the present try begins: it has a stream, and the request is whole. */
  #watchTry(): void {
    if (this.#timeouts.perTryMs > 0) this.#owner.timers.set("per-try", this.#timeouts.perTryMs);
  }

  #touchTry(): void {
    if (this.#timeouts.perTryIdleMs > 0) this.#owner.timers.set("per-try-idle", this.#timeouts.perTryIdleMs);
  }

  #clearTry(): void {
    const { timers } = this.#owner;
    if (this.#timeouts.perTryMs > 0) timers.clear("per-try");
    if (this.#timeouts.perTryIdleMs > 0) timers.clear("per-try-idle");
  }

  #verdictOn(failure: AttemptFailure | "timeout"): RetryVerdict | undefined {
    if (this.#isHeadSent) return undefined;
    return this.#retries?.afterFailure(failure, this.#isTrySent);
  }

  /** Has the next try made, if the verdict is so. */
  #isTriedAgain(verdict: RetryVerdict | undefined, isTimeout: boolean): boolean {
    if (!verdict || verdict.kind === "no") return false;
    if (verdict.kind === "overflow") this.#owner.addResponseFlag("UO");
    else if (verdict.kind === "limit") this.#owner.addResponseFlag("URX");
    if (verdict.kind !== "retry") return false;
    this.#clearTry();
    if (this.#action.attemptCount.isTimeoutTold) {
      this.request.headers.set("x-envoy-is-timeout-retry", String(isTimeout));
    }
    this.#owner.timers.set("back-off", verdict.delayMs);
    return true;
  }

  #forgetRetries(): void {
    this.#retries?.end();
    this.#retries = undefined;
    if (this.#attempt?.stream) this.#kept = [];
  }

  /** The body is more than may be kept for another try. False: that was the end of the request. */
  #giveUpRetries(): boolean {
    const upstream = this.#upstream;
    if (upstream) upstream.retries[this.priority].counters.retry_or_shadow_abandoned += 1;
    this.#forgetRetries();
    if (this.#attempt) return true;
    // No try is under way: it waits for the next one, which cannot be made any more.
    const text = "exceeded request buffer limit while retrying upstream";
    this.#reply(localReply(507, "request_payload_exceeded_retry_buffer_limit", text), false);
    return false;
  }

  #countHostTimeout(): void {
    const host = this.#attempt?.stream?.host;
    if (!host?.stats) return;
    host.stats.rqTimeout += 1;
    if (!this.#isHeadSent) host.stats.rqError += 1;
  }

  #abortForTime(details: string): void {
    const { status } = this.#timeouts;
    if (!this.#isHeadSent) this.#countResponse(status);
    this.#owner.addResponseFlag("UT");
    this.#reply(localReply(status, details, status === 504 ? "upstream request timeout" : ""), false);
  }

  #reply(reply: LocalReply, isKind: boolean): void {
    const told = this.#action.attemptCount.isInResponse
      ? localReply(reply.status, reply.details, reply.body, [
          ...reply.headers,
          ["x-envoy-attempt-count", String(this.#attempts)],
        ])
      : reply;
    this.#owner.reply(told, isKind);
  }

  #sendKept(stream: UpstreamStream): boolean {
    const kept = this.#kept;
    if (!this.#retries) {
      this.#kept = [];
      this.#keptBytes = 0;
    }
    const [first] = kept;
    return !first || stream.sendData(kept.length === 1 ? first : Buffer.concat(kept));
  }
}

function countHost({ stats }: Host, status: number): void {
  if (stats) stats[status >= 500 ? "rqError" : "rqSuccess"] += 1;
}
