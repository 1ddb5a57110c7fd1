import type { Socket } from "node:net";
import { endpointAddress } from "../network/address.ts";
import type { CertificateReport } from "../network/certificate-report.ts";
import { ConnectionInfo } from "../network/connection-info.ts";
import { Roster, type RosterMember } from "../network/roster.ts";
import type {
  DownstreamTransportSocket,
  DrainDecision,
  ListenerFilter,
  NetworkFilter,
  RunContext,
  UnservedEnd,
} from "../resources/extension.ts";
import type { Slot } from "../resources/config-discovery.ts";
import type { FilterChainConfig, ListenerConfig } from "../resources/listener.ts";
import { OwnedSubscriptions } from "../resources/owned-subscriptions.ts";
import { ActiveChain } from "./active-chain.ts";
import type { DrainSequence } from "./drain-sequence.ts";
import type { GlobalConnectionLimit } from "./global-connection-limit.ts";
import type { ListenerFilterEnd } from "./listener-filter-run.ts";
import { runListenerFilters } from "./listener-filter-run.ts";
import type { ListenerStats } from "./listener-stats.ts";
import { listenerStats } from "./listener-stats.ts";

/** What a listener needs from the set that it is in. */
export interface ListenerSurroundings {
  /** The listener bound to (or meant for) exactly this address, for `use_original_dst` (PP-60). */
  findByAddress(info: ConnectionInfo): ActiveListener | undefined;
  /** Numbers connections over the process. */
  nextId(): number;
  /** The drain of the whole proxy. */
  readonly drain: DrainDecision;
  /** `/healthcheck/fail` was asked for and not taken back. */
  readonly isHealthCheckFailed: boolean;
  /** Of this process among those that share the listening sockets. */
  readonly workerIndex: number;
  /** Absent for no limit. */
  readonly connectionLimit: GlobalConnectionLimit | undefined;
  /** A drain of this one listener. */
  newDrain(): DrainSequence;
}

/** A connection on a listener's books. */
class Tracked implements DrainDecision, RosterMember {
  readonly socket: Socket;
  place = -1;
  /** Of its filter chain, once that is chosen. */
  fingerprint: string | undefined;
  owner: ActiveListener;

  constructor(socket: Socket, owner: ActiveListener) {
    this.socket = socket;
    this.owner = owner;
  }

  /** By the listener that it belongs to now: an update in place hands connections over. */
  drainClose(): boolean {
    return this.owner.drainClose();
  }
}

const noBytes = Buffer.alloc(0);

/** Bounds handshakes in front of filters that have no timer of their own; what connections may be idle unless something else is said. */
const handshakeLimitMs = 3_600_000;

/** One version of a listener: takes connections from accept to their terminal filter. */
export class ActiveListener implements DrainDecision {
  readonly config: ListenerConfig;
  readonly #run: RunContext;
  readonly #surroundings: ListenerSurroundings;
  readonly #stats: ListenerStats;
  readonly #filters: readonly Slot<ListenerFilter>[];
  /** What they were for the connection before. */
  #lastFilters: readonly ListenerFilter[] = [];
  readonly #chains: readonly ActiveChain[];
  readonly #defaultChain: ActiveChain | undefined;
  readonly #connections = new Roster<Tracked>();
  readonly #drain: DrainSequence;
  #areChainsGone = false;
  readonly #subscriptions: OwnedSubscriptions;
  #onIdle: (() => void) | undefined;
  #isReleased = false;

