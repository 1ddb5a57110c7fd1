import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener, socketAddress } from "../bootstrap.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const get =
  (path: string, headers: readonly string[] = []) =>
  (stage: Stage): Promise<JsonObject> =>
    stage.exchange([`GET ${path} HTTP/1.1`, "Host: a.example", ...headers, "", ""].join("\r\n"));

/** The first lines of the answers to several requests, each on a connection of its own. */
async function firstLines(stage: Stage, paths: readonly string[]): Promise<JsonValue> {
  const lines: JsonValue[] = [];
  for (const path of paths)
    lines.push((await stage.exchange(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).lines[0] ?? "");
  return lines;
}

const statuses = [
  200, 201, 203, 208, 226, 302, 307, 308, 400, 402, 411, 413, 414, 416, 418, 421, 422, 425, 426, 428, 429,
  431, 451, 500, 501, 505, 506, 507, 508, 509, 510, 511, 520, 599,
];

const mutations: JsonObject = {
  response_headers_to_add: [
    { header: { key: "x-added", value: "%RESPONSE_CODE%" } },
    { header: { key: "content-type", value: "text/html" }, append_action: "OVERWRITE_IF_EXISTS" },
  ],
};

/** A route that answers by itself. */
const says = (match: JsonObject, text: string): JsonObject => ({
  match,
  direct_response: { status: 200, body: { inline_string: text } },
});
const fraction = (numerator: number): JsonObject => ({ default_value: { numerator } });
/** A header of the answer that says which level had the last word. */
const log = (value: string): JsonObject => ({
  response_headers_to_add: [
    { header: { key: "x-level", value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
  ],
});
/** A connection manager that trusts one hop. */
const table = (more: JsonObject, domains: JsonObject[]): JsonObject =>
  connectionManager([], {
    use_remote_address: true,
    xff_num_trusted_hops: 1,
    route_config: { name: "local", virtual_hosts: domains, ...more },
  });

/** A route to `http`, unless it says otherwise. */
const to = (prefix: string, action: JsonObject): JsonObject => ({
  match: { prefix },
  route: { ...("cluster_header" in action ? {} : { cluster: "http" }), ...action },
});

/** A request whose host is among its headers. */
const at =
  (name: string, path: string, headers: readonly string[] = ["Host: a.example"]) =>
  (stage: Stage): Promise<JsonObject> =>
    stage.exchange([`GET ${path} HTTP/1.1`, ...headers, "", ""].join("\r\n"), { listener: name });

/** A connection manager whose clusters need not be there. */
function manager(routes: readonly JsonValue[], table: JsonObject = {}): JsonObject {
  const virtual_hosts = [{ name: "all", domains: ["*"], routes }];
  return connectionManager([], {
    route_config: { name: "local", validate_clusters: false, virtual_hosts, ...table },
  });
}

export const scenes: readonly Scene[] = [
  scene({
    area: "routes",
    name: "direct responses",
    bootstrap: (rig) =>
      bootstrap(
        [
          listener("in", [
            manager([
              ...statuses.map((status) => ({ match: { path: `/${status}` }, direct_response: { status } })),
              {
                match: { path: "/mutated" },
                direct_response: { status: 200, body: { inline_string: "text" } },
                ...mutations,
              },
              { match: { path: "/away" }, redirect: { path_redirect: "/else" }, ...mutations },
              { match: { path: "/dead" }, route: { cluster: "dead" }, ...mutations },
              { match: { path: "/unknown" }, route: { cluster: "unknown" }, ...mutations },
              {
                match: { path: "/body" },
                direct_response: { status: 200, body: { inline_string: "wörter" } },
              },
            ]),
          ]),
        ],
        [cluster("http", rig.http.port), cluster("dead", rig.dead.port)],
      ),
    cases: {
      "each status has its phrase": (stage) =>
        firstLines(
          stage,
          statuses.map((status) => `/${status}`),
        ),
      "a body in UTF-8": get("/body"),
      "response headers of the route, on a direct response": get("/mutated"),
      "response headers of the route, on a redirect": get("/away"),
      "response headers of the route, when nobody listens": get("/dead"),
      "response headers of the route, without its cluster": get("/unknown"),
    },
  }),
  scene({
    area: "routes",
    name: "rewrites",
    bootstrap: (rig) =>
      bootstrap(
        [
          listener("in", [
            manager([
              to("/prefix", { prefix_rewrite: "/new" }),
              to("/regex", {
                regex_rewrite: { pattern: { regex: "^/regex/([^/]+)(/.*)?$" }, substitution: "\\2/of/\\1" },
              }),
              to("/all", { regex_rewrite: { pattern: { regex: "a" }, substitution: "[\\0]" } }),
              to("/literal", { host_rewrite_literal: "inner.example", append_x_forwarded_host: true }),
              to("/header", { host_rewrite_header: "x-host" }),
              to("/path", {
                host_rewrite_path_regex: {
                  pattern: { regex: "^/path/(.+)$" },
                  substitution: "\\1.example",
                },
              }),
              to("/auto", { cluster: "named", auto_host_rewrite: true, append_x_forwarded_host: true }),
              to("/by-header", { cluster_header: "x-cluster" }),
              to("/by-authority", {
                cluster_header: ":authority",
                cluster_not_found_response_code: "NOT_FOUND",
              }),
              {
                match: { prefix: "/away" },
                redirect: { regex_rewrite: { pattern: { regex: "/away/(.*)" }, substitution: "/to/\\1" } },
              },
            ]),
          ]),
        ],
        [
          cluster("http", rig.http.port),
          cluster("named", rig.http.port, {
            load_assignment: {
              cluster_name: "named",
              endpoints: [
                {
                  lb_endpoints: [
                    { endpoint: { address: socketAddress(rig.http.port), hostname: "up.example" } },
                  ],
                },
              ],
            },
          }),
        ],
      ),
    cases: {
      "a prefix": get("/prefix/x?q=1"),
      "a regular expression, its groups in another order": get("/regex/one/two?q=/regex/x"),
      "a group that has nothing": get("/regex/one"),
      "each match": get("/all/banana"),
      "the host, and the old one told": get("/literal"),
      "the host, behind one that is told already": get("/literal", ["x-forwarded-host: other"]),
      "the host, told already": get("/literal", ["x-forwarded-host: other,a.example"]),
      "the host, the original told already": get("/literal", ["x-envoy-original-host: mine"]),
      "the host from a header": get("/header", ["x-host: from.header"]),
      "the host from a header that is not there": get("/header"),
      "the host from the path": get("/path/tenant?q"),
      "the host of the upstream": get("/auto"),
      "the cluster from a header": get("/by-header", ["x-cluster: http"]),
      "the cluster from a header that names none": get("/by-header", ["x-cluster: nobody"]),
      "the cluster from a header that is not there": get("/by-header"),
      "the cluster from the authority": at("in", "/by-authority", ["Host: http"]),
      "the cluster from an authority that names none": get("/by-authority"),
      "a redirect by a regular expression": get("/away/over/there?q"),
    },
  }),
  scene({
    area: "routes",
    name: "conditions",
    bootstrap: (rig) => {
      const hosts = [
        {
          name: "all",
          domains: ["*"],
          ...log("host"),
          routes: [
            says({ prefix: "/never", runtime_fraction: fraction(0) }, "never"),
            says({ prefix: "/always", runtime_fraction: fraction(100) }, "always"),
            says({ prefix: "/tls", tls_context: { presented: true } }, "with a certificate"),
            says({ prefix: "/tls", tls_context: { presented: false } }, "without"),
            says(
              {
                prefix: "/meta",
                dynamic_metadata: [{ filter: "f", path: [{ key: "k" }], value: { present_match: true } }],
              },
              "with metadata",
            ),
            says(
              {
                prefix: "/meta",
                dynamic_metadata: [
                  { filter: "f", path: [{ key: "k" }], value: { present_match: true }, invert: true },
                ],
              },
              "without metadata",
            ),
            { ...says({ path: "/exact" }, "exact"), ...log("route") },
            says({ prefix: "/" }, "rest"),
          ],
        },
        { name: "tls", domains: ["tls.example"], require_tls: "ALL", routes: [says({ prefix: "/" }, "tls")] },
        {
          name: "external",
          domains: ["external.example"],
          require_tls: "EXTERNAL_ONLY",
          routes: [says({ prefix: "/" }, "external")],
        },
      ];
      return bootstrap(
        [
          listener("in", [table(log("table"), hosts)]),
          listener("other", [
            table(
              {
                ...log("table"),
                most_specific_header_mutations_wins: true,
                ignore_path_parameters_in_path_matching: true,
              },
              hosts,
            ),
          ]),
        ],
        [cluster("http", rig.http.port)],
      );
    },
    cases: {
      runtime_fraction: async (stage) => [await get("/never")(stage), await get("/always")(stage)],
      tls_context: get("/tls"),
      dynamic_metadata: get("/meta"),
      "path parameters count": get("/exact;a=b?q"),
      "path parameters do not count": at("other", "/exact;a=b?q"),
      "the outermost level has the last word": get("/exact"),
      "the most specific level has the last word": at("other", "/exact"),
      "require_tls ALL": at("in", "/p?q", ["Host: tls.example"]),
      "require_tls ALL, told that it is TLS": at("in", "/p?q", [
        "Host: tls.example",
        "x-forwarded-proto: https",
      ]),
      "require_tls EXTERNAL_ONLY": at("in", "/p?q", ["Host: external.example", "x-forwarded-for: 8.8.8.8"]),
      "require_tls EXTERNAL_ONLY, internal": at("in", "/p?q", ["Host: external.example"]),
    },
  }),
];
