import { once } from "node:events";
import { connect, createSecureServer, type ServerHttp2Session } from "node:http2";
import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { within } from "../../kit/within.ts";
import { any, bootstrap, cluster, connectionManager, listener, route } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { downstreamTls, inline, tlsCertificate, tlsExchange, upstreamTls, world } from "../tls-world.ts";

interface Http2Upstream extends AsyncDisposable {
  readonly port: number;
}

interface Upstreams {
  readonly h2: Http2Upstream;
  readonly [name: string]: Http2Upstream;
}

/** An HTTP/2 server over TLS, which takes nothing but `h2`, and answers with what it got. */
async function startHttp2Upstream(): Promise<Http2Upstream> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer(world().server, (request, response) => {
    const { ":scheme": scheme, ":authority": authority, ":path": path } = request.headers;
    response.end(JSON.stringify({ scheme, authority, path, version: request.httpVersion }));
  });
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function http2Scene(rig: Rig<Upstreams>): JsonObject {
  const { ca, server } = world();
  const chain = (name: string, alpn: readonly string[]) =>
    listener(name, [], {
      filter_chains: [
        {
          filters: [connectionManager([route("/h2/", "h2"), route("/", "http")])],
          transport_socket: downstreamTls({
            tls_certificates: [tlsCertificate(server)],
            alpn_protocols: alpn,
          }),
        },
      ],
    });
  const type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const trust = { validation_context: { trusted_ca: inline(ca.cert) } };
  return bootstrap(
    [chain("both", ["h2", "http/1.1"]), chain("old", ["http/1.1"]), chain("none", [])],
    [
      cluster("http", rig.http.port),
      cluster("h2", rig.more.h2.port, {
        transport_socket: upstreamTls(trust, { sni: "a.example" }),
        typed_extension_protocol_options: {
          [type]: any(type, { explicit_http_config: { http2_protocol_options: {} } }),
        },
      }),
    ],
  );
}

/** A request over HTTP/2 with TLS: status and body. */
async function overHttp2(stage: Stage, name: string, path: string): Promise<JsonValue> {
  const port = await stage.listenerPort(name);
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    servername: "a.example",
  });
  // Without a common protocol Node ends the session with an error, and that is the outcome.
  const failed = once(session, "close").then(() => "closed");
  session.on("error", () => undefined);
  const answered = (async () => {
    const stream = session.request({ ":path": path, ":authority": "a.example" });
    stream.on("error", () => undefined);
    const [headers] = await once(stream, "response");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { status: headers[":status"], lines: Buffer.concat(chunks).toString().split("\r\n") };
  })().catch(() => "closed");
  try {
    return await within(10_000, "an answer or an end", Promise.race([answered, failed]));
  } finally {
    session.destroy();
  }
}

const http1 = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a.example\r\n\r\n`;

export const scenes: readonly Scene[] = [
  sceneWith(async () => ({ h2: await startHttp2Upstream() }), {
    area: "tls",
    name: "HTTP/2",
    bootstrap: http2Scene,
    cases: {
      "HTTP/2 by ALPN": (stage) => overHttp2(stage, "both", "/"),
      "HTTP/2 by ALPN, and to the upstream too": (stage) => overHttp2(stage, "both", "/h2/"),
      "HTTP/1.1 by ALPN": (stage) => tlsExchange(stage, "both", http1("/"), { ALPNProtocols: ["http/1.1"] }),
      "HTTP/1.1 without ALPN": (stage) => tlsExchange(stage, "both", http1("/"), {}),
      "HTTP/1.1 to an upstream of HTTP/2": (stage) => tlsExchange(stage, "both", http1("/h2/"), {}),
      "a client that wants HTTP/2 alone, where ALPN offers none": (stage) => overHttp2(stage, "old", "/"),
      "a client that speaks HTTP/2 where there is no ALPN": (stage) => overHttp2(stage, "none", "/"),
    },
  }),
];
