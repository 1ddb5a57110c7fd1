import type { Clock } from "../../src/base/clock.ts";
import { Deadline } from "../network/deadline.ts";
import type { StreamRequest } from "../network/http-stream.ts";
import type { ConnectAttempt, ConnectFailure, ConnectRequest, HostCriteria } from "../network/upstream.ts";
import type { Thresholds } from "../resources/cluster.ts";
import type { UpstreamHttpConfig } from "../resources/http-options.ts";
import type { ClusterHost } from "./cluster-host.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import { Http1Connection } from "./http1-connection.ts";

export interface Http1PoolOptions {
  readonly config: UpstreamHttpConfig;
  readonly limits: Thresholds;
  readonly stats: ClusterStats;
  readonly clock: Clock;
  /** No more connections may be opened now. */
  isFull(): boolean;
  choose(criteria: HostCriteria): ClusterHost | undefined;
  /** What downstreams must have in common to share a connection. */
  keyOf(request: StreamRequest): string;
  dial(host: ClusterHost, request: ConnectRequest): ConnectAttempt;
}

/** A request that waits for a connection. */
interface Waiter {
  readonly host: ClusterHost;
  readonly request: StreamRequest;
}

/** The connections to one host for downstreams of one key. */
interface Group {
  readonly key: string;
  /** The one used last is at the end, and is the next to be used. */
  readonly idle: Http1Connection[];
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
}

/**
 * The HTTP/1.1 connections of a cluster. Each carries one request at a time and is used again for the same host and key only; it
 * outlives the downstream connection that it was opened for (PP-113, PP-116).
 */
export class Http1Pool {
  readonly #options: Http1PoolOptions;
  readonly #groups = new Map<string, Group>();
  readonly #members = new Map<Http1Connection, Member>();
  #waitingCount = 0;
  #isRetired = false;

  constructor(options: Http1PoolOptions) {
    this.#options = options;
  }

  openStream(request: StreamRequest): ConnectAttempt {
    const { stats, limits } = this.#options;
    const host = this.#options.choose(request);
    if (!host) {
      stats.counters.upstream_cx_none_healthy += 1;
      return refused(request, "no-host");
    }
    if (stats.gauges.upstream_rq_active.value >= limits.maxRequests) {
      stats.counters.upstream_rq_pending_overflow += 1;
      return refused(request, "overflow");
    }
    const group = this.#group(host, request);
    const idle = this.#takeIdle(group);
    if (idle) {
      this.#serve(idle, host, request);
      return settled;
    }
    const isFull = this.#options.isFull();
    if (isFull) stats.counters.upstream_cx_overflow += 1;
    if (this.#waitingCount >= limits.maxPendingRequests) {
      stats.counters.upstream_rq_pending_overflow += 1;
      this.#dropIfEmpty(group);
      return refused(request, "overflow");
    }
    return this.#wait(group, { host, request }, !isFull);
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

  #group(host: ClusterHost, request: StreamRequest): Group {
    const key = `${host.key} ${this.#options.keyOf(request)}`;
    let group = this.#groups.get(key);
    if (!group) {
      group = { key, idle: [], waiting: [], dialing: 0, size: 0 };
      this.#groups.set(key, group);
    }
    return group;
  }

