import type { Socket } from "node:net";
import type { Clock } from "../../src/base/clock.ts";
import type { UpstreamConnection } from "../network/upstream.ts";

/** Counters of a tcp_proxy that its connections add to. */
interface RelayTraffic {
  downstream_cx_rx_bytes_total: number;
  downstream_cx_tx_bytes_total: number;
  downstream_flow_control_paused_reading_total: number;
  downstream_flow_control_resumed_reading_total: number;
}

/** How a relay ended. */
export type RelayEnd = "downstream" | "upstream" | "upstream-reset" | "idle-timeout";

/** A relay that runs, or ran. */
export interface Relay {
  /** What has come from the client and gone to it so far. */
  transferred(): { readonly received: number; readonly sent: number };
}

export interface RelayOptions {
  readonly downstream: Socket;
  /** Bytes of the client that arrived before the relay began. */
  readonly early: Buffer;
  /** What may wait to be written to the client before reading from the upstream stops. */
  readonly bufferLimitBytes: number;
  readonly upstream: UpstreamConnection;
  readonly traffic: RelayTraffic;
  /** Neither side sent anything for so long; 0 for no limit. */
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  /** Called once, when both sockets are closed or closing, with the bytes that came from and went to the client. */
  readonly onEnd: (end: RelayEnd, bytes: { readonly received: number; readonly sent: number }) => void;
}

/**
 * Copies bytes both ways until both sides have ended. Each side's end of stream is passed on alone, the other direction going on
 * (half-close); a side that reads too slowly stops the reading from the other.
 */
export function startRelay(options: RelayOptions): Relay {
  const { downstream, upstream, traffic, clock, idleTimeoutMs } = options;
  const { socket, traffic: clusterTraffic } = upstream;
  let lastActivity = clock.monotonic();
  let cancelIdle: (() => void) | undefined;
  let isOver = false;
  let openSockets = 2;
  /** The upstream's end of stream answered the client's: it is the upstream that closes. */
  let isUpstreamLast = false;
  let received = 0;
  let sent = 0;

  const finish = (end: RelayEnd) => {
    if (isOver) return;
    isOver = true;
    const isRemote = end === "upstream" || end === "upstream-reset" || isUpstreamLast;
    upstream.release(isRemote ? "remote" : "local");
    options.onEnd(end, { received, sent });
  };
  const watchIdle = (delayMs: number) => {
    cancelIdle = clock.after(delayMs, () => {
      const left = lastActivity + idleTimeoutMs - clock.monotonic();
      if (left > 0) return watchIdle(left);
      finish("idle-timeout");
      socket.destroy();
      downstream.destroy();
    });
  };

  const early = earlyBytes(options.early, downstream);
  received += early.length;
  const first = firstBytes(upstream.header, early);
  if (first) {
    clusterTraffic.upstream_cx_tx_bytes_total += first.length;
    traffic.downstream_cx_rx_bytes_total += early.length;
    socket.write(first);
  }
  const resumeDownstream = () => {
    traffic.downstream_flow_control_resumed_reading_total += 1;
    downstream.resume();
  };
  const resumeUpstream = () => {
    clusterTraffic.upstream_flow_control_resumed_reading_total += 1;
    socket.resume();
  };
  downstream.on("data", (chunk: Buffer) => {
    lastActivity = clock.monotonic();
    received += chunk.length;
    traffic.downstream_cx_rx_bytes_total += chunk.length;
    clusterTraffic.upstream_cx_tx_bytes_total += chunk.length;
    if (!socket.write(chunk) && socket.writableLength > upstream.bufferLimitBytes) {
      traffic.downstream_flow_control_paused_reading_total += 1;
      downstream.pause();
      socket.once("drain", resumeDownstream);
    }
  });
  upstream.startReading((chunk) => {
    lastActivity = clock.monotonic();
    clusterTraffic.upstream_cx_rx_bytes_total += chunk.length;
    sent += chunk.length;
    traffic.downstream_cx_tx_bytes_total += chunk.length;
    if (!downstream.write(chunk) && downstream.writableLength > options.bufferLimitBytes) {
      clusterTraffic.upstream_flow_control_paused_reading_total += 1;
      socket.pause();
      downstream.once("drain", resumeUpstream);
    }
    return downstream.writableLength > 0 ? "kept" : "done";
  });
  downstream.on("end", () => endWriting(socket));
  socket.on("end", () => {
    isUpstreamLast = downstream.readableEnded;
    // Clients that close as soon as they have their answer are often known to have ended before this turn is over, and need no shutdown.
    setImmediate(endWriting, downstream);
  });
  // What has been written is still delivered when the other side is gone: Envoy closes with a flush. The idle timeout goes on
  // until both are closed, so that a peer that never takes it cannot hold the connection for ever.
  const onClose = (end: RelayEnd, other: Socket) => {
    openSockets -= 1;
    if (openSockets === 0) cancelIdle?.();
    finish(end);
    if (!other.destroyed) other.destroySoon();
  };
  let isDownstreamReset = false;
  let isUpstreamReset = false;
  downstream.on("error", (error) => (isDownstreamReset = isReset(error)));
  socket.on("error", (error) => (isUpstreamReset = isReset(error)));
  downstream.on("close", () => {
    if (isDownstreamReset && !socket.destroyed) socket.resetAndDestroy();
    onClose("downstream", socket);
  });
  socket.on("close", () => {
    if (isUpstreamReset && !downstream.destroyed) downstream.resetAndDestroy();
    onClose(isUpstreamReset ? "upstream-reset" : "upstream", downstream);
  });
  if (idleTimeoutMs > 0) watchIdle(idleTimeoutMs);
  if (downstream.destroyed) onClose("downstream", socket);
  else downstream.resume();
  return { transferred: () => ({ received, sent }) };
}

/** The other side broke the connection off, which is passed on as such. */
function isReset(error: Error): boolean {
  return "code" in error && error.code === "ECONNRESET";
}

/** What the client sent before the upstream was there: what listener filters left, and what came since. */
function earlyBytes(left: Buffer, downstream: Socket): Buffer {
  const since: unknown = downstream.read();
  if (!Buffer.isBuffer(since)) return left;
  return left.length === 0 ? since : Buffer.concat([left, since]);
}

/** Header and early payload in one piece, so that they leave in one segment. */
function firstBytes(header: Buffer | undefined, early: Buffer): Buffer | undefined {
  if (!header) return early.length > 0 ? early : undefined;
  return early.length > 0 ? Buffer.concat([header, early]) : header;
}

/** Passes an end of stream on. Where the other side has ended too and nothing waits, closing says the same in one step. */
function endWriting(socket: Socket): void {
  if (socket.readableEnded && socket.writableLength === 0) socket.destroy();
  else if (!socket.destroyed) socket.end();
}
