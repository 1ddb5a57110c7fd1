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

export const scenes: readonly Scene[] = [
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
