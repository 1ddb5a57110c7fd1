import type { JsonObject, JsonValue } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  fileLog,
  listener,
  proxyProtocolFilter,
  routerFilter,
  tcpProxy,
  textFormat,
} from "../bootstrap.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const range = (prefix: string, length: number): JsonObject => ({
  address_prefix: prefix,
  prefix_len: length,
});
const anybody: JsonObject = { any: true };

/** Rules of one policy. */
function rules(
  action: string,
  permissions: readonly JsonObject[],
  principals: readonly JsonObject[] = [anybody],
  name = "the policy",
): JsonObject {
  return { action, policies: { [name]: { permissions, principals } } };
}

const path = (prefix: string): JsonObject => ({ url_path: { path: { prefix } } });
const header = (name: string, exact: string): JsonObject => ({ header: { name, string_match: { exact } } });

function httpFilter(fields: JsonObject): JsonObject {
  return { name: "rbac", typed_config: any("envoy.extensions.filters.http.rbac.v3.RBAC", fields) };
}

/** Answers by itself where nothing refuses; the log tells what became of it. */
function http(name: string, fields: JsonObject, log: string, more: JsonObject = {}): JsonObject {
  const routes = [
    {
      match: { prefix: "/free" },
      direct_response: { status: 200 },
      typed_per_filter_config: { rbac: any("envoy.extensions.filters.http.rbac.v3.RBACPerRoute") },
    },
    {
      match: { prefix: "/own" },
      direct_response: { status: 200 },
      typed_per_filter_config: {
        rbac: any("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", {
          rbac: { rules: rules("DENY", [header("x-own", "1")], [anybody], "of the route") },
        }),
      },
    },
    { match: { prefix: "/" }, direct_response: { status: 200 } },
  ];
  const format =
    "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %DYNAMIC_METADATA(envoy.filters.http.rbac)% %DYNAMIC_METADATA(envoy.common)%";
  return listener(
    name,
    [
      connectionManager(routes, {
        use_remote_address: true,
        xff_num_trusted_hops: 1,
        access_log: [fileLog(log, textFormat(format))],
        http_filters: [httpFilter(fields), routerFilter],
      }),
    ],
    more,
  );
}

const kinds: Readonly<Record<string, JsonObject>> = {
  allow: {
    rules: rules("ALLOW", [path("/open"), { and_rules: { rules: [path("/both"), header("x-both", "1")] } }]),
    shadow_rules: rules("ALLOW", [path("/open/shadow")], [anybody], "in the shadow"),
    shadow_rules_stat_prefix: "maybe_",
  },
  deny: {
    rules: rules("DENY", [path("/closed"), { not_rule: { header: { name: "x-key" } } }]),
    rules_stat_prefix: "p_",
  },
  log: { rules: rules("LOG", [path("/noted")]) },
  empty: { rules: { action: "ALLOW" } },
  order: {
    rules: {
      action: "DENY",
      policies: {
        b: { permissions: [anybody], principals: [anybody] },
        a: { permissions: [path("/a")], principals: [anybody] },
      },
    },
  },
  direct: { rules: rules("ALLOW", [anybody], [{ direct_remote_ip: range("127.0.0.3", 32) }]) },
  source: { rules: rules("ALLOW", [anybody], [{ source_ip: range("10.1.0.0", 16) }]) },
  remote: { rules: rules("ALLOW", [anybody], [{ remote_ip: range("10.2.0.0", 16) }]) },
  either: {
    rules: rules(
      "ALLOW",
      [anybody],
      [
        { or_ids: { ids: [{ remote_ip: range("10.2.0.0", 16) }, header("x-id", "me")] } },
        { and_ids: { ids: [{ source_ip: range("10.1.0.0", 16) }, { not_id: header("x-id", "bad") }] } },
      ],
    ),
  },
  destination: {
    rules: rules("ALLOW", [
      { and_rules: { rules: [{ destination_ip: range("10.9.0.0", 16) }, { destination_port: 4433 }] } },
      { destination_port_range: { start: 5000, end: 5002 } },
    ]),
  },
};

