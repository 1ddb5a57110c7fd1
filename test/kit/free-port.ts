import { createServer } from "node:net";
import { once } from "node:events";

/**
 * A TCP port of the address that is free at the moment, for peers that cannot be given port 0. Somebody may take it before the peer
 * does, so start such a peer through `withFreePort`.
 */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new Error("a TCP server has an address with a port");
  return address.port;
}

/** Starts something on a free port; when that fails, three more times on others. The last error is thrown. */
export async function withFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}
