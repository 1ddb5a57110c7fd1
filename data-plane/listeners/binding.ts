import { createServer, type Socket } from "node:net";
import { endpointAddress, formatAddress, type Address } from "../network/address.ts";
import type { ListenerConfig } from "../resources/listener.ts";

/** A listening socket. It outlives the versions of a listener that use it, so that an update leaves no gap (XC-42). */
export interface Binding {
  /** As configured: port 0 stays 0. */
  readonly configured: Address;
  /** With the port that the system chose. */
  readonly address: Address;
  /** Who gets the connections from now on. */
  serve(handler: (socket: Socket) => void): void;
  /** Stops listening; new clients are refused at once, accepted connections stay. Idempotent. */
  close(): void;
}

/** Envoy's words for what the operating system answers. */
const errorTexts: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "Address already in use"],
  ["EACCES", "Permission denied"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
]);

/** Binds a listener's address, or gives the reason in Envoy's words (XC-45). */
export function bind(config: ListenerConfig): Promise<Binding | { readonly reason: string }> {
  const { address, isDualStack, backlog } = config;
  let handler = refuseConnection;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => handler(socket));
  return new Promise((resolve) => {
    server.once("error", (error) => {
      const code = "code" in error ? String(error.code) : "";
      resolve({
        reason: `cannot bind '${formatAddress(address)}': ${errorTexts.get(code) ?? error.message}`,
      });
    });
    const options =
      address.family === "pipe"
        ? { path: address.path, backlog }
        : { host: address.address, port: address.port, backlog, ipv6Only: !isDualStack };
    server.listen(options, () => {
      const bound = server.address();
      const isPipe = typeof bound === "string" || bound === null;
      resolve({
        configured: address,
        address: isPipe ? address : endpointAddress(bound.address, bound.port),
        serve(next) {
          handler = next;
        },
        close() {
          if (server.listening) server.close();
        },
      });
    });
  });
}

/** Nobody serves yet. */
function refuseConnection(socket: Socket): void {
  socket.destroy();
}
