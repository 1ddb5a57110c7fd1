import type { Socket } from "node:net";
import type { Address } from "../network/address.ts";
import { endpointAddress } from "../network/address.ts";
import type { ProxyProtocolState } from "../network/connection-info.ts";
import type { LentReader, TakeBytes } from "../network/read-memory.ts";
import type { TlsConnection } from "../network/tls-connection.ts";
import type { Host, UpstreamConnection, UpstreamContext } from "../network/upstream.ts";
import type { Booking } from "./connection-books.ts";

// Both are classes for the sake of `local`, which is asked of the kernel when somebody reads it. As a getter in an object literal, V8
// would make each of them a shape of its own, in memory that only a full garbage collection frees together with the connection.

/** What transport sockets are told of an upstream connection. */
export class DialedContext implements UpstreamContext {
  readonly host: Host;
  readonly connectionId: number;
  readonly downstream: ProxyProtocolState | undefined;
  readonly #socket: Socket;

  constructor(host: Host, connectionId: number, downstream: ProxyProtocolState | undefined, socket: Socket) {
    this.host = host;
    this.connectionId = connectionId;
    this.downstream = downstream;
    this.#socket = socket;
  }

  get local(): Address {
    return endpointAddress(this.#socket.localAddress, this.#socket.localPort);
  }
}

/** What an upstream connection is made of, beside its socket and its context. */
interface ConnectionParts {
  readonly tls: TlsConnection | undefined;
  readonly header: Buffer | undefined;
  /** Reads in place of the socket's own events. */
  readonly reader: LentReader | undefined;
  readonly bufferLimitBytes: number;
  readonly traffic: UpstreamConnection["traffic"];
  readonly booking: Booking;
}

/** An upstream connection that is up, as it is given to who asked for it. */
export class DialedConnection implements UpstreamConnection {
  readonly socket: Socket;
  readonly host: Host;
  readonly tls: TlsConnection | undefined;
  readonly header: Buffer | undefined;
  readonly bufferLimitBytes: number;
  readonly traffic: UpstreamConnection["traffic"];
  readonly #context: UpstreamContext;
  readonly #reader: LentReader | undefined;
  readonly #booking: Booking;

  constructor(socket: Socket, context: UpstreamContext, parts: ConnectionParts) {
    this.socket = socket;
    this.host = context.host;
    this.tls = parts.tls;
    this.header = parts.header;
    this.bufferLimitBytes = parts.bufferLimitBytes;
    this.traffic = parts.traffic;
    this.#context = context;
    this.#reader = parts.reader;
    this.#booking = parts.booking;
  }

  get local(): Address {
    return this.#context.local;
  }

  startReading(take: TakeBytes): void {
    if (this.#reader) this.#reader.start(take);
    else this.socket.on("data", take);
  }

  release(by: "local" | "remote", isBusy?: boolean): void {
    this.#booking.end(by, isBusy);
  }
}
