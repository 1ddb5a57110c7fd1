import type { JsonObject } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener, route } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const LIMIT = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
const limit: JsonObject = {
  "@type": LIMIT,
  stat_prefix: "limit",
  token_bucket: { max_tokens: 1, tokens_per_fill: 1, fill_interval: "600s" },
  filter_enabled: always,
  filter_enforced: always,
};

function pipelinedBootstrap(rig: Rig): JsonObject {
  const routes = [
    { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
    { match: { prefix: "/moved" }, redirect: { path_redirect: "/x" } },
    route("/dead", "dead"),
    route("/up", "http"),
  ];
  const filters = [
    { name: "limit", typed_config: limit },
    { name: "router", typed_config: { "@type": ROUTER } },
  ];
  return bootstrap(
    [
      listener("in", [connectionManager(routes)]),
      listener("limited", [connectionManager(routes, { http_filters: filters })]),
    ],
    [cluster("http", rig.http.port), cluster("dead", rig.dead.port)],
  );
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string, body = "ab") =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const pipelined =
  (bytes: string, listenerName = "in") =>
  (stage: Stage) =>
    stage.exchange(bytes, { listener: listenerName, count: 3 });

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "pipelined requests",
    bootstrap: pipelinedBootstrap,
    cases: {
      "behind what is no route": pipelined(get("/none") + get("/up") + get("/none")),
      "behind a direct response": pipelined(get("/direct") + get("/up") + get("/direct")),
      "behind a redirect": pipelined(get("/moved") + get("/up") + get("/moved")),
      "behind an upstream that is away": pipelined(get("/dead") + get("/up") + get("/dead")),
      "behind a rate limit, with bodies": pipelined(post("/up") + post("/up") + post("/up"), "limited"),
      "without bodies, behind two local replies": pipelined(get("/direct") + get("/direct") + get("/direct")),
      "with bodies behind what is no route": pipelined(post("/none") + post("/up") + post("/none")),
      "with bodies behind a direct response": pipelined(post("/direct") + post("/up") + post("/direct")),
    },
  }),
];
