import { answers } from "../../data-plane/http/http-scene.ts";
import type { JsonObject } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  fileLog,
  listener,
  routerFilter,
  textFormat,
} from "../bootstrap.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const get =
  (path: string, headers: readonly string[] = [], method = "GET") =>
  async (stage: Stage): Promise<JsonObject> =>
    stage.exchange([`${method} ${path} HTTP/1.1`, "Host: a", ...headers, "", ""].join("\r\n"), {
      isHead: method === "HEAD",
    });

const append = (key: string, value: string, action?: string): JsonObject => ({
  append: { header: { key, value }, ...(action !== undefined && { append_action: action }) },
});

/** `typed_per_filter_config` of a level whose one change is to add a value to `x-level`. */
const level = (value: string): JsonObject => ({
  typed_per_filter_config: {
    mutation: any("envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute", {
      mutations: {
        request_mutations: [append("x-level", value), append("x-last", value, "OVERWRITE_IF_EXISTS_OR_ADD")],
        response_mutations: [append("x-level", value)],
      },
    }),
  },
});

const parameter = (key: string, value: string, action?: string): JsonObject => ({
  append: { record: { key, value }, ...(action !== undefined && { action }) },
});

function mutationBootstrap(port: number, more: JsonObject = {}): JsonObject {
  const mutations = {
    request_mutations: [
      append("x-level", "filter"),
      { remove: "x-gone" },
      { remove_on_match: { key_matcher: { prefix: "x-temp-" } } },
      append("x-absent", "new", "ADD_IF_ABSENT"),
      append("x-there", "over", "OVERWRITE_IF_EXISTS"),
      append("x-method", "%REQ(:METHOD)% %REQ(x-in)%"),
      append("x-empty", "%REQ(x-nothing)%"),
    ],
    query_parameter_mutations: [
      parameter("added", "a b&c"),
      parameter("once", "new", "ADD_IF_ABSENT"),
      parameter("over", "written", "OVERWRITE_IF_EXISTS_OR_ADD"),
      parameter("there", "changed", "OVERWRITE_IF_EXISTS"),
      parameter("method", "%REQ(:METHOD)%"),
      parameter("k y", "-._~!*'()/:@$,;=+é%%"),
      { remove: "gone" },
    ],
    response_mutations: [
      append("x-level", "filter"),
      append("x-status", "%RESPONSE_CODE%"),
      append("server", "hidden", "OVERWRITE_IF_EXISTS_OR_ADD"),
      { remove: "x-request" },
    ],
  };
  const filter = {
    name: "mutation",
    typed_config: any("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", {
      mutations,
      ...more,
    }),
  };
  const routes = [
    { match: { prefix: "/route" }, route: { cluster: "http" }, ...level("route") },
    {
      match: { prefix: "/direct" },
      direct_response: { status: 418, body: { inline_string: "no" } },
      ...level("route"),
    },
    {
      match: { prefix: "/off" },
      route: { cluster: "http" },
      typed_per_filter_config: {
        mutation: any("envoy.config.route.v3.FilterConfig", { disabled: true }),
      },
    },
    { match: { prefix: "/" }, route: { cluster: "http" } },
  ];
  const route_config = {
    name: "local",
    virtual_hosts: [{ name: "all", domains: ["*"], routes, ...level("host") }],
    ...level("table"),
  };
  return bootstrap(
    [listener("in", [connectionManager([], { route_config, http_filters: [filter, routerFilter] })])],
    [cluster("http", port)],
  );
}

const policy = (fields: JsonObject): JsonObject => ({
  typed_per_filter_config: { cors: any("envoy.extensions.filters.http.cors.v3.CorsPolicy", fields) },
});

const fraction = (numerator: number): JsonObject => ({ default_value: { numerator } });

function corsBootstrap(port: number): JsonObject {
  const to = (prefix: string, fields: JsonObject): JsonObject => ({
    match: { prefix },
    route: { cluster: "http" },
    ...policy(fields),
  });
  const routes = [
    to("/own", {
      allow_origin_string_match: [{ exact: "https://own.example" }],
      allow_methods: "PUT",
      allow_credentials: true,
    }),
    to("/more", { expose_headers: "x-seen", allow_private_network_access: true }),
    to("/all", { allow_origin_string_match: [{ exact: "*" }] }),
    to("/off", { filter_enabled: fraction(0) }),
    to("/shadow", { filter_enabled: fraction(0), shadow_enabled: fraction(100) }),
    to("/stop", { forward_not_matching_preflights: false }),
    { match: { prefix: "/" }, route: { cluster: "http" } },
  ];
  const host = policy({
    allow_origin_string_match: [{ suffix: ".good.example", ignore_case: true }],
    allow_methods: "GET, POST",
    allow_headers: "x-custom",
    expose_headers: "x-exposed",
    max_age: "600",
  });
  const route_config = {
    name: "local",
    virtual_hosts: [
      { name: "cors", domains: ["*"], routes, ...host },
      { name: "plain", domains: ["plain"], routes: routes.slice(-1) },
    ],
  };
  const filter = { name: "cors", typed_config: any("envoy.extensions.filters.http.cors.v3.Cors") };
  return bootstrap(
    [listener("in", [connectionManager([], { route_config, http_filters: [filter, routerFilter] })])],
    [cluster("http", port)],
  );
}

