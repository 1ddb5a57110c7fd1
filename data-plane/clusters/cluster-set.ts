import { ReadMemory } from "../network/read-memory.ts";
import type { Upstream, Upstreams } from "../network/upstream.ts";
import type { LoadAssignmentConfig } from "../resources/cluster-load-assignment.ts";
import { unreachable } from "../../src/base/unreachable.ts";
import type { ClusterConfig } from "../resources/cluster.ts";
import type { Discovery } from "../resources/discovery.ts";
import type { RunContext } from "../resources/extension.ts";
import { OwnedSubscriptions } from "../resources/owned-subscriptions.ts";
import type { Message } from "../../src/schema/message.ts";
import { ActiveCluster } from "./active-cluster.ts";
import { hostsOf } from "./discovery.ts";
import { startDns } from "./dns-discovery.ts";
import type { Resolver } from "./resolver.ts";

/** A hold on one EDS name; see the xDS client's NameSubscription. */
interface EndpointSubscription {
  refresh(): void;
  close(): void;
}

export interface ClusterSetOptions {
  readonly run: Omit<RunContext, "upstreams">;
  readonly nextId: () => number;
  readonly resolver: Resolver;
  /** Asks for the endpoints of a name from a ConfigSource; the answers come to `setEndpoints` or `endFetch`, under `endpointsKey`. */
  readonly subscribe: (serviceName: string, source: Message, cluster: string) => EndpointSubscription;
  /** Equal for what is one resource: an EDS name on one stream. */
  readonly endpointsKey: (serviceName: string, source: Message) => string;
}

/** One version of a cluster, and what feeds it. */
interface Running {
  readonly cluster: ActiveCluster;
  /** The EDS resource that it listens to, as `endpointsKey` has it. */
  readonly endpointsKey: string | undefined;
  /** What it subscribed to beside its endpoints (secrets). */
  readonly subscriptions: OwnedSubscriptions;
  /** Its hosts are having their first health check. */
  isChecking: boolean;
  stop(): void;
}

/** What gives a version its endpoints. `ready` is absent when they are there now. */
interface Feed {
  readonly endpointsKey: string | undefined;
  readonly ready: Promise<void> | undefined;
  stop(): void;
}

interface Entry {
  active: Running | undefined;
  /** The next version, until it has its endpoints (XC-34). */
  warming: (Running & { readonly warmed: () => void }) | undefined;
}

/**
 * The clusters of a proxy, by name. A changed cluster warms beside the one that serves and then takes over for new connections;
 * running connections stay where they are (XC-33 to XC-39).
 */
export class ClusterSet implements Upstreams {
  readonly #options: ClusterSetOptions;
  readonly #run: RunContext;
  readonly #memory = new ReadMemory();
  readonly #stats;
  readonly #entries = new Map<string, Entry>();
  /** EDS answers by `endpointsKey`, kept while somebody listens to them. */
  readonly #assignments = new Map<string, LoadAssignmentConfig>();

  #warmWaiters: (() => void)[] = [];

