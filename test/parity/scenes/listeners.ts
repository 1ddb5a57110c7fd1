import { once } from "node:events";
import { statSync } from "node:fs";
import { connect } from "node:net";
import { helloBytes, type HelloSpec } from "../../data-plane/network/hello-bytes.ts";
import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { canConnect, connectTo, ScriptedClient } from "../../kit/scripted-client.ts";
import { until } from "../../kit/within.ts";
import {
  any,
  bootstrap,
  connectionManager,
  route,
  cluster,
  listener,
  proxyProtocolFilter,
  socketAddress,
  tcpProxy,
} from "../bootstrap.ts";
import { echoing } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import { about, type Stage } from "../stage.ts";

function listenerFilter(name: string, message: string, fields: JsonObject = {}): JsonObject {
  return { name, typed_config: any(`envoy.extensions.filters.listener.${name}.v3.${message}`, fields) };
}

const tlsInspector = (fields: JsonObject = {}) => listenerFilter("tls_inspector", "TlsInspector", fields);
const httpInspector = listenerFilter("http_inspector", "HttpInspector");

/** Answers with a text and closes. */
function says(text: string): JsonObject {
  const response = { inline_string: text };
  return {
    name: "direct_response",
    typed_config: any("envoy.extensions.filters.network.direct_response.v3.Config", { response }),
  };
}

/** A filter chain that answers with its name. */
function chain(name: string, match: JsonObject): JsonObject {
  return { name, filter_chain_match: match, filters: [says(name)] };
}

function matching(name: string, chains: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return {
    name,
    address: socketAddress(0),
    listener_filters: [proxyProtocolFilter(), tlsInspector()],
    filter_chains: chains,
    ...more,
  };
}

const range = (prefix: string, length: number): JsonObject => ({
  address_prefix: prefix,
  prefix_len: length,
});

/** What a listener answers to bytes, until it closes or `quietMs` pass. */
async function answer(stage: Stage, name: string, bytes: string | Buffer): Promise<JsonValue> {
  const client = await stage.connect(name);
  client.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  await client.closed();
  return { received: client.received.toString("latin1"), ending: client.ending };
}

/** The same for a client that stands elsewhere, with a ClientHello if it has one. */
async function from(stage: Stage, name: string, addresses: string, hello?: HelloSpec): Promise<JsonValue> {
  const payload = hello ? helloBytes(hello) : Buffer.from("plain text");
  return answer(stage, name, Buffer.concat([Buffer.from(`PROXY TCP4 ${addresses}\r\n`), payload]));
}

const client = "203.0.113.9 198.51.100.7 5000 8000";
/** A case for each connection, by what it shows. */
function matchCases(
  rows: Readonly<Record<string, readonly [listener: string, addresses: string, hello?: HelloSpec]>>,
) {
  return Object.fromEntries(
    Object.entries(rows).map(([claim, [name, addresses, hello]]) => [
      claim,
      async (stage: Stage) => {
        const outcome: JsonValue[] = [];
        const counted = await stage.counted(`no_filter_chain_match|^tls_inspector`, async () => {
          outcome.push(await from(stage, name, addresses, hello));
        });
        return { outcome, counted };
      },
    ]),
  );
}

/** Bytes and what `http_inspector` makes of them. */
const httpInputs: Readonly<Record<string, string>> = {
  "HTTP/1.1": "GET / HTTP/1.1\r\n",
  "HTTP/1.1 with LF alone": "GET / HTTP/1.1\n",
  "an unknown method": "1GET / HTTP/1.1\r\n",
  "HTTP/1.0": "GET / HTTP/1.0\r\n",
  "no version": "GET /\r\n",
  "HTTP/2 by its preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "half a preface and something else": "PRI * HTTP/2.0\r\n\r\nXX",
  "a line that is no request": "hello world\r\n",
  "a first byte that no method has": "{",
  TLS: "\x16\x03\x01\x00\x05hello",
  "64 KiB without a line": "G".repeat(65_536),
};

/** A filter that limits something. */
function limit(type: string, fields: JsonObject): JsonObject {
  const name = `envoy.extensions.filters.${type}`;
  return { name: "limit", typed_config: any(name, { stat_prefix: "edge", ...fields }) };
}

function pipe(path: string, mode?: number): JsonObject {
  return { pipe: { path, ...(mode !== undefined && { mode }) } };
}