const origin = (name: string): string => `Origin: https://${name}`;
const preflight = (path: string, name: string, more: readonly string[] = []) =>
  get(path, [origin(name), "Access-Control-Request-Method: POST", ...more], "OPTIONS");

const always: JsonObject = { default_value: { numerator: 100 } };
const never: JsonObject = { default_value: { numerator: 0 } };

const limit = (name: string, fields: JsonObject): JsonObject =>
  any("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit", {
    stat_prefix: name,
    token_bucket: { max_tokens: 2, tokens_per_fill: 1, fill_interval: "600s" },
    filter_enabled: always,
    filter_enforced: always,
    ...fields,
  });

/** A listener for each limit, so that no case spends the tokens of another. */
const limits: Readonly<Record<string, JsonObject>> = {
  plain: limit("plain", {}),
  told: limit("told", {
    status: { code: 503 },
    enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    enable_retry_after_header: true,
    response_headers_to_add: [{ header: { key: "x-limited", value: "%REQ(x-name)%" } }],
  }),
  lenient: limit("lenient", {
    filter_enforced: never,
    status: { code: 200 },
    request_headers_to_add_when_not_enforced: [{ header: { key: "x-limited", value: "true" } }],
  }),
  again: limit("again", { enable_retry_after_header: true }),
  off: limit("off", { filter_enabled: never }),
  connection: limit("connection", { local_rate_limit_per_downstream_connection: true }),
  unset: any("envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit", { stat_prefix: "unset" }),
};

function limitBootstrap(port: number): JsonObject {
  const routes = [
    {
      match: { prefix: "/own" },
      route: { cluster: "http" },
      typed_per_filter_config: {
        limit: limit("own", {
          token_bucket: { max_tokens: 1, fill_interval: "600s" },
          status: { code: 503 },
        }),
      },
    },
    {
      match: { prefix: "/" },
      route: { cluster: "http" },
      response_headers_to_add: [{ header: { key: "x-route", value: "1" } }],
    },
  ];
  return bootstrap(
    Object.entries(limits).map(([name, config]) =>
      listener(name, [
        connectionManager(routes, { http_filters: [{ name: "limit", typed_config: config }, routerFilter] }),
      ]),
    ),
    [cluster("http", port)],
  );
}

