import { unreachable } from "../../src/base/unreachable.ts";
import type { BodyFraming } from "../http-codec/body-framing.ts";
import type { Address } from "../network/address.ts";
import type { ConnectionInfo, ProxyProtocolState } from "../network/connection-info.ts";
import { ownAddresses } from "../network/connection-info.ts";
import type { FormatSource } from "../network/format-string.ts";
import { HeaderList } from "../network/header-list.ts";
import type { StreamReset, UpstreamStream, UpstreamStreamEvents } from "../network/http-stream.ts";
import type { ConnectAttempt, ConnectFailure, Upstream } from "../network/upstream.ts";
import { isHopHeader } from "./hop-headers.ts";
import { countAnswer } from "./manager-stats.ts";
import type { LocalReply, RequestHead } from "./request.ts";
import { localReply } from "./request.ts";
import { applyRequestRules } from "./request-rules.ts";
import { headerOf } from "./routes/route-match.ts";
import type { Forwarding, Route } from "./routes/route.ts";
import type { ServerConnection } from "./server-connection.ts";
import { chunkOf, lastChunk, requestText, responseText } from "./write-head.ts";

/** How far the answer is. */
type Answer = "none" | "head-sent" | "done";

const failureTexts: Readonly<Record<Exclude<ConnectFailure, "no-host"> | StreamReset, string>> = {
  overflow: "overflow",
  "connect-timeout": "connection timeout",
  "connect-fail": "remote connection failure",
  "connection-termination": "connection termination",
  "protocol-error": "protocol error",
};

/** One request and its answer: rules, route, upstream, and back. */
export class Exchange implements UpstreamStreamEvents {
  readonly #connection: ServerConnection;
  readonly #request: RequestHead;
  readonly #framing: BodyFraming;
  readonly #startedAtMs: number;
  #remote: Address;
  #isInternal = false;
  #route: Route | undefined;
  #upstream: Upstream | undefined;
  #attempt: ConnectAttempt | undefined;
  #stream: UpstreamStream | undefined;
  #clusterName: string | undefined;
  /** What of the body came before there was a stream. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isRequestWhole: boolean;
  #answer: Answer = "none";
  #status = 0;
  #responseHeaders: HeaderList | undefined;
  #isChunked = false;
  /** A head that is about to go out. */
  #head: string | undefined;
  #receivedBytes = 0;
  #sentBytes = 0;
  #isUpstreamPaused = false;
  #sentAtMs = 0;
  #idleMs = 0;

  constructor(
    connection: ServerConnection,
    method: string,
    path: string,
    headers: HeaderList,
    framing: BodyFraming,
  ) {
    this.#connection = connection;
    this.#request = { method, path, headers, scheme: "http" };
    this.#framing = framing;
    this.#isRequestWhole = framing.kind === "none";
    this.#remote = connection.info.remote;
    this.#startedAtMs = connection.manager.run.clock.monotonic();
  }

  /** True once a byte of the answer has gone out. */
  get isAnswering(): boolean {
    return this.#answer !== "none";
  }

  start(wantsUpgrade: boolean): void {
    const { manager, info } = this.#connection;
    const { stats, config } = manager;
    const request = this.#request;
    stats.counters.downstream_rq_total += 1;
    stats.counters.downstream_rq_http1_total += 1;
    stats.gauges.downstream_rq_active.add(1);
    if (!request.headers.has("host") || request.path.includes("#")) return this.#reject(400);
    if (wantsUpgrade) {
      stats.counters.downstream_rq_ws_on_non_ws_route += 1;
      return this.#reject(403);
    }
    const ruled = applyRequestRules(request, config, info, manager);
    if (ruled.kind === "reject") {
      stats.counters.downstream_rq_rejected_via_ip_detection += 1;
      return this.reply(localReply(ruled.status));
    }
    this.#remote = ruled.remote;
    this.#isInternal = ruled.isInternal;
    if (config.streamIdleTimeoutMs > 0) this.#watchIdle(config.streamIdleTimeoutMs);
    if (config.requestTimeoutMs > 0 && !this.#isRequestWhole) {
      this.#connection.requestDeadline.set(config.requestTimeoutMs);
    }
    // No route takes a CONNECT without a matcher of its own.
    const route = request.method === "CONNECT" ? undefined : manager.routes()(request);
    if (!route) {
      stats.counters.no_route += 1;
      if (request.method === "CONNECT") return this.#reject(404);
      return this.reply(localReply(404));
    }
    this.#route = route;
    if (route.action.kind === "forward") this.#forward(route, route.action);
    else {
      const reply = route.action.reply(request);
      const isRedirect = reply.headers.length > 0;
      stats.counters[isRedirect ? "rq_redirect" : "rq_direct_response"] += 1;
      this.reply(reply);
    }
  }