function limits(): JsonObject[] {
  const bucket = { max_tokens: 2, tokens_per_fill: 1, fill_interval: "60s" };
  const echo = tcpProxy("tcp");
  return [
    listener("by-rate", [says("ok")], {
      listener_filters: [limit("listener.local_ratelimit.v3.LocalRateLimit", { token_bucket: bucket })],
    }),
    listener("by-chain-rate", [
      limit("network.local_ratelimit.v3.LocalRateLimit", { token_bucket: bucket }),
      says("ok"),
    ]),
    listener("by-number", [
      limit("network.connection_limit.v3.ConnectionLimit", { max_connections: 1 }),
      echo,
    ]),
    listener("by-number-later", [
      limit("network.connection_limit.v3.ConnectionLimit", {
        stat_prefix: "late",
        max_connections: 1,
        delay: "0.3s",
      }),
      echo,
    ]),
    listener("by-runtime", [echo]),
  ];
}

/** What comes of connections that are opened one after the other and kept open. */
async function kept(stage: Stage, name: string, count: number): Promise<JsonValue> {
  const outcomes: JsonValue[] = [];
  for (let index = 0; index < count; index += 1) {
    const opened = await stage.connect(name);
    // Only the first is served; what the others send before they are closed would make their end a matter of time.
    if (index === 0) opened.write("ping");
    await Promise.race([
      opened.closed(),
      opened.receivedThat(({ length }) => length > 0).catch(() => undefined),
    ]);
    outcomes.push({ received: opened.received.toString(), ending: opened.ending });
  }
  return outcomes;
}

async function overPipe(path: string, bytes: string): Promise<string> {
  const socket = connect(path);
  await once(socket, "connect");
  await using opened = new ScriptedClient(socket);
  opened.write(bytes);
  const received = await opened.receivedThat(({ length }) => length >= bytes.length);
  return received.toString();
}

/** What an answer says of the connection: nothing while it is to be used again. */
function closing(lines: readonly string[]): JsonValue {
  return lines.filter((line) => /^(?:HTTP|connection:)/i.test(line));
}

