import type { Address } from "../../network/address.ts";
import { HeaderList } from "../../network/header-list.ts";
import type { StreamRequest, UpstreamStream } from "../../network/http-stream.ts";
import type { ConnectAttempt, Host, Upstream, UpstreamConnection } from "../../network/upstream.ts";
import { failureOfRequest } from "../../network/upstream.ts";

/** Opens a TCP connection for a CONNECT that ends here (`connect_config`): what follows the request goes on as it is. */
export function openTunnel(upstream: Upstream, request: StreamRequest): ConnectAttempt {
  const { info, downstream, source, hash, metadataMatch, isUnwanted, maxChoices } = request;
  return upstream.connect({
    info,
    downstream,
    source,
    hash,
    metadataMatch,
    isUnwanted,
    maxChoices,
    isLastAttempt: false,
    onConnected: (connection) => request.onReady(new ConnectTunnel(connection, request)),
    onFailure: (failure) => request.onFailure(failureOfRequest(failure)),
  });
}

/** A TCP connection to an upstream, as the answer to a CONNECT: 200, and then bytes. */
class ConnectTunnel implements UpstreamStream {
  readonly host: Host;
  readonly local: Address;
  readonly protocol = "HTTP/1.1";
  readonly #connection: UpstreamConnection;
  readonly #request: StreamRequest;
  #isOver = false;

  constructor(connection: UpstreamConnection, request: StreamRequest) {
    this.#connection = connection;
    this.#request = request;
    this.host = connection.host;
    this.local = connection.local;
    const { socket, traffic } = connection;
    socket.on("data", (data: Buffer) => {
      traffic.upstream_cx_rx_bytes_total += data.length;
      if (!this.#isOver) request.onData(data);
    });
    // The answer is whole: the connection has served, and it is this side that closes it.
    socket.on("end", () => this.#finish("local", () => request.onEnd(undefined)));
    socket.on("close", () => this.#finish("remote", () => request.onReset("connection-termination")));
    socket.on("drain", () => {
      if (!this.#isOver) request.onDrain();
    });
    socket.pause();
  }

  sendHead(): void {
    const { header } = this.#connection;
    if (header) this.sendData(header);
    this.#request.onHead(200, new HeaderList(), false);
    if (!this.#isOver) this.#connection.socket.resume();
  }

  sendData(data: Buffer): boolean {
    const { socket, traffic, bufferLimitBytes } = this.#connection;
    traffic.upstream_cx_tx_bytes_total += data.length;
    return socket.write(data) || socket.writableLength <= bufferLimitBytes;
  }

  end(): void {
    this.#connection.socket.end();
  }

  pause(): void {
    this.#connection.traffic.upstream_flow_control_paused_reading_total += 1;
    this.#connection.socket.pause();
  }

  resume(): void {
    this.#connection.traffic.upstream_flow_control_resumed_reading_total += 1;
    this.#connection.socket.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.release("local");
    this.#connection.socket.destroy();
  }

  /** The upstream ended it. */
  #finish(by: "local" | "remote", tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.release(by);
    this.#connection.socket.destroy();
    tell();
  }
}
