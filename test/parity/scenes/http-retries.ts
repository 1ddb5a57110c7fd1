import { answers } from "../../data-plane/http/http-scene.ts";
import type { JsonObject, JsonValue } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  fileLog,
  listener,
  route,
  textFormat,
} from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import type { ScriptedAnswer, ScriptedUpstream } from "../scripted-upstream.ts";
import { reset, silence, startScriptedUpstream } from "../scripted-upstream.ts";
import type { Stage } from "../stage.ts";

type More = { readonly scripted: ScriptedUpstream };

const previousHosts = {
  name: "previous_hosts",
  typed_config: any("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"),
};
/** With waits so long that nobody sees the end of them. */
const patient = {
  retry_on: "5xx",
  retry_back_off: { base_interval: "100000s", max_interval: "100000s" },
  rate_limited_retry_back_off: { reset_headers: [{ name: "x-reset", format: "SECONDS" }] },
};
const quick = { base_interval: "0.001s", max_interval: "0.002s" };

/** Retry policies by the first part of the path. */
const policies: Readonly<Record<string, JsonObject>> = {
  "5xx": { retry_on: "5xx", num_retries: 2 },
  gateway: { retry_on: "gateway-error", num_retries: 1 },
  none: { retry_on: "5xx", num_retries: 0 },
  once: { retry_on: "5xx" },
  reset: { retry_on: "reset", num_retries: 1 },
  before: { retry_on: "reset-before-request", num_retries: 1 },
  connect: { retry_on: "connect-failure", num_retries: 2 },
  codes: { retry_on: "retriable-status-codes", retriable_status_codes: [418, 404] },
  headers: { retry_on: "retriable-headers", retriable_headers: [{ name: "x-again", present_match: true }] },
  asked: { retry_on: "5xx", retriable_request_headers: [{ name: "x-may-retry", present_match: true }] },
  "4xx": { retry_on: "retriable-4xx" },
  grpc: { retry_on: "unavailable,cancelled" },
  limited: {
    retry_on: "envoy-ratelimited,5xx",
    rate_limited_retry_back_off: {
      reset_headers: [{ name: "x-reset", format: "SECONDS" }],
      max_interval: "2s",
    },
  },
  slow: { retry_on: "5xx", num_retries: 1, per_try_timeout: "0.15s" },
  idle: { retry_on: "5xx", num_retries: 1, per_try_idle_timeout: "0.15s" },
};

const logged = textFormat("%RESPONSE_CODE% %UPSTREAM_CLUSTER%");

function retriesBootstrap(rig: Rig<More>): JsonObject {
  const routes: JsonObject[] = Object.entries(policies).map(([name, policy]) =>
    route(`/${name}`, "tcp", { retry_policy: { retry_back_off: quick, ...policy } }),
  );
  routes.push(
    route("/dead", "dead", {
      retry_policy: { retry_back_off: quick, retry_on: "connect-failure", num_retries: 2 },
    }),
    route("/hosts", "hosts", {
      retry_policy: {
        retry_back_off: quick,
        retry_on: "connect-failure",
        num_retries: 1,
        retry_host_predicate: [previousHosts],
        host_selection_retry_max_attempts: 5,
      },
    }),
    route("/budget", "budget", { retry_policy: { retry_back_off: quick, retry_on: "5xx", num_retries: 5 } }),
    {
      ...route("/patient", "tcp", { retry_policy: patient }),
      per_request_buffer_limit_bytes: 10,
    },
    {
      ...route("/small", "tcp", { retry_policy: { retry_back_off: quick, retry_on: "5xx", num_retries: 1 } }),
      per_request_buffer_limit_bytes: 10,
    },
    route("/", "tcp"),
  );
  const hosts = {
    ...cluster("hosts", rig.http.port),
    load_assignment: {
      cluster_name: "hosts",
      endpoints: [
        {
          lb_endpoints: [rig.dead.port, rig.http.port].map((port) => ({
            endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
          })),
        },
      ],
    },
  };
  const manager = (name: string, more: JsonObject) =>
    listener(name, [
      connectionManager(routes, {
        access_log: [fileLog(rig.file("log"), logged)],
        route_config: {
          name: "local",
          virtual_hosts: [
            {
              name: "all",
              domains: ["*"],
              routes,
              include_request_attempt_count: true,
              include_attempt_count_in_response: true,
              include_is_timeout_retry_header: true,
            },
          ],
        },
        ...more,
      }),
    ]);
  return bootstrap(
    // A client of `in` is internal: its x-envoy headers count.
    [
      manager("in", {
        use_remote_address: true,
        internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.0", prefix_len: 8 }] },
      }),
      manager("edge", { use_remote_address: true }),
    ],
    [
      cluster("tcp", rig.more.scripted.port),
      cluster("dead", rig.dead.port),
      cluster("budget", rig.more.scripted.port, {
        circuit_breakers: {
          thresholds: [{ retry_budget: { budget_percent: { value: 0 }, min_retry_concurrency: 0 } }],
        },
      }),
      hosts,
    ],
  );
}

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const status = (code: number, headers = "") => `HTTP/1.1 ${code} X\r\n${headers}content-length: 1\r\n\r\nx`;

