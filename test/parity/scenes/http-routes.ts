import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const regex = (pattern: string, substitution: string): JsonObject => ({
  pattern: { regex: pattern },
  substitution,
});
const add = (key: string, value: string): JsonObject => ({
  header: { key, value },
  append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
});

const routes: readonly JsonObject[] = [
  route("/prefix/", "http", { prefix_rewrite: "/new/" }),
  { match: { path: "/path" }, route: { cluster: "http", prefix_rewrite: "/other" } },
  route("/regex", "http", { regex_rewrite: regex("^/regex/(\\d+)/([^/]+)", "/\\2/x\\\\\\1\\0") }),
  route("/every", "http", { regex_rewrite: regex("a", "bb") }),
  route("/literal", "http", { host_rewrite_literal: "inner.example" }),
  route("/header", "http", { host_rewrite_header: "X-Host", append_x_forwarded_host: true }),
  route("/path-host", "http", { host_rewrite_path_regex: regex("^/path-host/([^/]+)/.*$", "\\1.example") }),
  route("/auto", "named", { auto_host_rewrite: true, append_x_forwarded_host: true }),
  { match: { prefix: "/by-header" }, route: { cluster_header: "x-cluster" } },
  {
    match: { prefix: "/missing" },
    route: { cluster_header: "x-cluster", cluster_not_found_response_code: "NOT_FOUND" },
  },
  route("/slow", "tcp", { max_stream_duration: { max_stream_duration: "0.2s" } }),
  route("/late", "tcp", { timeout: "0.2s" }),
  route("/idle", "tcp", { idle_timeout: "0.2s" }),
  {
    ...route("/order", "http"),
    request_headers_to_add: [add("x-order", "route")],
    response_headers_to_add: [add("x-order", "route")],
  },
  { match: { prefix: "/redirect" }, redirect: { https_redirect: true } },
  { match: { prefix: "/direct" }, direct_response: { status: 202, body: { inline_string: "hi" } } },
  route("/dead", "dead"),
  route("/", "http"),
];

/** What one level around the routes says of headers. */
function level(value: string): JsonObject {
  return {
    request_headers_to_add: [add("x-order", value)],
    response_headers_to_add: [add("x-order", value)],
  };
}

function routeConfig(more: JsonObject): JsonObject {
  return {
    route_config: {
      name: "local",
      ...level("all"),
      virtual_hosts: [
        { name: "secure", domains: ["secure.example"], require_tls: "ALL", routes },
        { name: "outside", domains: ["outside.example"], require_tls: "EXTERNAL_ONLY", routes },
        {
          name: "ported",
          domains: ["ported.example"],
          routes: [{ match: { prefix: "/" }, direct_response: { status: 201 } }],
        },
        { name: "all", domains: ["*"], ...level("host"), routes },
      ],
      ...more,
    },
  };
}

function routesBootstrap(rig: Rig): JsonObject {
  const log = textFormat("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %ROUTE_NAME% %PROTOCOL%");
  const manager = (name: string, more: JsonObject = {}, config: JsonObject = {}) =>
    listener(name, [
      connectionManager([], { access_log: [fileLog(rig.file("log"), log)], ...routeConfig(config), ...more }),
    ]);
  const named = {
    ...cluster("named", rig.http.port),
    type: "STRICT_DNS",
    load_assignment: {
      cluster_name: "named",
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: {
                hostname: "up.example",
                address: { socket_address: { address: "localhost", port_value: rig.http.port } },
              },
            },
          ],
        },
      ],
    },
    dns_lookup_family: "V4_ONLY",
  };
  return bootstrap(
    [
      manager("in"),
      manager("inner", {}, { most_specific_header_mutations_wins: true, ignore_port_in_host_matching: true }),
      manager("old", {
        http_protocol_options: { accept_http_10: true, default_host_for_http_10: "old.example" },
      }),
      manager("strip", { strip_any_host_port: true, strip_trailing_host_dot: true }),
      manager("match", { strip_matching_host_port: true }),
      manager("short", { common_http_protocol_options: { max_stream_duration: "0.1s" } }),
      manager("trailers", { http_protocol_options: { enable_trailers: true } }),
    ],
    [cluster("http", rig.http.port), cluster("tcp", rig.tcp.port), cluster("dead", rig.dead.port), named],
  );
}

const get = (path: string, headers: readonly string[] = [], host = "a", version = "1.1"): string =>
  [`GET ${path} HTTP/${version}`, ...(host === "" ? [] : [`Host: ${host}`]), ...headers, "", ""].join("\r\n");