export const scenes: readonly Scene[] = [
  scene({
    area: "listeners",
    name: "filter chain match",
    bootstrap: () =>
      bootstrap(
        [
          matching("destination", [
            chain("port", { destination_port: 443, source_ports: [5000] }),
            chain("narrow", { prefix_ranges: [range("198.51.100.0", 24)] }),
            chain("wide", { prefix_ranges: [range("198.51.0.0", 16), range("192.0.2.0", 24)] }),
          ]),
          matching("names", [
            chain("exact", { server_names: ["www.example.com"] }),
            chain("wildcard", { server_names: ["*.example.com"] }),
            chain("wide wildcard", { server_names: ["*.com"] }),
            chain("tls", { transport_protocol: "tls" }),
            chain("h2", { application_protocols: ["h2"], server_names: ["alpn.test"] }),
            chain("http/1.1", {
              application_protocols: ["http/1.1", "http/1.0"],
              server_names: ["alpn.test"],
            }),
            chain("raw", { transport_protocol: "raw_buffer" }),
          ]),
          matching("source", [
            chain("local", { source_type: "SAME_IP_OR_LOOPBACK" }),
            chain("external by prefix", {
              source_type: "EXTERNAL",
              source_prefix_ranges: [range("203.0.113.0", 24)],
            }),
            chain("external by port", {
              source_type: "EXTERNAL",
              source_prefix_ranges: [range("203.0.113.0", 24)],
              source_ports: [7],
            }),
          ]),
          matching(
            "fallback",
            [
              chain("direct", { direct_source_prefix_ranges: [range("127.0.0.0", 8)], source_ports: [1] }),
              chain("never", { direct_source_prefix_ranges: [range("10.0.0.0", 8)] }),
            ],
            { default_filter_chain: { filters: [says("default")] } },
          ),
        ],
        [],
      ),
    cases: matchCases({
      "the destination port wins": ["destination", "203.0.113.9 198.51.100.7 5000 443"],
      "there is no way back from the port": ["destination", "203.0.113.9 198.51.100.7 5001 443"],
      "the longest destination prefix": ["destination", client],
      "a shorter destination prefix": ["destination", "203.0.113.9 198.51.7.7 5000 8000"],
      "no destination prefix": ["destination", "203.0.113.9 203.0.113.7 5000 8000"],
      "an exact server name": ["names", client, { serverName: "WWW.example.com" }],
      "a wildcard server name": ["names", client, { serverName: "a.b.example.com" }],
      "a domain is not in its own wildcard": ["names", client, { serverName: "example.com" }],
      "an unknown server name": ["names", client, { serverName: "example.org" }],
      "TLS without a server name": ["names", client, {}],
      "no TLS": ["names", client],
      "the client's first protocol wins": [
        "names",
        client,
        { serverName: "alpn.test", protocols: ["spdy", "http/1.1", "h2"] },
      ],
      "no protocol that a chain has": ["names", client, { serverName: "alpn.test", protocols: ["h3"] }],
      "a client on the destination's address is local": ["source", "198.51.100.7 198.51.100.7 5000 8000"],
      "127.0.0.1 is local": ["source", "127.0.0.1 198.51.100.7 5000 8000"],
      "127.0.0.9 is not": ["source", "127.0.0.9 198.51.100.7 5000 8000"],
      "a source prefix": ["source", client],
      "a source port beside a source prefix": ["source", "203.0.113.9 198.51.100.7 7 8000"],
      "the direct source has no way back, but the default chain": ["fallback", client],
      "the direct source and a source port": ["fallback", "203.0.113.9 198.51.100.7 1 8000"],
    }),
  }),

  scene({
    area: "listeners",
    name: "inspectors",
    bootstrap: () => {
      const chains = (protocols: readonly string[]) => [
        ...protocols.map((protocol) => chain(protocol, { application_protocols: [protocol] })),
        { filters: [says("none")] },
      ];
      const http = ["http/1.0", "http/1.1", "h2c"];
      return bootstrap(
        [
          listener("http", [], { listener_filters: [httpInspector], filter_chains: chains(http) }),
          listener("both", [], {
            listener_filters: [tlsInspector(), httpInspector],
            filter_chains: chains(["h2", ...http]),
          }),
          listener("strict", [says("ok")], {
            listener_filters: [tlsInspector({ close_connection_on_client_hello_parsing_errors: true })],
          }),
          listener("small", [says("ok")], {
            listener_filters: [tlsInspector({ max_client_hello_size: 256 })],
          }),
        ],
        [],
      );
    },
    cases: {
      ...Object.fromEntries(
        Object.entries(httpInputs).map(([claim, bytes]) => [
          `http_inspector: ${claim}`,
          async (stage: Stage) => {
            const outcome: JsonValue[] = [];
            const counted = await stage.counted("^http_inspector|remote_close", async () => {
              outcome.push(await answer(stage, "http", bytes));
            });
            return { outcome, counted };
          },
        ]),
      ),
      "http_inspector does not look into TLS": async (stage) =>
        answer(stage, "both", helloBytes({ protocols: ["h2", "http/1.1"] })),
      "http_inspector behind tls_inspector": async (stage) => answer(stage, "both", "GET / HTTP/1.1\r\n"),
      "tls_inspector closes what is no TLS when it is told to": async (stage) => {
        const outcome: JsonValue[] = [];
        const counted = await stage.counted("^tls_inspector", async () => {
          outcome.push(await answer(stage, "strict", "hello"));
          outcome.push(await answer(stage, "strict", helloBytes({ serverName: "a.test" })));
        });
        return { outcome, counted };
      },
      "tls_inspector closes a hello that is too large": async (stage) => {
        const outcome: JsonValue[] = [];
        const counted = await stage.counted("^tls_inspector", async () => {
          outcome.push(await answer(stage, "small", helloBytes({ extensions: [[21, Buffer.alloc(400)]] })));
          outcome.push(await answer(stage, "small", helloBytes({})));
        });
        return { outcome, counted };
      },
      "tls_inspector takes a hello in pieces": async (stage) => {
        const bytes = helloBytes({ serverName: "a.test", protocols: ["h2"] }, 20);
        const opened = await stage.connect("both");
        const counted = await stage.counted("^tls_inspector", async () => {
          opened.write(bytes.subarray(0, 33));
          opened.write(bytes.subarray(33));
          await opened.closed();
        });
        return { received: opened.received.toString(), counted };
      },
    },
  }),

  scene({
    area: "listeners",
    name: "listener filter timeout",
    bootstrap: (rig) => {
      const waiting = { listener_filters: [tlsInspector()], listener_filters_timeout: "0.3s" };
      return bootstrap(
        [
          listener("closing", [tcpProxy("tcp")], waiting),
          listener("going-on", [tcpProxy("tcp")], {
            ...waiting,
            continue_on_listener_filters_timeout: true,
          }),
        ],
        [cluster("tcp", rig.tcp.port)],
      );
    },
    cases: {
      "closes when it passes, trickling bytes or not": async (stage) => {
        let took = "";
        let ending = "";
        const counted = await stage.counted("listener\\.127.*(pre_cx|remote_close|cx_total)", async () => {
          const opened = await stage.connect("closing");
          const start = performance.now();
          opened.write("ab");
          await opened.closed();
          took = about(performance.now() - start, 300);
          ending = opened.ending;
        });
        return { took, ending, counted: Object.values(counted) };
      },
      "goes on with continue_on_listener_filters_timeout": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const opened = await stage.connect("going-on");
        const start = performance.now();
        opened.write("ab");
        const received = await opened.receivedThat(({ length }) => length === 2);
        return { received: received.toString(), took: about(performance.now() - start, 300) };
      },
      "a client that leaves before": async (stage) => {
        const counted = await stage.counted("remote_close|pre_cx_timeout", async () => {
          const opened = await stage.connect("closing");
          opened.write("ab");
          opened.end();
          await opened.closed();
        });
        return Object.entries(counted).map(([name, by]) => [name.replace(/.*\./, ""), by]);
      },
    },
  }),

  scene({
    area: "listeners",
    name: "limits",
    bootstrap: (rig) =>
      bootstrap(limits(), [cluster("tcp", rig.tcp.port)], {
        layered_runtime: {
          layers: [
            {
              name: "static",
              static_layer: { "envoy.resource_limits.listener.by-runtime.connection_limit": 1 },
            },
          ],
        },
      }),
    cases: {
      "local_ratelimit of the listener": async (stage) => {
        const outcomes: JsonValue[] = [];
        const counted = await stage.counted("ratelimit", async () => {
          for (let index = 0; index < 3; index += 1) outcomes.push(await answer(stage, "by-rate", ""));
        });
        return { outcomes, counted };
      },
      "local_ratelimit of the filter chain": async (stage) => {
        const outcomes: JsonValue[] = [];
        const counted = await stage.counted("local_rate_limit", async () => {
          for (let index = 0; index < 3; index += 1) outcomes.push(await answer(stage, "by-chain-rate", ""));
        });
        return { outcomes, counted };
      },
      connection_limit: async (stage, rig) => {
        rig.tcp.behave(echoing);
        const outcomes: JsonValue[] = [];
        const counted = await stage.counted("^connection_limit", async () => {
          outcomes.push(await kept(stage, "by-number", 2));
        });
        return { outcomes, counted };
      },
      "connection_limit with a delay": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const first = await stage.connect("by-number-later");
        first.write("ping");
        await first.receivedThat(({ length }) => length === 4);
        const start = performance.now();
        const second = await stage.connect("by-number-later");
        await second.closed();
        return { ending: second.ending, took: about(performance.now() - start, 300) };
      },
      "the connection limit of a listener": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const outcomes: JsonValue[] = [];
        const counted = await stage.counted("downstream_cx_overflow", async () => {
          outcomes.push(await kept(stage, "by-runtime", 2));
        });
        return { outcomes, counted: Object.values(counted) };
      },
    },
  }),

  scene({
    area: "listeners",
    name: "addresses",
    bootstrap: (rig) => {
      return bootstrap(
        [
          listener("pipe", [tcpProxy("tcp")], { address: pipe(rig.file("in.sock"), 0o600) }),
          listener("to-pipe", [tcpProxy("through-pipe")]),
          listener("two", [tcpProxy("tcp")], {
            additional_addresses: [{ address: socketAddress(0, "127.0.0.2") }],
            stat_prefix: "two",
          }),
        ],
        [
          cluster("tcp", rig.tcp.port),
          cluster("through-pipe", 1, {
            load_assignment: {
              cluster_name: "through-pipe",
              endpoints: [{ lb_endpoints: [{ endpoint: { address: pipe(rig.file("in.sock")) } }] }],
            },
          }),
        ],
      );
    },
    cases: {
      "a listener on a pipe": async (_stage, rig) => {
        rig.tcp.behave(echoing);
        const received = await overPipe(rig.file("in.sock"), "ping");
        return { received, mode: (statSync(rig.file("in.sock")).mode & 0o777).toString(8) };
      },
      "an upstream on a pipe": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const opened = await stage.connect("to-pipe");
        opened.write("ping");
        return (await opened.receivedThat(({ length }) => length === 4)).toString();
      },
      "the statistics of a listener on a pipe": async (stage, rig) => {
        const counted = await stage.counted("^listener.*in.sock.downstream_cx_total", async () => {
          rig.tcp.behave(echoing);
          await overPipe(rig.file("in.sock"), "ping");
        });
        return Object.entries(counted).map(([name, by]) => `${name} ${by}`);
      },
      "a second address": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const { body } = await stage.admin.request("GET", "/listeners");
        const lines = body.split("\n").filter((line) => line.startsWith("two::"));
        const ports = lines.map((line) => line.slice(line.lastIndexOf(":") + 1));
        for (const [index, port] of ports.entries()) stage.name(Number(port), `TWO${index}`);
        const counted = await stage.counted("^listener\\.two\\.downstream_cx_total", async () => {
          for (const [index, port] of ports.entries()) {
            await using opened = await connectTo(Number(port), `127.0.0.${index + 1}`);
            opened.write("ping");
            await opened.receivedThat(({ length }) => length === 4);
          }
        });
        return { lines, counted };
      },
    },
  }),

  scene({
    area: "listeners",
    name: "a limit for all listeners",
    bootstrap: (rig) => {
      const monitor =
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig";
      const resource = {
        name: "envoy.resource_monitors.global_downstream_max_connections",
        typed_config: any(monitor, { max_active_downstream_connections: "2" }),
      };
      return bootstrap(
        [
          listener("first", [tcpProxy("tcp")], { stat_prefix: "first" }),
          listener("second", [tcpProxy("tcp")], { stat_prefix: "second" }),
          listener("free", [tcpProxy("tcp")], { stat_prefix: "free", ignore_global_conn_limit: true }),
        ],
        [cluster("tcp", rig.tcp.port)],
        { overload_manager: { resource_monitors: [resource] } },
      );
    },
    cases: {
      "counts all but those of listeners that ignore it": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => void socket.write("up"));
        const outcomes: JsonValue[] = [];
        const counted = await stage.counted("downstream_global_cx_overflow", async () => {
          for (const name of ["free", "first", "free", "second", "first", "second", "free"]) {
            const opened = await stage.connect(name);
            await Promise.race([
              opened.closed(),
              opened.receivedThat(({ length }) => length > 0).catch(() => undefined),
            ]);
            outcomes.push([name, opened.received.toString(), opened.ending]);
          }
        });
        return { outcomes, counted };
      },
    },
  }),

  scene({
    area: "listeners",
    name: "draining gracefully",
    // Clients ask until nobody listens any more.
    varying: /downstream_cx_/,
    args: ["--drain-time-s", "2", "--drain-strategy", "immediate"],
    bootstrap: (rig) =>
      bootstrap(
        [listener("in", [connectionManager([route("/", "http")])]), listener("raw", [tcpProxy("tcp")])],
        [cluster("http", rig.http.port), cluster("tcp", rig.tcp.port)],
      ),
    cases: {
      "asks HTTP clients to go, leaves TCP alone, and stops accepting at the end": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        const raw = await stage.connect("raw");
        raw.write("ping");
        await raw.receivedThat(({ length }) => length === 4);
        const port = await stage.listenerPort("in");
        const idle = await stage.connect("in");
        const before = await stage.exchange(request);
        const steps: JsonValue[] = [];
        let start = 0;
        const counted = await stage.counted(
          "drain_close|listener_stopped|total_listeners_draining",
          async () => {
            start = performance.now();
            const { body } = await stage.admin.request("POST", "/drain_listeners?graceful");
            const during = await stage.exchange(request);
            steps.push(body, closing(during.lines));
          },
        );
        await until(5000, "nothing listens any more", async () =>
          (await canConnect(port)) ? undefined : true,
        );
        const stopped = about(performance.now() - start, 2000, 800);
        idle.write(request);
        await idle.receivedThat((bytes) => bytes.includes("\r\n\r\n"));
        raw.write("pong");
        await raw.receivedThat(({ length }) => length === 8);
        return {
          before: closing(before.lines),
          steps,
          counted,
          stopped,
          idle: closing(idle.received.toString("latin1").split("\r\n")),
          raw: raw.ending,
        };
      },
    },
  }),
];
