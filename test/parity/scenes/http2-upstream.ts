import { frame, frameType } from "../../kit/raw-http2.ts";
import type { JsonObject } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  listener,
  route,
  upstreamProxyProtocol,
} from "../bootstrap.ts";
import { data, fields, post, repeat, request, talk } from "../http2-client.ts";
import { type Http2Upstream, startHttp2Upstream } from "../http2-upstream.ts";
import type { Rig } from "../rig.ts";
import { type Scene, sceneWith } from "../scene.ts";
import type { Stage } from "../stage.ts";

interface Upstreams {
  readonly [name: string]: Http2Upstream;
  readonly plain: Http2Upstream;
  readonly one: Http2Upstream;
}

const options = (more: JsonObject): JsonObject => ({
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      more,
    ),
  },
});
const http2: JsonObject = { explicit_http_config: { http2_protocol_options: {} } };

function upstreamBootstrap({ more, http }: Rig<Upstreams>): JsonObject {
  const routes = [
    {
      match: { prefix: "/timeout" },
      route: { cluster: "plain", prefix_rewrite: "/silence", timeout: "0.1s" },
    },
    route("/one", "one"),
    route("/legacy", "legacy"),
    route("/used-once", "used-once"),
    route("/idle", "idle"),
    route("/same", "same"),
    route("/", "plain"),
  ];
  return bootstrap(
    [
      listener("in", [connectionManager(routes, { upgrade_configs: [{ upgrade_type: "websocket" }] })]),
      listener("header", [connectionManager([route("/", "header")])]),
      listener("same1", [connectionManager([route("/", "same1")])]),
    ],
    [
      cluster("plain", more.plain.port, options(http2)),
      cluster("one", more.one.port, options(http2)),
      cluster("legacy", more.plain.port, { http2_protocol_options: {} }),
      cluster(
        "used-once",
        more.plain.port,
        options({ ...http2, common_http_protocol_options: { max_requests_per_connection: 1 } }),
      ),
      cluster(
        "idle",
        more.plain.port,
        options({ ...http2, common_http_protocol_options: { idle_timeout: "0.05s" } }),
      ),
      cluster(
        "same",
        more.plain.port,
        options({ use_downstream_protocol_config: { http2_protocol_options: {} } }),
      ),
      cluster(
        "same1",
        http.port,
        options({ use_downstream_protocol_config: { http2_protocol_options: {} } }),
      ),
      cluster("header", more.plain.port, {
        ...options(http2),
        transport_socket: upstreamProxyProtocol({ version: "V1" }),
      }),
    ],
  );
}

/** Asks over HTTP/1.1. */
const ask = async (stage: Stage, path: string, more: readonly string[] = []) =>
  stage.exchange(["GET " + path + " HTTP/1.1", "Host: a", ...more, "", ""].join("\r\n"));

/** What came of it: for the client, at the upstream, and in the cluster's counters. */
const failing = (path: string) => async (stage: Stage, rig: Rig<Upstreams>) => {
  rig.more.plain.heard();
  let answered: JsonObject = {};
  const pattern =
    "^cluster\\.plain\\.(http2\\.(rx|tx|header)|upstream_rq_(rx|tx|[0-9]|pending_fail)|upstream_cx_(close|destroy|http2|total))";
  const counted = await stage.counted(pattern, async () => {
    answered = await ask(stage, path);
  });
  return { ...answered, heard: rig.more.plain.heard(), counted };
};

const failures: Readonly<Record<string, string>> = {
  REFUSED_STREAM: "/refuse",
  "RST_STREAM with CANCEL": "/cancel",
  "RST_STREAM with CONNECT_ERROR": "/connect-error",
  "RST_STREAM in the middle": "/middle",
  "GOAWAY in front of the stream": "/goaway",
  "a head without a status": "/no-status",
  "a status that is none": "/bad-status",
  "a name in upper case": "/upper",
  "a header of the connection": "/connection",
  "a push": "/push",
  "HTTP/1.1": "/http1",
  "101": "/101",
  "more headers than allowed": "/many",
  "a body that is not as long as promised": "/short",
  "no answer in time": "/timeout",
};

