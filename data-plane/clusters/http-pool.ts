import type { Clock } from "../../src/base/clock.ts";
import { Deadline } from "../network/deadline.ts";
import type { StreamRequest, UpstreamStream } from "../network/http-stream.ts";
import type {
  ConnectAttempt,
  ConnectFailure,
  ConnectRequest,
  HostCriteria,
  UpstreamConnection,
} from "../network/upstream.ts";
import { failureOfRequest } from "../network/upstream.ts";
import type { UpstreamHttpConfig } from "../resources/http-options.ts";
import type { CircuitBreakers, PriorityBreakers } from "./circuit-breakers.ts";
import type { ClusterHost } from "./cluster-host.ts";
import type { ClusterStats } from "./cluster-stats.ts";

/** A connection of the pool, whatever it speaks. */
export interface PooledConnection {
  /** How many streams it takes now; 0 when it is busy, or ends. */
  readonly capacity: number;
  /** Streams that are not over. */
  readonly active: number;
  /** Streams so far. */
  readonly served: number;
  /** Takes a stream, where it has the capacity. */
  begin(request: StreamRequest): UpstreamStream;
  /** Takes no more streams, and closes behind those that it has. */
  drain(): void;
  /** Closes a connection that serves nobody. */
  close(by: "local" | "remote"): void;
}

/** What the pool is told of its connections. */
export interface PooledConnectionOwner {
  /** A stream is over. */
  onStreamEnd(connection: PooledConnection): void;
  /** It takes more streams than before. */
  onCapacity(connection: PooledConnection): void;
  /** Called once. */
  onClose(connection: PooledConnection): void;
}

export interface HttpPoolOptions {
  readonly config: UpstreamHttpConfig;
  readonly breakers: PriorityBreakers;
  readonly stats: ClusterStats;
  readonly clock: Clock;
  readonly protocol: "HTTP/1.1" | "HTTP/2" | "auto";
  /** For how many streams that wait one connection is opened: those that it will take at once, as far as that is known. */
  readonly streamsPerConnection: number;
  choose(criteria: HostCriteria): ClusterHost | undefined;
  /** What downstreams must have in common to share a connection. */
  keyOf(request: StreamRequest, host: ClusterHost): string;
  dial(host: ClusterHost, request: ConnectRequest): ConnectAttempt;
  /** Speaks HTTP on a connection that is up. */
  speak(upstream: UpstreamConnection, owner: PooledConnectionOwner): PooledConnection;
}

/** A request that waits for a connection. */
interface Waiter {
  readonly host: ClusterHost;
  readonly request: StreamRequest;
}

/** The connections to one host for downstreams of one key and for requests of one priority: what Envoy calls a pool. */
interface Group {
  readonly key: string;
  readonly breakers: CircuitBreakers;
  /** Those with capacity. The one used last is at the end, and is the next to be used. */
  readonly ready: PooledConnection[];
  readonly waiting: Waiter[];
  dialing: number;
  /** Connections, busy ones too. */
  size: number;
}

/** What is known of a connection of the pool. */
interface Member {
  readonly group: Group;
  readonly host: ClusterHost;
  readonly idle: Deadline;
  /** `max_connection_duration`; absent without one. */
  readonly cancelAging: (() => void) | undefined;
}

/**
 * The HTTP connections of a cluster. Each serves one host and key only, one stream after the other or many at once as its protocol
 * has it, and outlives the downstream connection that it was opened for (PP-113, PP-116).
 */
export class HttpPool {
  readonly #options: HttpPoolOptions;
  readonly #groups = new Map<string, Group>();
  readonly #members = new Map<PooledConnection, Member>();
  #waitingCount = 0;
  #isRetired = false;

  constructor(options: HttpPoolOptions) {
    this.#options = options;
  }

  openStream(request: StreamRequest): ConnectAttempt {
    const { stats, breakers } = this.#options;
    const host = this.#options.choose(request);
    if (!host) {
      stats.counters.upstream_cx_none_healthy += 1;
      return refused(request, "no-host");
    }
    const group = this.#group(host, request);
    if (!group) {
      stats.counters.upstream_cx_pool_overflow += 1;
      return refused(request, "no-host");
    }
    const ready = this.#takeReady(group);
    if (ready) {
      this.#serve(ready, group, { host, request });
      return settled;
    }
    if (breakers[request.priority].pending.isFull) {
      stats.counters.upstream_rq_pending_overflow += 1;
      this.#dropIfEmpty(group);
      return refused(request, "overflow");
    }
    return this.#wait(group, { host, request });
  }

