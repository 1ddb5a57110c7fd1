import type { Address } from "../network/address.ts";
import type { ConnectionInfo, MetadataValue, ProxyProtocolState } from "../network/connection-info.ts";
import { ownAddresses } from "../network/connection-info.ts";
import type { StreamTiming } from "../network/format/format-source.ts";
import type { FormatSource } from "../network/format-string.ts";
import { HeaderList } from "../network/header-list.ts";
import type { HttpProtocol, LocalReply, RequestHead } from "../network/http-message.ts";
import { localReply } from "../network/http-message.ts";
import type { ServerStream, ServerStreamEvents, StreamReset } from "../network/http-stream.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { ExchangeDeadline, ExchangeTimers, TimedExchange } from "./exchange-timers.ts";
import type { FilterOwner } from "./filter-run.ts";
import { FilterRun } from "./filter-run.ts";
import type { ForwardOwner } from "./forward/forward.ts";
import { Forward } from "./forward/forward.ts";
import { grpcReply, isGrpc } from "./grpc-reply.ts";
import type { Manager } from "./manager.ts";
import { countAnswer } from "./manager-stats.ts";
import { applyHostRules } from "./host-rules.ts";
import type { PathRules, PathVerdict } from "./path-rules.ts";
import { applyPathRules } from "./path-rules.ts";
import { requestSource } from "./request-source.ts";
import { applyRequestRules } from "./request-rules.ts";
import { applyResponseRules } from "./response-rules.ts";
import type { Route } from "./routes/route.ts";
import { isUpgradeAllowed, upgradeOf } from "./upgrades.ts";

/** How far the answer is. */
type Answer = "none" | "head-sent" | "done";

/** One request and its answer: rules, route, filters, upstream, and back. */
export class Exchange implements ServerStreamEvents, TimedExchange, FilterOwner, ForwardOwner {
  readonly manager: Manager;
  readonly request: RequestHead;
  readonly timers: ExchangeTimers;
  readonly #stream: ServerStream;
  readonly #startedAtMs: number;
  remote: Address;
  isInternal = false;
  route: Route | undefined;
  source: Address | undefined;
  #filters: FilterRun | undefined;
  #forward: Forward | undefined;
  #metadata: Map<string, Readonly<Record<string, MetadataValue>>> | undefined;
  #isRequestWhole: boolean;
  #answer: Answer = "none";
  #hasBegun = false;
  /** Of a request that is refused; whoever maps local replies does not see it yet, as in Envoy. */
  #refusalFlag: string | undefined;
  #status = 0;
  #responseHeaders: HeaderList | undefined;
  #responseTrailers: HeaderList | undefined;
  isHealthCheck = false;
  /** Only where somebody logs it. */
  readonly #timing: { -readonly [Point in keyof StreamTiming]: number } | undefined;
  #details = "";
  #flags: readonly string[] = noFlags;
  #receivedBytes = 0;
  #sentBytes = 0;
  #idleMs = 0;
  /** On the books as an upgrade. */
  #isUpgraded = false;

  /** `isLast`: the request has no body. */
  constructor(
    manager: Manager,
    stream: ServerStream,
    timers: ExchangeTimers,
    request: RequestHead,
    isLast: boolean,
  ) {
    this.manager = manager;
    this.request = request;
    this.timers = timers;
    this.#stream = stream;
    this.#isRequestWhole = isLast;
    this.remote = stream.info.remote;
    this.#startedAtMs = manager.run.clock.monotonic();
    this.#timing = manager.logAccess && (isLast ? { requestEnd: 0 } : {});
  }

  get info(): ConnectionInfo {
    return this.#stream.info;
  }

  random(): number {
    return this.manager.run.random();
  }

  get protocol(): HttpProtocol {
    return this.#stream.protocol;
  }

  get bufferLimitBytes(): number {
    return this.#stream.bufferLimitBytes;
  }

