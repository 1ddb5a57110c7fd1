import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { until } from "../../kit/within.ts";
import { any, bootstrap, cluster, upstreamProxyProtocol } from "../bootstrap.ts";
import { type CheckAnswer, type CheckedHttp, startCheckedHttp } from "../health/checked-http.ts";
import { type CheckedGrpc, type GrpcAnswer, grpcAnswers, startCheckedGrpc } from "../health/checked-grpc.ts";
import {
  clusterOf,
  eventsSinceHealthy,
  flagsOf,
  healthCheck,
  membership,
  untilFlags,
} from "../health/health-view.ts";
import { answering, type More, type Rig } from "../rig.ts";
import { scene, sceneWith, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const http2 = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      { explicit_http_config: { http2_protocol_options: {} } },
    ),
  },
};

/** Lets the upstream answer otherwise, and gives the first events of that and where it led. */
async function turn(
  stage: Stage,
  { more: { http } }: Rig<HttpMore>,
  how: CheckAnswer,
  { flags, count }: { readonly flags: string; readonly count: number },
): Promise<JsonValue> {
  // Failed and back again: what is looked for comes behind that.
  http.answer({ status: 200 });
  await untilFlags(stage, "web", "healthy");
  http.answer({ status: 503 });
  await untilFlags(stage, "web", "/failed_active_hc");
  http.answer({ status: 200 });
  await untilFlags(stage, "web", "healthy");
  http.answer(how);
  const reached = await untilFlags(stage, "web", flags);
  const told = await eventsSinceHealthy(stage, "events", count);
  return { reached, told: [...told], membership: await membership(stage, "web") };
}

interface HttpMore extends More {
  readonly http: CheckedHttp;
}

/** Each path stands for a way to answer; each cluster checks one of them. */
const paths: Readonly<Record<string, CheckAnswer>> = {
  "/hello": { status: 200, body: "well, hello there" },
  "/late": { status: 200, body: `${".".repeat(1100)}hello` },
  "/created": { status: 201 },
  "/named": { status: 200, headers: { "x-envoy-upstream-healthchecked-cluster": "web-7" } },
  "/close": { status: 200, headers: { connection: "close" } },
  "/post": { status: 200 },
  "/headers": { status: 200 },
  "/host": { status: 200 },
  "/fresh": { status: 200 },
};

const hello = [{ text: Buffer.from("hello").toString("hex") }];

/** Checks by name of the cluster that has them. */
const httpChecks: Readonly<Record<string, JsonObject>> = {
  found: { path: "/hello", receive: hello },
  "in-order": { path: "/hello", receive: [{ text: "77656c6c" }, { binary: "dGhlcmU=" }] },
  "out-of-order": { path: "/hello", receive: [{ text: "7468657265" }, { text: "77656c6c" }] },
  late: { path: "/late", receive: hello },
  "late-unlimited": { path: "/late", receive: hello, response_buffer_size: 0 },
  created: { path: "/created" },
  "created-expected": { path: "/created", expected_statuses: [{ start: 200, end: 202 }] },
  named: { path: "/named", service_name_matcher: { prefix: "web" } },
  misnamed: { path: "/named", service_name_matcher: { exact: "db" } },
  unnamed: { path: "/hello", service_name_matcher: { prefix: "web" } },
};

async function startHttp(): Promise<HttpMore> {
  return { http: await startCheckedHttp(paths) };
}

/** Waits until a path has been asked for so many times on one connection, or at all. */
async function head(rig: Rig<HttpMore>, path: string, requests = 1): Promise<JsonValue> {
  const { heads, reuse } = rig.more.http;
  return until(
    5000,
    () => `${path} asked for`,
    () => ((reuse.get(path) ?? 0) >= requests ? [...(heads.get(path) ?? [])] : undefined),
  );
}

async function flagsAfterCheck(stage: Stage, name: string): Promise<JsonValue> {
  const attempt = `cluster.${name}.health_check.attempt`;
  await until(
    5000,
    () => `${name} is checked`,
    async () => ((await stage.admin.stats(`^${attempt}$`)).get(attempt) ?? 0) >= 3 || undefined,
  );
  return [...(await flagsOf(stage, name))];
}