  /** `predecessor`: the version that this one replaces. What both have in common goes on. */
  constructor(
    config: ListenerConfig,
    run: RunContext,
    surroundings: ListenerSurroundings,
    predecessor?: ActiveListener,
  ) {
    const scope = `listener.${config.statName}`;
    this.config = config;
    this.#run = run;
    this.#surroundings = surroundings;
    this.#drain = surroundings.newDrain();
    this.#stats = listenerStats(run.stats, scope, surroundings.workerIndex);
    this.#subscriptions = new OwnedSubscriptions(run.subscriptions);
    const own = { ...run, subscriptions: this.#subscriptions };
    this.#filters = config.listenerFilters.map((install) => install(own, scope));
    const known =
      predecessor?.config.fingerprint === config.fingerprint
        ? new Map(predecessor.#allChains().map((chain) => [chain.config.fingerprint, chain]))
        : undefined;
    const activate = (chain: FilterChainConfig) =>
      (known?.get(chain.fingerprint) ?? new ActiveChain(chain, run, scope)).retain();
    this.#chains = config.filterChains.map(activate);
    this.#defaultChain = config.defaultFilterChain && activate(config.defaultFilterChain);
  }

  /** Undefined when all that it needs is here; else done when that is so (XC-42). Does not reject. */
  get ready(): Promise<void> | undefined {
    const waits = [this.#subscriptions, ...this.#allChains()].flatMap(({ ready }) => ready ?? []);
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
  }

  /** Ends what its filters subscribed to: it has no connection any more, or never served. Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#subscriptions.close();
    for (const chain of this.#allChains()) chain.release();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Of the TLS of its filter chains. */
  certificates(): readonly CertificateReport[] {
    return this.#allChains().flatMap(({ transport }) => transport?.certificates?.() ?? []);
  }

  /** Takes a freshly accepted socket, which is paused; `local` where the socket need not be asked for the name of this end, or has none. */
  accept(socket: Socket, local = endpointAddress(socket.localAddress, socket.localPort)): void {
    const { counters } = this.#stats;
    // A connection that breaks is seen by its close; whoever works with it then learns of it there.
    socket.on("error", ignore);
    const { connectionLimit } = this.#surroundings;
    if (connectionLimit) {
      const release = connectionLimit.admit(this.config.ignoresGlobalLimit);
      if (!release) {
        counters.downstream_global_cx_overflow += 1;
        socket.destroy();
        return;
      }
      socket.once("close", release);
    }
    if (this.#connections.size >= this.config.maxConnections) {
      counters.downstream_cx_overflow += 1;
      socket.destroy();
      return;
    }
    const remote = endpointAddress(socket.remoteAddress, socket.remotePort);
    const info = new ConnectionInfo(this.#surroundings.nextId(), remote, local);
    info.listenerName = this.config.name;
    info.acceptedAtMs = this.#run.clock.monotonic();
    this.#begin(socket, info, noBytes);
  }

  /** Begins to ask connections to end: the listener is replaced or removed. */
  startDrain(): void {
    this.#drain.start();
  }

  drainClose(): boolean {
    const { drain, isHealthCheckFailed } = this.#surroundings;
    if (this.#areChainsGone || (isHealthCheckFailed && this.config.drainsOnHealthCheckFailure)) return true;
    return this.#drain.drainClose() || drain.drainClose();
  }

  /**
   * Gives connections whose filter chain `successor` has unchanged over to it, so that they outlive this version (XC-43). Those of a
   * chain that is gone are asked to end at once, as Envoy does, not over the drain time. Gives the number of such chains.
   */
  handOver(successor: ActiveListener): number {
    const unchanged = new Set(successor.#allChains().map((chain) => chain.config.fingerprint));
    for (const tracked of this.#connections.list()) {
      if (tracked.fingerprint === undefined || !unchanged.has(tracked.fingerprint)) continue;
      tracked.owner = successor;
      this.#connections.delete(tracked);
      successor.#connections.add(tracked);
    }
    this.#areChainsGone = true;
    return this.#allChains().filter((chain) => !unchanged.has(chain.config.fingerprint)).length;
  }

  /** Calls back once, when there is no connection any more; at once if there is none. */
  whenIdle(callback: () => void): void {
    if (this.#connections.size === 0) callback();
    else this.#onIdle = callback;
  }

  /** Closes every connection now. */
  closeConnections(): void {
    for (const { socket } of this.#connections.list()) socket.destroy();
  }

  #allChains(): readonly ActiveChain[] {
    return this.#defaultChain ? [...this.#chains, this.#defaultChain] : this.#chains;
  }

  #forget(tracked: Tracked): void {
    this.#connections.delete(tracked);
    if (this.#connections.size === 0) this.#onIdle?.();
  }

  #begin(socket: Socket, info: ConnectionInfo, early: Buffer): void {
    const tracked = new Tracked(socket, this);
    this.#connections.add(tracked);
    if (this.#filters.length === 0) {
      this.#afterFilters(tracked, info, { kind: "done", bytes: early });
      return;
    }
    const { counters, gauges } = this.#stats;
    const filters = this.#currentFilters();
    if (!filters) {
      counters.extension_config_missing += 1;
      this.#forget(tracked);
      socket.destroy();
      return;
    }
    gauges.downstream_pre_cx_active.add(1);
    runListenerFilters({
      filters,
      socket,
      info,
      early,
      timeoutMs: this.config.listenerFiltersTimeoutMs,
      clock: this.#run.clock,
      onEnd: (end) => {
        gauges.downstream_pre_cx_active.add(-1);
        this.#afterFilters(tracked, info, end);
      },
    });
  }

  /** Undefined while ECDS has nothing for one of them. */
  #currentFilters(): readonly ListenerFilter[] | undefined {
    let isSame = true;
    for (let at = 0; at < this.#filters.length; at += 1) {
      const { current } = this.#filters[at]!;
      if (!current) return undefined;
      isSame &&= current === this.#lastFilters[at];
    }
    if (!isSame) this.#lastFilters = this.#filters.flatMap(({ current }) => current ?? []);
    return this.#lastFilters;
  }

  #afterFilters(tracked: Tracked, info: ConnectionInfo, end: ListenerFilterEnd): void {
    const { counters } = this.#stats;
    const { socket } = tracked;
    if (end.kind === "remote-close") counters.downstream_listener_filter_remote_close += 1;
    if (end.kind === "timeout") counters.downstream_pre_cx_timeout += 1;
    const goesOn =
      end.kind === "done" || (end.kind === "timeout" && this.config.continuesOnListenerFiltersTimeout);
    if (!goesOn) {
      this.#forget(tracked);
      closeUnserved(socket, end.bytes);
      return;
    }
    const other =
      this.config.usesOriginalDestination && info.isLocalRestored
        ? this.#surroundings.findByAddress(info)
        : undefined;
    if (other && other !== this) {
      this.#forget(tracked);
      other.#begin(socket, info, end.bytes);
    } else this.#serve(tracked, info, end.bytes);
  }

  #serve(tracked: Tracked, info: ConnectionInfo, early: Buffer): void {
    const { counters, gauges, histograms, worker, workerGauges } = this.#stats;
    const { socket } = tracked;
    const { clock } = this.#run;
    const position = this.config.chainIndex.find(info);
    const chain = position === undefined ? this.#defaultChain : this.#chains[position];
    if (!chain) {
      counters.no_filter_chain_match += 1;
      this.#forget(tracked);
      closeUnserved(socket, early);
      return;
    }
    info.filterChainName = chain.config.name;
    tracked.fingerprint = chain.config.fingerprint;
    counters.downstream_cx_total += 1;
    worker.downstream_cx_total += 1;
    gauges.downstream_cx_active.add(1);
    workerGauges.downstream_cx_active.add(1);
    socket.on("close", () => {
      counters.downstream_cx_destroy += 1;
      gauges.downstream_cx_active.add(-1);
      workerGauges.downstream_cx_active.add(-1);
      histograms.downstream_cx_length_ms.record(clock.monotonic() - info.acceptedAtMs);
      tracked.owner.#forget(tracked);
    });
    if (chain.transport?.secure) this.#shakeHands(chain, chain.transport.secure, tracked, info, early);
    else this.#startFilters(chain, tracked, socket, info, early);
  }

  /** The network filters start when the handshake is over, knowing what came of it. */
  #shakeHands(
    chain: ActiveChain,
    secure: NonNullable<DownstreamTransportSocket["secure"]>,
    tracked: Tracked,
    info: ConnectionInfo,
    early: Buffer,
  ): void {
    const { socket } = tracked;
    const { clock } = this.#run;
    const { unserved } = chain;
    let end: UnservedEnd = "remote";
    const cancels: (() => void)[] = [];
    const limitMs = chain.config.transportSocketConnectTimeoutMs;
    if (limitMs > 0) {
      const onLimit = () => {
        this.#stats.counters.downstream_cx_transport_socket_connect_timeout += 1;
        end = "refused";
        socket.destroy();
      };
      cancels.push(clock.after(limitMs, onLimit));
    }
    const timeoutMs = unserved?.timeoutMs ?? handshakeLimitMs;
    if (timeoutMs < Number.POSITIVE_INFINITY) {
      const onTimeout = () => {
        end = "timeout";
        socket.destroy();
      };
      cancels.push(clock.after(timeoutMs, onTimeout));
    }
    const cancel = () => cancels.forEach((stop) => stop());
    const onClose = () => {
      cancel();
      unserved?.note(info, end, true);
    };
    socket.once("close", onClose);
    secure({
      socket,
      early,
      info,
      onSecured: (secured) => {
        cancel();
        socket.off("close", onClose);
        this.#startFilters(chain, tracked, secured, info, noBytes);
      },
    });
  }

  #startFilters(
    chain: ActiveChain,
    tracked: Tracked,
    socket: Socket,
    info: ConnectionInfo,
    early: Buffer,
  ): void {
    const { bufferLimitBytes } = this.config;
    if (chain.filters.some(isMissing)) {
      this.#stats.counters.network_extension_config_missing += 1;
      socket.destroy();
      return;
    }
    const connection = { info, socket, early, bufferLimitBytes, drain: tracked };
    const isSecured = chain.transport?.secure !== undefined;
    let isOver = false;
    for (const { current: filter } of chain.filters) {
      if (!filter) break;
      if (filter.kind === "terminal") {
        filter.serve(isOver ? { ...connection, early: noBytes } : connection);
        if (isOver) socket.destroy();
        return;
      }
      if (isOver) continue;
      const admission = filter.admit(connection);
      if (admission === "end") isOver = true;
      else if (admission === "close") {
        chain.unserved?.note(info, "refused", isSecured);
        break;
      } else if (admission !== "continue") {
        let end: UnservedEnd = "remote";
        const onDelay = () => {
          end = "refused";
          socket.destroy();
        };
        const cancel = this.#run.clock.after(admission.closeAfterMs, onDelay);
        socket.once("close", () => {
          cancel();
          chain.unserved?.note(info, end, isSecured);
        });
        return;
      }
    }
    // Refused, or a chain without a terminal filter: nobody would ever look after the connection.
    socket.destroy();
  }
}

/** In Envoy what no filter consumed is still in the kernel, which then ends the connection with a reset. */
function closeUnserved(socket: Socket, unread: Buffer): void {
  // Only TCP has a reset to send.
  if (unread.length > 0 && socket.remoteAddress !== undefined) socket.resetAndDestroy();
  else socket.destroy();
}

/** ECDS has nothing for it (XC-48). */
function isMissing({ current }: Slot<NetworkFilter>): boolean {
  return current === undefined;
}

function ignore(): void {}