  constructor(options: ClusterSetOptions) {
    this.#options = options;
    this.#run = { ...options.run, upstreams: this };
    this.#stats = {
      counters: options.run.stats.counters("cluster_manager", [
        "cluster_added",
        "cluster_modified",
        "cluster_removed",
        "cluster_updated",
      ]),
      gauges: options.run.stats.gauges("cluster_manager", ["active_clusters", "warming_clusters"]),
    };
  }

  get(name: string): Upstream | undefined {
    return this.#entries.get(name)?.active?.cluster;
  }

  /** The clusters that serve, in the order of addition. */
  active(): readonly ActiveCluster[] {
    return [...this.#entries.values()].flatMap(({ active }) => (active ? [active.cluster] : []));
  }

  isWarming(name: string): boolean {
    return this.#entries.get(name)?.warming !== undefined;
  }

  /** Done when no cluster warms: at once, or when the last one has what it waits for. Does not reject. */
  whenWarm(): Promise<void> {
    return new Promise((resolve) => {
      this.#warmWaiters.push(resolve);
      this.#count();
    });
  }

  /**
   * Adds a cluster or replaces the one of its name. The promise is done when this version serves (or never will, because a later
   * one or a removal overtook it); it does not reject.
   */
  update(config: ClusterConfig): Promise<void> {
    const { counters } = this.#stats;
    const entry = this.#entries.get(config.name) ?? { active: undefined, warming: undefined };
    const isNew = !entry.active && !entry.warming;
    if (isNew) counters.cluster_added += 1;
    else counters.cluster_modified += 1;
    this.#entries.set(config.name, entry);
    entry.warming?.warmed();
    entry.warming?.stop();
    return new Promise((resolve) => {
      const { running, ready } = this.#launch(config);
      const warming = { ...running, warmed: resolve };
      entry.warming = warming;
      this.#count();
      const takeOver = () => this.#endWarming(entry, warming);
      if (ready === undefined) takeOver();
      else void ready.then(takeOver);
    });
  }

  /** Takes a cluster away; its connections go on until they end (XC-39). */
  remove(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    this.#stats.counters.cluster_removed += 1;
    entry.warming?.warmed();
    for (const running of [entry.warming, entry.active]) {
      if (!running) continue;
      running.stop();
      running.cluster.retire();
      running.cluster.whenIdle(() => {
        if (!this.#entries.has(name)) {
          this.#run.stats.remove(`cluster.${running.cluster.config.statName}`);
        }
      });
    }
    this.#count();
  }

  /** True when the latest endpoints of an EDS resource are in use. */
  hasEndpoints(endpointsKey: string): boolean {
    return this.#assignments.has(endpointsKey);
  }

  /** Endpoints of an EDS resource. Those that nobody listens to are forgotten (XC-23). */
  setEndpoints(endpointsKey: string, assignment: LoadAssignmentConfig): void {
    const listening = this.#listening(endpointsKey);
    if (listening.length === 0) return;
    this.#assignments.set(endpointsKey, assignment);
    for (const { entry, running } of listening) {
      running.cluster.assign(assignment);
      this.#endWarming(entry, running);
    }
  }

  /** The endpoints of an EDS resource came again as they are. */
  repeatEndpoints(endpointsKey: string): void {
    const known = this.#assignments.get(endpointsKey);
    if (known) this.setEndpoints(endpointsKey, known);
  }

  /** No endpoints will come for these resources for now: clusters that wait for them serve with what they have (XC-37, XC-38). */
  endFetch(endpointsKeys: readonly string[]): void {
    for (const key of endpointsKeys) {
      for (const { entry, running } of this.#listening(key)) {
        this.#endWarming(entry, running);
      }
    }
  }

  /** Stops looking for endpoints. Connections are not touched. */
  close(): void {
    for (const { active, warming } of this.#entries.values()) {
      warming?.warmed();
      warming?.stop();
      active?.stop();
    }
    this.#entries.clear();
    this.#count();
  }

  /** Makes a version and starts to feed it. `ready` is absent when it has its endpoints now. */
  #launch(config: ClusterConfig): { running: Running; ready: Promise<void> | undefined } {
    const subscriptions = new OwnedSubscriptions(this.#run.subscriptions);
    const run = { ...this.#run, subscriptions };
    const cluster = new ActiveCluster(config, run, this.#options.nextId, this.#memory);
    const feed = this.#startDiscovery(cluster, config.discovery);
    const running = {
      cluster,
      endpointsKey: feed.endpointsKey,
      subscriptions,
      isChecking: false,
      stop: () => {
        feed.stop();
        subscriptions.close();
        cluster.stopChecks();
      },
    };
    return { running, ready: feed.ready };
  }

  #startDiscovery(cluster: ActiveCluster, discovery: Discovery): Feed {
    switch (discovery.kind) {
      case "static":
        cluster.setHosts(hostsOf(discovery.assignment, new Map()), discovery.assignment);
        return { endpointsKey: undefined, stop: nothing, ready: undefined };
      case "original-dst":
        cluster.start();
        return { endpointsKey: undefined, stop: () => cluster.stop(), ready: undefined };
      case "eds":
        return this.#startEds(cluster, discovery.serviceName, discovery.source);
      case "strict-dns":
      case "logical-dns":
        return this.#startDns(cluster, discovery);
      default:
        return unreachable(discovery);
    }
  }

  #startDns(
    cluster: ActiveCluster,
    { assignment, dns, kind }: Extract<Discovery, { kind: "strict-dns" | "logical-dns" }>,
  ): Feed {
    const { resolved, stop } = startDns({
      assignment,
      dns,
      isLogical: kind === "logical-dns",
      resolver: this.#options.resolver,
      clock: this.#run.clock,
      random: this.#run.random,
      stats: cluster.stats,
      known: () => cluster.hosts,
      onHosts: (hosts) => cluster.setHosts(hosts, assignment),
    });
    return { endpointsKey: undefined, stop, ready: resolved };
  }

  #startEds(cluster: ActiveCluster, serviceName: string, source: Message): Feed {
    const endpointsKey = this.#options.endpointsKey(serviceName, source);
    const known = this.#assignments.get(endpointsKey);
    const subscription = this.#options.subscribe(serviceName, source, cluster.config.name);
    const stop = () => {
      subscription.close();
      if (this.#listening(endpointsKey).every((other) => other.running.cluster === cluster)) {
        this.#assignments.delete(endpointsKey);
      }
    };
    // Held endpoints serve at once; asking again tells a delta server that this version still lacks an answer (XC-36).
    if (known) {
      cluster.assign(known);
      subscription.refresh();
      return { endpointsKey, stop, ready: undefined };
    }
    return { endpointsKey, stop, ready: new Promise(nothing) };
  }

  /**
   * The endpoints of a version are here, or are not awaited any more; once its secrets are too, its hosts are checked, and then it
   * serves (XC-33).
   */
  #endWarming(entry: Entry, running: Running): void {
    if (entry.warming !== running || running.isChecking) return;
    const { ready } = running.subscriptions;
    if (ready !== undefined) {
      void ready.then(() => this.#endWarming(entry, running));
      return;
    }
    running.isChecking = true;
    running.cluster.startChecks(() => {
      if (entry.warming === running) this.#takeOver(entry);
    });
  }

  #takeOver(entry: Entry): void {
    const next = entry.warming;
    if (!next) return;
    const previous = entry.active;
    entry.warming = undefined;
    entry.active = next;
    previous?.stop();
    previous?.cluster.retire();
    next.cluster.showMembership();
    this.#stats.counters.cluster_updated += previous ? 1 : 0;
    this.#count();
    next.warmed();
  }

  #listening(endpointsKey: string): { entry: Entry; running: Running }[] {
    return [...this.#entries.values()].flatMap((entry) =>
      [entry.active, entry.warming].flatMap((running) =>
        running?.endpointsKey === endpointsKey ? [{ entry, running }] : [],
      ),
    );
  }

  #count(): void {
    const entries = [...this.#entries.values()];
    this.#stats.gauges.active_clusters.set(entries.filter(({ active }) => active).length);
    const warming = entries.filter((entry) => entry.warming).length;
    this.#stats.gauges.warming_clusters.set(warming);
    if (warming > 0) return;
    const waiters = this.#warmWaiters;
    this.#warmWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

function nothing(): void {}
