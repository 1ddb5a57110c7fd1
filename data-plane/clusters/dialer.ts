import type { Clock } from "../../src/base/clock.ts";
import type { ReadMemory } from "../network/read-memory.ts";
import type { ConnectAttempt, ConnectRequest, UpstreamConnection } from "../network/upstream.ts";
import { sourceOf } from "../network/upstream.ts";
import type { ClusterConfig } from "../resources/cluster.ts";
import type { ClusterHost } from "./cluster-host.ts";
import type { ClusterStats } from "./cluster-stats.ts";
import { connectErrorText } from "./connect-error-text.ts";
import type { ConnectionBooks } from "./connection-books.ts";
import { DialedConnection, DialedContext } from "./dialed-connection.ts";
import type { HostConnections } from "./host-connections.ts";
import type { HostTransports } from "./host-transports.ts";
import { tlsWish } from "./tls-wish.ts";
import { openUpstreamSocket } from "./upstream-socket.ts";

/** What the connections of a cluster have in common. */
export interface DialerParts {
  readonly config: ClusterConfig;
  readonly stats: Pick<ClusterStats, "counters">;
  readonly clock: Clock;
  readonly books: ConnectionBooks;
  readonly transports: HostTransports;
  readonly memory: ReadMemory;
  /** Of TCP, where they are to end with the health of their host. */
  readonly connections: HostConnections | undefined;
  /** Numbers connections over the process. */
  readonly nextId: () => number;
}

/** Connects to hosts of one version of a cluster, transport socket included. */
export class Dialer {
  readonly #parts: DialerParts;

  constructor(parts: DialerParts) {
    this.#parts = parts;
  }

  /** `carriesRequest`: the connection itself is the one request that it carries, as in TCP. */
  dial(host: ClusterHost, request: ConnectRequest, carriesRequest: boolean): ConnectAttempt {
    const { config, stats, clock, books, transports, memory, connections, nextId } = this.#parts;
    const { counters } = stats;
    const booking = books.open(host, carriesRequest, request.priority ?? "default");
    const transport = transports.of(host);
    // What puts a handshake on the socket reads it itself.
    const reader = request.lentBytes && !transport.secure ? memory.openReader() : undefined;
    const socket = openUpstreamSocket(config, host.address, sourceOf(request), reader?.onread);
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      cancelTimer();
    };
    const fail = (failure: "connect-timeout" | "connect-fail", reason?: string) => {
      settle();
      socket.destroy();
      if (request.isLastAttempt) counters.upstream_cx_connect_attempts_exceeded += 1;
      booking.end(failure);
      if (carriesRequest) host.outcomes?.failed(failure === "connect-timeout" ? 504 : 503);
      request.onFailure(failure, host, reason || undefined);
    };
    const cancelTimer = clock.after(config.connectTimeoutMs, () => fail("connect-timeout"));
    const established = (connection: UpstreamConnection) => {
      settle();
      booking.connected();
      if (carriesRequest) {
        host.outcomes?.connectedFinally();
        connections?.add(host, socket);
      }
      request.onConnected(connection);
    };
    const { bufferLimitBytes } = config;
    socket.on("connect", () => {
      if (isSettled) return;
      const context = new DialedContext(host, nextId(), request.downstream, socket);
      const header = transport.header(context);
      const parts = { tls: undefined, header, reader, bufferLimitBytes, traffic: counters, booking };
      if (!transport.secure) return established(new DialedConnection(socket, context, parts));
      // In clear, ahead of the handshake (PP-89).
      if (header) {
        counters.upstream_cx_tx_bytes_total += header.length;
        socket.write(header);
      }
      transport.secure({
        socket,
        context,
        wish: request.http && tlsWish(config.http, request.http),
        onSecured: (secured, tls) => {
          if (isSettled) return;
          established(new DialedConnection(secured, context, { ...parts, tls, header: undefined }));
        },
        onFailure: (reason) => {
          if (!isSettled) fail("connect-fail", reason);
        },
      });
    });
    socket.on("error", (error) => {
      // Errors after the connection is up come with a close, which whoever has the socket listens to.
      if (isSettled) return;
      if (isBindError(error)) counters.bind_errors += 1;
      fail("connect-fail", connectErrorText(error));
    });
    return {
      cancel() {
        if (isSettled) return;
        settle();
        socket.destroy();
        booking.end("cancelled");
      },
    };
  }
}

/** The source address of `upstream_bind_config` could not be taken. */
function isBindError(error: Error): boolean {
  return "syscall" in error && error.syscall === "bind";
}