interface GrpcMore extends More {
  readonly grpc: CheckedGrpc;
}

async function grpcTurn(stage: Stage, rig: Rig<GrpcMore>, how: GrpcAnswer): Promise<JsonValue> {
  rig.more.grpc.answer(grpcAnswers.serving);
  await untilFlags(stage, "grpc", "healthy");
  rig.more.grpc.answer(how);
  const flags = await untilFlags(stage, "grpc", "/failed_active_hc");
  return { flags, told: [...(await eventsSinceHealthy(stage, "events", 1))] };
}

const ping = Buffer.from("ping").toString("hex");
const pong = [{ text: Buffer.from("pong").toString("hex") }];

/** What the first checks of a cluster sent to the TCP upstream, its own port blanked. */
async function sent(stage: Stage, rig: Rig, bytes: number): Promise<string> {
  const connection = await stage.upstream(rig.tcp);
  const received = await connection.receivedThat(({ length }) => length >= bytes);
  return received
    .toString("latin1")
    .replaceAll(String(connection.remotePort), "CHECK")
    .replaceAll(String(rig.tcp.port), "TCP");
}

/** A scene of one TCP check, which reaches `rig.tcp`. */
function tcpScene(
  name: string,
  check: JsonObject,
  cases: Parameters<typeof scene>[0]["cases"],
  more: JsonObject = {},
): Scene {
  return scene({
    area: "health",
    name,
    bootstrap: (rig) =>
      bootstrap([], [cluster("tcp", rig.tcp.port, { health_checks: [healthCheck(check)], ...more })]),
    cases,
  });
}

