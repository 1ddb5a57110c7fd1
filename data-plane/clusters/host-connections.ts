import type { Socket } from "node:net";
import type { ClusterHost } from "./cluster-host.ts";

/** The TCP connections to each host, so that they can be ended together (`close_connections_on_host_health_failure`). */
export class HostConnections {
  readonly #byHost = new Map<string, Set<Socket>>();

  /** Holds the connection until it closes. */
  add({ key }: ClusterHost, socket: Socket): void {
    const sockets = this.#byHost.get(key) ?? new Set();
    this.#byHost.set(key, sockets.add(socket));
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#byHost.get(key) === sockets) this.#byHost.delete(key);
    });
  }

  /** Ends every connection to the host now. */
  close({ key }: ClusterHost): void {
    for (const socket of this.#byHost.get(key) ?? []) socket.destroy();
  }
}
