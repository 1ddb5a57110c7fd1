import { formatHost } from "../network/address.ts";
import type { StreamRequest } from "../network/http-stream.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import type { ReadMemory } from "../network/read-memory.ts";
import type { ConnectAttempt, ConnectRequest, Upstream } from "../network/upstream.ts";
import { sourceOf } from "../network/upstream.ts";
import { noEndpoints, type LoadAssignmentConfig } from "../resources/cluster-load-assignment.ts";
import type { Discovery } from "../resources/discovery.ts";
import type { ClusterConfig } from "../resources/cluster.ts";
import type { RunContext } from "../resources/extension.ts";
import type { ClusterHost } from "./cluster-host.ts";
import { ConnectionBooks } from "./connection-books.ts";
import { Dialer } from "./dialer.ts";
import { dialerForChecks } from "./dialer-for-checks.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import { clusterStats } from "./cluster-stats.ts";
import type { Histograms } from "../stats/stats-store.ts";
import { Tally } from "../stats/tally.ts";
import type { PriorityBreakers } from "./circuit-breakers.ts";
import { circuitBreakers } from "./circuit-breakers.ts";
import { HostConnections } from "./host-connections.ts";
import { HostWatch } from "./host-watch.ts";
import { HttpPools } from "./http-pools.ts";
import { HostTransports } from "./host-transports.ts";
import { hostsOf, isSameAssignment, oneByAddress } from "./discovery.ts";
import type { HostSet, HostSetLayout } from "./host-set.ts";
import { hostSets } from "./host-set.ts";
import type { LoadBalancer } from "./load-balancing/load-balancer.ts";
import { OriginalDestinations } from "./original-destinations.ts";
import { loadBalancer } from "./load-balancing/make-load-balancer.ts";
import { tlsWish } from "./tls-wish.ts";

const requestTime = ["upstream_rq_time"] as const;

/** One version of a cluster: its hosts, and the connections that are made to them. */
export class ActiveCluster implements Upstream {
  readonly config: ClusterConfig;
  readonly stats: ClusterStats;
  readonly retries: Upstream["retries"];
  readonly #run: RunContext;
  readonly #transports: HostTransports;
  readonly #dialer: Dialer;
  #hosts: ReadonlyMap<string, ClusterHost> = new Map();
  #all: readonly ClusterHost[] = [];
  #layout: HostSetLayout = noEndpoints("");
  #sets: readonly HostSet[] = [];
  readonly #balancer: LoadBalancer;
  readonly #destinations: OriginalDestinations | undefined;
  /** Envoy sets `max_host_weight` for these only. */
  readonly #showsHeaviest: boolean;
  readonly #breakers: PriorityBreakers;
  readonly #books: ConnectionBooks;
  readonly #http: HttpPools;
  readonly #responses: Record<"own" | "internal" | "external", Tally>;
  /** Absent where neither checks nor outlier detection are configured. */
  readonly #watch: HostWatch | undefined;
  /** What EDS said last. */
  #assigned: LoadAssignmentConfig | undefined;
  readonly #scope: string;
  /** There from the first answer on, as in Envoy. */
  #requestTimes: Record<"own" | "internal" | "external", Histograms<"upstream_rq_time">> | undefined;