  /** Ends connections to hosts that are not in the cluster any more, busy ones after their exchange. */
  keepOnly(hosts: ReadonlyMap<string, ClusterHost>): void {
    for (const [connection, { host }] of this.#members) if (!hosts.has(host.key)) connection.drain();
  }

  /** Ends the connections to a host that has failed, busy ones after their exchange: new ones may fare better. */
  drainHost({ key }: ClusterHost): void {
    for (const [connection, { host }] of this.#members) if (host.key === key) connection.drain();
  }

  /** No connection is kept for later from now on. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#members.keys()) connection.drain();
  }

  /** Undefined: there may be no more of them. */
  #group(host: ClusterHost, request: StreamRequest): Group | undefined {
    const { priority } = request;
    const key = `${priority} ${host.key} ${this.#options.keyOf(request, host)}`;
    let group = this.#groups.get(key);
    if (!group) {
      const breakers = this.#options.breakers[priority];
      if (breakers.pools.isFull) return undefined;
      breakers.pools.take();
      group = { key, breakers, ready: [], waiting: [], dialing: 0, size: 0 };
      this.#groups.set(key, group);
    }
    return group;
  }

  #takeReady({ ready }: Group): PooledConnection | undefined {
    let connection = ready.at(-1);
    while (connection && connection.capacity === 0) {
      ready.pop();
      connection = ready.at(-1);
    }
    return connection;
  }

  #wait(group: Group, waiter: Waiter): ConnectAttempt {
    const { counters, gauges } = this.#options.stats;
    counters.upstream_rq_pending_total += 1;
    gauges.upstream_rq_pending_active.add(1);
    waiter.host.stats.rqPendingActive += 1;
    group.breakers.pending.take();
    this.#waitingCount += 1;
    group.waiting.push(waiter);
    if (this.#lacksConnections(group)) this.#dialWithin(group, waiter);
    return {
      cancel: () => {
        const at = group.waiting.indexOf(waiter);
        if (at < 0) return;
        group.waiting.splice(at, 1);
        this.#noLongerWaiting(group, waiter.host);
        counters.upstream_rq_cancelled += 1;
        this.#dropIfEmpty(group);
      },
    };
  }