export const scenes: readonly Scene[] = [
  sceneWith<Upstreams>(
    async () => ({ plain: await startHttp2Upstream(), one: await startHttp2Upstream(1) }),
    {
      area: "http2",
      name: "upstreams",
      bootstrap: upstreamBootstrap,
      cases: {
        "a request of HTTP/1.1": async (stage) => ask(stage, "/a?b", ["Cookie: a=1; b=2", "TE: trailers"]),
        "a body of HTTP/1.1, chunked": async (stage) =>
          stage.exchange(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
          ),
        "a body of HTTP/1.1 with a length": async (stage) =>
          stage.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
        "a request of HTTP/2": async (stage) => talk(stage, [request(1, "/a")]),
        "trailers of a request": async (stage) =>
          talk(stage, [post(1, "/a"), data(1, "abc"), frame(frameType.headers, 5, 1, fields("x-t", "1"))]),
        "trailers of a response": async (stage) => talk(stage, [request(1, "/trailers")]),
        "trailers of a response to HTTP/1.1": async (stage) => ask(stage, "/trailers"),
        "a body of 1 MB": async (stage) =>
          talk(stage, [
            frame(frameType.settings, 1, 0),
            post(1, "/a"),
            repeat(64, () => data(1, "y".repeat(16_000))),
            data(1, "", true),
          ]),
        "WebSocket of HTTP/1.1 becomes an extended CONNECT": async (stage) => {
          const client = await stage.connect();
          const lines = [
            "GET /websocket HTTP/1.1",
            "Host: a",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "",
            "",
          ];
          client.write(Buffer.from(lines.join("\r\n")));
          const answer = await client.receivedThat((bytes) => bytes.includes("welcome"));
          return answer.toString("latin1").split("\r\n");
        },
        "an interim head is passed over": async (stage) => ask(stage, "/interim"),
        "many streams share one connection": async (stage, rig) => {
          rig.more.plain.heard();
          const ids = Array.from({ length: 9 }, (_, index) => 1 + 2 * index);
          const pattern = "^cluster\\.plain\\.upstream_(cx|rq)_(total|http2_total)";
          return stage.counted(pattern, async () =>
            talk(
              stage,
              ids.map((id) => request(id, "/a")),
              ids,
            ),
          );
        },
        "an upstream that takes one stream gets more connections": async (stage) =>
          stage.counted("^cluster\\.one\\.upstream_(cx|rq)_total", async () => {
            await talk(stage, [request(1, "/one")]);
            await talk(stage, [request(1, "/one"), request(3, "/one"), request(5, "/one")], [1, 3, 5]);
          }),
        "http2_protocol_options of the cluster itself": async (stage) => ask(stage, "/legacy"),
        max_requests_per_connection: async (stage) =>
          stage.counted("^cluster\\.used-once\\.upstream_(cx|rq)_(total|max|destroy|active)", async () => {
            await ask(stage, "/used-once");
            await ask(stage, "/used-once");
          }),
        "an idle connection is closed": async (stage) =>
          stage.counted("^cluster\\.idle\\.upstream_cx_(total|idle|destroy|active)", async () =>
            ask(stage, "/idle"),
          ),
        "use_downstream_protocol_config: HTTP/2 for HTTP/2": async (stage) =>
          talk(stage, [request(1, "/same")]),
        "use_downstream_protocol_config: HTTP/1.1 for HTTP/1.1": async (stage) =>
          stage.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n", { listener: "same1" }),
        "GOAWAY behind the stream: the next one takes another connection": async (stage) =>
          stage.counted("^cluster\\.plain\\.upstream_cx_(total|close)", async () => {
            await ask(stage, "/goaway-after");
            await ask(stage, "/a");
          }),
        "the PROXY header stands before the preface, and splits the pool (PP-89, PP-113)": async (
          stage,
          rig,
        ) => {
          rig.more.plain.heard();
          const outcomes = await stage.counted("^cluster\\.header\\.upstream_cx_total", async () => {
            await talk(stage, [request(1, "/a"), request(3, "/a")], [1, 3], { listener: "header" });
            await talk(stage, [request(1, "/a")], [1], { listener: "header" });
          });
          return { outcomes, heard: rig.more.plain.heard() };
        },
        ...Object.fromEntries(
          Object.entries(failures).map(([name, path]) => [
            `an upstream that answers with ${name}`,
            failing(path),
          ]),
        ),
      },
    },
  ),
];
