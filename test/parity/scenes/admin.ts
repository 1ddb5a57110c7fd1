import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener, route, tcpProxy } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

function adminBootstrap(rig: Rig): JsonObject {
  return bootstrap(
    [
      listener("in", [connectionManager([route("/", "http")])]),
      listener("tcp", [tcpProxy("tcp", { stat_prefix: "relay" })]),
    ],
    [cluster("http", rig.http.port), cluster("tcp", rig.tcp.port)],
    // What histograms have had is told at once, not after five seconds.
    { stats_flush_on_admin: true },
  );
}

/** Status and lines of an answer. */
const asked =
  (path: string, method: "GET" | "POST" = "GET") =>
  async (stage: Stage): Promise<JsonValue> => {
    const { status, body } = await stage.admin.request(method, path);
    return { status, lines: body.split("\n") };
  };

/** Several requests one after another, by what they answer first. */
const askedInTurn =
  (...requests: readonly (readonly ["GET" | "POST", string])[]) =>
  async (stage: Stage): Promise<JsonValue> => {
    const answers: JsonValue[] = [];
    for (const [method, path] of requests) {
      const { status, body } = await stage.admin.request(method, path);
      answers.push(`${method} ${path}: ${status} ${body.trim()}`);
    }
    return answers;
  };

/** JSON of an answer, so that the order of keys does not matter. */
const askedJson =
  (path: string) =>
  async (stage: Stage): Promise<JsonValue> => {
    const { status, body } = await stage.admin.request("GET", path);
    const json: JsonValue = JSON.parse(body);
    return { status, json };
  };

/** A connection that lasts so long. */
async function connection(stage: Stage, rig: Rig, ms: number): Promise<void> {
  rig.tcp.behave(({ socket }) => {
    socket.once("end", () => socket.end());
  });
  const client = await stage.connect("tcp");
  await stage.passed(ms);
  client.end();
  await client.closed();
}

/** A histogram after a connection of 0.15 s, give or take 50 ms. */
const histogram =
  (path: string) =>
  async (stage: Stage, rig: Rig): Promise<JsonValue> => {
    await connection(stage, rig, 150);
    await stage.counted("^listener\\..*downstream_cx_active", async () => undefined);
    const { body } = await stage.admin.request("GET", path);
    return body.split("\n");
  };

/** Ports of the listeners are named in what comes out. */
const withPorts =
  (act: (stage: Stage) => Promise<JsonValue>) =>
  async (stage: Stage): Promise<JsonValue> => {
    await stage.listenerPort("in");
    await stage.listenerPort("tcp");
    return act(stage);
  };

const pathsScene = scene({
  area: "admin",
  name: "paths",
  bootstrap: (rig) => ({
    ...adminBootstrap(rig),
    layered_runtime: {
      layers: [
        { name: "one", static_layer: { a: 1, b: { c: true, d: "text" } } },
        { name: "two", static_layer: { a: 2.5 } },
        { name: "admin", admin_layer: {} },
      ],
    },
  }),
  cases: {
    "a path that is none": async (stage) => {
      const { status, body } = await stage.admin.request("GET", "/nope");
      return { status, first: body.split("\n", 1) };
    },
    "what changes something wants POST": askedInTurn(
      ["GET", "/quitquitquit"],
      ["GET", "/reset_counters"],
      ["GET", "/healthcheck/fail"],
      ["GET", "/drain_listeners"],
      ["GET", "/logging"],
      ["GET", "/reopen_logs"],
    ),
    "/ready": asked("/ready"),
    "/hot_restart_version": asked("/hot_restart_version"),
    "/contention": asked("/contention"),
    "/init_dump": asked("/init_dump"),
    "/memory has Envoy's fields": async (stage) => {
      const { body } = await stage.admin.request("GET", "/memory");
      const memory: JsonObject = JSON.parse(body);
      return Object.keys(memory);
    },
    "/runtime tells layers and what wins": askedJson("/runtime"),
    "/listeners": withPorts(asked("/listeners")),
    "/listeners as JSON": withPorts(askedJson("/listeners?format=json")),
    "health checks fail and pass": askedInTurn(
      ["POST", "/healthcheck/fail"],
      ["GET", "/ready"],
      ["GET", "/stats?filter=^server.live$"],
      ["POST", "/healthcheck/ok"],
      ["GET", "/ready"],
    ),
    "/reset_counters and /reopen_logs": askedInTurn(["POST", "/reset_counters"], ["POST", "/reopen_logs"]),
    "a level that is none": async (stage) => {
      const { status, body } = await stage.admin.request("POST", "/logging?level=x");
      return { status, first: body.split("\n", 1) };
    },
    "one field of each cluster": askedJson("/config_dump?resource=static_clusters&mask=cluster.name"),
    "one field of everything": askedJson("/config_dump?mask=static_listeners"),
    "a mask that fits nothing": asked("/config_dump?mask=nothing"),
    "a resource that is none": asked("/config_dump?resource=nothing"),
    "the bootstrap is no list": asked("/config_dump?resource=bootstrap"),
    "a name that is chosen": askedJson("/config_dump?resource=static_clusters&name_regex=ht.*"),
    "draining listeners": async (stage) => {
      const { body } = await stage.admin.request("POST", "/drain_listeners?inboundonly");
      const stopped = await stage.counted("^listener_manager", async () => {
        await stage.admin.request("POST", "/drain_listeners");
      });
      return { body, stopped };
    },
  },
});

export const scenes: readonly Scene[] = [
  pathsScene,
  scene({
    area: "admin",
    name: "histograms",
    bootstrap: adminBootstrap,
    cases: {
      "before there are values, as text": asked(
        "/stats?type=Histograms&filter=^(cluster|listener.127|http.web).*(length_ms|connect_ms|rq_time)",
      ),
      "before there are values, as JSON": asked(
        "/stats?format=json&filter=^cluster.tcp.*(length_ms|update_success)",
      ),
      "used ones only: none": asked("/stats?type=Histograms&usedonly&filter=^cluster.tcp"),
      "buckets as text": histogram("/stats?filter=^listener.127.*cx_length_ms&histogram_buckets=cumulative"),
      "buckets of their own as text": histogram(
        "/stats?filter=^listener.127.*cx_length_ms&histogram_buckets=disjoint",
      ),
      "buckets as JSON": histogram(
        "/stats?format=json&filter=^listener.127.*cx_length_ms&histogram_buckets=cumulative",
      ),
      "buckets for Prometheus": async (stage) => {
        const { body } = await stage.admin.request(
          "GET",
          "/stats/prometheus?filter=^listener.127.*cx_length_ms",
        );
        return body.split("\n").filter((line) => !line.includes("_sum"));
      },
      "how histograms are not shown": asked("/stats?histogram_buckets=x"),
      "a type that is none": asked("/stats?type=x"),
      "a filter that is none": asked("/stats?filter=("),
    },
  }),
];