  #takeIdle(group: Group): Http1Connection | undefined {
    let connection = group.idle.pop();
    while (connection && !connection.isUsable) connection = group.idle.pop();
    if (connection) this.#members.get(connection)?.idle.clear();
    return connection;
  }

  #wait(group: Group, waiter: Waiter, mayDial: boolean): ConnectAttempt {
    const { counters, gauges } = this.#options.stats;
    counters.upstream_rq_pending_total += 1;
    gauges.upstream_rq_pending_active.add(1);
    waiter.host.stats.rqPendingActive += 1;
    this.#waitingCount += 1;
    group.waiting.push(waiter);
    if (mayDial) this.#dial(group, waiter);
    return {
      cancel: () => {
        const at = group.waiting.indexOf(waiter);
        if (at < 0) return;
        group.waiting.splice(at, 1);
        this.#noLongerWaiting(waiter.host);
        counters.upstream_rq_cancelled += 1;
        this.#dropIfEmpty(group);
      },
    };
  }

  #noLongerWaiting(host: ClusterHost): void {
    this.#waitingCount -= 1;
    host.stats.rqPendingActive -= 1;
    this.#options.stats.gauges.upstream_rq_pending_active.add(-1);
  }

  /** Dials for a request; whoever waits longest gets the connection. */
  #dial(group: Group, { host, request }: Waiter): void {
    const { config, clock, stats } = this.#options;
    group.dialing += 1;
    this.#options.dial(host, {
      info: request.info,
      downstream: request.downstream,
      source: request.source,
      isLastAttempt: false,
      onConnected: (upstream) => {
        group.dialing -= 1;
        stats.counters.upstream_cx_http1_total += 1;
        const limits = { maxHeadBytes: config.maxHeadBytes, maxHeaders: config.maxHeaders };
        const connection = new Http1Connection(
          upstream,
          { limits, hasTrailers: config.hasTrailers },
          {
            onIdle: (idle) => this.#onIdle(idle),
            onExchangeEnd: (_connection, reset) => {
              stats.gauges.upstream_rq_active.add(-1);
              if (reset === "protocol-error") stats.counters.upstream_cx_protocol_error += 1;
            },
            onClose: (closed) => this.#onClose(closed),
          },
        );
        const idle = new Deadline(clock, () => {
          stats.counters.upstream_cx_idle_timeout += 1;
          connection.close("local");
        });
        this.#members.set(connection, { group, host, idle });
        group.size += 1;
        this.#onIdle(connection);
      },
      onFailure: (failure) => {
        group.dialing -= 1;
        this.#failWaiting(group, failure);
        this.#dropIfEmpty(group);
      },
    });
  }

  /** A failed connection fails all who wait for one to that host: they may have to try elsewhere. */
  #failWaiting(group: Group, failure: ConnectFailure): void {
    for (const { host, request } of group.waiting.splice(0)) {
      this.#noLongerWaiting(host);
      this.#options.stats.counters.upstream_rq_pending_failure_eject += 1;
      request.onFailure(failure, host);
    }
  }

  #onIdle(connection: Http1Connection): void {
    const { config, stats } = this.#options;
    const member = this.#members.get(connection);
    if (!member) return;
    if (config.maxRequestsPerConnection > 0 && connection.served >= config.maxRequestsPerConnection) {
      stats.counters.upstream_cx_max_requests += 1;
      connection.close("local");
      return;
    }
    const waiter = member.group.waiting.shift();
    if (waiter) {
      this.#noLongerWaiting(waiter.host);
      this.#serve(connection, waiter.host, waiter.request);
    } else if (this.#isRetired) connection.close("local");
    else {
      member.group.idle.push(connection);
      if (config.idleTimeoutMs > 0) member.idle.set(config.idleTimeoutMs);
    }
  }

  #serve(connection: Http1Connection, host: ClusterHost, request: StreamRequest): void {
    const { counters, gauges } = this.#options.stats;
    counters.upstream_rq_total += 1;
    gauges.upstream_rq_active.add(1);
    host.stats.rqActive += 1;
    host.stats.rqTotal += 1;
    connection.begin(request);
    request.onReady(connection);
  }

  #onClose(connection: Http1Connection): void {
    const member = this.#members.get(connection);
    if (!member) return;
    this.#members.delete(connection);
    member.group.size -= 1;
    member.idle.dispose();
    const at = member.group.idle.indexOf(connection);
    if (at >= 0) member.group.idle.splice(at, 1);
    this.#dropIfEmpty(member.group);
    this.#dialForWaiting();
  }

  /** A connection less: somebody who waited because of the limit may have one now. */
  #dialForWaiting(): void {
    if (this.#waitingCount === 0) return;
    for (const group of this.#groups.values()) {
      const waiter = group.waiting[group.dialing];
      if (waiter && !this.#options.isFull()) this.#dial(group, waiter);
    }
  }

  #dropIfEmpty(group: Group): void {
    if (group.size === 0 && group.waiting.length === 0 && group.dialing === 0) this.#groups.delete(group.key);
  }
}

const settled: ConnectAttempt = { cancel: () => undefined };

function refused(request: StreamRequest, failure: ConnectFailure): ConnectAttempt {
  request.onFailure(failure);
  return settled;
}
