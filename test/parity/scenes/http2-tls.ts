import { once } from "node:events";
import * as http2 from "node:http2";
import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { any, bootstrap, cluster, connectionManager, listener, route } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { type Scene, sceneWith } from "../scene.ts";
import type { Stage } from "../stage.ts";
import { downstreamTls, inline, tlsCertificate, tlsExchange, upstreamTls, world } from "../tls-world.ts";

/** An upstream that says what was spoken to it. */
interface SpokenUpstream extends AsyncDisposable {
  readonly port: number;
}

interface Upstreams {
  readonly [name: string]: SpokenUpstream;
  readonly both: SpokenUpstream;
  readonly old: SpokenUpstream;
}

/** `ALPNProtocols`: what it takes. */
async function startSpoken(...ALPNProtocols: readonly string[]): Promise<SpokenUpstream> {
  const { server: shown } = world();
  const options = { ...shown, allowHTTP1: true, ALPNProtocols: [...ALPNProtocols] };
  const server = http2.createSecureServer(options, (request, response) => {
    response.setHeader("x-spoken", request.httpVersion);
    response.end("hello");
  });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const session of sessions) session.destroy();
      await once(server, "close");
    },
  };
}

function tlsBootstrap({ more, http }: Rig<Upstreams>): JsonObject {
  const { ca, proxy } = world();
  const trusted = { validation_context: { trusted_ca: inline(ca.cert) } };
  const options = (protocol: JsonObject): JsonObject => ({
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        protocol,
      ),
    },
    transport_socket: upstreamTls(trusted, { sni: "a.example" }),
  });
  const auto = options({ auto_config: {} });
  const routes = [route("/auto", "auto"), route("/old", "old"), route("/two", "two"), route("/", "http")];
  const secured = (name: string, alpn: readonly string[], manager: JsonObject = {}) =>
    listener(name, [], {
      filter_chains: [
        {
          filters: [connectionManager(routes, manager)],
          transport_socket: downstreamTls({
            tls_certificates: [tlsCertificate(proxy)],
            alpn_protocols: [...alpn],
          }),
        },
      ],
    });
  return bootstrap(
    [
      listener("in", [connectionManager(routes)]),
      secured("both", ["h2", "http/1.1"]),
      secured("none", []),
      secured("old", ["http/1.1"]),
    ],
    [
      cluster("http", http.port),
      cluster("auto", more.both.port, auto),
      cluster("old", more.old.port, auto),
      cluster("two", more.both.port, options({ explicit_http_config: { http2_protocol_options: {} } })),
    ],
  );
}

/** A request over TLS by HTTP/2 of Node; how it went. */
async function overHttp2(stage: Stage, name: string, path: string): Promise<JsonValue> {
  const client = http2.connect(`https://127.0.0.1:${await stage.listenerPort(name)}`, {
    rejectUnauthorized: false,
  });
  try {
    const failed = once(client, "error");
    const stream = client.request({ ":path": path });
    stream.on("error", () => undefined); // The session's own error tells.
    const answered = once(stream, "response");
    return await Promise.race([
      answered.then(([headers]: readonly http2.IncomingHttpHeaders[]) =>
        [headers?.[":status"] ?? 0, headers?.["x-spoken"] ?? ""].join(" "),
      ),
      failed.then(() => "failed"),
    ]);
  } finally {
    client.destroy();
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

export const scenes: readonly Scene[] = [
  sceneWith<Upstreams>(
    async () => ({ both: await startSpoken("h2", "http/1.1"), old: await startSpoken("http/1.1") }),
    {
      area: "http2",
      name: "ALPN",
      bootstrap: tlsBootstrap,
      cases: {
        "h2 is spoken where both want it": async (stage) => overHttp2(stage, "both", "/"),
        "a client that offers HTTP/1.1 only": async (stage) =>
          tlsExchange(stage, "both", get("/"), { ALPNProtocols: ["http/1.1"] }),
        "a client that offers nothing": async (stage) => tlsExchange(stage, "both", get("/"), {}),
        "h2 is not spoken where ALPN is not configured": async (stage) => overHttp2(stage, "none", "/"),
        "auto_config: an upstream of both gets HTTP/2": async (stage) => {
          const pattern = "^cluster\\.auto\\.upstream_cx_http";
          const counted = await stage.counted(pattern, async () => stage.exchange(get("/auto")));
          const { lines } = await stage.exchange(get("/auto"));
          return { counted, lines: [...lines] };
        },
        "auto_config: an upstream of HTTP/1.1 alone gets that": async (stage) => {
          const pattern = "^cluster\\.old\\.upstream_cx_http";
          const counted = await stage.counted(pattern, async () => stage.exchange(get("/old")));
          return { counted, answer: (await stage.exchange(get("/old"))).lines.includes("x-spoken: 1.1") };
        },
        "explicit HTTP/2 over TLS": async (stage) =>
          (await stage.exchange(get("/two"))).lines.includes("x-spoken: 2.0"),
        "HTTP/2 on both sides over TLS": async (stage) => overHttp2(stage, "both", "/two"),
      },
    },
  ),
];
