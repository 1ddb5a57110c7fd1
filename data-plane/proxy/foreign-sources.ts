import { createSocket, type SocketType } from "node:dgram";
import { once } from "node:events";
import type { ForeignSources } from "../resources/extension.ts";

/**
 * Finds out whether this host lets a process connect from an address that is nobody's (RFC 5737, RFC 3849). A datagram socket tells: the
 * kernel makes the checks of `bind` and `connect` at once, and nothing goes out.
 */
export async function findForeignSources(): Promise<ForeignSources> {
  const [IPv4, IPv6] = await Promise.all([
    allows("udp4", "192.0.2.1", "127.0.0.1"),
    allows("udp6", "2001:db8::1", "::1"),
  ]);
  return { IPv4, IPv6 };
}

async function allows(type: SocketType, source: string, target: string): Promise<boolean> {
  const socket = createSocket(type);
  try {
    // In a worker of a cluster the primary would bind it otherwise.
    socket.bind({ address: source, port: 0, exclusive: true });
    await once(socket, "listening");
    socket.connect(9, target);
    await once(socket, "connect");
    return true;
  } catch {
    // EADDRNOTAVAIL, ENETUNREACH, no such family at all: whichever it is, it cannot be done.
    return false;
  } finally {
    socket.close();
  }
}
