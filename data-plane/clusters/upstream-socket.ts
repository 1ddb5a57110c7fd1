import {
  connect,
  type IpcNetConnectOpts,
  type OnReadOpts,
  type Socket,
  type TcpNetConnectOpts,
} from "node:net";
import type { Address } from "../network/address.ts";
import { formatHost } from "../network/address.ts";
import type { ClusterConfig } from "../resources/cluster.ts";

/**
 * Options without a prototype. Node copies them and adds to the copy. Of an ordinary object V8 makes each such copy a shape of its own,
 * and looks all that is read of it up the slow way: 3 µs of a connection.
 */
type Bare<Options> = Options & { __proto__: null };

/** Begins to connect to a host, from `source` where there is one. */
export function openUpstreamSocket(
  { bind, keepAliveMs }: Pick<ClusterConfig, "bind" | "keepAliveMs">,
  address: Address,
  source: Address | undefined,
  onread: OnReadOpts | undefined,
): Socket {
  if (address.family === "pipe") {
    const pipe: Bare<IpcNetConnectOpts> = {
      __proto__: null,
      path: address.path,
      allowHalfOpen: true,
      onread,
    };
    return connect(pipe);
  }
  const options: Bare<TcpNetConnectOpts> = {
    __proto__: null,
    host: address.address,
    port: address.port,
    allowHalfOpen: true,
    noDelay: true,
    onread,
  };
  if (keepAliveMs !== undefined) {
    options.keepAlive = true;
    options.keepAliveInitialDelay = keepAliveMs;
  }
  if (source) options.localAddress = formatHost(source);
  else if (bind) {
    options.localAddress = bind.address;
    options.localPort = bind.port;
  }
  return connect(options);
}