  #noLongerWaiting(group: Group, host: ClusterHost): void {
    this.#waitingCount -= 1;
    group.breakers.pending.give();
    host.stats.rqPendingActive -= 1;
    this.#options.stats.gauges.upstream_rq_pending_active.add(-1);
  }

  /** Dials unless there are too many connections. One to a host that has none is always opened: nothing else would ever serve. */
  #dialWithin(group: Group, waiter: Waiter): void {
    const { isFull } = group.breakers.connections;
    if (isFull) this.#options.stats.counters.upstream_cx_overflow += 1;
    if (!isFull || (group.size === 0 && group.dialing === 0)) this.#dial(group, waiter);
  }

  /** Dials for a request; whoever waits longest gets the connection. */
  #dial(group: Group, { host, request }: Waiter): void {
    const { clock, stats } = this.#options;
    group.dialing += 1;
    this.#options.dial(host, {
      info: request.info,
      priority: request.priority,
      downstream: request.downstream,
      http: { head: request.head, protocol: this.#options.protocol },
      source: request.source,
      isLastAttempt: false,
      onConnected: (upstream) => {
        group.dialing -= 1;
        const connection = this.#options.speak(upstream, this.#owner);
        const idle = new Deadline(clock, () => {
          stats.counters.upstream_cx_idle_timeout += 1;
          connection.close("local");
        });
        const cancelAging = this.#limitAge(connection);
        this.#members.set(connection, { group, host, idle, cancelAging });
        group.size += 1;
        this.#onCapacity(connection);
      },
      onFailure: (failure, _host, reason) => {
        group.dialing -= 1;
        this.#failWaiting(group, failureOfRequest(failure), reason);
        this.#dropIfEmpty(group);
      },
    });
  }

  /** A connection of a set age takes no more requests, and ends behind those that it has. */
  #limitAge(connection: PooledConnection): (() => void) | undefined {
    const { config, clock, stats } = this.#options;
    if (config.maxConnectionDurationMs === 0) return undefined;
    return clock.after(config.maxConnectionDurationMs, () => {
      stats.counters.upstream_cx_max_duration_reached += 1;
      connection.drain();
    });
  }

  /** A failed connection fails all who wait for one to that host: they may have to try elsewhere. */
  #failWaiting(group: Group, failure: ConnectFailure, reason: string | undefined): void {
    for (const { host, request } of group.waiting.splice(0)) {
      this.#noLongerWaiting(group, host);
      this.#options.stats.counters.upstream_rq_pending_failure_eject += 1;
      request.onFailure(failure, host, reason);
    }
  }

  readonly #owner: PooledConnectionOwner = {
    onStreamEnd: (connection) => this.#onStreamEnd(connection),
    onCapacity: (connection) => this.#onCapacity(connection),
    onClose: (connection) => this.#onClose(connection),
  };

  #onStreamEnd(connection: PooledConnection): void {
    this.#options.stats.gauges.upstream_rq_active.add(-1);
    const member = this.#members.get(connection);
    if (!member) return;
    member.host.stats.rqActive -= 1;
    member.group.breakers.requests.give();
  }

  #onCapacity(connection: PooledConnection): void {
    const { config } = this.#options;
    const member = this.#members.get(connection);
    if (!member) return;
    const { group, idle } = member;
    while (connection.capacity > 0) {
      const waiter = group.waiting.shift();
      if (!waiter) break;
      this.#noLongerWaiting(group, waiter.host);
      this.#serve(connection, group, waiter);
    }
    if (connection.capacity > 0 && !group.ready.includes(connection)) group.ready.push(connection);
    if (connection.active === 0) {
      if (this.#isRetired) connection.close("local");
      else if (config.idleTimeoutMs > 0) idle.set(config.idleTimeoutMs);
    }
    this.#dialForWaiting();
  }

  #serve(connection: PooledConnection, { breakers }: Group, { host, request }: Waiter): void {
    const { config, stats } = this.#options;
    if (breakers.requests.isFull) {
      stats.counters.upstream_rq_active_overflow += 1;
      request.onFailure("overflow", host);
      return;
    }
    stats.counters.upstream_rq_total += 1;
    stats.gauges.upstream_rq_active.add(1);
    breakers.requests.take();
    host.stats.rqActive += 1;
    host.stats.rqTotal += 1;
    this.#members.get(connection)?.idle.clear();
    const stream = connection.begin(request);
    if (config.maxRequestsPerConnection > 0 && connection.served >= config.maxRequestsPerConnection) {
      stats.counters.upstream_cx_max_requests += 1;
      connection.drain();
    }
    request.onReady(stream);
  }

  #onClose(connection: PooledConnection): void {
    const member = this.#members.get(connection);
    if (!member) return;
    this.#members.delete(connection);
    member.group.size -= 1;
    member.idle.dispose();
    member.cancelAging?.();
    const at = member.group.ready.indexOf(connection);
    if (at >= 0) member.group.ready.splice(at, 1);
    this.#dropIfEmpty(member.group);
    this.#dialForWaiting();
  }

  /** More wait than the connections that are being opened will take. */
  #lacksConnections(group: Group): boolean {
    return group.waiting.length > group.dialing * this.#options.streamsPerConnection;
  }

  /** Who waited because of the limit, or for a connection that takes fewer streams than was thought, may have one now. */
  #dialForWaiting(): void {
    if (this.#waitingCount === 0) return;
    for (const group of this.#groups.values()) {
      const waiter = group.waiting[group.dialing * this.#options.streamsPerConnection];
      if (waiter && this.#lacksConnections(group) && !group.breakers.connections.isFull) {
        this.#dial(group, waiter);
      }
    }
  }

  #dropIfEmpty(group: Group): void {
    if (group.size > 0 || group.waiting.length > 0 || group.dialing > 0) return;
    if (this.#groups.delete(group.key)) group.breakers.pools.give();
  }
}

const settled: ConnectAttempt = { cancel: () => undefined };

function refused(request: StreamRequest, failure: ConnectFailure): ConnectAttempt {
  request.onFailure(failure);
  return settled;
}
