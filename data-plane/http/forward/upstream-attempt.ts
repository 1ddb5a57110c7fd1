import type { Address } from "../../network/address.ts";
import type { ConnectionInfo, ProxyProtocolState } from "../../network/connection-info.ts";
import type { HeaderList } from "../../network/header-list.ts";
import type { HttpProtocol, RequestHead } from "../../network/http-message.ts";
import type { StreamRequest, UpstreamStream } from "../../network/http-stream.ts";
import type { MetadataMatch } from "../../network/metadata-match.ts";
import type { ConnectAttempt, Host, RoutePriority, Upstream } from "../../network/upstream.ts";
import { openTunnel } from "./connect-tunnel.ts";
import type { AttemptFailure } from "./failure-replies.ts";
import { outcomeStatus } from "./outcome-status.ts";

/** Whom an attempt works for. Nothing is told once it was given up. */
export interface AttemptOwner {
  readonly info: ConnectionInfo;
  readonly downstream: ProxyProtocolState | undefined;
  readonly source: Address | undefined;
  readonly request: RequestHead;
  readonly protocol: HttpProtocol;
  /** For policies that hash. */
  readonly hash: bigint | undefined;
  readonly metadataMatch: MetadataMatch | undefined;
  readonly priority: RoutePriority;
  /** Undefined wants any host. */
  readonly isUnwanted: ((host: Host) => boolean) | undefined;
  readonly maxChoices: number;
  /** A stream is there: time to send the head and what there is of the body. */
  onStream(stream: UpstreamStream): void;
  onUpstreamInterim(status: number, headers: HeaderList): void;
  onUpstreamHead(status: number, headers: HeaderList, isLast: boolean): void;
  onUpstreamData(data: Buffer): void;
  onUpstreamEnd(trailers: HeaderList | undefined): void;
  onUpstreamDrain(): void;
  /** No answer will come, or not the rest of it. `host` is the one that was chosen, `reason` the transport socket's. */
  onAttemptFailure(failure: AttemptFailure, host: Host | undefined, reason: string | undefined): void;
}

/** One try to have a request answered by an upstream: Envoy's upstream request. */
export class UpstreamAttempt implements StreamRequest {
  readonly #owner: AttemptOwner;
  #connecting: ConnectAttempt | undefined;
  /** Absent before there is one and after the end. */
  stream: UpstreamStream | undefined;
  #isOver = false;

  constructor(owner: AttemptOwner) {
    this.#owner = owner;
  }

  get info(): ConnectionInfo {
    return this.#owner.info;
  }

  get downstream(): ProxyProtocolState | undefined {
    return this.#owner.downstream;
  }

  get source(): Address | undefined {
    return this.#owner.source;
  }

  get protocol(): HttpProtocol {
    return this.#owner.protocol;
  }

  get head(): RequestHead {
    return this.#owner.request;
  }

  get hash(): bigint | undefined {
    return this.#owner.hash;
  }

  get metadataMatch(): MetadataMatch | undefined {
    return this.#owner.metadataMatch;
  }

  get priority(): RoutePriority {
    return this.#owner.priority;
  }

  get isUnwanted(): ((host: Host) => boolean) | undefined {
    return this.#owner.isUnwanted;
  }

  get maxChoices(): number {
    return this.#owner.maxChoices;
  }

  /** `endsConnect`: the request is a CONNECT, which goes no further as such. */
  start(upstream: Upstream, endsConnect: boolean): void {
    const connecting = endsConnect ? openTunnel(upstream, this) : upstream.openStream(this);
    if (!this.stream && !this.#isOver) this.#connecting = connecting;
  }

  /** Gives it up: the upstream is told, the owner is not. */
  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connecting?.cancel();
    this.stream?.cancel();
    this.stream = undefined;
  }

  /** Takes no notice of an end that is certain to come. */
  ignoreEnd(): void {
    this.#isOver = true;
    this.stream = undefined;
  }

  onReady(stream: UpstreamStream): void {
    this.#connecting = undefined;
    this.stream = stream;
    stream.host.outcomes?.connected();
    this.#owner.onStream(stream);
  }

  onFailure(failure: AttemptFailure, host?: Host, reason?: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    host?.outcomes?.failed(503);
    this.#owner.onAttemptFailure(failure, host, reason);
  }

  onInterim(status: number, headers: HeaderList): void {
    this.#owner.onUpstreamInterim(status, headers);
  }

  onHead(status: number, headers: HeaderList, isLast: boolean): void {
    const outcomes = this.stream?.host.outcomes;
    if (outcomes) {
      outcomes.response(outcomeStatus(status, headers, this.#owner.request.headers));
      if (headers.has("x-envoy-immediate-health-check-fail")) outcomes.askedToBeLeftOut();
    }
    this.#owner.onUpstreamHead(status, headers, isLast);
  }

  onData(data: Buffer): void {
    this.#owner.onUpstreamData(data);
  }

  onEnd(trailers: HeaderList | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stream = undefined;
    this.#owner.onUpstreamEnd(trailers);
  }

  onReset(reason: AttemptFailure): void {
    const host = this.stream?.host;
    this.stream = undefined;
    this.onFailure(reason, host);
  }

  onDrain(): void {
    this.#owner.onUpstreamDrain();
  }
}
