import type { Clock } from "../../src/base/clock.ts";
import type { RoutePriority } from "../network/upstream.ts";
import type { CircuitBreakers, PriorityBreakers } from "./circuit-breakers.ts";
import type { ClusterHost } from "./cluster-host.ts";
import type { ClusterStats } from "./cluster-stats.ts";

/** How a connection to a host ended: before it was up, or after, by whom. */
export type ConnectionEnd = "connect-fail" | "connect-timeout" | "cancelled" | "local" | "remote";

/** One connection on the books of its cluster. */
export interface Booking {
  /** It is up, and in TCP its one stream runs. */
  connected(): void;
  /** It is over. Only the first call counts. `isBusy`: a request was on it; when not given, as always in TCP once it is up. */
  end(how: ConnectionEnd, isBusy?: boolean): void;
}

/**
 * The numbers of a cluster's connections, moved as Envoy moves them: each downstream connection is one request (`rq`) that is pending
 * until its connection is up.
 */
export class ConnectionBooks {
  readonly #stats: ClusterStats;
  readonly #breakers: PriorityBreakers;
  readonly #clock: Pick<Clock, "monotonic">;
  #active = 0;
  #onIdle: (() => void) | undefined;

  constructor(stats: ClusterStats, breakers: PriorityBreakers, clock: Pick<Clock, "monotonic">) {
    this.#stats = stats;
    this.#clock = clock;
    this.#breakers = breakers;
  }

  /** Calls back once, when there is no connection any more; at once if there is none. */
  whenIdle(callback: () => void): void {
    if (this.#active === 0) callback();
    else this.#onIdle = callback;
  }

  /** `carriesRequest`: the connection itself is the one request that it carries, as in TCP. */
  open(host: ClusterHost, carriesRequest: boolean, priority: RoutePriority): Booking {
    const breakers = this.#breakers[priority];
    const { counters, gauges, histograms } = this.#stats;
    const openedAtMs = this.#clock.monotonic();
    let connectedAtMs = openedAtMs;
    this.#change(host, breakers, 1);
    counters.upstream_cx_total += 1;
    host.stats.cxTotal += 1;
    if (carriesRequest) {
      counters.upstream_rq_pending_total += 1;
      gauges.upstream_rq_pending_active.add(1);
      breakers.pending.take();
      host.stats.rqPendingActive += 1;
    }
    let state: "pending" | "connected" | "over" = "pending";
    return {
      connected: () => {
        state = "connected";
        connectedAtMs = this.#clock.monotonic();
        histograms.upstream_cx_connect_ms.record(connectedAtMs - openedAtMs);
        if (!carriesRequest) return;
        gauges.upstream_rq_pending_active.add(-1);
        breakers.pending.give();
        host.stats.rqPendingActive -= 1;
        gauges.upstream_rq_active.add(1);
        breakers.requests.take();
        host.stats.rqActive += 1;
        counters.upstream_rq_total += 1;
        host.stats.rqTotal += 1;
      },
      end: (how, isBusy = state === "connected") => {
        if (state === "over") return;
        if (carriesRequest) {
          const isPending = state === "pending";
          gauges[isPending ? "upstream_rq_pending_active" : "upstream_rq_active"].add(-1);
          breakers[isPending ? "pending" : "requests"].give();
          host.stats[isPending ? "rqPendingActive" : "rqActive"] -= 1;
        }
        this.#countEnd(host, how, isBusy, carriesRequest);
        if (state === "connected") {
          histograms.upstream_cx_length_ms.record(this.#clock.monotonic() - connectedAtMs);
        }
        state = "over";
        this.#change(host, breakers, -1);
        if (this.#active === 0) this.#onIdle?.();
      },
    };
  }

  #change(host: ClusterHost, { connections }: CircuitBreakers, difference: 1 | -1): void {
    const { gauges } = this.#stats;
    if (difference > 0) connections.take();
    else connections.give();
    this.#active += difference;
    host.stats.cxActive += difference;
    gauges.upstream_cx_active.add(difference);
  }

  #countEnd(host: ClusterHost, how: ConnectionEnd, isBusy: boolean, carriesRequest: boolean): void {
    const { counters } = this.#stats;
    const isLocal = how === "local" || how === "cancelled" || how === "connect-timeout";
    counters.upstream_cx_destroy += 1;
    counters[isLocal ? "upstream_cx_destroy_local" : "upstream_cx_destroy_remote"] += 1;
    if (isBusy) {
      counters.upstream_cx_destroy_with_active_rq += 1;
      counters[
        isLocal ? "upstream_cx_destroy_local_with_active_rq" : "upstream_cx_destroy_remote_with_active_rq"
      ] += 1;
    }
    if (how === "cancelled") counters.upstream_rq_cancelled += 1;
    if (how === "connect-timeout") counters.upstream_cx_connect_timeout += 1;
    if (how === "connect-fail" || how === "connect-timeout") {
      counters.upstream_cx_connect_fail += 1;
      if (carriesRequest) counters.upstream_rq_pending_failure_eject += 1;
      host.stats.cxConnectFail += 1;
    }
  }
}