/** Several requests, one after the other, on one connection. */
const times =
  (count: number, name: string, path = "/") =>
  async (stage: Stage): Promise<JsonObject> => {
    const client = await stage.connect(name);
    let text = "";
    for (let sent = 1; sent <= count; sent += 1) {
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nx-name: n\r\n\r\n`);
      text = await answers(client, sent);
    }
    return { lines: text.split("\r\n") };
  };

const healthCheck = (fields: JsonObject): JsonObject => ({
  name: "health",
  typed_config: any("envoy.extensions.filters.http.health_check.v3.HealthCheck", {
    headers: [{ name: ":path", string_match: { exact: "/healthz" } }],
    ...fields,
  }),
});

const checks: Readonly<Record<string, JsonObject>> = {
  own: { pass_through_mode: false },
  passing: { pass_through_mode: true },
  cached: { pass_through_mode: true, cache_time: "3600s" },
  enough: {
    pass_through_mode: false,
    cluster_min_healthy_percentages: { http: { value: 100 }, none: { value: 0 } },
  },
  missing: { pass_through_mode: false, cluster_min_healthy_percentages: { unknown: { value: 0 } } },
  empty: { pass_through_mode: false, cluster_min_healthy_percentages: { none: { value: 1 } } },
};

function checkBootstrap(port: number, log: string): JsonObject {
  const routes = [{ match: { prefix: "/" }, route: { cluster: "http" } }];
  return bootstrap(
    Object.entries(checks).map(([name, fields]) =>
      listener(name, [
        connectionManager(routes, {
          http_filters: [healthCheck(fields), routerFilter],
          access_log: [fileLog(log, textFormat("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%"))],
        }),
      ]),
    ),
    [cluster("http", port), cluster("none", 1, { load_assignment: { cluster_name: "none" } })],
    { node: { id: "n", cluster: "fleet" } },
  );
}

const check =
  (name: string, path = "/healthz", headers: readonly string[] = []) =>
  async (stage: Stage): Promise<JsonObject> => {
    stage.logMark("log");
    const request = [`GET ${path} HTTP/1.1`, "Host: a", ...headers, "", ""].join("\r\n");
    const answered = await stage.exchange(request, { listener: name });
    return { answered, log: await stage.logLines("log", 1) };
  };

/** The upstream's answer to a request, as it obeys it. */
const wanted = (answer: string): string => `x-answer: ${Buffer.from(answer).toString("hex")}`;

export const scenes: readonly Scene[] = [
  scene({
    area: "http filters",
    name: "health_check after /healthcheck/fail",
    bootstrap: (rig) => checkBootstrap(rig.http.port, rig.file("log")),
    cases: {
      "every check fails, other answers tell it, until it is taken back": async (stage) => {
        await stage.admin.request("POST", "/healthcheck/fail");
        const failed = [
          await check("own")(stage),
          await check("passing")(stage),
          await check("passing", "/else")(stage),
        ];
        await stage.admin.request("POST", "/healthcheck/ok");
        return { failed, again: await check("own")(stage) };
      },
    },
  }),
  scene({
    area: "http filters",
    name: "health_check",
    bootstrap: (rig) => checkBootstrap(rig.http.port, rig.file("log")),
    cases: {
      "answers by itself": check("own"),
      "leaves other requests alone": check("own", "/else"),
      "asks the service": check("passing"),
      "asks the service, and tells its refusal": check("passing", "/healthz", [
        wanted("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"),
      ]),
      "keeps what the service said": async (stage) => [
        await check("cached", "/healthz", [
          wanted("HTTP/1.1 503 No\r\ncontent-length: 0\r\nx-envoy-degraded: \r\n\r\n"),
        ])(stage),
        await check("cached")(stage),
      ],
      "clusters that are healthy enough": check("enough"),
      "a cluster that is not there": check("missing"),
      "a cluster without hosts": check("empty"),
    },
  }),
  scene({
    area: "http filters",
    name: "local_ratelimit",
    bootstrap: (rig) => limitBootstrap(rig.http.port),
    cases: {
      "answers 429 above the rate, and counts": async (stage) => {
        let answered: JsonObject = {};
        const counted = await stage.counted("rate_limit", async () => {
          answered = await times(4, "plain")(stage);
        });
        return { answered, counted };
      },
      "a route has a limit of its own": times(2, "plain", "/own"),
      "tells the limit, and headers of its own": times(3, "told"),
      "tells when to come again": times(3, "again"),
      "lets pass what is not enforced, with a note": times(3, "lenient"),
      "is off by a fraction": times(3, "off"),
      "is off when nothing is said": times(3, "unset"),
      "has a bucket for each connection": async (stage) => [
        await times(3, "connection")(stage),
        await times(1, "connection")(stage),
      ],
    },
  }),
  scene({
    area: "http filters",
    name: "cors",
    bootstrap: (rig) => corsBootstrap(rig.http.port),
    cases: {
      "a preflight of an allowed origin is answered": preflight("/", "a.good.example"),
      "a preflight in other letters": preflight("/", "A.GOOD.example"),
      "a preflight of another origin goes on": preflight("/", "bad.example"),
      "a preflight of another origin is answered, if the policy says so": preflight("/stop", "bad.example"),
      "OPTIONS without a method to ask for is no preflight": get("/", [origin("a.good.example")], "OPTIONS"),
      "a route overrides the virtual host field by field": preflight("/own", "own.example"),
      "a route adds to the virtual host": preflight("/more", "a.good.example", [
        "Access-Control-Request-Private-Network: true",
      ]),
      "an answer to an allowed origin says so": get("/", [origin("a.good.example")]),
      "an answer with credentials": get("/own", [origin("own.example")]),
      "an answer to another origin": get("/", [origin("bad.example")]),
      "an answer without an origin": get("/"),
      "every origin": get("/all", [origin("any.example")]),
      "switched off": preflight("/off", "a.good.example"),
      "in the shadow": preflight("/shadow", "a.good.example"),
      "without a policy": get("/", [origin("a.good.example"), "Host: plain"]),
      "counts origins": (stage) =>
        stage.counted("cors", async () => {
          await preflight("/", "a.good.example")(stage);
          await preflight("/", "bad.example")(stage);
          await preflight("/shadow", "a.good.example")(stage);
        }),
    },
  }),
  scene({
    area: "http filters",
    name: "header_mutation",
    bootstrap: (rig) => mutationBootstrap(rig.http.port),
    cases: {
      "the filter's own changes, then the levels', the innermost first": get("/route"),
      "removes, adds if absent, overwrites if there, and reads formats": get("/x", [
        "x-gone: 1",
        "x-temp-a: 1",
        "X-Temp-B: 1",
        "x-there: 1",
        "x-absent: old",
        "x-in: in",
      ]),
      "query parameters: all actions where nothing is there": get("/x"),
      "query parameters: all actions where everything is there": get(
        "/x?added=1&once=1&over=1&there=1&gone=1&gone=2&keep=a%20b+c",
      ),
      "query parameters with and without values": get("/x?flag&empty=&a%2Fb=c%2Fd&&=v&bad=%2&worse=%zz"),
      "changes local replies too": get("/direct"),
      "is switched off by a route": get("/off", ["x-gone: 1"]),
    },
  }),
  scene({
    area: "http filters",
    name: "header_mutation, the most specific wins",
    bootstrap: (rig) => mutationBootstrap(rig.http.port, { most_specific_header_mutations_wins: true }),
    cases: { "the innermost level has the last word": get("/route") },
  }),
];