  start(): void {
    const { manager, request } = this;
    const { stats, config } = manager;
    this.#begin();
    if (!request.headers.has("host")) return this.reply(localReply(400, "missing_host_header"));
    if (!this.#takesPath()) return;
    applyHostRules(request, config.host, this.info.local);
    const ruled = applyRequestRules(request, config, this.info, manager);
    if (ruled.kind === "reject") {
      stats.counters.downstream_rq_rejected_via_ip_detection += 1;
      return this.reply(localReply(ruled.status, "original_ip_detection_failed"));
    }
    this.remote = ruled.remote;
    this.isInternal = ruled.isInternal;
    if (config.streamIdleTimeoutMs > 0) this.watchIdle(config.streamIdleTimeoutMs);
    if (config.requestTimeoutMs > 0 && !this.#isRequestWhole) {
      this.timers.set("request", config.requestTimeoutMs);
    }
    this.route = manager.routes()(request, this);
    this.#watchDuration();
    if (this.route && !this.#takesUpgrade()) return;
    if (manager.filters.length === 0) return this.onHeadFiltered(this.#isRequestWhole);
    this.#filters = new FilterRun(this, manager.filters);
    this.#filters.requestHead(this.#isRequestWhole);
  }

  /** False when the request's path cannot be taken, or not as it is, and was answered. */
  #takesPath(): boolean {
    const { manager, request } = this;
    const { counters } = manager.stats;
    const { paths } = manager.config;
    if (!request.path.startsWith("/") && request.path !== "") {
      counters.downstream_rq_non_relative_path += 1;
      this.reply(localReply(404, "absolute_path_rejected"));
      return false;
    }
    const verdict = pathVerdict(request, paths);
    switch (verdict) {
      case "continue":
        return true;
      case "reject":
        counters.downstream_rq_failed_path_normalization += 1;
        this.reply(localReply(400, "path_normalization_failed"));
        return false;
      case "redirect":
        counters.downstream_rq_redirected_with_normalized_path += 1;
        this.reply(localReply(307, "path_normalization_failed", "", [["location", request.path]]));
        return false;
      default:
        return unreachable(verdict);
    }
  }

  /** The time of the whole exchange begins; the route's comes before the manager's. */
  #watchDuration(): void {
    const { route, manager } = this;
    const own = route?.action.kind === "forward" ? route.action.durationMs : undefined;
    const limitMs = own ?? manager.config.maxStreamDurationMs;
    if (limitMs > 0) this.timers.set("duration", limitMs);
  }

  /** Answers what cannot be read as a request, or not to its end. `flag`: of the access log. */
  refuse(reply: LocalReply, flag: string | undefined): void {
    this.#begin();
    this.#refusalFlag = flag;
    this.#stream.closeAfter();
    this.reply(reply);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { stats } = this.manager;
    stats.counters.downstream_rq_total += 1;
    stats.gauges.downstream_rq_active.add(1);
    this.timers.begin(this);
  }

  /** False when the request wants an upgrade that is not allowed, and was answered. */
  #takesUpgrade(): boolean {
    const { request, manager, route } = this;
    if (!request.isUpgrade && request.method !== "CONNECT") return true;
    const type = upgradeOf(request) ?? "";
    const own = route?.action.kind === "forward" ? route.action.upgrades : undefined;
    const { counters, gauges } = manager.stats;
    if (!isUpgradeAllowed(type, manager.config.upgrades, own)) {
      counters.downstream_rq_ws_on_non_ws_route += 1;
      // What follows may be meant for the other protocol.
      this.#stream.closeAfter();
      this.reply(localReply(403, "upgrade_failed"));
      return false;
    }
    counters.downstream_cx_upgrades_total += 1;
    gauges.downstream_cx_upgrades_active.add(1);
    this.#isUpgraded = true;
    return true;
  }

