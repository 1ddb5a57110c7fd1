import { unreachable } from "../../src/base/unreachable.ts";
import { ConnectionNote, type NotedBytes } from "../access-logs/connection-note.ts";
import type { ResponseFlag } from "../network/format/response-flags.ts";
import type { ConnectAttempt, DialFailure, Host, Upstream, UpstreamConnection } from "../network/upstream.ts";
import type { AccessLogger, DownstreamConnection, RunContext } from "../resources/extension.ts";
import type { Counters } from "../stats/stats-store.ts";
import { startRelay, type Relay, type RelayEnd } from "./relay.ts";
import { connectionSubset } from "./route-choice.ts";
import type { TcpProxyConfig } from "./tcp-proxy-config.ts";
import { proxyProtocolState } from "./upstream-header-state.ts";

export const counterNames = [
  "downstream_cx_no_route",
  "downstream_cx_rx_bytes_total",
  "downstream_cx_total",
  "downstream_cx_tx_bytes_total",
  "downstream_flow_control_paused_reading_total",
  "downstream_flow_control_resumed_reading_total",
  "idle_timeout",
  "max_downstream_connection_duration",
] as const;

/** What the connections of one tcp_proxy share. */
export interface TcpSessionContext {
  readonly config: TcpProxyConfig;
  readonly run: RunContext;
  readonly counters: Counters<(typeof counterNames)[number]>;
  readonly logAccess: AccessLogger | undefined;
}

/** One downstream connection of a tcp_proxy: looks for an upstream, has them relayed, and tells the access logs of it. */
export class TcpSession {
  readonly #context: TcpSessionContext;
  readonly #connection: DownstreamConnection;
  readonly #note: ConnectionNote | undefined;
  #attempt: ConnectAttempt | undefined;
  #attempts = 0;
  #relay: Relay | undefined;
  #isOver = false;
  #cancelDuration: (() => void) | undefined;
  #cancelLog: (() => void) | undefined;
  #cancelBackOff: (() => void) | undefined;

  constructor(context: TcpSessionContext, connection: DownstreamConnection) {
    const { config, run, logAccess } = context;
    this.#context = context;
    this.#connection = connection;
    const { hostname } = config;
    this.#note =
      logAccess && new ConnectionNote(logAccess, run.clock, { connection: connection.info, hostname });
  }

  start(): void {
    const { config, run, counters } = this.#context;
    const { socket, info } = this.#connection;
    counters.downstream_cx_total += 1;
    if (config.logs.onStart) this.#note?.write("TcpConnectionStart");
    socket.on("close", () => this.#end(this.#relay?.transferred()));
    this.#limitDuration();
    if (this.#note && config.logs.intervalMs > 0) this.#logPeriodically(this.#note);
    const chosen = config.choose(run.random());
    const upstream = run.upstreams.get(chosen.name);
    if (!upstream) {
      counters.downstream_cx_no_route += 1;
      return this.#refuse("NC");
    }
    this.#note?.chosen(chosen.name);
    this.#connect(upstream, {
      info,
      hash: config.hashOf?.(info),
      metadataMatch: connectionSubset(info, chosen.metadataMatch),
      downstream: proxyProtocolState(info, config),
    });
  }

  #connect(
    upstream: Upstream,
    wish: Pick<Parameters<Upstream["connect"]>[0], "info" | "hash" | "metadataMatch" | "downstream">,
  ): void {
    const { config } = this.#context;
    this.#attempts += 1;
    this.#countTry(1);
    this.#attempt = upstream.connect({
      // Member by member, as of a spread V8 would make a shape of its own each time.
      info: wish.info,
      hash: wish.hash,
      metadataMatch: wish.metadataMatch,
      downstream: wish.downstream,
      lentBytes: true,
      isLastAttempt: this.#attempts >= config.maxConnectAttempts,
      onConnected: (up) => this.#onConnected(up),
      onFailure: (failure, host, reason) => {
        this.#attempt = undefined;
        this.#onFailure(failure, host, reason, () => this.#connect(upstream, wish));
      },
    });
  }

  /** A try, or one that turned out to have no host to try. */
  #countTry(by: 1 | -1): void {
    if (this.#note) this.#note.attempts += by;
  }

  #onConnected(upstream: UpstreamConnection): void {
    const { config, run, counters } = this.#context;
    const { socket, early, bufferLimitBytes } = this.#connection;
    this.#attempt = undefined;
    this.#note?.connected(upstream);
    if (config.logs.onConnected) this.#note?.write("TcpUpstreamConnected");
    this.#relay = startRelay({
      downstream: socket,
      early,
      bufferLimitBytes,
      upstream,
      traffic: counters,
      idleTimeoutMs: config.idleTimeoutMs,
      clock: run.clock,
      onEnd: (end, bytes) => this.#onRelayEnd(end, bytes),
    });
  }

  #onRelayEnd(end: RelayEnd, bytes: NotedBytes): void {
    if (end === "idle-timeout") this.#context.counters.idle_timeout += 1;
    if (end === "upstream-reset") this.#note?.flag("UR");
    this.#end(bytes);
  }

  #onFailure(
    failure: DialFailure,
    host: Host | undefined,
    reason: string | undefined,
    tryAgain: () => void,
  ): void {
    switch (failure) {
      case "no-host":
        this.#countTry(-1);
        return this.#refuse("UH");
      case "overflow":
        this.#countTry(-1);
        return this.#refuse("UO");
      case "connect-fail":
      case "connect-timeout":
        this.#note?.failed(host, reason);
        this.#note?.flag("UF");
        return this.#tryAgain(tryAgain);
      // Envoy takes it for a try that failed at the pool, unlike a limit of connections.
      case "pending-overflow":
        return this.#tryAgain(tryAgain);
      default:
        return unreachable(failure);
    }
  }

  #tryAgain(tryAgain: () => void): void {
    if (this.#attempts < this.#context.config.maxConnectAttempts) this.#backOff(tryAgain);
    else this.#refuse("URX");
  }

  #backOff(tryAgain: () => void): void {
    const { config, run } = this.#context;
    if (!config.backOff) return tryAgain();
    const { baseMs, maxMs } = config.backOff;
    const limitMs = Math.min(maxMs, baseMs * 2 ** (this.#attempts - 1));
    this.#cancelBackOff = run.clock.after(Math.floor(run.random() * limitMs), tryAgain);
  }

  /** Nothing comes of the connection. */
  #refuse(flag: ResponseFlag): void {
    this.#note?.flag(flag);
    this.#end();
    this.#connection.socket.destroy();
  }

  #limitDuration(): void {
    const { config, run, counters } = this.#context;
    if (config.maxDurationMs === 0) return;
    const jitterMs =
      config.maxDurationJitterMs > 0 ? Math.floor(run.random() * config.maxDurationJitterMs) : 0;
    this.#cancelDuration = run.clock.after(config.maxDurationMs + jitterMs, () => {
      counters.max_downstream_connection_duration += 1;
      this.#note?.flag("DT");
      this.#connection.socket.destroy();
    });
  }

  #logPeriodically(note: ConnectionNote): void {
    const { config, run } = this.#context;
    this.#cancelLog = run.clock.after(config.logs.intervalMs, () => {
      note.write("TcpPeriodic", this.#relay?.transferred());
      this.#logPeriodically(note);
    });
  }

  #end(bytes?: NotedBytes): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#attempt?.cancel();
    this.#cancelDuration?.();
    this.#cancelLog?.();
    this.#cancelBackOff?.();
    this.#note?.write("TcpConnectionEnd", bytes);
  }
}
