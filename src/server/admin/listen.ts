import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import type { ListenAddress } from "../listen-address.ts";

/** The admin API on a socket. */
export interface AdminServer {
  readonly address: ListenAddress;
  /** Stops accepting and resolves when the last request has ended; event streams end with the app's signal. */
  close(): Promise<void>;
}

/** How long a client may take to send its request, and how many clients there may be. */
const limits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  connections: 1000,
  headerMaxBytes: 16 * 1024,
};

/** Resolves once the socket listens; rejects with the system's error. */
export async function listenAdmin(app: Hono, address: ListenAddress): Promise<AdminServer> {
  const answer = getRequestListener(app.fetch);
  const server = createServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      maxHeaderSize: limits.headerMaxBytes,
      connectionsCheckingInterval: 5000,
    },
    // The listener answers its own errors, so its promise does not reject.
    (request, response) => void answer(request, response),
  );
  server.maxConnections = limits.connections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  return {
    address: { host: address.host, port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}