/** The answer, and what is logged of it. */
const sent =
  (
    bytes: string,
    options: { readonly listener?: string; readonly untilClosed?: boolean; readonly count?: number } = {},
  ) =>
  async (stage: Stage): Promise<JsonValue> => {
    stage.logMark("log");
    const answer = await stage.exchange(bytes, options);
    return { answer, log: await stage.logLines("log", options.count ?? 1) };
  };

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "routes and rewrites",
    // How often a name is looked up, and who closes first, is a matter of time.
    varying: /^cluster\.named\.(update|default)|delayed_close/,
    bootstrap: routesBootstrap,
    cases: {
      "prefix_rewrite of a prefix": sent(get("/prefix/a?b")),
      "prefix_rewrite of a path": sent(get("/path?b")),
      "regex_rewrite with groups": sent(get("/regex/12/ab/c?d")),
      "regex_rewrite of nothing": sent(get("/regex/x")),
      "regex_rewrite of every match": sent(get("/every/a/a?a")),
      host_rewrite_literal: sent(get("/literal")),
      host_rewrite_header: sent(get("/header", ["X-Host: told.example"])),
      "host_rewrite_header with a forwarded host": sent(
        get("/header", ["X-Host: told.example", "X-Forwarded-Host: z"]),
      ),
      "host_rewrite_header without the header": sent(get("/header")),
      host_rewrite_path_regex: sent(get("/path-host/tenant/x?y")),
      "host_rewrite_path_regex that does not match": sent(get("/path-host")),
      auto_host_rewrite: sent(get("/auto")),
      cluster_header: sent(get("/by-header", ["X-Cluster: http"])),
      "cluster_header with an unknown cluster": sent(get("/by-header", ["X-Cluster: nobody"])),
      "cluster_header without the header": sent(get("/missing")),
      "max_stream_duration of the route": sent(get("/slow")),
      "max_stream_duration of the manager": sent(get("/slow"), { listener: "in" }),
      "max_stream_duration of the manager, where the route has none": sent(get("/late"), {
        listener: "short",
      }),
      "idle_timeout of the route": sent(get("/idle")),
      "idle_timeout of the route, within a body": sent(
        "POST /idle HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
        {
          untilClosed: true,
        },
      ),
      "timeout of the route": sent(get("/late")),
      "headers: the outermost level wins": sent(get("/order")),
      "headers: the innermost level wins where that is configured": sent(get("/order"), {
        listener: "inner",
      }),
      "require_tls ALL": sent(get("/order?a", [], "secure.example")),
      "require_tls EXTERNAL_ONLY": sent(get("/order?a", [], "outside.example")),
      "require_tls of a request that came by https": sent(
        get("/order?a", ["X-Forwarded-Proto: https"], "secure.example"),
      ),
      "a host with a port finds no domain without": sent(get("/x", [], "ported.example:81")),
      "a host with a port finds one where it is ignored": sent(get("/x", [], "ported.example:81"), {
        listener: "inner",
      }),
      strip_any_host_port: sent(get("/x", [], "b.example.:81"), { listener: "strip" }),
      "strip_any_host_port of an IPv6 host": sent(get("/x", [], "[::1]:81"), { listener: "strip" }),
      "strip_matching_host_port of another port": sent(get("/x", [], "b.example:81"), { listener: "match" }),
      "strip_matching_host_port of the listener's": async (stage) =>
        sent(get("/x", [], `b.example:${await stage.listenerPort("match")}`), { listener: "match" })(stage),
      "HTTP/1.0 ends the connection": sent(get("/direct", [], "a", "1.0"), {
        listener: "old",
        untilClosed: true,
      }),
      "HTTP/1.0 may keep it": sent(get("/direct", ["Connection: keep-alive"], "a", "1.0"), {
        listener: "old",
      }),
      "HTTP/1.0 to the upstream": sent(get("/x", [], "a", "1.0"), { listener: "old", untilClosed: true }),
      "HTTP/1.0 without a host": sent(get("/x", [], "", "1.0"), { listener: "old", untilClosed: true }),
      "HTTP/1.0 without a host where there is no default": sent(get("/x", [], "", "1.0"), {
        untilClosed: true,
      }),
      "HTTP/1.1 without a host where there is one for HTTP/1.0": sent(get("/x", [], ""), {
        listener: "old",
        untilClosed: true,
      }),
      "HTTP/1.0 and a body without a length": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => {
          socket.once("data", () =>
            socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
          );
        });
        return sent(get("/late", ["Connection: keep-alive"], "a", "1.0"), {
          listener: "old",
          untilClosed: true,
        })(stage);
      },
      "trailers of an answer, where they are passed on on one side only": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => {
          socket.once("data", () =>
            socket.write(
              "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n",
            ),
          );
        });
        return sent(get("/late"), { listener: "trailers" })(stage);
      },
      "an answer that comes before the request is whole": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => {
          socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        });
        return sent("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", { untilClosed: true })(
          stage,
        );
      },
      "a client that leaves before the answer": async (stage, rig) => {
        stage.logMark("log");
        const counted = await stage.counted("downstream_rq|downstream_cx_destroy|upstream_rq", async () => {
          const client = await stage.connect();
          client.write(get("/slow"));
          await stage.upstream(rig.tcp);
          client.end();
          await client.closed();
          await stage.logLines("log", 1);
        });
        return { counted, log: await stage.logLines("log", 1) };
      },
      "redirects, direct responses and answers are counted": (stage) =>
        stage.counted("http\\.web\\.(rq_|no_|downstream_rq_[1-5]xx)", async () => {
          for (const path of ["/redirect", "/direct", "/x", "/dead", "/by-header"])
            await stage.exchange(get(path));
        }),
    },
  }),
];