export const scenes: readonly Scene[] = [
  sceneWith(startHttp, {
    area: "health",
    name: "HTTP checks come and go",
    bootstrap: (rig) =>
      bootstrap(
        [],
        [
          clusterOf("web", [rig.more.http.port], {
            health_checks: [
              healthCheck({
                timeout: "0.2s",
                always_log_health_check_failures: true,
                always_log_health_check_success: true,
                event_log_path: rig.file("events"),
                http_health_check: { path: "/hz", retriable_statuses: [{ start: 504, end: 505 }] },
              }),
            ],
          }),
        ],
      ),
    cases: {
      "the first check decides at once": async (stage, rig) => {
        await untilFlags(stage, "web", "healthy");
        stage.name(rig.more.http.port, "CHECKED");
        const lines = await stage.logLines("events", 2);
        return lines.slice(0, 2).map((line) => line.replace(/"timestamp":"[^"]*"/, '"timestamp":"…"'));
      },
      "the request of a check": async (_stage, rig) => head(rig, "/hz", 3),
      "503 fails the host at once": async (stage, rig) =>
        turn(stage, rig, { status: 503 }, { flags: "/failed_active_hc", count: 3 }),
      "a retriable status fails it by the threshold": async (stage, rig) =>
        turn(stage, rig, { status: 504 }, { flags: "/failed_active_hc", count: 3 }),
      "a reset fails it by the threshold": async (stage, rig) =>
        turn(stage, rig, "reset", { flags: "/failed_active_hc", count: 3 }),
      "silence fails it by the threshold, and is told": async (stage, rig) =>
        turn(stage, rig, "silent", { flags: "/failed_active_hc/active_hc_timeout", count: 2 }),
      "x-envoy-degraded degrades it": async (stage, rig) =>
        turn(
          stage,
          rig,
          { status: 200, headers: { "x-envoy-degraded": "yes" } },
          { flags: "/degraded_active_hc", count: 1 },
        ),
      "x-envoy-immediate-health-check-fail leaves it out": async (stage, rig) =>
        turn(
          stage,
          rig,
          { status: 503, headers: { "x-envoy-immediate-health-check-fail": "true" } },
          { flags: "/failed_active_hc/excluded_via_immediate_hc_fail", count: 2 },
        ),
      "the header means nothing beside an expected status": async (stage, rig) => {
        rig.more.http.answer({ status: 200, headers: { "x-envoy-immediate-health-check-fail": "true" } });
        return untilFlags(stage, "web", "healthy");
      },
      "it recovers by the threshold": async (stage, rig) => {
        rig.more.http.answer({ status: 503 });
        await untilFlags(stage, "web", "/failed_active_hc");
        return stage.counted("^cluster\\.web\\.health_check\\.healthy", async () => {
          rig.more.http.answer({ status: 200 });
          await untilFlags(stage, "web", "healthy");
        });
      },
    },
  }),
  sceneWith(startHttp, {
    area: "health",
    name: "what HTTP checks ask and expect",
    bootstrap: (rig) =>
      bootstrap(
        [],
        [
          ...Object.entries(httpChecks).map(([name, check]) =>
            clusterOf(name, [rig.more.http.port], {
              health_checks: [healthCheck({ http_health_check: check })],
            }),
          ),
          clusterOf("post", [rig.more.http.port], {
            health_checks: [
              healthCheck({
                http_health_check: { path: "/post", method: "POST", host: "h.test", send: { text: ping } },
              }),
            ],
          }),
          clusterOf("headers", [rig.more.http.port], {
            health_checks: [
              healthCheck({
                http_health_check: {
                  path: "/headers?a=b",
                  request_headers_to_add: [
                    { header: { key: "X-Added", value: "%PROTOCOL%-%UPSTREAM_METADATA([a, b])%" } },
                    { header: { key: "x-plain", value: "1" } },
                  ],
                  request_headers_to_remove: ["user-agent"],
                },
              }),
            ],
          }),
          clusterOf("host", [rig.dead.port], {
            load_assignment: {
              cluster_name: "host",
              endpoints: [
                {
                  lb_endpoints: [
                    {
                      endpoint: {
                        address: { socket_address: { address: "127.0.0.1", port_value: rig.dead.port } },
                        health_check_config: { port_value: rig.more.http.port, hostname: "of.endpoint" },
                      },
                    },
                  ],
                },
              ],
            },
            health_checks: [healthCheck({ http_health_check: { path: "/host", host: "of.check" } })],
          }),
          clusterOf("fresh", [rig.more.http.port], {
            health_checks: [healthCheck({ reuse_connection: false, http_health_check: { path: "/fresh" } })],
          }),
          clusterOf("close", [rig.more.http.port], {
            health_checks: [healthCheck({ http_health_check: { path: "/close" } })],
          }),
          clusterOf("unchecked", [rig.dead.port], {
            load_assignment: {
              cluster_name: "unchecked",
              endpoints: [
                {
                  lb_endpoints: [
                    {
                      endpoint: {
                        address: { socket_address: { address: "127.0.0.1", port_value: rig.dead.port } },
                        health_check_config: { disable_active_health_check: true },
                      },
                    },
                  ],
                },
              ],
            },
            health_checks: [healthCheck({ http_health_check: { path: "/" } })],
          }),
        ],
      ),
    cases: {
      ...Object.fromEntries(
        Object.keys(httpChecks).map((name) => [
          `${name}: what becomes of the host`,
          async (stage: Stage) => flagsAfterCheck(stage, name),
        ]),
      ),
      "a payload goes out with its length": async (_stage, rig) => head(rig, "/post"),
      "headers are added and removed": async (_stage, rig) => head(rig, "/headers?a=b"),
      "an endpoint's own port and name win": async (stage, rig) => ({
        head: await head(rig, "/host"),
        flags: await flagsAfterCheck(stage, "host"),
      }),
      "a connection carries one check where it is not reused": async (stage, rig) => {
        await flagsAfterCheck(stage, "fresh");
        return rig.more.http.reuse.get("/fresh") ?? 0;
      },
      "connection: close ends it too": async (stage, rig) => ({
        flags: await flagsAfterCheck(stage, "close"),
        requests: rig.more.http.reuse.get("/close") ?? 0,
      }),
      "disable_active_health_check has nothing checked": async (stage) => ({
        flags: [...(await flagsOf(stage, "unchecked"))],
        stats: Object.fromEntries(await stage.admin.stats("^cluster\\.unchecked\\.health_check")),
      }),
      "the service's name is looked at": async (stage) => {
        const stats = await stage.admin.stats("^cluster\\.(named|misnamed|found)\\.health_check\\.verify");
        return Object.fromEntries([...stats].map(([name, value]) => [name, value > 0]));
      },
    },
  }),
  sceneWith(async () => ({ grpc: await startCheckedGrpc() }), {
    area: "health",
    name: "gRPC checks",
    bootstrap: (rig) =>
      bootstrap(
        [],
        [
          clusterOf("grpc", [rig.more.grpc.port], {
            ...http2,
            health_checks: [
              healthCheck({
                event_log_path: rig.file("events"),
                always_log_health_check_failures: true,
                grpc_health_check: {
                  service_name: "shop",
                  authority: "shop.test",
                  initial_metadata: [{ header: { key: "x-a", value: "b" } }],
                },
              }),
            ],
          }),
          clusterOf("h2", [rig.more.grpc.port], {
            health_checks: [
              healthCheck({
                http_health_check: {
                  path: "/h2",
                  codec_client_type: "HTTP2",
                  method: "POST",
                  send: { text: ping },
                },
              }),
            ],
          }),
        ],
      ),
    cases: {
      "the call of a check": async (stage, rig) => {
        await untilFlags(stage, "grpc", "healthy");
        const path = "/grpc.health.v1.Health/Check";
        const { heads, bodies } = rig.more.grpc;
        return { head: [...(heads.get(path) ?? [])], body: bodies.get(path) ?? "" };
      },
      "an HTTP check in HTTP/2": async (stage, rig) => {
        await untilFlags(stage, "h2", "healthy");
        const { heads, bodies } = rig.more.grpc;
        return { head: [...(heads.get("/h2") ?? [])], body: bodies.get("/h2") ?? "" };
      },
      ...Object.fromEntries(
        Object.entries(grpcAnswers)
          .filter(([name]) => name !== "serving")
          .map(([name, answer]) => [
            `${name} fails the host at once`,
            async (stage: Stage, rig: Rig<GrpcMore>) => grpcTurn(stage, rig, answer),
          ]),
      ),
    },
  }),
  tcpScene(
    "TCP checks with a payload",
    { timeout: "0.2s", tcp_health_check: { send: { text: ping }, receive: pong } },
    {
      "the answer is looked for": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => socket.on("data", () => void socket.write("..pong..")));
        const flags = await untilFlags(stage, "tcp", "healthy");
        return { flags, sent: await sent(stage, rig, 8) };
      },
      "a kept connection that the host closes is a failure": async (stage, rig) => {
        rig.tcp.behave(answering("pong", true));
        return stage
          .counted("^cluster\\.tcp\\.health_check\\.(network_failure)$", async () => {
            for (const { socket } of rig.tcp.connections) socket.destroy();
            await untilFlags(stage, "tcp", "healthy");
          })
          .then((counted) => Object.keys(counted));
      },
      "another answer is waited for until the timeout": async (stage, rig) => {
        rig.tcp.behave(answering("pang"));
        for (const { socket } of rig.tcp.connections) socket.destroy();
        return untilFlags(stage, "tcp", "/failed_active_hc/active_hc_timeout");
      },
    },
  ),
  tcpScene(
    "TCP checks that only connect",
    { tcp_health_check: {} },
    {
      "being connected is enough (PP-120)": async (stage, rig) => {
        const flags = await untilFlags(stage, "tcp", "healthy");
        const connection = await stage.upstream(rig.tcp, 1);
        await connection.ended();
        return { flags, received: connection.received.length, ending: connection.ending };
      },
    },
    { transport_socket: upstreamProxyProtocol({ version: "V2" }) },
  ),
  ...(["V1", "V2"] as const).map((version) =>
    tcpScene(
      `TCP checks with PROXY headers ${version} of the transport socket and of their own`,
      {
        tcp_health_check: {
          send: { text: ping },
          receive: pong,
          proxy_protocol_config: { version, added_tlvs: [{ type: 5, value: "aGVsbG8=" }] },
        },
      },
      {
        "both are written, the transport socket's once (PP-121)": async (stage, rig) => {
          rig.tcp.behave(({ socket }) => socket.on("data", () => void socket.write("pong")));
          await untilFlags(stage, "tcp", "healthy");
          return (await sent(stage, rig, 100)).slice(0, 100);
        },
      },
      { transport_socket: upstreamProxyProtocol({ version }) },
    ),
  ),
];