function httpBootstrap(log: string): JsonObject {
  const reads = {
    listener_filters: [proxyProtocolFilter({ allow_requests_without_proxy_protocol: true })],
  };
  return bootstrap(
    Object.entries(kinds).map(([name, fields]) => http(name, fields, log, reads)),
    [],
  );
}

interface Asked {
  readonly from?: string;
  /** A PROXY header. */
  readonly proxy?: string;
  readonly headers?: readonly string[];
}

const get =
  (name: string, target: string, { from, proxy, headers = [] }: Asked = {}) =>
  async (stage: Stage): Promise<JsonObject> => {
    stage.logMark("log");
    const request = [`GET ${target} HTTP/1.1`, "Host: a", ...headers, "", ""].join("\r\n");
    const answered = await stage.exchange(
      `${proxy === undefined ? "" : `PROXY TCP4 ${proxy}\r\n`}${request}`,
      {
        listener: name,
        ...(from !== undefined && { from }),
      },
    );
    return { answered, log: await stage.logLines("log", 1) };
  };

const several =
  (...acts: readonly ((stage: Stage) => Promise<JsonValue>)[]) =>
  async (stage: Stage): Promise<JsonValue> => {
    const outcomes: JsonValue[] = [];
    for (const act of acts) outcomes.push(await act(stage));
    return outcomes;
  };

const client = "10.1.2.3 10.9.0.1 1000 4433";

function networkFilter(fields: JsonObject): JsonObject {
  return {
    name: "rbac",
    typed_config: any("envoy.extensions.filters.network.rbac.v3.RBAC", { stat_prefix: "tcp.", ...fields }),
  };
}

function networkBootstrap(port: number, log: string): JsonObject {
  const format =
    "%CONNECTION_TERMINATION_DETAILS% %RESPONSE_FLAGS% %DYNAMIC_METADATA(envoy.filters.network.rbac)% %BYTES_SENT%";
  const relay = tcpProxy("tcp", { access_log: [fileLog(log, textFormat(format))] });
  const tcp = (name: string, fields: JsonObject): JsonObject =>
    listener(name, [networkFilter(fields), relay], {
      listener_filters: [proxyProtocolFilter({ allow_requests_without_proxy_protocol: true })],
    });
  return bootstrap(
    [
      tcp("allow", {
        rules: rules("ALLOW", [anybody], [{ direct_remote_ip: range("127.0.0.3", 32) }]),
        shadow_rules: rules("DENY", [anybody], [anybody], "all"),
        shadow_rules_stat_prefix: "s_",
      }),
      listener("plain", [networkFilter({ rules: rules("DENY", [anybody]) }), relay]),
      listener("http", [
        networkFilter({ rules: rules("ALLOW", [anybody], [{ remote_ip: range("127.0.0.3", 32) }]) }),
        connectionManager([{ match: { prefix: "/" }, direct_response: { status: 200 } }]),
      ]),
      tcp("path", { rules: rules("DENY", [path("/")]) }),
    ],
    [cluster("tcp", port)],
  );
}