interface Try {
  readonly path: string;
  readonly answers: readonly ScriptedAnswer[];
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly listener?: string;
}

/** What the client got, what every try said of itself, how it was counted and logged. */
function asking({ path, answers, headers = [], body, listener: name = "in" }: Try) {
  return async (stage: Stage, { more: { scripted } }: Rig<More>): Promise<JsonValue> => {
    stage.name(scripted.port, "SCRIPTED");
    scripted.script(...answers);
    stage.logMark("log");
    const lines = body === undefined ? headers : [...headers, `content-length: ${body.length}`];
    const request = [
      `${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`,
      "Host: a",
      ...lines,
      "",
      body ?? "",
    ];
    let answer: JsonValue = null;
    const counters = await stage.counted("upstream_rq|retry", async () => {
      answer = await stage.exchange(request.join("\r\n"), { listener: name });
    });
    const tries = scripted.requests
      // What is left of the time depends on how long the first try took.
      .map((text) => text.replace(/(?<=x-envoy-expected-rq-timeout-ms: )(14[0-9]{3}|15000)/, "REST"));
    return { answer, tries, counters: settledCounters(counters), log: await stage.logLines("log", 1) };
  };
}

/** Five bytes of a body of 30 are answered with 500; the rest comes during the back-off. */
const outgrowing =
  (headers = "") =>
  async (stage: Stage, { more: { scripted } }: Rig<More>): Promise<JsonValue> => {
    scripted.script(status(500, headers));
    stage.logMark("log");
    const failed = "cluster.tcp.retry.upstream_rq_500";
    const before = (await stage.admin.stats(`^${failed}$`)).get(failed) ?? 0;
    const client = await stage.connect();
    let received = "";
    const counters = await stage.counted("upstream_rq|retry", async () => {
      client.write("POST /patient HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\naaaaa");
      await stage.untilStat(failed, before + 1);
      client.write("a".repeat(25));
      received = await answers(client, 1);
    });
    const log = await stage.logLines("log", 1);
    return { received: received.split("\r\n"), counters: settledCounters(counters), log };
  };

/** Without gauges that depend on when a connection is let go of. */
function settledCounters(counters: Readonly<Record<string, number>>): Record<string, number> {
  const left = Object.entries(counters).filter(
    ([name]) => !/upstream_rq_time|upstream_cx_length_ms/.test(name),
  );
  return Object.fromEntries(left);
}

