import type { SessionMode } from "../../data-plane/xds-client/session.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { connectTo } from "../kit/scripted-client.ts";

/** What every scenario is played with: both data planes, and both ways of xDS. */
export const dataPlanes = [
  { plane: "Envoy", start: startEnvoy, options: needs("envoy") },
  { plane: "chancery proxy", start: startBundledProxy, options: {} },
] as const;

export const modes = ["sotw", "delta"] as const satisfies readonly SessionMode[];

/**
 * Sends an HTTP request through a listener that writes a PROXY header, and gives what the reader at the other end says that it found
 * in it, less the two addresses that are asserted here: this client's, and the listener's.
 */
export async function headerSeenThrough(port: number): Promise<string> {
  await using client = await connectTo(port);
  client.write("GET / HTTP/1.0\r\n\r\n");
  const found = /\r\n\r\n(.+)$/;
  const answer = await client.receivedThat((bytes) => found.test(bytes.toString("latin1")));
  const [, addresses = ""] = found.exec(answer.toString("latin1")) ?? [];
  const expected = `127.0.0.1 ${client.localPort} 127.0.0.1 ${port}`;
  if (!addresses.startsWith(expected)) throw new Error(`the header says ${addresses}, expected ${expected}`);
  return addresses.slice(expected.length).trim();
}
