import { ErrorCode } from "../http2/frames.ts";
import { Keepalive } from "../http2/keepalive.ts";
import type { Http2Stats } from "../http2/codec-stats.ts";
import type { SessionEvents, SessionFailure, StreamEnding } from "../http2/session-events.ts";
import { Http2Session } from "../http2/session.ts";
import type { Http2Stream, ResetBy } from "../http2/stream.ts";
import type { StreamRequest, StreamReset, UpstreamStream } from "../network/http-stream.ts";
import type { UpstreamConnection } from "../network/upstream.ts";
import type { RunContext } from "../resources/extension.ts";
import type { Http2Config } from "../resources/http2-options.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import type { PooledConnection, PooledConnectionOwner } from "./http-pool.ts";
import { Http2UpstreamStream } from "./http2-upstream-stream.ts";

/** What an HTTP/2 connection is made with, beside the connection itself. */
export interface Http2ConnectionOptions {
  readonly config: Http2Config;
  readonly stats: Http2Stats;
  readonly counters: ClusterStats["counters"];
  readonly run: Pick<RunContext, "clock" | "random">;
}

/** A connection to an upstream that speaks HTTP/2: many exchanges at once. */
export class Http2Connection implements PooledConnection, SessionEvents {
  readonly upstream: UpstreamConnection;
  readonly #owner: PooledConnectionOwner;
  readonly #config: Http2Config;
  readonly #counters: ClusterStats["counters"];
  readonly #session: Http2Session;
  readonly #keepalive: Keepalive | undefined;
  readonly #streams = new Set<Http2Stream>();
  #isDraining = false;
  #isClosed = false;
  #failure: SessionFailure | undefined;
  served = 0;

  constructor(
    upstream: UpstreamConnection,
    { config, stats, counters, run }: Http2ConnectionOptions,
    owner: PooledConnectionOwner,
  ) {
    const { socket, traffic } = upstream;
    this.upstream = upstream;
    this.#owner = owner;
    this.#config = config;
    this.#counters = counters;
    this.#session = new Http2Session({
      role: "client",
      limits: config.limits,
      bufferLimitBytes: upstream.bufferLimitBytes,
      stats,
      transport: socket,
      events: this,
      monotonic: () => run.clock.monotonic(),
      onWritten(bytes) {
        traffic.upstream_cx_tx_bytes_total += bytes;
      },
    });
    this.#keepalive =
      config.keepalive &&
      new Keepalive({
        ...run,
        config: config.keepalive,
        ping: (payload) => this.#session.ping(payload),
        onTimeout: () => {
          stats.counters.keepalive_timeout += 1;
          this.#close("local");
        },
      });
    socket.on("data", (bytes: Buffer) => {
      traffic.upstream_cx_rx_bytes_total += bytes.length;
      if (!this.#isClosed) this.#session.receive(bytes);
    });
    socket.on("end", () => this.#close("remote"));
    socket.on("close", () => this.#close("remote"));
    socket.on("drain", () => this.#session.onDrain());
    // The PROXY header stands before the preface (PP-89).
    this.#session.start(upstream.header);
    this.#keepalive?.start();
  }

  get capacity(): number {
    if (this.#isClosed || this.#isDraining || !this.#session.hasNumbers) return 0;
    const most = Math.min(this.#config.limits.maxConcurrentStreams, this.#session.maxStreams);
    return Math.max(0, most - this.#streams.size);
  }

  get active(): number {
    return this.#streams.size;
  }

  begin(request: StreamRequest): UpstreamStream {
    this.served += 1;
    this.#keepalive?.beforeStream();
    const stream = this.#session.open();
    const served = new Http2UpstreamStream(this, stream, request);
    stream.sink = served;
    this.#streams.add(stream);
    return served;
  }

  drain(): void {
    this.#isDraining = true;
    if (this.#streams.size === 0) this.close("local");
  }

  close(by: "local" | "remote"): void {
    this.#close(by);
  }

  /** Why a stream ended that nobody cancelled. */
  resetReason(code: number, by: ResetBy): StreamReset {
    if (by === "messaging") return code === ErrorCode.internal ? "remote-reset" : "protocol-error";
    if (by === "connection") return this.#failure ? "protocol-error" : "connection-termination";
    if (code === ErrorCode.refused) return "refused";
    return code === ErrorCode.connect ? "connect-error" : "remote-reset";
  }

  onRequest(): void {
    // A server opens no streams.
  }

  onBadRequest(): void {
    // Nor sends it requests.
  }

  onGoAway(): void {
    this.#counters.upstream_cx_close_notify += 1;
    this.#isDraining = true;
  }

  onMaxStreams(): void {
    if (this.capacity > 0) this.#owner.onCapacity(this);
  }

  onFrame(isPingAck: boolean): void {
    this.#keepalive?.onFrame(isPingAck);
  }

  onStreamEnd(stream: Http2Stream, reset: StreamEnding | undefined): void {
    this.#streams.delete(stream);
    if (reset) this.#countReset(reset);
    this.#owner.onStreamEnd(this);
    if (this.#isClosed) return;
    if (!this.#isDraining) this.#owner.onCapacity(this);
    else if (this.#streams.size === 0) this.close("local");
  }

  onFail(failure: SessionFailure): void {
    this.#failure = failure;
    this.#counters.upstream_cx_protocol_error += 1;
    this.#close("local");
  }

  /** By who is to blame, as Envoy has it: nobody for a refusal. */
  #countReset({ code, by }: StreamEnding): void {
    const reason = by === "local" ? "cancelled" : this.resetReason(code, by);
    const counters = this.#counters;
    if (reason === "cancelled" || reason === "protocol-error") counters.upstream_rq_tx_reset += 1;
    else if (reason === "remote-reset") counters.upstream_rq_rx_reset += 1;
    else if (reason === "connection-termination") counters.upstream_rq_pending_failure_eject += 1;
  }

  #close(by: "local" | "remote"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { socket } = this.upstream;
    // Streams that a broken peer ended do not count, in Envoy, as cut off by this side.
    const isBusy = this.#streams.size > 0 && !this.#failure;
    this.#keepalive?.dispose();
    this.upstream.release(by, isBusy);
    // What was said last (GOAWAY) goes out.
    if (by === "local") socket.destroySoon();
    else socket.destroy();
    this.#session.onClose();
    this.#owner.onClose(this);
  }
}