  onRequestData(data: Buffer): void {
    this.#receivedBytes += data.length;
    if (this.#answer === "done") return;
    this.touch();
    if (this.#filters) this.#filters.requestData(data);
    else this.#forward?.onRequestData(data);
  }

  onRequestEnd(trailers: HeaderList | undefined): void {
    this.#isRequestWhole = true;
    this.#note("requestEnd");
    this.timers.clear("request");
    if (this.#answer === "done") return;
    if (this.#filters) this.#filters.requestEnd(trailers);
    else this.#forward?.onRequestEnd(trailers);
  }

  onRequestReset(reason: StreamReset): void {
    if (this.#answer === "done") return;
    this.manager.stats.counters.downstream_rq_rx_reset += 1;
    this.#forward?.cancel();
    this.addResponseFlag(reason === "protocol-error" ? "DPE" : "DC");
    this.#details = reason === "protocol-error" ? "" : "downstream_remote_disconnect";
    this.#conclude();
  }

  onResponseDrain(): void {
    this.#forward?.resumeResponse();
  }

  onHeadFiltered(isLast: boolean): void {
    const { manager, route } = this;
    const { counters } = manager.stats;
    counters.rq_total += 1;
    if (!route) {
      counters.no_route += 1;
      this.addResponseFlag("NR");
      return this.reply(localReply(404, "route_not_found"));
    }
    if (route.action.kind === "forward") {
      this.#forward = new Forward(this, this.#downstreamState(), route, route.action);
      this.#forward.start(isLast);
      return;
    }
    const reply = route.action.reply(this.request);
    // Redirects are among them: Envoy counts none by itself.
    counters.rq_direct_response += 1;
    this.#answerLocally(reply, false, true);
  }

  onDataFiltered(data: Buffer): void {
    this.#forward?.onRequestData(data);
  }

  onEndFiltered(trailers: HeaderList | undefined): void {
    this.#forward?.onRequestEnd(trailers);
  }

  onResponseHead(status: number, headers: HeaderList, isLast: boolean): void {
    this.#details = "via_upstream";
    this.#note("firstUpstreamReceived");
    this.#mutate(headers, status);
    this.#sendHead(status, headers, isLast);
  }

  onResponseData(data: Buffer): void {
    const left = this.#filters ? this.#filters.responseData(data) : data;
    this.#sentBytes += left.length;
    if (!this.#stream.sendData(left)) this.#forward?.pauseResponse();
  }

  onResponseEnd(trailers: HeaderList | undefined): void {
    this.#responseTrailers = trailers;
    const rest = this.#filters?.responseEnd(trailers);
    if (rest) {
      this.#sentBytes += rest.length;
      this.#stream.sendData(rest);
    }
    this.#concludeAnswered();
    this.#stream.end(trailers);
  }

  reply(reply: LocalReply, isKind = false): void {
    this.#answerLocally(reply, isKind, false);
  }

  /** `isRoutes`: the route's action made it, so that the route's changes come upon its headers. */
  #answerLocally(reply: LocalReply, isKind: boolean, isRoutes: boolean): void {
    this.#forward?.cancel();
    this.#details = reply.details;
    if (this.#answer !== "none") {
      const { counters } = this.manager.stats;
      counters.downstream_rq_tx_reset += 1;
      counters.downstream_rq_rx_reset += 1;
      this.#conclude();
      this.#stream.reset(!isKind);
      return;
    }
    // A message that is none makes what follows it on the connection doubtful too.
    if (reply.status === 400) this.#stream.closeAfter();
    const { manager, request } = this;
    const mapped = manager.mapReply?.(reply, (...as) => this.#sourceOf(...as), manager.run.random);
    const written = mapped ? { ...reply, status: mapped.status, body: mapped.body } : reply;
    const headers = new HeaderList();
    const own = reply.headers.flat();
    if (isRoutes) headers.flat.push(...own);
    // The status is not set yet for who reads it there, as in Envoy.
    this.#mutate(headers, 0);
    if (!isRoutes) headers.flat.push(...own);
    mapped?.mutate(headers);
    if (this.#refusalFlag !== undefined) this.addResponseFlag(this.#refusalFlag);
    const said = isGrpc(request.headers) ? grpcReply(written) : written;
    if (said !== written) headers.flat.push(...said.headers.flat());
    const { status, body } = said;
    this.#status = status;
    if (body !== "") {
      // The route's headers may have set them: the length is the body's, the type the route's unless the body was changed.
      headers.set("content-length", String(body.length));
      const contentType = mapped?.contentType ?? headers.get("content-type") ?? "text/plain";
      headers.set("content-type", contentType);
    }
    const hasBody = body !== "" && request.method !== "HEAD";
    this.#sendHead(status, headers, !hasBody);
    if (!hasBody) return;
    this.onResponseData(Buffer.from(body, "latin1"));
    this.onResponseEnd(undefined);
  }

  pauseRequest(isPaused: boolean): void {
    this.#stream.pauseRequest(isPaused);
  }

  watchIdle(timeoutMs: number): void {
    this.#idleMs = timeoutMs;
    if (timeoutMs > 0) this.timers.set("idle", timeoutMs);
    else this.timers.clear("idle");
  }

  touch(): void {
    if (this.#idleMs > 0) this.timers.set("idle", this.#idleMs);
  }

  onDeadline(which: ExchangeDeadline): void {
    const { counters } = this.manager.stats;
    switch (which) {
      case "answer":
        return this.#forward?.onTimeout();
      case "per-try":
      case "per-try-idle":
        return this.#forward?.onTryTimeout(which === "per-try-idle");
      case "back-off":
        return this.#forward?.onBackOff();
      case "request":
        counters.downstream_rq_timeout += 1;
        return this.reply(localReply(408, "request_overall_timeout", "request timeout"));
      case "idle":
        counters.downstream_rq_idle_timeout += 1;
        this.addResponseFlag("SI");
        return this.reply(localReply(this.#lateStatus, "stream_idle_timeout", "stream timeout"));
      case "duration":
        counters.downstream_rq_max_duration_reached += 1;
        return this.reply(
          localReply(this.#lateStatus, "max_duration_timeout", "downstream duration timeout"),
        );
      default:
        return unreachable(which);
    }
  }

  /** Of an answer that did not come in time, or could not because the request did not. */
  get #lateStatus(): number {
    return this.#isRequestWhole ? 504 : 408;
  }

  metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined {
    return this.#metadata?.get(namespace);
  }

  addMetadata(namespace: string, fields: Readonly<Record<string, MetadataValue>>): void {
    this.#metadata ??= new Map();
    this.#metadata.set(namespace, { ...this.#metadata.get(namespace), ...fields });
  }

  #note(point: keyof StreamTiming): void {
    if (this.#timing) this.#timing[point] = this.manager.run.clock.monotonic() - this.#startedAtMs;
  }

  markHealthCheck(): void {
    this.isHealthCheck = true;
  }

  addResponseFlag(flag: string): void {
    this.#flags = [...this.#flags, flag];
  }

  formatSource(): FormatSource {
    const { manager } = this;
    return requestSource({
      exchange: this,
      forward: this.#forward,
      hostname: manager.config.hostname,
      status: this.#status,
      responseHeaders: this.#responseHeaders,
      responseTrailers: this.#responseTrailers,
      isHealthCheck: this.isHealthCheck,
      timing: this.#timing,
      details: this.#details,
      flags: this.#flags,
      transfer: {
        bytesReceived: this.#receivedBytes,
        bytesSent: this.#sentBytes,
        durationMs: manager.run.clock.monotonic() - this.#startedAtMs,
      },
      nowMs: manager.run.clock.now(),
    });
  }

  /** The exchange as it stands, were it answered so. */
  #sourceOf(status: number, localReplyBody: string): FormatSource {
    this.#status = status;
    const source = this.formatSource();
    return source.exchange ? { ...source, exchange: { ...source.exchange, localReplyBody } } : source;
  }

  /** The route's own changes, then those of every answer. */
  #mutate(headers: HeaderList, status: number): void {
    this.#status = status;
    this.#responseHeaders = headers;
    const { route } = this;
    if (route && route.responseMutations.length > 0) {
      const source = this.formatSource();
      for (const mutate of route.responseMutations) mutate(headers, source);
    }
  }

  #sendHead(status: number, headers: HeaderList, isLast: boolean): void {
    const { manager, request } = this;
    this.#answer = "head-sent";
    let sent = status;
    if (this.#filters) {
      const head = { status, headers };
      this.#filters.responseHead(head, isLast);
      sent = head.status;
      this.#status = sent;
    }
    applyResponseRules(headers, request.headers, manager.config, manager.date);
    this.#countAnswer(sent);
    // The codec may take the next request from within.
    if (isLast) {
      this.#concludeAnswered();
    }
    this.#stream.sendHead(sent, headers, isLast);
  }

  #countAnswer(status: number): void {
    const { stats } = this.manager;
    if (!this.#isRequestWhole) stats.counters.downstream_rq_response_before_rq_complete += 1;
    // Those who ask for the health of the proxy are no traffic, as in Envoy.
    if (!this.isHealthCheck) countAnswer(stats, status);
  }

  /** What a PROXY header to the upstream is to say. */
  #downstreamState(): ProxyProtocolState | undefined {
    const { info, manager } = this;
    if (info.proxyProtocol) {
      const addresses = info.proxyProtocol.addresses ?? ownAddresses(info);
      return { ...(addresses && { addresses }), tlvs: info.proxyProtocol.tlvs };
    }
    if (!manager.config.tellsConnection) return undefined;
    const addresses = ownAddresses(info);
    return { ...(addresses && { addresses }), tlvs: [] };
  }

  #concludeAnswered(): void {
    this.#note("lastDownstreamSent");
    // What is left of the request is not waited for: to Envoy that is a reset.
    if (!this.#isRequestWhole && this.#answer !== "done")
      this.manager.stats.counters.downstream_rq_rx_reset += 1;
    this.#conclude();
  }

  #conclude(): void {
    if (this.#answer === "done") return;
    const { manager } = this;
    this.#answer = "done";
    this.timers.end();
    const { gauges, histograms } = manager.stats;
    gauges.downstream_rq_active.add(-1);
    if (this.#isUpgraded) gauges.downstream_cx_upgrades_active.add(-1);
    histograms.downstream_rq_time.record(manager.run.clock.monotonic() - this.#startedAtMs);
    this.#filters?.end();
    manager.logAccess?.(this.formatSource());
  }
}

/** A fragment has no place in a request (RFC 9110, section 7.1). */
function pathVerdict(request: RequestHead, rules: PathRules | undefined): PathVerdict {
  if (request.path.includes("#")) return "reject";
  return rules ? applyPathRules(request, rules) : "continue";
}

const noFlags: readonly string[] = [];