export const scenes: readonly Scene[] = [
  scene({
    area: "rbac",
    name: "HTTP",
    bootstrap: (rig) => httpBootstrap(rig.file("log")),
    cases: {
      "ALLOW lets pass what a policy permits": get("allow", "/open?q"),
      "ALLOW refuses the rest, with 403 and its details": get("allow", "/else"),
      "and_rules wants all": several(
        get("allow", "/both"),
        get("allow", "/both", { headers: ["x-both: 1"] }),
      ),
      "the shadow is noted": get("allow", "/open/shadow"),
      "ALLOW without policies refuses everything": get("empty", "/"),
      "DENY refuses what a policy names, and lets pass the rest": several(
        get("deny", "/closed", { headers: ["x-key: 1"] }),
        get("deny", "/x"),
        get("deny", "/x", { headers: ["x-key: 1"] }),
      ),
      "policies are asked in the order of their names": several(get("order", "/a"), get("order", "/b")),
      "LOG lets everything pass and says what to log": several(get("log", "/noted"), get("log", "/x")),
      "a route switches it off, or has rules of its own": several(
        get("allow", "/free"),
        get("allow", "/own"),
        get("allow", "/own", { headers: ["x-own: 1"] }),
      ),
      "direct_remote_ip is the peer, whatever headers say": several(
        get("direct", "/", { from: "127.0.0.3", proxy: client }),
        get("direct", "/", { proxy: "127.0.0.3 10.9.0.1 1000 4433" }),
        get("direct", "/", { headers: ["x-forwarded-for: 127.0.0.3, 127.0.0.3"] }),
      ),
      "source_ip is whom the PROXY header names": several(
        get("source", "/", { proxy: client }),
        get("source", "/", { proxy: "10.3.0.1 10.9.0.1 1000 4433", headers: ["x-forwarded-for: 10.1.0.1"] }),
        get("source", "/"),
      ),
      "remote_ip is whom x-forwarded-for names": several(
        get("remote", "/", { headers: ["x-forwarded-for: 10.2.0.9"] }),
        get("remote", "/", { headers: ["x-forwarded-for: 10.3.0.9"] }),
        get("remote", "/", { proxy: "10.2.0.1 10.9.0.1 1000 4433" }),
      ),
      "or_ids, and_ids and not_id": several(
        get("either", "/", { headers: ["x-id: me"] }),
        get("either", "/", { proxy: client }),
        get("either", "/", { proxy: client, headers: ["x-id: bad"] }),
      ),
      "destination_ip and destination_port are what the client wanted": several(
        get("destination", "/", { proxy: client }),
        get("destination", "/", { proxy: "10.1.2.3 10.9.0.1 1000 4434" }),
        get("destination", "/", { proxy: "10.1.2.3 10.8.0.1 1000 5001" }),
        get("destination", "/", { proxy: "10.1.2.3 10.8.0.1 1000 5002" }),
      ),
      "counts under its prefixes": (stage) =>
        stage.counted("rbac", async () => {
          await several(get("allow", "/open"), get("allow", "/"), get("deny", "/"), get("log", "/"))(stage);
        }),
    },
  }),
  scene({
    area: "rbac",
    name: "TCP",
    // Whether the upstream is there before the client is refused is a matter of time.
    varying: /^cluster\.tcp\./,
    bootstrap: (rig) => networkBootstrap(rig.tcp.port, rig.file("log")),
    cases: {
      "lets the peer pass that it allows": async (stage, { tcp }) => {
        tcp.behave();
        const before = await stage.connect("allow", { from: "127.0.0.3" });
        before.write(`PROXY TCP4 ${client}\r\nhello`);
        const upstream = await stage.upstream(tcp);
        const received = await upstream.receivedThat((bytes) => bytes.length >= 5);
        return received.toString("latin1");
      },
      "closes another peer's connection at its first byte": async (stage) => {
        stage.logMark("log");
        const refused = await stage.connect("allow");
        refused.write("hello");
        await refused.closed();
        return { ending: refused.ending, log: await stage.logLines("log", 1) };
      },
      "hears a server that speaks first, and closes at the client's first byte": async (stage, { tcp }) => {
        tcp.behave((connection) => connection.socket.write("hello"));
        stage.logMark("log");
        const client = await stage.connect("plain");
        const heard = await client.receivedThat((bytes) => bytes.length >= 5);
        client.write("x");
        await client.closed();
        const log = await stage.logLines("log", 1);
        return { log, heard: heard.toString("latin1"), ending: client.ending };
      },
      "stands in front of HTTP": async (stage) => {
        const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        const refused = await stage.connect("http");
        refused.write(request);
        await refused.closed();
        const served = await stage.exchange(request.repeat(2), {
          listener: "http",
          from: "127.0.0.3",
          count: 2,
        });
        return { refused: refused.ending, received: refused.received.length, served };
      },
      "a connection has no path": async (stage, { tcp }) => {
        const one = await stage.connect("path");
        one.write("hello");
        const upstream = await stage.upstream(tcp);
        return (await upstream.receivedThat((bytes) => bytes.length >= 5)).toString("latin1");
      },
      "counts under its prefix": (stage) =>
        stage.counted("rbac", async () => {
          const refused = await stage.connect("allow");
          refused.write("hello");
          await refused.closed();
        }),
    },
  }),
];
