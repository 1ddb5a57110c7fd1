import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import type { SocketAddress } from "../../base/ip-address.ts";
import type { Sighting } from "./upstream.ts";

/** Where the made-up client thinks that it connected to; an address kept for documentation (RFC 5737). */
const destination = "198.51.100.7";

/**
 * Sends one request as a load balancer would: a PROXY line that says who the client is, then the request. Resolves to
 * what the upstream at the far end saw; rejects when the connection ends before an answer, or at the signal.
 */
export async function requestAs(
  client: SocketAddress,
  edge: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Sighting> {
  const socket = connect(edge.port, edge.host);
  // The waits below tell of errors; one that comes after the signal ended them has nobody left to tell.
  socket.on("error", () => socket.destroy());
  const destroy = () => socket.destroy();
  signal.addEventListener("abort", destroy, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", destroy));
  await once(socket, "connect", { signal });
  const protocol = client.family === "IPv4" ? "TCP4" : "TCP6";
  const dialled = client.family === "IPv4" ? destination : "2001:db8::7";
  socket.write(`PROXY ${protocol} ${client.address} ${dialled} ${client.port} 443\r\n`);
  const call = request({ createConnection: () => socket, path: "/", signal });
  call.end();
  const [response] = await once(call, "response");
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}
