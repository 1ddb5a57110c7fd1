import { unreachable } from "../../src/base/unreachable.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Log } from "../../src/base/log.ts";
import type { Message } from "../../src/schema/message.ts";
import { CLUSTER_LOAD_ASSIGNMENT } from "../../src/schema/type-urls.ts";
import { followRuntime } from "./follow-runtime.ts";
import { publishRuntime } from "./runtime-stats.ts";
import type { ServerStats } from "./server-stats.ts";
import { serverStats } from "./server-stats.ts";
import type { AdminView, ListenerDrain } from "../admin/admin-view.ts";
import { daysUntilFirstExpires } from "../admin/certs-route.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import type { BootstrapConfig } from "../bootstrap/bootstrap.ts";
import { ClusterSet } from "../clusters/cluster-set.ts";
import type { Resolver } from "../clusters/resolver.ts";
import type { ClearPipe } from "../listeners/binding.ts";
import type { DrainStrategy } from "../listeners/drain-sequence.ts";
import { ListenerSet } from "../listeners/listener-set.ts";
import { parseLoadAssignment } from "../resources/cluster-load-assignment.ts";
import type { ClusterConfig } from "../resources/cluster.ts";
import { parseCluster } from "../resources/cluster.ts";
import type {
  ExtensionTable,
  OpenAccessLog,
  ParseContext,
  RunContext,
  SchemaReader,
  ServerFacts,
} from "../resources/extension.ts";
import type { LocalData } from "../resources/data-source.ts";
import type { ListenerConfig } from "../resources/listener.ts";
import { parseListener } from "../resources/listener.ts";
import { parsed, refuse } from "../resources/parsed.ts";
import { StatsStore } from "../stats/stats-store.ts";
import type { NameSubscriptions, ResourceConsumer, Update, Verdict } from "../xds-client/update.ts";
import { applyEach } from "./consume.ts";
import { CountedEndpoints } from "./counted-endpoints.ts";
import { listedTogether, ResourceRecords } from "../resources/resource-records.ts";
import { SubscribedResources } from "./subscribed-resources.ts";

/** Envoy's `ServerInfo.State`. */
export type ProxyState = "PRE_INITIALIZING" | "INITIALIZING" | "LIVE" | "DRAINING";

export interface ProxyOptions {
  readonly bootstrap: BootstrapConfig;
  readonly schema: SchemaReader;
  readonly extensions: ExtensionTable;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly resolver: Resolver;
  /** Where the endpoints of EDS clusters come from, and what else is subscribed to by name. */
  readonly subscriptions: NameSubscriptions;
  readonly log: Log;
  readonly openAccessLog: OpenAccessLog;
  /** `%HOSTNAME%`. */
  readonly hostname: string;
  readonly local: LocalData;
  /** How long connections of a listener that is gone may go on. */
  readonly drainMs: number;
  /** `--drain-strategy`. */
  readonly drainStrategy: DrainStrategy;
  /** This process among several that are one proxy; alone unless given. */
  readonly worker?: WorkerPlace;
}

/** A process among several that are one proxy. */
export interface WorkerPlace {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  readonly clearPipe: ClearPipe;
}

/**
 * A proxy: listeners, clusters and what updates them. Made without I/O. Whoever owns it starts it in Envoy's order (XC-11):
 * `startClusters`, `startRuntime`, then CDS, then LDS into the consumers, then `startListeners`.
 */
export class Proxy implements AsyncDisposable {
  readonly stats = new StatsStore();
  readonly clusters: ClusterSet;
  readonly listeners: ListenerSet;
  readonly clusterRecords = new ResourceRecords();
  readonly listenerRecords = new ResourceRecords();
  /** By stream. */
  readonly #endpointRecords = new Map<string, ResourceRecords>();
  readonly #endpointConsumers = new Map<string, CountedEndpoints>();
  readonly subscribed: SubscribedResources;
  readonly #options: ProxyOptions;
  readonly #context: ParseContext;
  readonly #server: ServerStats;
  readonly #startedAtMs: number;
  #state: ProxyState = "PRE_INITIALIZING";
  #lastId = 0;

