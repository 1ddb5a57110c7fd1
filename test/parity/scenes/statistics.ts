import type { JsonObject, JsonValue } from "../../kit/json.ts";
import {
  bootstrap,
  cluster,
  connectionManager,
  listener,
  proxyProtocolFilter,
  route,
  tcpProxy,
  upstreamProxyProtocol,
} from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

/** One of each of what most proxies have. */
function plainBootstrap(rig: Rig): JsonObject {
  return bootstrap(
    [
      listener("in", [connectionManager([route("/", "http")])], {
        stat_prefix: "http",
        listener_filters: [proxyProtocolFilter({ allow_requests_without_proxy_protocol: true })],
      }),
      listener("tcp", [tcpProxy("tcp")], { stat_prefix: "tcp" }),
    ],
    [
      cluster("http", rig.http.port),
      cluster("tcp", rig.tcp.port, { transport_socket: upstreamProxyProtocol({ version: "V2" }) }),
    ],
    { layered_runtime: { layers: [{ name: "one", static_layer: { a: 1, b: { c: 2 } } }] } },
  );
}

/** The name of every statistic, histograms too, each as a key. */
async function names(stage: Stage): Promise<JsonValue> {
  const { body } = await stage.admin.request("GET", "/stats");
  const found = body.split("\n").flatMap((line) => (line === "" ? [] : [line.slice(0, line.indexOf(": "))]));
  return { names: Object.fromEntries(found.map((name) => [name, "there"])) };
}

/** Some statistics of a proxy at rest, with their values. */
const values =
  (pattern: string) =>
  async (stage: Stage): Promise<JsonValue> =>
    Object.fromEntries(await stage.admin.stats(pattern));

export const scenes: readonly Scene[] = [
  scene({
    area: "statistics",
    name: "names",
    bootstrap: plainBootstrap,
    cases: {
      "of a proxy without traffic": names,
      "the runtime's values": values("^runtime.num_"),
      "the server's values": values("^server.(live|state|concurrency|total_connections|hot_restart_epoch)$"),
      "the listener manager's values": values(
        "^listener_manager.(listener_added|total_listeners_active|workers_started|listener_create_success)$",
      ),
      "the cluster manager's values": values(
        "^cluster_manager.(active_clusters|cluster_added|warming_clusters)$",
      ),
      "members of a cluster": values("^cluster.http.membership_"),
      "limits of a cluster": values("^cluster.http.circuit_breakers"),
      "connections are counted as total_connections": async (stage, rig) => {
        const client = await stage.connect("tcp");
        client.write("x");
        await stage.upstream(rig.tcp);
        return stage.counted(
          "^listener.tcp.downstream_cx_active|^tcp.relay.downstream_cx_total",
          async () => {
            client.end();
            const connection = await stage.upstream(rig.tcp);
            await connection.ended();
            connection.socket.end();
            await client.closed();
          },
        );
      },
      "a client that goes away with its request": async (stage) =>
        stage.counted("^http.web.downstream_(cx_destroy|rq_rx_reset|rq_active)", async () => {
          const client = await stage.connect("in");
          client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
          await stage.untilStat("http.web.downstream_rq_active", 1);
          client.end();
          client.destroy();
          await stage.untilStat("http.web.downstream_rq_active", 0);
        }),
    },
  }),
];
