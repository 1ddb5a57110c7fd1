import type { JsonObject } from "../../kit/json.ts";
import {
  bootstrap,
  cluster,
  connectionManager,
  listener,
  route,
  tcpProxy,
  upstreamProxyProtocol,
} from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const one = { max_connections: 1, max_pending_requests: 1 };

function limited({ tcp }: Rig): JsonObject {
  const names: readonly (readonly [name: string, thresholds: readonly JsonObject[], more?: JsonObject])[] = [
    ["pending", [one]],
    ["no-pending", [{ max_pending_requests: 0 }]],
    ["requests", [{ max_requests: 1 }]],
    ["connections", [{ max_connections: 1 }]],
    ["priorities", [one, { priority: "HIGH", max_connections: 2, track_remaining: true }]],
    ["pools", [{ max_connection_pools: 1 }], { transport_socket: upstreamProxyProtocol({ version: "V1" }) }],
    ["zero", [{ max_connections: 0 }]],
    ["tcp-one", [{ max_connections: 1, track_remaining: true }]],
    ["tcp-no-pending", [{ max_pending_requests: 0, track_remaining: true }]],
    ["tcp-thrice", [{ max_pending_requests: 0 }]],
  ];
  const clusters = names.map(([name, thresholds, more]) =>
    cluster(name, tcp.port, { circuit_breakers: { thresholds: [...thresholds] }, ...more }),
  );
  return bootstrap(
    [
      listener("in", [
        connectionManager([
          route("/high/", "priorities", { priority: "HIGH" }),
          ...names.map(([name]) => route(`/${name}/`, name)),
        ]),
      ]),
      listener("one", [tcpProxy("tcp-one")]),
      listener("no-pending", [tcpProxy("tcp-no-pending", { stat_prefix: "no-pending" })]),
      listener("thrice", [tcpProxy("tcp-thrice", { stat_prefix: "thrice", max_connect_attempts: 3 })]),
    ],
    clusters,
  );
}

/** A request that the upstream does not answer. */
async function hang(stage: Stage, path: string) {
  const client = await stage.connect();
  client.write(`GET /${path}/ HTTP/1.1\r\nhost: a\r\n\r\n`);
  return client;
}

/** Waits until a number of a cluster is what it is to be. */
async function until(stage: Stage, name: string, value: number): Promise<void> {
  for (;;) if ((await stage.admin.stats(`^cluster\\.${name}$`)).get(`cluster.${name}`) === value) return;
}

/** The answer to one request more, with what that moved. */
async function oneMore(stage: Stage, path: string, clusterName = path): Promise<JsonObject> {
  let lines: readonly string[] = [];
  const counted = await stage.counted(`^cluster\\.${clusterName}\\.(upstream_(cx|rq)_|circuit)`, async () => {
    ({ lines } = await stage.exchange(`GET /${path}/ HTTP/1.1\r\nhost: a\r\n\r\n`));
  });
  return { lines: [...lines], counted };
}

/** What the breakers of a cluster say now, zeros left out. */
async function breakers(stage: Stage, name: string): Promise<JsonObject> {
  const stats = await stage.admin.stats(`^cluster\\.${name}\\.circuit_breakers`);
  return Object.fromEntries([...stats].filter(([, value]) => value !== 0));
}

export const scenes: readonly Scene[] = [
  scene({
    area: "circuit breakers",
    name: "limits",
    // Of clients that go together, one may be gone before another gets its turn.
    varying: /^cluster\.(connections|pending)\./,
    bootstrap: limited,
    cases: {
      "max_pending_requests refuses who would wait": async (stage) => {
        await hang(stage, "pending");
        await until(stage, "pending.upstream_rq_active", 1);
        await hang(stage, "pending");
        await until(stage, "pending.upstream_rq_pending_active", 1);
        const open = await breakers(stage, "pending");
        return { open, ...(await oneMore(stage, "pending")) };
      },
      "max_pending_requests 0 refuses all that need a connection": async (stage) =>
        oneMore(stage, "no-pending"),
      "max_requests refuses once the connection is there": async (stage) => {
        await hang(stage, "requests");
        await until(stage, "requests.upstream_rq_active", 1);
        const open = await breakers(stage, "requests");
        return { open, ...(await oneMore(stage, "requests")) };
      },
      "max_connections lets the next one wait": async (stage) => {
        await hang(stage, "connections");
        await until(stage, "connections.upstream_rq_active", 1);
        const counted = await stage.counted(
          "^cluster\\.connections\\.(upstream_(cx|rq)_|circuit)",
          async () => {
            await hang(stage, "connections");
            await until(stage, "connections.upstream_rq_pending_active", 1);
          },
        );
        return { counted, open: await breakers(stage, "connections") };
      },
      "max_connections 0 lets a host have one connection all the same": async (stage) => {
        const counted = await stage.counted("^cluster\\.zero\\.(upstream_(cx|rq)_|circuit)", async () => {
          await hang(stage, "zero");
          await until(stage, "zero.upstream_rq_active", 1);
        });
        return { counted };
      },
      "requests of high priority have limits of their own": async (stage) => {
        await hang(stage, "priorities");
        await until(stage, "priorities.upstream_rq_active", 1);
        await hang(stage, "high");
        await until(stage, "priorities.upstream_rq_active", 2);
        const { body } = await stage.admin.request("GET", "/clusters?filter=^priorities$");
        return {
          open: await breakers(stage, "priorities"),
          lines: body.split("\n").filter((line) => line.includes("_priority::")),
        };
      },
      "max_connection_pools counts one for each address that a PROXY header tells": async (stage) => {
        await hang(stage, "pools");
        await until(stage, "pools.upstream_rq_active", 1);
        const open = await breakers(stage, "pools");
        return { open, ...(await oneMore(stage, "pools")) };
      },
      "tcp_proxy is refused beyond max_connections": async (stage) => {
        const first = await stage.connect("one");
        first.write("x");
        await until(stage, "tcp-one.upstream_cx_active", 1);
        const open = await breakers(stage, "tcp-one");
        let ending = "";
        const counted = await stage.counted("^cluster\\.tcp-one\\.upstream_|^tcp\\.", async () => {
          const second = await stage.connect("one");
          await second.closed();
          ({ ending } = second);
        });
        return { open, ending, counted };
      },
      "tcp_proxy tries again where nobody may wait": async (stage) => {
        let ending = "";
        const counted = await stage.counted("^cluster\\.tcp-thrice\\.upstream_", async () => {
          const client = await stage.connect("thrice");
          await client.closed();
          ({ ending } = client);
        });
        return { ending, counted };
      },
      "what remains without a limit is told to its last digit": async (stage) => {
        const { body } = await stage.admin.request("GET", "/stats?filter=tcp-no-pending.*remaining_cx_pools");
        return body;
      },
      "tcp_proxy is refused where nobody may wait": async (stage) => {
        let ending = "";
        const counted = await stage.counted("^cluster\\.tcp-no-pending\\.upstream_", async () => {
          const client = await stage.connect("no-pending");
          await client.closed();
          ({ ending } = client);
        });
        return { ending, counted };
      },
    },
  }),
];