  constructor(options: ProxyOptions) {
    const { bootstrap, schema, extensions, hostname, local, subscriptions, clock, random, log } = options;
    this.#options = options;
    const hasCluster = (name: string) => this.clusterRecords.get(name)?.message !== undefined;
    const sourceRefusal = (source: Message | undefined) => subscriptions.refusalOf(source);
    this.#context = {
      schema,
      extensions,
      hostname,
      foreignSources: bootstrap.foreignSources,
      staticSecrets: bootstrap.staticSecrets,
      local,
      runtime: bootstrap.runtime,
      hasCluster,
      sourceRefusal,
    };
    this.#startedAtMs = clock.monotonic();
    this.#server = serverStats(this.stats);
    publishRuntime(this.stats, bootstrap.runtime);
    const { worker } = options;
    this.#server.gauges.concurrency.set(worker?.count ?? 1);
    this.#setState("PRE_INITIALIZING");
    // Connections of several workers have different numbers.
    this.#lastId = worker ? worker.index + 1 - worker.count : 0;
    const nextId = () => (this.#lastId += worker?.count ?? 1);
    this.subscribed = new SubscribedResources({ client: subscriptions, stats: this.stats, clock, log });
    const { openAccessLog } = options;
    const run = {
      stats: this.stats,
      clock,
      random,
      log,
      openAccessLog,
      subscriptions: this.subscribed,
      server: this.#facts(bootstrap.node),
    };
    this.clusters = new ClusterSet({
      run,
      nextId,
      resolver: options.resolver,
      subscribe: (name, source, cluster) => {
        const consumer = this.endpointConsumer(subscriptions.streamOf(CLUSTER_LOAD_ASSIGNMENT, source));
        subscriptions.consume(CLUSTER_LOAD_ASSIGNMENT, consumer, source);
        const stopCounting = consumer.count(name, cluster);
        const subscription = subscriptions.subscribe(CLUSTER_LOAD_ASSIGNMENT, name, source);
        return {
          refresh: () => subscription.refresh(),
          close: () => {
            stopCounting();
            subscription.close();
          },
        };
      },
      endpointsKey: (name, source) =>
        endpointsKey(subscriptions.streamOf(CLUSTER_LOAD_ASSIGNMENT, source), name),
    });
    const runWithUpstreams: RunContext = { ...run, upstreams: this.clusters };
    const { drainMs, drainStrategy } = options;
    this.listeners = new ListenerSet({
      run: runWithUpstreams,
      nextId,
      drainMs,
      drainStrategy,
      ...(bootstrap.downstreamLimit && { connectionLimit: bootstrap.downstreamLimit }),
      ...(worker && { workerIndex: worker.index, clearPipe: worker.clearPipe }),
    });
  }

  get state(): ProxyState {
    return this.#state;
  }

  /** What the admin endpoint shows. `quit` is what ends the process. */
  adminView(process: Pick<AdminView, "version" | "commandLine" | "toJson" | "quit" | "host">): AdminView {
    const { bootstrap, clock } = this.#options;
    return {
      ...process,
      state: () => this.#shownState,
      uptimeMs: () => this.uptimeMs,
      node: bootstrap.node,
      bootstrap: bootstrap.message,
      startedAtMs: clock.now() - this.uptimeMs,
      stats: this.stats,
      beforeStats: () => {
        const { allocated, heap, physical } = process.host.memory();
        const { gauges } = this.#server;
        gauges.memory_allocated.set(allocated);
        gauges.memory_heap_size.set(heap);
        gauges.memory_physical_size.set(physical);
        const days = daysUntilFirstExpires(this.#certificates(), clock.now());
        gauges.days_until_first_cert_expiring.set(days);
        gauges.uptime.set(Math.trunc(this.uptimeMs / 1000));
        gauges.total_connections.set(this.listeners.connectionCount);
        if (bootstrap.statsFlushMs === 0) this.stats.flush();
      },
      clusterRecords: this.clusterRecords,
      listenerRecords: this.listenerRecords,
      endpointRecords: () => listedTogether([...this.#endpointRecords.values()]),
      records: (typeUrl) => this.subscribed.records(typeUrl),
      certificates: () => this.#certificates(),
      nowMs: () => clock.now(),
      clusters: () => this.clusters.active(),
      isWarming: (name) => this.clusters.isWarming(name),
      listeners: () => this.listeners.addresses(),
      runtime: bootstrap.runtime,
      drainListeners: (how) => this.#drainListeners(how),
      failHealthChecks: (isFailed) => {
        this.listeners.isHealthCheckFailed = isFailed;
        this.#setState(this.#state);
      },
    };
  }

  #certificates(): readonly CertificateReport[] {
    return [
      ...this.listeners.certificates(),
      ...this.clusters.active().flatMap((cluster) => cluster.certificates()),
    ];
  }

  #facts({ cluster }: Message): ServerFacts {
    const isHealthCheckFailed = () => this.listeners.isHealthCheckFailed;
    return {
      cluster: typeof cluster === "string" ? cluster : "",
      get isHealthCheckFailed() {
        return isHealthCheckFailed();
      },
    };
  }

  /** A proxy that fails its health checks says that it drains. */
  get #shownState(): ProxyState {
    return this.#state === "LIVE" && this.listeners.isHealthCheckFailed ? "DRAINING" : this.#state;
  }