  onRequestData(data: Buffer): void {
    this.#receivedBytes += data.length;
    if (this.#answer === "done") return;
    this.#touch();
    const stream = this.#stream;
    if (!stream) {
      if (!this.#attempt) return;
      this.#held.push(data);
      this.#heldBytes += data.length;
      if (this.#heldBytes > this.#connection.bufferLimitBytes) this.#connection.pauseRequest(true);
      return;
    }
    const isTaken = stream.write(this.#framing.kind === "chunked" ? chunkOf(data) : data);
    if (!isTaken) this.#connection.pauseRequest(true);
  }

  onRequestEnd(): void {
    if (this.#isRequestWhole) return;
    this.#isRequestWhole = true;
    this.#connection.requestDeadline.clear();
    const stream = this.#stream;
    if (!stream || this.#answer === "done") return;
    if (this.#framing.kind === "chunked") stream.write(lastChunk);
    stream.end();
  }

  /** The client takes bytes again. */
  onResponseDrain(): void {
    if (!this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = false;
    this.#stream?.resume();
  }

  /** The upstream takes bytes again. */
  onDrain(): void {
    this.#connection.pauseRequest(false);
  }

  /** The client is gone, or no answer is to come any more. */
  abandon(): void {
    if (this.#answer === "done") return;
    this.#stop();
    this.#conclude();
  }

  onHead(status: number, headers: HeaderList, isLast: boolean): void {
    const connection = this.#connection;
    const { manager } = connection;
    this.#touch();
    this.#upstream?.countResponse(status, this.#isInternal);
    headers.removeWhere(isHopHeader);
    if (status === 204 || status === 101) headers.remove("content-length");
    if (!manager.suppressesEnvoyHeaders) {
      const elapsedMs = Math.max(0, Math.trunc(manager.run.clock.monotonic() - this.#sentAtMs));
      headers.set("x-envoy-upstream-service-time", String(elapsedMs));
    }
    this.#applyResponseRules(headers, status);
    // 101 without an upgrade that was asked for: nothing more can be told from what follows.
    const hasNoBody = isLast || status === 204 || status === 304 || status === 101;
    this.#isChunked = !hasNoBody && !headers.has("content-length");
    const extra = this.#closing() + (this.#isChunked ? "transfer-encoding: chunked\r\n" : "");
    this.#answer = "head-sent";
    this.#status = status;
    this.#responseHeaders = headers;
    countAnswer(manager.stats, status);
    // The head waits for the body that came with it, to leave in one segment with it.
    this.#head = responseText(status, headers, extra);
    if (!isLast) queueMicrotask(() => this.#flushHead());
  }

  onData(data: Buffer): void {
    this.#touch();
    this.#sentBytes += data.length;
    const connection = this.#connection;
    if (this.#isChunked) connection.cork();
    const framed = this.#isChunked ? chunkOf(data) : data;
    const head = this.#head;
    this.#head = undefined;
    const isTaken = head === undefined ? connection.writeBody(framed) : connection.write(head, framed);
    if (!isTaken) this.#pauseUpstream();
  }

  onEnd(): void {
    this.#flushHead();
    if (this.#isChunked) this.#connection.writeBody(lastChunk);
    this.#stream = undefined;
    this.#finish();
  }

  onReset(reason: StreamReset): void {
    this.#stream = undefined;
    if (this.#answer === "none") {
      const status = reason === "protocol-error" ? 502 : 503;
      return this.reply(failureReply(status, failureTexts[reason]));
    }
    // The head is out: only the end of the connection can tell that the rest is missing.
    this.#flushHead();
    this.#connection.cutShort();
  }

  /** Answers without the upstream, or in its place. */
  reply(reply: LocalReply): void {
    const { manager } = this.#connection;
    const { status, body } = reply;
    const headers = new HeaderList();
    if (body !== "") headers.flat.push("content-length", String(body.length), "content-type", "text/plain");
    for (const [name, value] of reply.headers) headers.add(name, value);
    this.#applyResponseRules(headers, status);
    if (!this.#isRequestWhole) headers.add("connection", "close");
    const extra = this.#isRequestWhole ? this.#closing() : "";
    const length = body === "" && status >= 200 && status !== 204 ? "content-length: 0\r\n" : "";
    this.#stop();
    this.#answer = "head-sent";
    this.#status = status;
    this.#responseHeaders = headers;
    countAnswer(manager.stats, status);
    const sent = this.#request.method === "HEAD" ? "" : body;
    this.#sentBytes = sent.length;
    this.#connection.write(responseText(status, headers, extra + length), sent);
    this.#finish();
  }

  /** What the connection manager itself will not take; the connection ends with it. */
  #reject(status: number): void {
    const headers = new HeaderList();
    const { manager } = this.#connection;
    headers.flat.push("date", manager.date.text, "server", manager.config.serverName, "connection", "close");
    this.#isRequestWhole = false;
    this.#answer = "head-sent";
    this.#status = status;
    this.#responseHeaders = headers;
    countAnswer(manager.stats, status);
    this.#connection.write(responseText(status, headers, "content-length: 0\r\n"), undefined);
    this.#finish();
  }

  #forward(route: Route, action: Forwarding): void {
    const { manager } = this.#connection;
    const { stats, run } = manager;
    const request = this.#request;
    stats.counters.rq_total += 1;
    this.#clusterName = action.choose(run.random());
    const upstream = run.upstreams.get(this.#clusterName);
    if (!upstream) {
      stats.counters.no_cluster += 1;
      return this.reply(localReply(action.missingClusterStatus));
    }
    this.#upstream = upstream;
    if (action.timeoutMs > 0 && !manager.suppressesEnvoyHeaders) {
      request.headers.set("x-envoy-expected-rq-timeout-ms", String(action.timeoutMs));
    }
    if (route.requestMutations.length > 0) {
      const source = this.#formatSource();
      for (const mutate of route.requestMutations) mutate(request.headers, source);
    }
    action.rewrite?.(request);
    if (action.idleTimeoutMs !== undefined) this.#watchIdle(action.idleTimeoutMs);
    if (action.timeoutMs > 0) this.#connection.answerDeadline.set(action.timeoutMs);
    const attempt = upstream.openStream({
      info: this.#connection.info,
      downstream: this.#downstreamState(),
      method: request.method,
      events: this,
      onReady: (stream) => this.#send(stream),
      onFailure: (failure) => this.#onConnectFailure(failure),
    });
    if (!this.#stream && this.#answer === "none") this.#attempt = attempt;
  }

  #send(stream: UpstreamStream): void {
    const { method } = this.#request;
    this.#attempt = undefined;
    this.#stream = stream;
    this.#sentAtMs = this.#connection.manager.run.clock.monotonic();
    const isChunked = this.#framing.kind === "chunked";
    let extra = isChunked ? "transfer-encoding: chunked\r\n" : "";
    // A request that could have a body says that it has none.
    if (
      this.#framing.kind === "none" &&
      mayHaveBody(method) &&
      !this.#request.headers.has("content-length")
    ) {
      extra = "content-length: 0\r\n";
    }
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    const body =
      held.length === 0 ? undefined : isChunked ? chunkOf(Buffer.concat(held)) : Buffer.concat(held);
    const isTaken = stream.writeHead(requestText(this.#request, extra), body);
    if (this.#isRequestWhole) {
      if (isChunked) stream.write(lastChunk);
      stream.end();
    } else this.#connection.pauseRequest(!isTaken);
  }

  #onConnectFailure(failure: ConnectFailure): void {
    this.#attempt = undefined;
    if (this.#answer !== "none") return;
    this.#upstream?.countResponse(503, this.#isInternal);
    if (failure === "no-host") return this.reply(localReply(503, "no healthy upstream"));
    this.reply(failureReply(503, failureTexts[failure]));
  }

  /** The answer took too long. */
  onTimeout(): void {
    this.#upstream?.countTimeout();
    this.#upstream?.countResponse(504, this.#isInternal);
    if (this.#answer === "none") return this.reply(localReply(504, "upstream request timeout"));
    this.#connection.destroy();
  }

  /** The request did not come whole in time. */
  onRequestTimeout(): void {
    this.#connection.manager.stats.counters.downstream_rq_timeout += 1;
    if (this.#answer !== "none") return this.#connection.destroy();
    this.reply(localReply(408, "request timeout"));
  }

  /** Nothing has moved for too long. */
  onIdle(): void {
    this.#connection.manager.stats.counters.downstream_rq_idle_timeout += 1;
    if (this.#answer !== "none") return this.#connection.destroy();
    this.reply(localReply(408, "stream timeout"));
  }

  #watchIdle(timeoutMs: number): void {
    this.#idleMs = timeoutMs;
    if (timeoutMs > 0) this.#connection.streamDeadline.set(timeoutMs);
    else this.#connection.streamDeadline.clear();
  }

  #touch(): void {
    if (this.#idleMs > 0) this.#connection.streamDeadline.set(this.#idleMs);
  }

  #flushHead(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined && !this.#connection.write(head, undefined)) this.#pauseUpstream();
  }

  #pauseUpstream(): void {
    if (this.#isUpstreamPaused) return;
    this.#isUpstreamPaused = true;
    this.#stream?.pause();
  }

  /** Server, date, via and the route's own, as on every answer. */
  #applyResponseRules(headers: HeaderList, status: number): void {
    const { config, date } = this.#connection.manager;
    this.#status = status;
    this.#responseHeaders = headers;
    const mutations = this.#route?.responseMutations ?? [];
    if (mutations.length > 0) {
      const source = this.#formatSource();
      for (const mutate of mutations) mutate(headers, source);
    }
    if (!headers.has("date")) headers.add("date", date.text);
    switch (config.serverHeader) {
      case "OVERWRITE":
        headers.set("server", config.serverName);
        break;
      case "APPEND_IF_ABSENT":
        if (!headers.has("server")) headers.add("server", config.serverName);
        break;
      case "PASS_THROUGH":
        break;
      default:
        unreachable(config.serverHeader);
    }
    if (config.answersRequestId) {
      const id = this.#request.headers.get("x-request-id");
      if (id !== undefined) headers.set("x-request-id", id);
    }
    if (config.via !== "") {
      const before = headers.get("via");
      headers.set("via", before === undefined || before === "" ? config.via : `${before}, ${config.via}`);
    }
  }

  #closing(): string {
    return this.#connection.keepsAlive ? "" : "connection: close\r\n";
  }

  #downstreamState(): ProxyProtocolState | undefined {
    const { info, manager } = this.#connection;
    if (info.proxyProtocol) {
      const addresses = info.proxyProtocol.addresses ?? ownAddresses(info);
      return { ...(addresses && { addresses }), tlvs: info.proxyProtocol.tlvs };
    }
    if (!manager.config.tellsConnection) return undefined;
    const addresses = ownAddresses(info);
    return { ...(addresses && { addresses }), tlvs: [] };
  }

  #formatSource(): FormatSource {
    const { info, manager } = this.#connection;
    const request = this.#request;
    return {
      connection: requestView(info, this.#remote),
      ...(this.#stream && { upstreamHost: this.#stream.host, upstreamLocal: this.#stream.local }),
      ...(this.#clusterName !== undefined && { upstreamCluster: this.#clusterName }),
      transfer: {
        bytesReceived: this.#receivedBytes,
        bytesSent: this.#sentBytes,
        durationMs: manager.run.clock.monotonic() - this.#startedAtMs,
      },
      exchange: {
        request: (name) => headerOf(request, name),
        response: (name) => this.#responseHeaders?.all(name),
        status: this.#status,
      },
      hostname: manager.config.hostname,
    };
  }

  /** Lets go of the upstream. */
  #stop(): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    this.#stream?.cancel();
    this.#stream = undefined;
    this.#held = [];
  }

  #finish(): void {
    this.#conclude();
    this.#connection.answered(this.#isRequestWhole);
  }

  #conclude(): void {
    if (this.#answer === "done") return;
    const { manager } = this.#connection;
    this.#answer = "done";
    this.#connection.answerDeadline.clear();
    this.#connection.requestDeadline.clear();
    this.#connection.streamDeadline.clear();
    manager.stats.gauges.downstream_rq_active.add(-1);
    manager.logAccess?.(this.#formatSource());
  }
}

/** The connection as a request sees it: its own client, and none of the connection's dynamic metadata (PP-69, PP-82). */
function requestView(info: ConnectionInfo, remote: Address): FormatSource["connection"] {
  return {
    id: info.id,
    remote,
    local: info.local,
    directRemote: info.directRemote,
    directLocal: info.directLocal,
    metadata: () => undefined,
    filterState: (name) => info.filterState(name),
  };
}

function failureReply(status: number, reason: string): LocalReply {
  return localReply(
    status,
    `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
  );
}

function mayHaveBody(method: string): boolean {
  return (
    method !== "GET" && method !== "HEAD" && method !== "DELETE" && method !== "TRACE" && method !== "CONNECT"
  );
}
