import type { Socket } from "node:net";
import { Keepalive } from "../http2/keepalive.ts";
import type { SessionEvents, SessionFailure } from "../http2/session-events.ts";
import { Http2Session } from "../http2/session.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { ErrorCode } from "../http2/frames.ts";
import type { ConnectionInfo } from "../network/connection-info.ts";
import { Deadline } from "../network/deadline.ts";
import { HeaderList } from "../network/header-list.ts";
import type { RequestHead } from "../network/http-message.ts";
import type { DownstreamConnection, DrainDecision } from "../resources/extension.ts";
import { ExchangeTimers } from "./exchange-timers.ts";
import { watchLifetime } from "./connection-lifetime.ts";
import { DelayedClose } from "./delayed-close.ts";
import { Exchange } from "./exchange.ts";
import type { Http2StreamOwner } from "./http2-server-stream.ts";
import { Http2ServerStream } from "./http2-server-stream.ts";
import { countAnswer, countBusyEnd, countEnd } from "./manager-stats.ts";
import type { Manager } from "./manager.ts";
import { checkUnderscores } from "./underscores.ts";
import { PrematureResets } from "./premature-resets.ts";

/** What becomes of the connection. */
type State =
  | "open"
  /** The client has been told that the connection will end, and may still send for the drain time. */
  | "draining"
  /** New requests are not served; it closes with the last answer. */
  | "ending"
  /** Nothing is read any more; the client has the time of `delayed_close_timeout` to close. */
  | "closing"
  | "closed";

/** A downstream connection that speaks HTTP/2. */
export class Http2ServerConnection implements SessionEvents, Http2StreamOwner {
  readonly info: ConnectionInfo;
  readonly bufferLimitBytes: number;
  readonly #manager: Manager;
  readonly #drain: DrainDecision;
  readonly #socket: Socket;
  readonly #session: Http2Session;
  readonly #keepalive: Keepalive | undefined;
  readonly #resets = new PrematureResets();
  readonly #streams = new Map<Http2Stream, Http2ServerStream>();
  /** Of streams that are over, for the next ones. */
  readonly #freeTimers: ExchangeTimers[] = [];
  #state: State = "open";
  #requests = 0;
  /** Among the bytes that are being read is a head that is no request: if they break the connection, Envoy sees a request in it. */
  #hasBadRequest = false;
  /** While there is no request; then for what is left of the drain time, or of the delayed close. */
  readonly #idle: Deadline;
  #closing: DelayedClose | undefined;
  readonly #drainTime: Deadline;
  #endLifetime: (() => void) | undefined;

