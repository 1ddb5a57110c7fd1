import { once } from "node:events";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { connect } from "node:tls";
import type { Issued } from "../../kit/certificates.ts";
import { within } from "../../kit/within.ts";

const types = "type.googleapis.com/envoy.extensions.transport_sockets";

/** `{certificate_chain: …, private_key: …}` with everything inline. */
export function certificateYaml({ cert, key }: Issued): string {
  return `{certificate_chain: ${inline(cert)}, private_key: ${inline(key)}}`;
}

/** A DataSource that holds these bytes. */
export function inline(bytes: Buffer): string {
  return `{inline_bytes: ${bytes.toString("base64")}}`;
}

/** The field `transport_socket` of a filter chain. */
export function downstreamTlsYaml(common: string, more = ""): string {
  return `transport_socket: {name: tls, typed_config: {"@type": ${types}.tls.v3.DownstreamTlsContext, common_tls_context: {${common}}, ${more}}}`;
}

/** The end of a handshake that a client tried. */
export type Handshake =
  | { readonly kind: "secured"; readonly socket: TLSSocket }
  | { readonly kind: "failed"; readonly error: string };

/** Tries a handshake with a port of loopback, whatever the server's certificate is. The caller destroys the socket. */
export async function shakeHands(port: number, options: ConnectionOptions = {}): Promise<Handshake> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  return within(
    10_000,
    "the handshake ends",
    new Promise((resolve) => {
      socket.once("secureConnect", () => resolve({ kind: "secured", socket }));
      socket.on("error", (error) =>
        resolve({ kind: "failed", error: "code" in error ? String(error.code) : error.message }),
      );
      socket.once("close", () => resolve({ kind: "failed", error: "closed" }));
    }),
  );
}

/** A client whose handshake has succeeded. */
export async function securedClient(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const handshake = await shakeHands(port, options);
  if (handshake.kind === "failed") throw new Error(`handshake failed: ${handshake.error}`);
  return handshake.socket;
}

/** Everything until the end of stream. */
export async function readAll(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await within(10_000, "the stream ends", once(socket, "end"));
  return Buffer.concat(chunks).toString();
}
