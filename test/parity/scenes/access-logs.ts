import type { JsonObject, JsonValue } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  fileLog,
  listener,
  proxyProtocolFilter,
  route,
  routerFilter,
  tcpProxy,
  textFormat,
} from "../bootstrap.ts";
import { answering, echoing, type Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

/** Whether there is a duration at all; how long it is differs from run to run. */
const durations = ["REQUEST_DURATION", "RESPONSE_DURATION", "RESPONSE_TX_DURATION", "DURATION"];

/** Groups of operators whose values are the same on every run, ports aside: one log each. */
const groups: Readonly<Record<string, readonly string[]>> = {
  addresses: ["REMOTE", "DIRECT_REMOTE", "LOCAL", "DIRECT_LOCAL"].flatMap((which) => [
    `DOWNSTREAM_${which}_ADDRESS`,
    `DOWNSTREAM_${which}_ADDRESS_WITHOUT_PORT`,
    `DOWNSTREAM_${which}_PORT`,
  ]),
  upstream: [
    "UPSTREAM_HOST",
    "UPSTREAM_HOST_NAME",
    "UPSTREAM_HOST_NAME_WITHOUT_PORT",
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_LOCAL_PORT",
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
    "UPSTREAM_REMOTE_PORT",
    "UPSTREAM_CLUSTER",
    "UPSTREAM_CLUSTER_RAW",
    "UPSTREAM_METADATA(a:b)",
  ],
  request: [
    "REQ(x-a?x-b)",
    "REQ(USER-AGENT):4",
    "REQ(:METHOD)",
    "REQ(:AUTHORITY)",
    "RESP(content-length)",
    "TRAILER(x-t)",
    "PATH",
    "PATH(WQ)",
    "PATH(NQ)",
    "PATH(WQ:ORIG)",
    "QUERY_PARAM(a)",
    "QUERY_PARAM(none)",
    "QUERY_PARAMS",
    "GRPC_STATUS",
    "GRPC_STATUS(NUMBER)",
    "GRPC_STATUS_NUMBER",
    "STREAM_ID",
    "ROUTE_NAME",
  ],
  durations,
  result: [
    "PROTOCOL",
    "RESPONSE_CODE",
    "RESPONSE_CODE_DETAILS",
    "RESPONSE_FLAGS",
    "RESPONSE_FLAGS_LONG",
    "CONNECTION_TERMINATION_DETAILS",
    "ACCESS_LOG_TYPE",
    "BYTES_RECEIVED",
    "BYTES_SENT",
    "CUSTOM_FLAGS",
    "TRACE_ID",
    "REQUESTED_SERVER_NAME",
    "DYNAMIC_METADATA(a:b)",
    "FILTER_STATE(a)",
    "HOSTNAME",
    "LISTENER_NAME",
    "FILTER_CHAIN_NAME",
    "VIRTUAL_CLUSTER_NAME",
    "ENVIRONMENT(PATH)",
    "ENVIRONMENT(PATH):3",
    "ENVIRONMENT(NOT_SET)",
  ],
};

/** Logs of every group as text, of some as JSON, and Envoy's default, under names that begin with `prefix`. */
function groupLogs(rig: Rig, prefix: string): readonly JsonObject[] {
  const texts = Object.entries(groups).map(([name, operators]) =>
    fileLog(
      rig.file(`${prefix}-${name}.log`),
      textFormat(operators.map((operator) => `${operator.replaceAll("%", "")}=%${operator}%`).join(" | ")),
    ),
  );
  const typed = Object.values(groups).flatMap((operators) =>
    operators.map((operator) => [operator, `%${operator}%`] as const),
  );
  return [
    ...texts,
    fileLog(rig.file(`${prefix}-default.log`)),
    fileLog(rig.file(`${prefix}-json.log`), { log_format: { json_format: Object.fromEntries(typed) } }),
  ];
}

function linesBootstrap(rig: Rig): JsonObject {
  const routes = [
    { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
    { match: { prefix: "/redirect" }, redirect: { host_redirect: "other.example" } },
    { ...route("/named", "http"), name: "main" },
    route("/", "http"),
  ];
  const manager = connectionManager(routes, { access_log: groupLogs(rig, "http") });
  const relay = tcpProxy("tcp", { access_log: groupLogs(rig, "tcp") });
  const reader = { listener_filters: [proxyProtocolFilter()] };
  return bootstrap(
    [
      listener("in", [manager], { filter_chains: [{ name: "the chain", filters: [manager] }] }),
      listener("restored", [manager], reader),
      listener("tcp", [relay]),
      listener("tcp-restored", [relay], reader),
    ],
    [cluster("http", rig.http.port), cluster("tcp", rig.tcp.port)],
  );
}

/** Durations of the default format made equal: `3 203 8 5 "-"` has bytes, bytes, and then two durations. */
const withoutTimes = (line: string): string =>
  line.replace(/ \d+ (?:\d+|-) "/, ' MS MS "').replaceAll(/(DURATION"?[=:])\d+/g, "$1MS");

/**
 * What `log` has of what `act` does. All of `logs` are waited for: a line that came late would be taken for one of the next case.
 */
async function linesOf(
  stage: Stage,
  log: string,
  logs: readonly string[],
  act: () => Promise<unknown>,
): Promise<JsonValue> {
  for (const one of logs) stage.logMark(`${one}.log`);
  await act();
  for (const one of logs) await stage.logLines(`${one}.log`, 1);
  return split(await stage.logLines(`${log}.log`, 1));
}

const logNames = [...Object.keys(groups), "default", "json"];

/** What a log has of a request. */
const requestLine =
  (log: string, bytes: string, listenerName = "in", names: readonly string[] = logNames) =>
  async (stage: Stage): Promise<JsonValue> =>
    linesOf(
      stage,
      `http-${log}`,
      names.map((name) => `http-${name}`),
      async () => stage.exchange(bytes, { listener: listenerName }),
    );

/** What a log has of a connection whose upstream echoes four bytes. */
const connectionLine =
  (log: string, header = "", listenerName = "tcp") =>
  async (stage: Stage, rig: Rig): Promise<JsonValue> => {
    rig.tcp.behave(echoing);
    const names = logNames.map((name) => `tcp-${name}`);
    return linesOf(stage, `tcp-${log}`, names, async () => {
      const client = await stage.connect(listenerName);
      client.write(`${header}ping`);
      await client.receivedThat((bytes) => bytes.length === 4);
      client.end();
      await client.closed();
    });
  };

/** An entry's fields one by one, so that a difference shows which. */
function split(lines: readonly string[]): JsonValue {
  return lines.map((line) => withoutTimes(line).split(/ \| |(?<=[^\\]),(?=")/));
}

const GET = "GET /named?a=1&b HTTP/1.1\r\nHost: a.example\r\nUser-Agent: curl/8\r\nx-b: 2\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
const direct = "GET /direct HTTP/1.1\r\nHost: a\r\n\r\n";
const grpc = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n";
const PROXY = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n";

const linesScene = scene({
  area: "access logs",
  name: "lines",
  bootstrap: linesBootstrap,
  cases: {
    "the default format, of a request": requestLine("default", GET),
    "the default format, of a direct response": requestLine("default", direct),
    "the default format, of a redirect": requestLine("default", "GET /redirect HTTP/1.1\r\nHost: a\r\n\r\n"),
    "the default format, of a connection": connectionLine("default"),
    "addresses of a request": requestLine("addresses", GET),
    "addresses of a request behind a PROXY header": requestLine("addresses", PROXY + GET, "restored"),
    "addresses of a connection": connectionLine("addresses"),
    "addresses of a connection behind a PROXY header": connectionLine("addresses", PROXY, "tcp-restored"),
    "the upstream of a request": requestLine("upstream", GET),
    "no upstream of a direct response": requestLine("upstream", direct),
    "the upstream of a connection": connectionLine("upstream"),
    "headers, path and query of a request": requestLine("request", GET),
    "a request of gRPC": requestLine("request", grpc),
    "trailers of a response": requestLine(
      "request",
      `GET / HTTP/1.1\r\nHost: a\r\nx-answer: ${Buffer.from(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: last\r\n\r\n",
      ).toString("hex")}\r\n\r\n`,
    ),
    "a connection has no headers": connectionLine("request"),
    "durations of a request": requestLine("durations", POST),
    "durations of a direct response": requestLine("durations", direct),
    "durations of a redirect": requestLine("durations", "GET /redirect HTTP/1.1\r\nHost: a\r\n\r\n"),
    "durations of a connection": connectionLine("durations"),
    "the result of a request": requestLine("result", POST),
    "the result of a direct response": requestLine("result", direct),
    "the result of a connection": connectionLine("result"),
    "JSON keeps types, of a request": requestLine("json", GET),
    "JSON keeps types, of a connection": connectionLine("json"),
  },
});

/** Formats of a time that do not change from minute to minute, unless it is the wrong minute. */
const timeFormats = ["%Y", "%m %b %B", "%d %e %j", "%a %A %u %w", "%z %Z %Ez", "%D %F", "%y", "%%", "x"];

/** Formats that are written for each request, by name. */
const formats: Readonly<Record<string, JsonObject>> = {
  nested: {
    json_format: {
      z: { b: ["%PROTOCOL%", 1, true, null, 1.5, { d: "%REQ(none)%" }], a: "x-%RESPONSE_CODE%" },
      a: "%RESPONSE_CODE%",
      "%REQ(a)%": 'é"\\<>&\u0001\n%%',
      "10": "ten",
      "9": "",
    },
  },
  missing: { json_format: { a: "%REQ(none)%", b: "%REQ(none)%-%PROTOCOL%", c: ["%REQ(none)%"], d: {} } },
  omitted: {
    json_format: {
      a: "%REQ(none)%",
      b: "%REQ(none)%-%PROTOCOL%",
      c: ["%REQ(none)%"],
      d: { e: "%REQ(none)%" },
    },
    omit_empty_values: true,
  },
  "omitted text": {
    text_format_source: { inline_string: "[%REQ(none)%|%PROTOCOL%]\n" },
    omit_empty_values: true,
  },
  sorted: { json_format: { b: "x", a: "y", B: "z" }, json_format_options: { sort_properties: true } },
  cut: { json_format: { a: "%REQ(x-long):3%", b: "%REQ(none):3%", c: "%PATH(NQ):2%" } },
  times: {
    text_format_source: {
      inline_string: `${timeFormats.map((format) => `%START_TIME(${format})%`).join("|")}\n`,
    },
  },
  "cut text": { text_format_source: { inline_string: "%REQ(x-long):3%|%REQ(x-long):0%|%REQ(x-long):99%\n" } },
};

const formatsScene = scene({
  area: "access logs",
  name: "formats",
  bootstrap: (rig) =>
    bootstrap(
      [
        listener("in", [
          connectionManager([route("/", "http")], {
            access_log: Object.entries(formats).map(([name, format]) =>
              fileLog(rig.file(`http-${name}.log`), { log_format: format }),
            ),
          }),
        ]),
      ],
      [cluster("http", rig.http.port)],
    ),
  cases: Object.fromEntries(
    Object.keys(formats).map((name) => [
      name,
      requestLine(
        name,
        "GET /path HTTP/1.1\r\nHost: a\r\nx-long: abcdef\r\n\r\n",
        "in",
        Object.keys(formats),
      ),
    ]),
  ),
});

const statusIs = (op: string, status: number): JsonObject => ({
  status_code_filter: { comparison: { op, value: { default_value: status, runtime_key: "status" } } },
});
const header = (name: string, more: JsonObject = {}): JsonObject => ({
  header_filter: { header: { name, ...more } },
});

/** Filters by name: each has a log of its own in one file, whose lines are their names. */
const filters: Readonly<Record<string, JsonObject>> = {
  "status = 200": statusIs("EQ", 200),
  "status >= 300": statusIs("GE", 300),
  "status <= 200": statusIs("LE", 200),
  "duration >= 0": {
    duration_filter: { comparison: { op: "GE", value: { default_value: 0, runtime_key: "d" } } },
  },
  "duration >= 9000": {
    duration_filter: { comparison: { op: "GE", value: { default_value: 9000, runtime_key: "d" } } },
  },
  "no health check": { not_health_check_filter: {} },
  "with x-a": header("x-a"),
  "without x-a": header("x-a", { invert_match: true }),
  "x-a is 1": header("x-a", { string_match: { exact: "1" } }),
  "any flag": { response_flag_filter: {} },
  "no route": { response_flag_filter: { flags: ["NR"] } },
  "all of a sample": {
    runtime_filter: { runtime_key: "x", percent_sampled: { numerator: 100, denominator: "HUNDRED" } },
  },
  "none of a sample": { runtime_filter: { runtime_key: "x", percent_sampled: { numerator: 0 } } },
  "gRPC unavailable": { grpc_status_filter: { statuses: ["UNAVAILABLE", "UNIMPLEMENTED"] } },
  "not gRPC unavailable": { grpc_status_filter: { statuses: ["UNAVAILABLE"], exclude: true } },
  "end of a request": { log_type_filter: { types: ["DownstreamEnd"] } },
  "not the end of a request": { log_type_filter: { types: ["DownstreamEnd"], exclude: true } },
  both: { and_filter: { filters: [statusIs("EQ", 200), header("x-a")] } },
  either: { or_filter: { filters: [statusIs("EQ", 404), header("x-a")] } },
};

const filtered =
  (act: (stage: Stage, rig: Rig) => Promise<unknown>) =>
  async (stage: Stage, rig: Rig): Promise<JsonValue> => {
    stage.logMark("filters.log");
    await act(stage, rig);
    return stage.logLines("filters.log", 1, (lines) => lines.at(-1) === "end");
  };

const healthCheck: JsonObject = {
  name: "envoy.filters.http.health_check",
  typed_config: any("envoy.extensions.filters.http.health_check.v3.HealthCheck", {
    pass_through_mode: false,
    headers: [{ name: ":path", string_match: { exact: "/healthy" } }],
  }),
};

const filtersScene = scene({
  area: "access logs",
  name: "filters",
  bootstrap(rig) {
    const file = rig.file("filters.log");
    const logs = Object.entries(filters).map(([name, filter]) => fileLog(file, textFormat(name), { filter }));
    const access_log = [...logs, fileLog(file, textFormat("end"))];
    const routes = [
      { match: { path: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
    ];
    return bootstrap(
      [
        listener("in", [
          connectionManager(routes, { access_log, http_filters: [healthCheck, routerFilter] }),
        ]),
        listener("tcp", [tcpProxy("tcp", { access_log })]),
      ],
      [cluster("tcp", rig.tcp.port)],
    );
  },
  cases: {
    "a request that is answered": filtered(async (stage) => stage.exchange(direct)),
    "a request with a header": filtered(async (stage) =>
      stage.exchange("GET /direct HTTP/1.1\r\nHost: a\r\nx-a: 1\r\n\r\n"),
    ),
    "a health check": filtered(async (stage) => stage.exchange("GET /healthy HTTP/1.1\r\nHost: a\r\n\r\n")),
    "a request without a route": filtered(async (stage) =>
      stage.exchange("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"),
    ),
    "a connection": filtered(async (stage, rig) => {
      rig.tcp.behave(answering("pong", true));
      const client = await stage.connect("tcp");
      client.write("ping");
      client.end();
      await client.closed();
    }),
  },
});

export const scenes: readonly Scene[] = [linesScene, formatsScene, filtersScene];