  constructor(manager: Manager, { info, socket, bufferLimitBytes, drain }: DownstreamConnection) {
    const { run, config, stats } = manager;
    this.#manager = manager;
    this.info = info;
    this.bufferLimitBytes = bufferLimitBytes;
    this.#socket = socket;
    this.#drain = drain;
    this.#idle = new Deadline(run.clock, () => this.#onIdle());
    this.#drainTime = new Deadline(run.clock, () => this.#onDrainTime());
    this.#session = new Http2Session({
      role: "server",
      limits: config.http2.limits,
      bufferLimitBytes,
      stats: manager.http2Stats,
      transport: socket,
      events: this,
      monotonic: () => run.clock.monotonic(),
      onWritten(bytes) {
        stats.counters.downstream_cx_tx_bytes_total += bytes;
      },
    });
    const { keepalive } = config.http2;
    this.#keepalive =
      keepalive &&
      new Keepalive({
        config: keepalive,
        clock: run.clock,
        random: run.random,
        ping: (payload) => this.#session.ping(payload),
        onTimeout: () => {
          manager.http2Stats.counters.keepalive_timeout += 1;
          this.#state = "closing";
          this.#socket.destroy();
        },
      });
  }

  /** Takes over the socket, which is on the manager's books already. */
  start(early: Buffer): void {
    const { counters, gauges } = this.#manager.stats;
    counters.downstream_cx_http2_total += 1;
    gauges.downstream_cx_http2_active.add(1);
    const socket = this.#socket;
    socket.on("data", (bytes: Buffer) => this.#onBytes(bytes));
    // A client that shuts its side has no use for an answer: Envoy closes too.
    socket.on("end", () => socket.destroy());
    socket.on("close", () => this.#onClose());
    socket.on("drain", () => this.#session.onDrain());
    this.#session.start();
    this.#keepalive?.start();
    this.#endLifetime = watchLifetime(this.#manager, this.info, () => {
      if (this.#state === "open") this.#startDraining();
    });
    this.#waitForRequest();
    if (early.length > 0) this.#onBytes(early);
    if (!socket.destroyed) socket.resume();
  }

  onRequest(stream: Http2Stream, head: RequestHead, isLast: boolean): void {
    const manager = this.#manager;
    const { counters } = manager.stats;
    this.#idle.clear();
    if (!checkUnderscores(head.headers, manager.config.underscores, manager.http2Stats.counters)) {
      this.onBadRequest();
      return stream.reset(ErrorCode.internal);
    }
    counters.downstream_rq_http2_total += 1;
    const timers = this.#freeTimers.pop() ?? new ExchangeTimers(manager.run.clock);
    const served = new Http2ServerStream(this, stream, timers, manager.run.clock.monotonic());
    stream.sink = served;
    this.#streams.set(stream, served);
    this.#countRequest();
    if (head.headers.get("expect")?.toLowerCase() === "100-continue") {
      head.headers.remove("expect");
      countAnswer(manager.stats, 100);
      served.sendInterim(100, new HeaderList());
    }
    const exchange = new Exchange(manager, served, timers, head, isLast);
    served.exchange = exchange;
    exchange.start();
  }

  onBadRequest(): void {
    const { counters } = this.#manager.stats;
    counters.downstream_rq_total += 1;
    counters.downstream_rq_http2_total += 1;
    counters.downstream_rq_rx_reset += 1;
    this.#hasBadRequest = true;
    this.#countReset(false, 0);
  }

  onGoAway(): void {
    // A client that opens no more streams is served to the end of those it has.
  }

  onMaxStreams(): void {
    // This side opens none.
  }

  onFrame(isPingAck: boolean): void {
    this.#keepalive?.onFrame(isPingAck);
  }

  onStreamEnd(stream: Http2Stream): void {
    const served = this.#streams.get(stream);
    if (!served) return;
    this.#streams.delete(stream);
    served.timers.end();
    this.#freeTimers.push(served.timers);
    if (this.#streams.size > 0) return;
    if (this.#state === "ending") this.#close();
    else if (this.#state === "open" || this.#state === "draining") this.#waitForRequest();
  }

  onFail({ kind }: SessionFailure): void {
    if (kind === "protocol") this.#manager.stats.counters.downstream_cx_protocol_error += 1;
    this.#close();
  }

  onAnswer(): void {
    if (this.#state === "open" && this.#drain.drainClose()) {
      this.#manager.stats.counters.downstream_cx_drain_close += 1;
      this.#startDraining();
    }
  }

  onAnswered(): void {
    this.#resets.add(false, true, 0);
  }

  get flushTimeoutMs(): number {
    return this.#manager.config.streamIdleTimeoutMs;
  }

  onFlushTimeout(): void {
    this.#manager.http2Stats.counters.tx_flush_timeout += 1;
  }

  onReset(stream: Http2ServerStream): void {
    this.#countReset(stream.hasAnswer, this.#manager.run.clock.monotonic() - stream.startedAtMs);
  }

  #countReset(hasAnswer: boolean, ageMs: number): void {
    if (!this.#resets.add(true, hasAnswer, ageMs) || this.#state === "closed") return;
    if (this.#socket.destroyed) return;
    const { counters } = this.#manager.stats;
    counters.downstream_rq_too_many_premature_resets += 1;
    // A connection that closes while its bytes are read is an error of the protocol to Envoy.
    counters.downstream_cx_protocol_error += 1;
    if (this.#hasBadRequest) countBusyEnd(counters, true);
    this.#state = "closing";
    this.#socket.destroy();
  }

  #countRequest(): void {
    this.#requests += 1;
    const { maxRequestsPerConnection: most } = this.#manager.config;
    if (most === 0 || this.#requests < most) return;
    this.#manager.stats.counters.downstream_cx_max_requests_reached += 1;
    if (this.#state === "open") this.#startDraining();
  }

  #onBytes(bytes: Buffer): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#manager.stats.counters.downstream_cx_rx_bytes_total += bytes.length;
    this.#hasBadRequest = false;
    this.#session.receive(bytes);
  }

  /** Says that the connection will end, so that no request is lost that is under way to it (RFC 9113, section 6.8). */
  #startDraining(): void {
    this.#state = "draining";
    this.#session.goAway(true);
    this.#drainTime.set(this.#manager.config.drainTimeoutMs);
  }

  #onDrainTime(): void {
    if (this.#state !== "draining") return;
    this.#state = "ending";
    this.#session.goAway(false);
    if (this.#streams.size === 0) this.#close();
  }

  #close(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    if (this.#streams.size > 0 || this.#hasBadRequest) countBusyEnd(this.#manager.stats.counters, true);
    this.#drainTime.clear();
    this.#session.flush();
    const { config, stats } = this.#manager;
    this.#closing = new DelayedClose({
      socket: this.#socket,
      deadline: this.#idle,
      delayedCloseMs: config.delayedCloseMs,
      streamIdleTimeoutMs: config.streamIdleTimeoutMs,
      onTimeout() {
        stats.counters.downstream_cx_delayed_close_timeout += 1;
      },
    });
  }

  #waitForRequest(): void {
    const { idleTimeoutMs } = this.#manager.config;
    if (idleTimeoutMs > 0 && this.#state === "open") this.#idle.set(idleTimeoutMs);
  }

  #onIdle(): void {
    if (this.#closing) return this.#closing.onDeadline();
    if (this.#state !== "open") return;
    this.#manager.stats.counters.downstream_cx_idle_timeout += 1;
    this.#startDraining();
  }

  #onClose(): void {
    const { run, stats } = this.#manager;
    const { gauges, histograms } = stats;
    histograms.downstream_cx_length_ms.record(run.clock.monotonic() - this.info.acceptedAtMs);
    countEnd(stats, this.info, this.#state === "closing", this.#session.streamCount > 0);
    gauges.downstream_cx_http2_active.add(-1);
    this.#state = "closed";
    this.#session.onClose();
    this.#idle.dispose();
    this.#endLifetime?.();
    this.#drainTime.dispose();
    this.#keepalive?.dispose();
    for (const timers of this.#freeTimers) timers.dispose();
  }
}