  /** `nextId` numbers connections over the process. */
  constructor(config: ClusterConfig, run: RunContext, nextId: () => number, memory: ReadMemory) {
    const scope = `cluster.${config.statName}`;
    this.config = config;
    this.#scope = scope;
    this.stats = clusterStats(run.stats, scope);
    const breakers = circuitBreakers(config.circuitBreakers, this.stats, run.stats, scope);
    this.#breakers = breakers;
    this.retries = { default: breakers.default.retries, high: breakers.high.retries };
    this.#books = new ConnectionBooks(this.stats, breakers, run.clock);
    this.#run = run;
    const transports = new HostTransports(config.transportSockets, run, scope);
    this.#transports = transports;
    const { health } = config;
    const isWatched = health.check !== undefined || health.outliers !== undefined;
    const connections = isWatched && health.closesConnectionsOnFailure ? new HostConnections() : undefined;
    this.#dialer = new Dialer({
      config,
      stats: this.stats,
      clock: run.clock,
      books: this.#books,
      transports,
      memory,
      connections,
      nextId,
    });
    this.#showsHeaviest = config.discovery.kind === "eds" || config.discovery.kind === "strict-dns";
    this.#destinations =
      config.discovery.kind === "original-dst" ? this.#openDestinations(config.discovery) : undefined;
    this.#balancer =
      this.#destinations ??
      loadBalancer(config.loadBalancing, {
        random: run.random,
        counters: this.stats.counters,
        subsets: { counters: this.stats.counters, active: this.stats.gauges.lb_subsets_active },
        gauges: (name, names) => run.stats.gauges(`${scope}.${name}`, names),
      });
    this.#responses = {
      own: new Tally(run.stats, scope),
      internal: new Tally(run.stats, `${scope}.internal`),
      external: new Tally(run.stats, `${scope}.external`),
    };
    this.#http = new HttpPools({
      config: config.http,
      breakers,
      stats: this.stats,
      run,
      scope,
      choose: (criteria) => this.#balancer.choose(criteria),
      keyOf: (request, host) => this.#poolKey(request, host),
      dial: (host, request) => this.#dialer.dial(host, request, false),
    });
    if (!isWatched) return;
    this.#watch = new HostWatch({
      config,
      run,
      scope,
      isSecure: transports.fallback.secure !== undefined,
      hasTraffic: () => this.stats.counters.upstream_cx_total > 0,
      dial: (host, address) => dialerForChecks({ config, transports, nextId }, host, address),
      onChanged: () => this.healthChanged(),
      onFailed: (host) => {
        this.#http.drainHost(host);
        connections?.close(host);
      },
      onGone: (gone) =>
        this.setHosts(
          this.#all.filter((host) => host !== gone),
          this.#layout,
        ),
    });
  }

  get dropFraction(): number {
    return this.#layout.policy.dropFraction;
  }

  get name(): string {
    return this.config.name;
  }

  /** Of the TLS with its hosts. */
  certificates(): readonly CertificateReport[] {
    return this.#transports.certificates();
  }

  /** The hosts by address, in the order of their endpoints. */
  get hosts(): ReadonlyMap<string, ClusterHost> {
    return this.#hosts;
  }

  /** The same hosts by priority, with their health as load balancing sees it. */
  get hostSets(): readonly HostSet[] {
    return this.#sets;
  }

  /** Takes endpoints of EDS. Such as change nothing are counted, and nothing is made of them, as in Envoy. */
  assign(assignment: LoadAssignmentConfig): void {
    const { counters } = this.stats;
    const hosts = oneByAddress(hostsOf(assignment, this.#hosts));
    // Envoy makes a host of each endpoint, and then sees which it has.
    this.#transports.count(hosts.filter(({ key }) => this.#hosts.has(key)));
    if (isSameAssignment(this.#assigned, assignment)) counters.update_no_rebuild += 1;
    else this.setHosts(hosts, assignment);
    this.#assigned = assignment;
  }

  /** Replaces the hosts; running connections to hosts that are gone go on. A static cluster may have two at one address. */
  setHosts(found: readonly ClusterHost[], layout: HostSetLayout): void {
    const hosts = this.#watch?.update(found) ?? found;
    const next = new Map(hosts.map((host) => [host.key, host]));
    const before = this.#hosts;
    this.stats.counters.membership_change += this.#changedPriorities(before, next);
    this.#transports.count(hosts.filter(({ key }) => !before.has(key)));
    this.#hosts = next;
    this.#all = hosts;
    this.#layout = layout;
    this.#http.keepOnly(next);
    this.healthChanged();
  }

  /** How many priorities have other hosts than before: Envoy counts the change of each. */
  #changedPriorities(
    before: ReadonlyMap<string, ClusterHost>,
    next: ReadonlyMap<string, ClusterHost>,
  ): number {
    // The one host of LOGICAL_DNS stays the same when its address changes.
    if (this.config.discovery.kind === "logical-dns" && before.size > 0) return 0;
    const changed = new Set<number>();
    for (const [key, { priority }] of next) if (before.get(key)?.priority !== priority) changed.add(priority);
    for (const [key, { priority }] of before) if (next.get(key)?.priority !== priority) changed.add(priority);
    return changed.size;
  }

  /** Has load balancing look at the health flags of the hosts again; called by whoever changed one. */
  healthChanged(): void {
    this.#sets = hostSets(this.#all, this.#layout);
    this.#balancer.update(this.#sets);
    this.showMembership();
  }

  get membership(): { readonly total: number; readonly available: number } {
    let available = 0;
    for (const { healthy, degraded } of this.#sets) available += healthy.length + degraded.length;
    return { total: this.#all.length, available };
  }

  /** Puts this version's membership on the gauges, which it shares with other versions of the cluster. */
  showMembership(): void {
    const { gauges } = this.stats;
    const count = (of: (set: HostSet) => readonly ClusterHost[]) =>
      this.#sets.reduce((total, set) => total + of(set).length, 0);
    gauges.membership_total.set(this.#all.length);
    gauges.membership_healthy.set(count((set) => set.healthy));
    gauges.membership_degraded.set(count((set) => set.degraded));
    gauges.membership_excluded.set(count((set) => set.excluded));
    if (!this.#showsHeaviest) return;
    // EDS leaves the weight of those that were there last, as in Envoy.
    if (this.config.discovery.kind === "eds" && this.#all.length === 0) return;
    let heaviest = 1;
    for (const { weight } of this.#all) heaviest = Math.max(heaviest, weight);
    gauges.max_host_weight.set(heaviest);
  }

  /** Begins to check the hosts. Calls back once, when each has had its first check; at once where there is nothing to check. */
  startChecks(onChecked: () => void): void {
    if (this.#watch) this.#watch.start(onChecked);
    else onChecked();
  }

  /** Leaves the health of the hosts as it is from now on: another version serves, or none. */
  stopChecks(): void {
    this.#watch?.stop();
  }

  /** Calls back once, when the cluster has no connection any more; at once if it has none. */
  whenIdle(callback: () => void): void {
    this.#books.whenIdle(callback);
  }

  connect(request: ConnectRequest): ConnectAttempt {
    const { counters } = this.stats;
    const { connections, pending } = this.#breakers.default;
    if (connections.isFull) {
      counters.upstream_cx_overflow += 1;
      return failLater(request, "overflow");
    }
    const host = this.#balancer.choose(request);
    if (!host) {
      counters.upstream_cx_none_healthy += 1;
      return failLater(request, "no-host");
    }
    if (pending.isFull) {
      counters.upstream_rq_pending_overflow += 1;
      if (request.isLastAttempt) counters.upstream_cx_connect_attempts_exceeded += 1;
      return failLater(request, "pending-overflow");
    }
    return this.#dialer.dial(host, request, true);
  }

  openStream(request: StreamRequest): ConnectAttempt {
    return this.#http.openStream(request);
  }

  countResponse(status: number, isInternal: boolean): void {
    this.stats.counters.upstream_rq_completed += 1;
    const side = isInternal ? "internal" : "external";
    this.#responses[side].add("upstream_rq_completed");
    for (const name of [`upstream_rq_${status}`, `upstream_rq_${Math.trunc(status / 100)}xx`] as const) {
      this.#responses.own.add(name);
      this.#responses[side].add(name);
    }
  }

  countTime(ms: number, isInternal: boolean): void {
    const { stats } = this.#run;
    this.#requestTimes ??= {
      own: stats.histograms(this.#scope, requestTime),
      internal: stats.histograms(`${this.#scope}.internal`, requestTime),
      external: stats.histograms(`${this.#scope}.external`, requestTime),
    };
    this.#requestTimes.own.upstream_rq_time.record(ms);
    this.#requestTimes[isInternal ? "internal" : "external"].upstream_rq_time.record(ms);
  }

  countTimeout(): void {
    this.stats.counters.upstream_rq_timeout += 1;
  }

  /** ORIGINAL_DST begins to forget hosts that are not used. */
  start(): void {
    this.#destinations?.start();
  }

  stop(): void {
    this.#destinations?.stop();
  }

  #openDestinations({
    destination,
    cleanupMs,
  }: Extract<Discovery, { kind: "original-dst" }>): OriginalDestinations {
    return new OriginalDestinations({
      clusterName: this.config.name,
      config: destination,
      cleanupMs,
      clock: this.#run.clock,
      counters: this.stats.counters,
      onHosts: (hosts, layout) => this.setHosts(hosts, layout),
    });
  }

  /** Lets go of what no request needs any more: the cluster is gone, or a later version serves. */
  retire(): void {
    this.#http.retire();
  }

  /** What requests must have in common to share a connection: what the header says, and the source address (PP-79, PP-113). */
  #poolKey(request: StreamRequest, host: ClusterHost): string {
    const transport = this.#transports.of(host);
    const key = transport.poolKey?.(request.downstream) ?? "";
    const source = sourceOf(request);
    const hasNames = this.config.http.serverName !== undefined && transport.secure !== undefined;
    // Whatever the protocol is: pools of different ones share nothing anyway.
    const wish = hasNames
      ? tlsWish(this.config.http, { head: request.head, protocol: "HTTP/1.1" })
      : undefined;
    const byName = wish ? `${key} tls ${wish.serverName} ${wish.verifiedName ?? ""}` : key;
    return source ? `${byName} from ${formatHost(source)}` : byName;
  }
}

function failLater<Failure>(
  request: { onFailure(failure: Failure): void },
  failure: Failure,
): ConnectAttempt {
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) request.onFailure(failure);
  });
  return {
    cancel() {
      isCancelled = true;
    },
  };
}
