import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener } from "../bootstrap.ts";
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
];
