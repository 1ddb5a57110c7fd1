import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { removePipe } from "../listeners/binding.ts";
import type { Address } from "../network/address.ts";
import { endpointAddress } from "../network/address.ts";
import type { AdminReply } from "./admin-route.ts";

/** A running admin endpoint. */
export interface AdminServer extends AsyncDisposable {
  /** With the port that the system chose. */
  readonly address: Address;
  close(): Promise<void>;
}

/** Answers a request; `target` is its path with the query. */
export type AdminAnswer = (method: string, target: string) => AdminReply | Promise<AdminReply>;

const contentTypes = {
  text: "text/plain; charset=UTF-8",
  json: "application/json",
  html: "text/html; charset=UTF-8",
} as const;

/**
 * Opens the admin endpoint at an address of the bootstrap. It answers from the first moment (XC-12) and has no authentication, as
 * Envoy's has none: the address is what protects it.
 *
 * @throws Error of the system when the address cannot be bound
 */
export async function startAdminServer(address: Address, answer: AdminAnswer): Promise<AdminServer> {
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = "GET", url = "/" } = request;
    // Draining the body keeps the connection usable; no path reads one.
    request.resume();
    const reply = isCrossSite(request)
      ? { status: 403, type: "text" as const, body: "requests of other sites are refused\n" }
      : await answer(method, url);
    response.writeHead(reply.status, {
      "content-type": contentTypes[reply.type],
      "content-length": Buffer.byteLength(reply.body),
      "cache-control": "no-cache, max-age=0",
      "x-content-type-options": "nosniff",
    });
    response.end(method === "HEAD" ? undefined : reply.body);
  };
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  if (address.family === "pipe") await removePipe(address.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(
      address.family === "pipe" ? { path: address.path } : { host: address.address, port: address.port },
      () => {
        server.off("error", reject);
        resolve();
      },
    );
  });
  const bound = server.address();
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    address:
      typeof bound === "string" || bound === null ? address : endpointAddress(bound.address, bound.port),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A page in a browser must not be able to stop a proxy on its reader's machine. */
function isCrossSite({ headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  return site !== undefined && site !== "same-origin" && site !== "none";
}
