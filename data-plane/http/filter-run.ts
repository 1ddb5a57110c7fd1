import type { Address } from "../network/address.ts";
import type { ConnectionInfo, MetadataValue } from "../network/connection-info.ts";
import type { FormatSource } from "../network/format-string.ts";
import type { HeaderList } from "../network/header-list.ts";
import type { HttpProtocol, LocalReply, RequestHead, ResponseHead } from "../network/http-message.ts";
import type { HttpFilter, HttpFilterStream, HttpStreamView } from "../resources/http-filter.ts";
import type { Route } from "./routes/route.ts";

/** A filter of a connection manager's chain, the router aside. */
export interface ChainFilter {
  /** The name that `typed_per_filter_config` has it under. */
  readonly name: string;
  /** Only routes that say so have it. */
  readonly isDisabled: boolean;
  readonly filter: Extract<HttpFilter, { readonly kind: "stream" }>;
}

/** The exchange that filters work on. */
export interface FilterOwner {
  readonly info: ConnectionInfo;
  readonly remote: Address;
  readonly isInternal: boolean;
  readonly protocol: HttpProtocol;
  readonly request: RequestHead;
  readonly route: Route | undefined;
  source: Address | undefined;
  formatSource(): FormatSource;
  metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined;
  addMetadata(namespace: string, fields: Readonly<Record<string, MetadataValue>>): void;
  addResponseFlag(flag: string): void;
  markHealthCheck(): void;
  reply(reply: LocalReply): void;
  /** The head is past all filters. */
  onHeadFiltered(isLast: boolean): void;
  onDataFiltered(data: Buffer): void;
  onEndFiltered(trailers: HeaderList | undefined): void;
  pauseRequest(isPaused: boolean): void;
  readonly bufferLimitBytes: number;
}

/** The way of one exchange through the filters of its chain. */
export class FilterRun {
  readonly #owner: FilterOwner;
  readonly #open: HttpFilterStream[] = [];
  /** The filter that has paused the request; past the last when none has. */
  #headAt = 0;
  /** What came of the body behind the filter that has paused. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isLast = false;
  #end: { readonly trailers: HeaderList | undefined } | undefined;
  #isOver = false;

  constructor(owner: FilterOwner, filters: readonly ChainFilter[]) {
    this.#owner = owner;
    for (const { name, isDisabled, filter } of filters) {
      const settings = owner.route?.filterSettings?.get(name);
      if (settings?.isDisabled ?? isDisabled) continue;
      const index = this.#open.length;
      const stream = filter.open(new View(this, owner, settings?.configs ?? none, () => this.#resume(index)));
      if (stream) this.#open.push(stream);
    }
  }

  /** The exchange is over: nothing that a filter does has an effect. */
  get isOver(): boolean {
    return this.#isOver;
  }

  requestHead(isLast: boolean): void {
    this.#isLast = isLast;
    this.#passHead(0);
  }

