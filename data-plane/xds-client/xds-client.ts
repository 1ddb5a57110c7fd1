import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { Message } from "../../src/schema/message.ts";
import type { Schema } from "../../src/schema/schema.ts";
import type { ResourceFile } from "./file-source.ts";
import { FileSource } from "./file-source.ts";
import type { GrpcTarget, MethodPath } from "./grpc-transport.ts";
import { aggregatedMethod, methodOf } from "./methods.ts";
import type { SourceView } from "./resource-source.ts";
import { StreamConsumers } from "./stream-consumers.ts";
import { ResourceSource } from "./resource-source.ts";
import type { ApiSource, FileLocation, FilePlan, GrpcPlan, SourcePlan } from "./source-plan.ts";
import { streamKey } from "./source-plan.ts";
import type { StreamTransport } from "./stream-transport.ts";
import type { NameSubscription, NameSubscriptions, ResourceConsumer } from "./update.ts";

/** A ConfigSource of a resource, read: the plan, or why it cannot be used. */
export type ResolvedSource =
  | { readonly kind: "plan"; readonly plan: SourcePlan }
  | { readonly kind: "refused"; readonly reason: string };

export interface XdsClientOptions {
  /** `envoy.config.core.v3.Node`, as it is sent. */
  readonly node: Message;
  /** `ads_config`; absent when there is none. */
  readonly ads?: ApiSource;
  /** Reads a ConfigSource that stands in a resource (`eds_config`). */
  readonly resolve: (source: Message) => ResolvedSource;
  readonly schema: Schema;
  readonly openTransport: (target: GrpcTarget, path: MethodPath) => StreamTransport;
  readonly openFile: (file: FileLocation) => ResourceFile;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** `--reject-unknown-dynamic-fields`; default false. */
  readonly rejectsUnknownFields?: boolean;
  /** Called with the state of a source after something happened to it. */
  readonly onChange?: (view: SourceView) => void;
}

/**
 * All sources of a proxy: one stream for everything that ADS serves, one for each type of each other source (XC-16), and files. Nothing
 * is connected to or read before somebody subscribes.
 */
export class XdsClient implements NameSubscriptions, AsyncDisposable {
  readonly #options: XdsClientOptions;
  readonly #consumers = new StreamConsumers();
  /** By `ads`, or type URL and what they connect to. */
  readonly #sources = new Map<
    string,
    { readonly source: ResourceSource | FileSource; readonly ended: Promise<void> }
  >();
  readonly #stop = new AbortController();

  constructor(options: XdsClientOptions) {
    this.#options = options;
  }

  consume(typeUrl: string, consumer: ResourceConsumer, source?: Message): void {
    this.#consumers.set(typeUrl, consumer, source && this.streamOf(typeUrl, source));
  }

  streamOf(typeUrl: string, source: Message): string {
    return streamKey(typeUrl, this.#planOf(source));
  }

  /** CDS or LDS: subscribes to everything there is. Its `initial_fetch_timeout` starts now. */
  subscribeAll(typeUrl: string, plan: SourcePlan): void {
    const source = this.#source(typeUrl, plan);
    source.step({ kind: "subscribe-all", typeUrl, timeoutMs: plan.timeoutMs });
  }

  refusalOf(source: Message | undefined): string | undefined {
    const resolved = this.#options.resolve(source ?? {});
    return resolved.kind === "refused" ? resolved.reason : undefined;
  }

  /** @throws Error for a source that `refusalOf` refuses */
  subscribeAllFrom(typeUrl: string, source: Message): void {
    this.subscribeAll(typeUrl, this.#planOf(source));
  }

  /** @throws Error for a source that `refusalOf` refuses */
  subscribe(typeUrl: string, name: string, source: Message): NameSubscription {
    const plan = this.#planOf(source);
    const target = this.#source(typeUrl, plan);
    target.step({ kind: "subscribe", typeUrl, name, timeoutMs: plan.timeoutMs });
    let isClosed = false;
    return {
      refresh: () => {
        if (!isClosed) target.step({ kind: "refresh", typeUrl, name });
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        target.step({ kind: "unsubscribe", typeUrl, name });
      },
    };
  }

  /** Every source that is in use: versions, states and counters for admin (XC-56, XC-57). */
  views(): SourceView[] {
    return [...this.#sources.values()].map(({ source }) => source.view());
  }

  /** Ends all streams. What was applied stays with its consumers. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("the xDS client is closed"));
    await Promise.all([...this.#sources.values()].map(({ ended }) => ended));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #planOf(source: Message): SourcePlan {
    const resolved = this.#options.resolve(source);
    if (resolved.kind === "refused") throw new Error(resolved.reason);
    return resolved.plan;
  }

  #source(typeUrl: string, plan: SourcePlan): ResourceSource | FileSource {
    const key = streamKey(typeUrl, plan);
    const known = this.#sources.get(key);
    if (known) return known.source;
    const source =
      plan.kind === "file" ? this.#fileSource(typeUrl, plan, key) : this.#grpcSource(typeUrl, plan, key);
    this.#sources.set(key, { source, ended: source.run(this.#stop.signal) });
    return source;
  }

  #fileSource(typeUrl: string, { file }: FilePlan, key: string): FileSource {
    const { openFile } = this.#options;
    return new FileSource({ ...this.#common(key), typeUrl, path: file.path, file: openFile(file) });
  }

  #grpcSource(typeUrl: string, plan: GrpcPlan, key: string): ResourceSource {
    const { api, path } = this.#route(typeUrl, plan);
    const { node, openTransport, random } = this.#options;
    return new ResourceSource({
      ...this.#common(key),
      scope: plan.kind === "ads" ? "ads" : { typeUrl },
      mode: api.mode,
      node,
      isNodeOnFirstOnly: api.isNodeOnFirstOnly,
      transport: openTransport(api.target, path),
      backoff: api.backoff,
      random,
    });
  }

  /** What sources of every kind are given. */
  #common(key: string) {
    const { schema, clock, log, rejectsUnknownFields = false, onChange } = this.#options;
    const consumers = this.#consumers.ofStream(key);
    return { schema, consumers, clock, log, rejectsUnknownFields, ...(onChange && { onChange }) };
  }

  #route(typeUrl: string, plan: GrpcPlan): { readonly api: ApiSource; readonly path: MethodPath } {
    if (plan.kind === "api") {
      const path = methodOf(typeUrl, plan.api.mode);
      if (!path) throw new Error(`${typeUrl} has no discovery service of its own`);
      return { api: plan.api, path };
    }
    const { ads } = this.#options;
    if (!ads) throw new Error("ADS must be configured to support an ADS config source");
    return { api: ads, path: aggregatedMethod(ads.mode) };
  }
}