export const scenes: readonly Scene[] = [
  sceneWith(async () => ({ scripted: await startScriptedUpstream() }), {
    area: "http",
    name: "retries",
    // Which of the hosts comes first is a matter of chance.
    varying: /^cluster\.hosts\./,
    bootstrap: retriesBootstrap,
    cases: {
      "5xx: a 500 is tried again, up to a good answer": asking({ path: "/5xx", answers: [status(500), ok] }),
      "5xx: the last answer is passed on when there are no tries left": asking({
        path: "/5xx",
        answers: [status(503)],
      }),
      "5xx: a reset is tried again": asking({ path: "/5xx", answers: [reset, ok] }),
      "5xx: a 404 is not": asking({ path: "/5xx", answers: [status(404)] }),
      "5xx: a body is sent again": asking({ path: "/5xx", answers: [status(500), ok], body: "abc" }),
      "a body that is larger than the limit is not kept": asking({
        path: "/small",
        answers: [status(500), ok],
        body: "a".repeat(30),
      }),
      "a body that outgrows the limit while the next try waits": outgrowing(),
      "a body that outgrows the limit while a limited rate is waited for": outgrowing("x-reset: 200\r\n"),
      "num_retries 0 tries once": asking({ path: "/none", answers: [status(500), ok] }),
      "num_retries unset tries twice": asking({ path: "/once", answers: [status(500), status(500), ok] }),
      "gateway-error: 502 to 504 are": asking({ path: "/gateway", answers: [status(502), ok] }),
      "gateway-error: 500 is not": asking({ path: "/gateway", answers: [status(500), ok] }),
      "reset: a reset is": asking({ path: "/reset", answers: [reset, ok] }),
      "reset: a 500 is not": asking({ path: "/reset", answers: [status(500), ok] }),
      "reset: all tries are reset": asking({ path: "/reset", answers: [reset] }),
      "reset-before-request: a reset behind the request is not": asking({
        path: "/before",
        answers: [reset, ok],
      }),
      "connect-failure: a reset behind the request is not": asking({
        path: "/connect",
        answers: [reset, ok],
      }),
      "connect-failure: nobody listens": asking({ path: "/dead", answers: [] }),
      "connect-failure: another host is tried where previous ones are avoided": async (stage) => {
        stage.logMark("log");
        const first = await stage.exchange("GET /hosts HTTP/1.1\r\nHost: a\r\n\r\n");
        const second = await stage.exchange("GET /hosts HTTP/1.1\r\nHost: a\r\n\r\n");
        await stage.logLines("log", 2);
        return [first.lines[0]!, second.lines[0]!];
      },
      "retriable-status-codes": asking({ path: "/codes", answers: [status(418), ok] }),
      "retriable-status-codes of the request's header": asking({
        path: "/codes",
        answers: [status(421), ok],
        headers: ["x-envoy-retriable-status-codes: 421,x,422"],
      }),
      "retriable-headers": asking({ path: "/headers", answers: [status(200, "x-again: 1\r\n"), ok] }),
      "retriable-headers of the request's header": asking({
        path: "/headers",
        answers: [status(200, "x-more: 1\r\n"), ok],
        headers: ["x-envoy-retriable-header-names: x-other, X-More"],
      }),
      "retriable_request_headers: a request without is not": asking({
        path: "/asked",
        answers: [status(500), ok],
      }),
      "retriable_request_headers: a request with is": asking({
        path: "/asked",
        answers: [status(500), ok],
        headers: ["x-may-retry: 1"],
      }),
      "retriable-4xx: 409": asking({ path: "/4xx", answers: [status(409), ok] }),
      "grpc status in the head": asking({ path: "/grpc", answers: [status(200, "grpc-status: 14\r\n"), ok] }),
      "envoy-ratelimited waits for the reset header, if it says no more than max_interval": asking({
        path: "/limited",
        answers: [status(429, "x-envoy-ratelimited: 1\r\nx-reset: 5\r\n"), ok],
      }),
      "per_try_timeout: a slow try is given up, the next is taken": asking({
        path: "/slow",
        answers: [silence, ok],
      }),
      "per_try_timeout: all tries are slow": asking({ path: "/slow", answers: [silence] }),
      per_try_idle_timeout: asking({ path: "/idle", answers: [silence, ok] }),
      "the cluster's budget is used up": asking({ path: "/budget", answers: [status(500), ok] }),
      "x-envoy-retry-on and x-envoy-max-retries of an internal request": asking({
        path: "/",
        answers: [status(500), status(500), ok],
        headers: ["x-envoy-retry-on: 5xx", "x-envoy-max-retries: 2"],
      }),
      "x-envoy-retry-grpc-on of an internal request": asking({
        path: "/",
        answers: [status(200, "grpc-status: 4\r\n"), ok],
        headers: ["x-envoy-retry-grpc-on: deadline-exceeded"],
      }),
      "x-envoy-retry-on of an external request is nothing": asking({
        path: "/",
        answers: [status(500), ok],
        headers: ["x-envoy-retry-on: 5xx"],
        listener: "edge",
      }),
      "x-envoy-upstream-rq-timeout-ms of an internal request": asking({
        path: "/",
        answers: [silence],
        headers: ["x-envoy-upstream-rq-timeout-ms: 150"],
      }),
      "x-envoy-upstream-rq-timeout-alt-response answers 204": asking({
        path: "/",
        answers: [silence],
        headers: ["x-envoy-upstream-rq-timeout-ms: 150", "x-envoy-upstream-rq-timeout-alt-response: 1"],
      }),
      "x-envoy-upstream-rq-per-try-timeout-ms of an internal request": asking({
        path: "/5xx",
        answers: [silence, ok],
        headers: ["x-envoy-upstream-rq-timeout-ms: 5000", "x-envoy-upstream-rq-per-try-timeout-ms: 150"],
      }),
    },
  }),
];
