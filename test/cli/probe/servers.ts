import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { testCa } from "../../kit/certificates.ts";
import type { JsonObject } from "../../kit/json.ts";

/** A server of one kind on a port of 127.0.0.1; it is gone when the scope ends. */
export interface ProbedServer extends AsyncDisposable {
  readonly port: number;
}

async function listen(server: Server): Promise<ProbedServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    // A probe leaves in the middle of what servers say.
    socket.on("error", () => socket.destroy());
    sockets.add(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: address !== null && typeof address === "object" ? address.port : 0,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export async function plainHttp(): Promise<ProbedServer> {
  return listen(createHttpServer((_request, response) => response.end("hello")));
}

export async function plainTls(): Promise<ProbedServer> {
  const { cert, key } = testCa().issue("DNS:localhost");
  const server = createTlsServer({ cert, key });
  // What is no ClientHello ends here.
  server.on("tlsClientError", () => undefined);
  return listen(server);
}

export async function silent(): Promise<ProbedServer> {
  return listen(createServer((socket) => socket.resume()));
}

export async function echo(): Promise<ProbedServer> {
  return listen(createServer((socket) => socket.pipe(socket)));
}

/** Says `banner` first, and then what `answer` has to each line; undefined ends the connection. */
async function lineServer(
  banner: string,
  answer: (line: string) => string | undefined,
): Promise<ProbedServer> {
  return listen(
    createServer((socket) => {
      let rest = "";
      if (banner !== "") socket.write(banner);
      socket.on("data", (bytes) => {
        const lines = (rest + bytes.toString("latin1")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const said = answer(line.trim());
          if (said === undefined) return socket.end();
          if (said !== "") socket.write(said);
        }
        return undefined;
      });
    }),
  );
}

/** The banner has the time in it, as those of mail servers do. */
export async function smtp(): Promise<ProbedServer> {
  return lineServer(`220 mail.example ESMTP ${performance.now()}\r\n`, (line) =>
    line === "QUIT" ? undefined : "500 5.5.1 unrecognized command\r\n",
  );
}

/** Redis says nothing first, and leaves a client that speaks HTTP. */
export async function redis(): Promise<ProbedServer> {
  return lineServer("", (line) => {
    if (line === "") return "";
    if (/^(?:Host:|POST)/.test(line)) return undefined;
    return line === "QUIT" ? "+OK\r\n" : `-ERR unknown command '${line.split(" ")[0]}'\r\n`;
  });
}

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;

/** An Envoy whose listener has these settings of the filter, and answers by itself or through `upstream`. */
export function envoyReader(
  reader: JsonObject | undefined,
  more: { readonly upstreamPort?: number; readonly tls?: boolean } = {},
): JsonObject {
  const http = {
    name: "http",
    typed_config: {
      "@type": type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
      stat_prefix: "in",
      route_config: {
        virtual_hosts: [
          {
            name: "all",
            domains: ["*"],
            routes: [{ match: { prefix: "/" }, direct_response: { status: 204 } }],
          },
        ],
      },
      http_filters: [{ name: "router", typed_config: { "@type": type("filters.http.router.v3.Router") } }],
    },
  };
  const tcp = {
    name: "tcp",
    typed_config: {
      "@type": type("filters.network.tcp_proxy.v3.TcpProxy"),
      stat_prefix: "in",
      cluster: "upstream",
    },
  };
  const { cert, key } = testCa().issue("DNS:localhost");
  const tls = {
    name: "tls",
    typed_config: {
      "@type": type("transport_sockets.tls.v3.DownstreamTlsContext"),
      common_tls_context: {
        tls_certificates: [
          {
            certificate_chain: { inline_string: cert.toString() },
            private_key: { inline_string: key.toString() },
          },
        ],
      },
    },
  };
  const filter = {
    name: "proxy_protocol",
    typed_config: { "@type": type("filters.listener.proxy_protocol.v3.ProxyProtocol"), ...reader },
  };
  const endpoint = {
    address: { socket_address: { address: "127.0.0.1", port_value: more.upstreamPort ?? 1 } },
  };
  return {
    static_resources: {
      listeners: [
        {
          name: "in",
          address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
          ...(reader && { listener_filters: [filter] }),
          filter_chains: [
            {
              filters: [more.upstreamPort === undefined ? http : tcp],
              ...(more.tls && { transport_socket: tls }),
            },
          ],
        },
      ],
      clusters: [
        {
          name: "upstream",
          type: "STATIC",
          load_assignment: { cluster_name: "upstream", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
        },
      ],
    },
  };
}