  requestData(data: Buffer): void {
    const at = this.#headAt;
    const left = this.#through(0, at + 1, data);
    if (at >= this.#open.length) return this.#owner.onDataFiltered(left);
    this.#hold(left);
  }

  requestEnd(trailers: HeaderList | undefined): void {
    this.#endThrough(0, this.#headAt + 1, trailers);
    if (this.#headAt >= this.#open.length) this.#owner.onEndFiltered(trailers);
    else this.#end = { trailers };
  }

  responseHead(head: ResponseHead, isLast: boolean): void {
    for (let at = this.#open.length - 1; at >= 0; at -= 1) {
      this.#open[at]!.onResponseHead?.(head, isLast);
    }
  }

  responseData(data: Buffer): Buffer {
    return this.#back(this.#open.length - 1, data);
  }

  /** Gives what filters put behind the body. */
  responseEnd(trailers: HeaderList | undefined): Buffer | undefined {
    const pieces: Buffer[] = [];
    for (let at = this.#open.length - 1; at >= 0; at -= 1) {
      const piece = this.#open[at]!.onResponseEnd?.(trailers);
      if (piece) pieces.push(this.#back(at - 1, piece));
    }
    return pieces.length === 0 ? undefined : Buffer.concat(pieces);
  }

  /** The exchange is over. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#held = [];
    for (const stream of this.#open) stream.onEnd?.();
  }

  #passHead(from: number): void {
    for (let at = from; at < this.#open.length; at += 1) {
      this.#headAt = at;
      const verdict = this.#open[at]!.onRequestHead?.(this.#owner.request, this.#isLast);
      if (this.#isOver || verdict?.kind === "pause") return;
      if (verdict?.kind === "reply") return this.#owner.reply(verdict.reply);
    }
    this.#headAt = this.#open.length;
    this.#owner.onHeadFiltered(this.#isLast);
  }

  /** The filter at `index` goes on; what waited behind it follows. */
  #resume(index: number): void {
    if (this.#isOver || this.#headAt !== index) return;
    const held = this.#held;
    const end = this.#end;
    this.#held = [];
    this.#heldBytes = 0;
    this.#end = undefined;
    this.#passHead(index + 1);
    for (const data of held) {
      if (this.#isOver) return;
      const left = this.#through(index + 1, this.#headAt + 1, data);
      if (this.#headAt < this.#open.length) this.#hold(left);
      else this.#owner.onDataFiltered(left);
    }
    if (this.#isOver) return;
    if (end) {
      this.#endThrough(index + 1, this.#headAt + 1, end.trailers);
      if (this.#headAt < this.#open.length) this.#end = end;
      else this.#owner.onEndFiltered(end.trailers);
    } else if (this.#headAt >= this.#open.length) this.#owner.pauseRequest(false);
  }

  #hold(data: Buffer): void {
    this.#held.push(data);
    this.#heldBytes += data.length;
    if (this.#heldBytes > this.#owner.bufferLimitBytes) this.#owner.pauseRequest(true);
  }

  #through(from: number, to: number, data: Buffer): Buffer {
    let left = data;
    const end = Math.min(to, this.#open.length);
    for (let at = from; at < end; at += 1) left = this.#open[at]!.onRequestData?.(left) ?? left;
    return left;
  }

  #back(from: number, data: Buffer): Buffer {
    let left = data;
    for (let at = from; at >= 0; at -= 1) left = this.#open[at]!.onResponseData?.(left) ?? left;
    return left;
  }

  #endThrough(from: number, to: number, trailers: HeaderList | undefined): void {
    const end = Math.min(to, this.#open.length);
    for (let at = from; at < end; at += 1) {
      const piece = this.#open[at]!.onRequestEnd?.(trailers);
      if (!piece) continue;
      const left = this.#through(at + 1, to, piece);
      if (this.#headAt < this.#open.length) this.#hold(left);
      else this.#owner.onDataFiltered(left);
    }
  }
}

const none: readonly object[] = [];

/** An exchange as one of its filters sees it. */
class View implements HttpStreamView {
  readonly #run: FilterRun;
  readonly #owner: FilterOwner;
  readonly #configs: readonly object[];
  readonly resume: () => void;

  constructor(run: FilterRun, owner: FilterOwner, configs: readonly object[], resume: () => void) {
    this.#run = run;
    this.#owner = owner;
    this.#configs = configs;
    this.resume = resume;
  }

  get connection(): ConnectionInfo {
    return this.#owner.info;
  }

  get remote(): Address {
    return this.#owner.remote;
  }

  get isInternal(): boolean {
    return this.#owner.isInternal;
  }

  get protocol(): HttpProtocol {
    return this.#owner.protocol;
  }

  get request(): RequestHead {
    return this.#owner.request;
  }

  get route(): HttpStreamView["route"] {
    return this.#owner.route;
  }

  routeConfigs<Config extends object>(type: abstract new (...args: never) => Config): readonly Config[] {
    return this.#configs.filter((config): config is Config => config instanceof type);
  }

  formatSource(): FormatSource {
    return this.#owner.formatSource();
  }

  metadata(namespace: string): Readonly<Record<string, MetadataValue>> | undefined {
    return this.#owner.metadata(namespace);
  }

  addMetadata(namespace: string, fields: Readonly<Record<string, MetadataValue>>): void {
    this.#owner.addMetadata(namespace, fields);
  }

  setUpstreamSource(address: Address): void {
    this.#owner.source = address;
  }

  addResponseFlag(flag: string): void {
    this.#owner.addResponseFlag(flag);
  }

  markHealthCheck(): void {
    this.#owner.markHealthCheck();
  }

  reply(reply: LocalReply): void {
    // Too late, the connection may carry another request already.
    if (!this.#run.isOver) this.#owner.reply(reply);
  }
}