  #drainListeners(how: ListenerDrain): void {
    switch (how) {
      case "now":
        return this.listeners.stop();
      case "graceful":
        return this.listeners.drainThenStop();
      case "connections":
        return this.listeners.startDraining();
      case "inbound":
        return this.listeners.stopInbound();
      default:
        return unreachable(how);
    }
  }

  get uptimeMs(): number {
    return this.#options.clock.monotonic() - this.#startedAtMs;
  }

  /** Starts the static clusters. The promise is done when all of them have their endpoints or gave up on them. */
  async startClusters(): Promise<void> {
    this.#setState("INITIALIZING");
    const updatedAtMs = this.#options.clock.now();
    const warmed = this.#options.bootstrap.clusters.map(({ config, message }) => {
      this.clusterRecords.applied({ name: config.name, origin: "static", version: "", message, updatedAtMs });
      return this.clusters.update(config);
    });
    await Promise.all(warmed);
  }

  /** Asks for the layers of RTDS. The promise is done when each is here or is waited for no longer. */
  startRuntime(): Promise<void> {
    const { rtds, runtime } = this.#options.bootstrap;
    return followRuntime(rtds, runtime, this.subscribed);
  }

  /**
   * Adds the static listeners, then opens all of them: the proxy is LIVE.
   *
   * @throws Error with Envoy's text when a static listener cannot be added; a dynamic one that cannot be bound any more is logged
   */
  async startListeners(): Promise<void> {
    const { bootstrap, clock, log } = this.#options;
    const updatedAtMs = clock.now();
    for (const { config, message } of bootstrap.listeners) {
      const reason = await this.listeners.update(config);
      if (reason !== undefined) throw new Error(reason);
      this.listenerRecords.applied({
        name: config.name,
        origin: "static",
        version: "",
        message,
        updatedAtMs,
      });
    }
    await this.listeners.whenWarm();
    const failures = await this.listeners.start();
    for (const [name, reason] of failures) {
      if (this.listenerRecords.isStatic(name)) throw new Error(reason);
      log.error("cannot open a listener", { listener: name, error: reason });
    }
    this.#server.histograms.initialization_time_ms.record(this.uptimeMs);
    this.#setState("LIVE");
  }

  /** Runs what CDS says. */
  readonly clusterConsumer: ResourceConsumer = {
    apply: (update) => this.#timed("cluster_manager.cds", () => this.#applyClusters(update)),
    // As after an empty answer: what there is goes on (XC-13).
    fetchEnded: () => undefined,
  };

  /** Runs what LDS says. */
  readonly listenerConsumer: ResourceConsumer = {
    apply: (update) => this.#timed("listener_manager.lds", () => this.#applyListeners(update)),
    fetchEnded: () => undefined,
  };

  /** Runs what EDS says on a stream. */
  endpointConsumer(stream: string): CountedEndpoints {
    const known = this.#endpointConsumers.get(stream);
    if (known) return known;
    const consumer = new CountedEndpoints(
      {
        apply: (update) => this.#applyEndpoints(stream, update),
        fetchEnded: (names) => this.clusters.endFetch(names.map((name) => endpointsKey(stream, name))),
      },
      this.stats,
      this.#options.clock,
    );
    this.#endpointConsumers.set(stream, consumer);
    return consumer;
  }

  /** Stops accepting and lets connections end by themselves, at most so long. */
  async drain(timeoutMs: number): Promise<void> {
    this.#setState("DRAINING");
    await this.listeners.drain(timeoutMs);
  }

  /** Stops everything now. Idempotent. */
  close(): Promise<void> {
    this.#setState("DRAINING");
    this.listeners.destroy();
    this.clusters.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Notes how long it took to take an update, under the scope of its type. */
  async #timed(scope: string, apply: () => Promise<Verdict>): Promise<Verdict> {
    const { clock } = this.#options;
    const beganAtMs = clock.monotonic();
    const verdict = await apply();
    if (verdict.refused.length > 0) return verdict;
    const { update_duration } = this.stats.histograms(scope, ["update_duration"]);
    update_duration.record(clock.monotonic() - beganAtMs);
    return verdict;
  }

  async #applyClusters(update: Update): Promise<Verdict> {
    const warming: Promise<void>[] = [];
    const refused = await applyEach<ClusterConfig>(update, {
      ...this.#application("cluster", this.clusterRecords),
      parse: ({ message }) => parseCluster(message, this.#context, ""),
      run: (config) => {
        const warmed = this.clusters.update(config);
        if (config.discovery.kind === "eds" && this.clusters.isWarming(config.name)) warming.push(warmed);
        return undefined;
      },
    });
    for (const name of update.removed) {
      if (this.clusterRecords.isStatic(name)) continue;
      this.clusterRecords.removed(name);
      this.clusters.remove(name);
    }
    // Only a proxy that has started keeps the ACK back for the endpoints (XC-35); before, the start waits for `whenWarm`.
    if (warming.length === 0 || this.#state !== "LIVE") return { refused };
    return { refused, warmed: Promise.all(warming).then(() => undefined) };
  }

  async #applyListeners(update: Update): Promise<Verdict> {
    // First what goes, so that its address is free for what comes.
    for (const name of update.removed) {
      if (this.listenerRecords.isStatic(name)) continue;
      this.listenerRecords.removed(name);
      this.listeners.remove(name);
    }
    const refused = await applyEach<ListenerConfig>(update, {
      ...this.#application("listener", this.listenerRecords),
      parse: ({ message }) => parseListener(message, this.#context, ""),
      run: (config) => this.listeners.update(config),
    });
    return { refused };
  }

  async #applyEndpoints(stream: string, update: Update): Promise<Verdict> {
    const records = this.#endpointRecords.get(stream) ?? new ResourceRecords();
    this.#endpointRecords.set(stream, records);
    // A name that was dropped in the meantime begins anew: equal bytes are then a change.
    for (const name of update.resources.keys()) {
      if (!this.clusters.hasEndpoints(endpointsKey(stream, name))) records.removed(name);
    }
    const refused = await applyEach(update, {
      ...this.#application("endpoints", records),
      parse: (resource) => {
        const assignment = parseLoadAssignment(resource.message, "");
        const named = assignment.value?.endpoints.find(({ address }) => address.family === "name");
        if (named?.address.family !== "name") return assignment;
        return parsed(assignment.value, [refuse("endpoints", `malformed IP address: ${named.address.name}`)]);
      },
      repeated: (name) => this.clusters.repeatEndpoints(endpointsKey(stream, name)),
      run: (assignment) => {
        if (assignment) this.clusters.setEndpoints(endpointsKey(stream, assignment.clusterName), assignment);
        return undefined;
      },
    });
    this.clusters.endFetch(update.removed.map((name) => endpointsKey(stream, name)));
    return { refused };
  }

  #application(noun: string, records: ResourceRecords) {
    return { noun, records, clock: this.#options.clock, log: this.#options.log };
  }

  #setState(state: ProxyState): void {
    this.#state = state;
    const numbers = { LIVE: 0, DRAINING: 1, PRE_INITIALIZING: 2, INITIALIZING: 3 };
    const shown = this.#shownState;
    this.#server.gauges.state.set(numbers[shown]);
    this.#server.gauges.live.set(shown === "LIVE" ? 1 : 0);
  }
}

/** An EDS name on one stream. */
function endpointsKey(stream: string, name: string): string {
  return JSON.stringify([stream, name]);
}
