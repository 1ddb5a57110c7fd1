import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { Message } from "../../src/schema/message.ts";
import type { ListedRecords } from "../resources/resource-records.ts";
import { listedTogether, ResourceRecords } from "../resources/resource-records.ts";
import type {
  CollectionWatch,
  ResourceHold,
  ResourceSubscriptions,
  ResourceWatch,
} from "../resources/subscriptions.ts";
import type { StatsStore } from "../stats/stats-store.ts";
import type { FetchEnd, NameSubscriptions, ResourceConsumer, Update, Verdict } from "../xds-client/update.ts";
import { applyEach } from "./consume.ts";
import type { AppliedUpdate } from "./subscription-counters.ts";
import { SubscriptionCounters } from "./subscription-counters.ts";
import { WatchedCollection } from "./watched-collection.ts";
import { WatchedResource } from "./watched-resource.ts";

export interface SubscribedResourcesOptions {
  readonly client: NameSubscriptions;
  readonly stats: StatsStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a type's resources are called in logs. */
const nouns: Readonly<Record<string, string>> = {
  "type.googleapis.com/envoy.config.route.v3.RouteConfiguration": "route configuration",
  "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret": "secret",
  "type.googleapis.com/envoy.service.runtime.v3.Runtime": "runtime layer",
  "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig": "extension configuration",
};

/** Everything that is watched of one type from one stream, and the consumer of it. */
class WatchedType implements ResourceConsumer {
  readonly records = new ResourceRecords();
  readonly resources = new Map<string, WatchedResource>();
  readonly #options: SubscribedResourcesOptions;

  constructor(options: SubscribedResourcesOptions) {
    this.#options = options;
  }

  async apply(update: Update): Promise<Verdict> {
    const { clock, log } = this.#options;
    const beganAtMs = clock.monotonic();
    // Names that were given up while the response was on its way are nobody's any more (XC-23).
    const resources = new Map([...update.resources].filter(([name]) => this.resources.has(name)));
    const refused = await applyEach(
      { ...update, resources },
      {
        records: this.records,
        clock,
        log,
        noun: nouns[update.typeUrl] ?? "resource",
        parse: (resource) => this.resources.get(resource.name)?.parse(resource) ?? { problems: [] },
        run: (take) => {
          take();
          return undefined;
        },
      },
    );
    const refusedNames = new Set(refused.map(({ name }) => name));
    const durationMs = clock.monotonic() - beganAtMs;
    const applied: AppliedUpdate = { version: update.version, atMs: clock.now(), durationMs };
    for (const { name, version } of resources.values()) {
      if (!refusedNames.has(name)) this.resources.get(name)?.accepted(version, applied);
    }
    for (const name of update.removed) this.resources.get(name)?.counters.success(applied);
    // XC-27: a refusal is counted on every subscription of the type.
    if (refused.length > 0) for (const resource of this.resources.values()) resource.counters.rejection();
    for (const name of update.resources.keys()) this.resources.get(name)?.endWait();
    // What comes under the name again is then a change, even if it is the same.
    for (const name of update.removed) if (this.resources.get(name)?.removed()) this.records.removed(name);
    return { refused };
  }

  fetchEnded(names: readonly string[], end: FetchEnd): void {
    if (end === "refused") for (const resource of this.resources.values()) resource.counters.rejection();
    for (const name of names) {
      const resource = this.resources.get(name);
      if (end === "absent") resource?.counters.rejection();
      if (end === "timeout") resource?.counters.timeout();
      resource?.endWait();
    }
  }

  streamFailed(): void {
    for (const resource of this.resources.values()) resource.counters.failure();
  }
}

/** All resources that are subscribed to by name, of every type but the endpoints of clusters. */
export class SubscribedResources implements ResourceSubscriptions {
  readonly #options: SubscribedResourcesOptions;
  readonly #types = new ByStream<WatchedType>();
  readonly #collections = new ByStream<WatchedCollection>();
  /** How many subscriptions count under a scope. */
  readonly #scopes = new Map<string, number>();

  constructor(options: SubscribedResourcesOptions) {
    this.#options = options;
  }

  /** The records of a type for `/config_dump`, in the order of first subscription. */
  records(typeUrl: string): ListedRecords {
    const all = [...this.#collections.of(typeUrl), ...this.#types.of(typeUrl)];
    return listedTogether(all.map(({ records }) => records));
  }

  subscribeAll<Value>(watch: CollectionWatch<Value>): ResourceHold {
    const { client, stats, clock, log } = this.#options;
    const { typeUrl, source } = watch;
    const stream = client.streamOf(typeUrl, source);
    let collection = this.#collections.get(typeUrl, stream);
    if (!collection) {
      const counters = new SubscriptionCounters(stats, watch.statScope);
      collection = new WatchedCollection(counters, clock, log);
      this.#collections.set(typeUrl, stream, collection);
      client.consume(typeUrl, collection, source);
      client.subscribeAllFrom(typeUrl, source);
    }
    return collection.join(watch);
  }

  subscribe<Value>(watch: ResourceWatch<Value>): ResourceHold {
    const type = this.#type(watch.typeUrl, watch.source);
    const known = type.resources.get(watch.name);
    if (known) return this.#hold(type, known, watch);
    const { stats, log } = this.#options;
    const counters = new SubscriptionCounters(stats, watch.statScope, watch.hasConfigCounters);
    const resource = new WatchedResource(counters, log);
    type.resources.set(watch.name, resource);
    this.#scopes.set(watch.statScope, (this.#scopes.get(watch.statScope) ?? 0) + 1);
    resource.subscription = this.#options.client.subscribe(watch.typeUrl, watch.name, watch.source);
    resource.onDropped = () => this.#dropScope(watch.statScope);
    return this.#hold(type, resource, watch);
  }

  /** The statistics of a subscription go with it, unless another of the same name goes on. */
  #dropScope(scope: string): void {
    const left = (this.#scopes.get(scope) ?? 0) - 1;
    if (left > 0) {
      this.#scopes.set(scope, left);
      return;
    }
    this.#scopes.delete(scope);
    this.#options.stats.drop(scope, ["version_text"]);
  }

  #hold<Value>(type: WatchedType, resource: WatchedResource, watch: ResourceWatch<Value>): ResourceHold {
    const leave = resource.join(watch);
    let isClosed = false;
    return {
      whenAnswered: (callback) => resource.whenAnswered(() => isClosed || callback()),
      close: () => {
        if (isClosed) return;
        isClosed = true;
        leave();
        if (resource.isWatched) return;
        type.resources.delete(watch.name);
        type.records.removed(watch.name);
        resource.subscription?.close();
        resource.onDropped?.();
      },
    };
  }

  #type(typeUrl: string, source: Message): WatchedType {
    const { client } = this.#options;
    const stream = client.streamOf(typeUrl, source);
    const known = this.#types.get(typeUrl, stream);
    if (known) return known;
    const type = new WatchedType(this.#options);
    this.#types.set(typeUrl, stream, type);
    client.consume(typeUrl, type, source);
    return type;
  }
}

/** What there is of each type on each stream, in the order of arrival. */
class ByStream<Value> {
  readonly #values = new Map<string, Map<string, Value>>();

  get(typeUrl: string, stream: string): Value | undefined {
    return this.#values.get(typeUrl)?.get(stream);
  }

  set(typeUrl: string, stream: string, value: Value): void {
    const values = this.#values.get(typeUrl) ?? new Map<string, Value>();
    this.#values.set(typeUrl, values.set(stream, value));
  }

  of(typeUrl: string): readonly Value[] {
    return [...(this.#values.get(typeUrl)?.values() ?? [])];
  }
}
