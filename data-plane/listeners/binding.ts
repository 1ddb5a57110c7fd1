import { chmod, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { endpointAddress, formatAddress, type Address } from "../network/address.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { ListenerConfig } from "../resources/listener.ts";
import { AcceptBatch } from "./accept-batch.ts";

/** Takes an accepted socket, which is paused; `local` where the kernel need not be asked for the name of this end, or has none, as on a pipe. */
export type AcceptSocket = (socket: Socket, local?: Address) => void;

/** The listening sockets of a listener. They outlive its versions that use them, so that an update leaves no gap (XC-42). */
export interface Binding {
  /** In the order of the configuration, with the ports that the system chose. */
  readonly addresses: readonly Address[];
  /** Who gets the connections from now on. */
  serve(handler: AcceptSocket): void;
  /** Stops listening; new clients are refused at once, accepted connections stay. Idempotent. */
  close(): void;
}

/** Envoy's words for what the operating system answers. */
const errorTexts: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "Address already in use"],
  ["EACCES", "Permission denied"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
]);

/** Makes the path of a pipe free. */
export type ClearPipe = (path: string) => Promise<void>;

/** As in Envoy: what is in the way of a pipe, as a process that died leaves it, is removed. */
export async function removePipe(path: string): Promise<void> {
  // What cannot be removed shows when the address is bound.
  await rm(path, { force: true }).catch(() => undefined);
}

/** Binds all addresses of a listener, or none and gives the reason in Envoy's words (XC-45). */
export async function bind(
  config: ListenerConfig,
  clearPipe: ClearPipe,
  clock: Pick<Clock, "monotonic">,
): Promise<Binding | { readonly reason: string }> {
  let handler: AcceptSocket = refuseConnection;
  const servers: Server[] = [];
  const addresses: Address[] = [];
  const close = () => {
    for (const server of servers) if (server.listening) server.close();
  };
  for (const listen of config.addresses) {
    const { address } = listen;
    let local: Address | undefined;
    const batch = new AcceptBatch<Socket>({
      clock,
      later: setImmediate,
      handOn(socket) {
        // Node does so itself with a socket that is not paused from the start.
        socket.read(0);
        handler(socket, local);
      },
    });
    const server = createServer(
      {
        allowHalfOpen: true,
        noDelay: true,
        // While it waits, nothing is read, and so nothing of it can break.
        pauseOnConnect: true,
        ...(config.keepAliveMs !== undefined && {
          keepAlive: true,
          keepAliveInitialDelay: config.keepAliveMs,
        }),
      },
      (socket) => {
        // Asked for now, and remembered by the socket: of a connection that has broken meanwhile the kernel does not know it any more.
        void socket.remoteAddress;
        batch.add(socket);
      },
    );
    if (address.family === "pipe") await clearPipe(address.path);
    const bound = await open(server, listen, config.backlog);
    if ("reason" in bound) {
      close();
      return bound;
    }
    // Connections have the name of the listener, which an accepted end of a pipe does not know, unless it listens on all addresses.
    if (!isWildcard(bound)) local = bound;
    servers.push(server);
    addresses.push(bound);
  }
  return {
    addresses,
    serve(next) {
      handler = next;
    },
    close,
  };
}

async function open(
  server: Server,
  { address, isDualStack, pipeMode }: ListenerConfig["addresses"][number],
  backlog: number,
): Promise<Address | { readonly reason: string }> {
  const failure = await new Promise<Error | undefined>((resolve) => {
    server.once("error", resolve);
    const options =
      address.family === "pipe"
        ? { path: address.path, backlog }
        : { host: address.address, port: address.port, backlog, ipv6Only: !isDualStack };
    server.listen(options, () => resolve(undefined));
  });
  if (failure) {
    const code = "code" in failure ? String(failure.code) : "";
    return {
      reason: `cannot bind '${formatAddress(address)}': ${errorTexts.get(code) ?? failure.message}`,
    };
  }
  if (address.family === "pipe" && pipeMode !== 0) await chmod(address.path, pipeMode);
  const bound = server.address();
  return typeof bound === "string" || bound === null ? address : endpointAddress(bound.address, bound.port);
}

function isWildcard(bound: Address): boolean {
  return bound.family !== "pipe" && (bound.address === "0.0.0.0" || bound.address === "::");
}

/** Nobody serves yet. */
function refuseConnection(socket: Socket): void {
  socket.destroy();
}
