import { once } from "node:events";
import { X509Certificate } from "node:crypto";
import type { ConnectionOptions, TLSSocket, TlsOptions } from "node:tls";
import { connect, createServer } from "node:tls";
import { connect as connectPlain } from "node:net";
import type { Issued } from "../kit/certificates.ts";
import { testCa } from "../kit/certificates.ts";
import type { JsonObject, JsonValue } from "../kit/json.ts";
import { within } from "../kit/within.ts";
import { overlay } from "../kit/overlay.ts";
import { any } from "./bootstrap.ts";
import type { Stage } from "./stage.ts";

/** Every certificate of the TLS scenes, made when the first of them is played. */
function makeWorld() {
  const ca = testCa("scene CA");
  const stranger = testCa("another CA");
  const server = ca.issueWith({ names: ["DNS:a.example", "DNS:*.wild.example"], subject: "/CN=server" });
  return {
    ca,
    stranger,
    server,
    rsa: ca.issueWith({ names: ["DNS:a.example"], key: "rsa", subject: "/CN=rsa" }),
    other: ca.issueWith({ names: ["DNS:b.example"], subject: "/CN=other" }),
    unnamed: ca.issueWith({ names: [], subject: "/CN=c.example" }),
    expired: ca.issueWith({ names: ["DNS:a.example"], subject: "/CN=expired", days: -1 }),
    foreign: stranger.issueWith({ names: ["DNS:a.example"], subject: "/CN=foreign" }),
    edge: ca.issueWith({
      names: ["URI:spiffe://fleet/edge", "DNS:edge.example"],
      subject: "/O=Fleet, Inc/CN=edge",
    }),
    proxy: ca.issueWith({ names: ["URI:spiffe://fleet/proxy", "DNS:proxy.example"], subject: "/CN=proxy" }),
    serverOnly: ca.issueWith({
      names: ["DNS:edge.example"],
      subject: "/CN=server only",
      usage: "serverAuth",
    }),
    revokedList: ca.revoke(server),
  };
}

type World = ReturnType<typeof makeWorld>;

/** Gives the same certificates every time, so that both planes are played with them. */
export const world: () => World = (() => {
  let made: World | undefined;
  return () => (made ??= makeWorld());
})();

export function inline(pem: Buffer): JsonObject {
  return { inline_string: pem.toString() };
}

/** `envoy.extensions.transport_sockets.tls.v3.TlsCertificate`. */
export function tlsCertificate({ cert, key }: Issued): JsonObject {
  return { certificate_chain: inline(cert), private_key: inline(key) };
}

export function downstreamTls(common: JsonObject, more: JsonObject = {}): JsonObject {
  const type = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  return { name: "tls", typed_config: any(type, { common_tls_context: common, ...more }) };
}

export function upstreamTls(common: JsonObject, more: JsonObject = {}): JsonObject {
  const type = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
  return { name: "tls", typed_config: any(type, { common_tls_context: common, ...more }) };
}

/** What a client sees of a TLS listener that echoes, or `refused` when its bytes do not come back. `cut` makes segments of what is sent. */
export async function tlsEcho(
  stage: Stage,
  listener: string,
  options: ConnectionOptions = {},
  cut?: (bytes: Buffer, isFirst: boolean) => readonly Buffer[],
): Promise<JsonValue> {
  const port = await stage.listenerPort(listener);
  const below = cut && overlay(connectPlain({ port, host: "127.0.0.1", noDelay: true }), cut);
  const to = below ? { socket: below } : { port, host: "127.0.0.1" };
  const socket = connect({ ...to, rejectUnauthorized: false, ...options });
  try {
    return await within(10_000, "an echo or an end", echoed(socket));
  } finally {
    socket.destroy();
  }
}

function echoed(socket: TLSSocket): Promise<JsonValue> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined); // The close behind it tells.
    socket.once("close", () => resolve("refused"));
    socket.once("end", () => resolve("refused"));
    socket.once("secureConnect", () => socket.write("ping"));
    socket.once("data", (bytes: Buffer) => {
      resolve({
        echo: bytes.toString(),
        version: socket.getProtocol(),
        cipher: socket.getCipher().name,
        alpn: socket.alpnProtocol,
        shown: socket.getPeerX509Certificate()?.subject ?? "",
      });
    });
  });
}

/** Sends an HTTP/1 request over TLS and gives the lines of the one answer, whose body is what the upstream got. */
export async function tlsExchange(
  stage: Stage,
  listener: string,
  request: string,
  options: ConnectionOptions,
): Promise<JsonValue> {
  const port = await stage.listenerPort(listener);
  const socket = connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    servername: "a.example",
    ...options,
  });
  try {
    return await within(10_000, "an answer", answered(socket, request));
  } finally {
    socket.destroy();
  }
}

function answered(socket: TLSSocket, request: string): Promise<JsonValue> {
  return new Promise((resolve, reject) => {
    let text = "";
    socket.on("error", reject);
    socket.once("secureConnect", () => socket.write(request));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      const headEnd = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      const isChunked = /transfer-encoding: chunked/i.test(text);
      const isWhole = isChunked ? text.endsWith("\r\n0\r\n\r\n") : text.length >= headEnd + 4 + length;
      if (headEnd >= 0 && isWhole) resolve(text.split("\r\n"));
    });
  });
}

/** An HTTP/1 server over TLS that answers with what it knows of the connection, one request a connection. */
export interface TlsUpstream extends AsyncDisposable {
  readonly port: number;
}

export async function startTlsUpstream(shown: Issued, options: TlsOptions = {}): Promise<TlsUpstream> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ ...shown, ...options }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // A client that breaks off is none of the outcome's business.
    socket.once("data", () => {
      const facts = {
        version: socket.getProtocol(),
        alpn: socket.alpnProtocol,
        // Node's types leave it out.
        serverName: Reflect.get(socket, "servername"),
        client: clientName(socket),
      };
      const body = JSON.stringify(facts);
      socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
  });
  server.on("tlsClientError", () => undefined); // What the client saw of it is the outcome.
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function clientName(socket: TLSSocket): string {
  const { raw } = socket.getPeerCertificate();
  return raw ? new X509Certificate(raw).subject : "none";
}
