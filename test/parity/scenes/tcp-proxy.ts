import type { JsonObject, JsonValue } from "../../kit/json.ts";
import type { ScriptedClient } from "../../kit/scripted-client.ts";
import { until } from "../../kit/within.ts";
import { any, bootstrap, cluster, fileLog, listener, textFormat } from "../bootstrap.ts";
import { clusterOf } from "../health/health-view.ts";
import { answering, echoing, halfClosing, type More, resetting, type Rig } from "../rig.ts";
import { sceneWith, type Scene } from "../scene.ts";
import { about, type Stage } from "../stage.ts";
import { startStalledListener, type StalledListener } from "../stalled-listener.ts";

interface Stalled extends More {
  readonly stalled: StalledListener;
}

const format = [
  "%ACCESS_LOG_TYPE%",
  "%RESPONSE_FLAGS%",
  "received %BYTES_RECEIVED%",
  "sent %BYTES_SENT%",
  "%UPSTREAM_CLUSTER%",
  "%UPSTREAM_HOST%",
  "from %UPSTREAM_LOCAL_ADDRESS%",
  "tries %UPSTREAM_REQUEST_ATTEMPT_COUNT%",
  "%CONNECTION_TERMINATION_DETAILS%",
  "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  "%RESPONSE_CODE_DETAILS%",
].join(" | ");

/** Fields of the TcpProxy of each listener. */
const proxies: Readonly<Record<string, JsonObject>> = {
  plain: { cluster: "tcp" },
  dead: { cluster: "dead" },
  "dead-thrice": { cluster: "dead", max_connect_attempts: 3 },
  missing: { cluster: "missing" },
  empty: { cluster: "empty" },
  full: { cluster: "full" },
  stalled: { cluster: "stalled" },
  "stalled-twice": { cluster: "stalled", max_connect_attempts: 2 },
  "half-dead": { cluster: "half-dead", max_connect_attempts: 2 },
  idle: { cluster: "tcp", idle_timeout: "0.2s" },
  aging: { cluster: "tcp", max_downstream_connection_duration: "0.2s" },
  "aging-stalled": { cluster: "patient", max_downstream_connection_duration: "0.2s" },
  patient: { cluster: "patient" },
  "on-connected": { cluster: "tcp", access_log_options: { flush_access_log_on_connected: true } },
  "on-start": { cluster: "dead", access_log_options: { flush_access_log_on_start: true } },
  periodic: { cluster: "tcp", access_log_options: { access_log_flush_interval: "0.1s" } },
  "old-on-connected": { cluster: "tcp", flush_access_log_on_connected: true },
  weighted: { weighted_clusters: { clusters: [{ name: "tcp", weight: 100 }] } },
  "back-off": {
    cluster: "dead",
    max_connect_attempts: 3,
    backoff_options: { base_interval: "0.05s", max_interval: "0.06s" },
  },
};

async function pingAndEnd(client: ScriptedClient): Promise<void> {
  await ping(client);
  client.end();
  await client.closed();
}

function proxyScene(rig: Rig<Stalled>): JsonObject {
  return bootstrap(
    Object.entries(proxies).map(([name, fields]) =>
      listener(name, [
        {
          name: "envoy.filters.network.tcp_proxy",
          typed_config: any("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", {
            stat_prefix: name,
            access_log: [fileLog(rig.file(name), textFormat(format))],
            ...fields,
          }),
        },
      ]),
    ),
    [
      cluster("tcp", rig.tcp.port),
      cluster("dead", rig.dead.port),
      clusterOf("empty", [], {}),
      cluster("full", rig.tcp.port, { circuit_breakers: { thresholds: [{ max_connections: 1 }] } }),
      cluster("stalled", rig.more.stalled.port, { connect_timeout: "0.2s" }),
      cluster("patient", rig.more.stalled.port, { connect_timeout: "0.5s" }),
      clusterOf("half-dead", [rig.dead.port, rig.tcp.port], {}),
    ],
  );
}

/** What a connection came to: how it ended, the lines of the log and the counters that moved. */
async function outcome(
  stage: Stage,
  rig: Rig<Stalled>,
  name: string,
  act: (client: ScriptedClient) => Promise<unknown>,
  lines = 1,
): Promise<JsonObject> {
  stage.logMark(name);
  stage.name(rig.more.stalled.port, "STALLED");
  let client: ScriptedClient | undefined;
  const counted = await stage.counted(`^tcp\\.${name}\\.|^cluster\\.[^.]+\\.upstream_(cx|rq)_`, async () => {
    client = await stage.connect(name);
    await act(client);
    await stage.logLines(name, lines);
  });
  const log = (await stage.logLines(name, lines)).slice(0, lines);
  return { ending: client!.ending, received: client!.received.length, log: [...log], counted };
}

const closed = async (client: ScriptedClient) => client.closed();

async function timed(
  stage: Stage,
  rig: Rig<Stalled>,
  name: string,
  expectedMs: number,
  act: (client: ScriptedClient) => Promise<unknown> = closed,
): Promise<JsonValue> {
  let took = "";
  const result = await outcome(stage, rig, name, async (client) => {
    const start = performance.now();
    await act(client);
    took = about(performance.now() - start, expectedMs);
  });
  return { ...result, took };
}

/** Sends, and waits for so many bytes. */
async function ping(client: ScriptedClient, bytes = 4): Promise<void> {
  client.write("ping");
  await client.receivedThat(({ length }) => length >= bytes);
}

export const scenes: readonly Scene[] = [
  sceneWith(async () => ({ stalled: await startStalledListener() }), {
    area: "tcp-proxy",
    name: "how connections end",
    // Which of the hosts comes first is a matter of chance.
    varying: /^cluster\.half-dead\./,
    bootstrap: proxyScene,
    cases: {
      "the client closes": async (stage, rig) => {
        rig.tcp.behave(echoing);
        return outcome(stage, rig, "plain", pingAndEnd);
      },
      "the client resets": async (stage, rig) => {
        rig.tcp.behave(echoing);
        return outcome(stage, rig, "plain", async (client) => {
          await ping(client);
          client.reset();
          await (await stage.upstream(rig.tcp)).ended();
        }).then(async (told) => ({ ...told, upstream: (await stage.upstream(rig.tcp)).ending }));
      },
      "the upstream answers and closes": async (stage, rig) => {
        rig.tcp.behave(answering("pong", true));
        return outcome(stage, rig, "plain", async (client) => {
          client.write("ping");
          await client.closed();
          client.end();
        });
      },
      "the upstream resets": async (stage, rig) => {
        rig.tcp.behave(resetting);
        return outcome(stage, rig, "plain", async (client) => {
          client.write("ping");
          await client.closed();
        });
      },
      "the upstream ends its side, and the client goes on": async (stage, rig) => {
        rig.tcp.behave(halfClosing);
        return outcome(stage, rig, "plain", async (client) => {
          client.write("ping");
          await client.closed();
          client.write("more");
          await (await stage.upstream(rig.tcp)).receivedThat(({ length }) => length === 8);
          client.end();
        });
      },
      "the client ends its side, and the upstream goes on": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => {
          socket.once("end", () => socket.end("late"));
        });
        return outcome(stage, rig, "plain", async (client) => {
          client.write("ping");
          client.end();
          await client.closed();
        });
      },
      "large bodies both ways": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const bytes = Buffer.alloc(3 << 20, "0123456789");
        const { ending, received, log } = await outcome(stage, rig, "plain", async (client) => {
          client.write(bytes);
          client.end();
          await client.receivedThat(({ length }) => length === bytes.length);
          await client.closed();
        });
        return { ending: ending!, received: received!, log: log! };
      },
      "the upstream refuses": async (stage, rig) => outcome(stage, rig, "dead", closed),
      "the upstream refuses each try": async (stage, rig) => outcome(stage, rig, "dead-thrice", closed),
      "the next host takes it": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const both = [
          await outcome(stage, rig, "half-dead", pingAndEnd),
          await outcome(stage, rig, "half-dead", pingAndEnd),
        ];
        // Which of the hosts comes first is a matter of chance.
        return both.map(({ ending, received }) => ({ ending: ending!, received: received! }));
      },
      "no such cluster": async (stage, rig) => outcome(stage, rig, "missing", closed),
      "no host": async (stage, rig) => outcome(stage, rig, "empty", closed),
      "no more connections": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const first = await stage.connect("full");
        await ping(first);
        const second = await outcome(stage, rig, "full", closed);
        first.end();
        await first.closed();
        return second;
      },
      connect_timeout: async (stage, rig) => timed(stage, rig, "stalled", 200),
      "connect_timeout of each try": async (stage, rig) => timed(stage, rig, "stalled-twice", 400),
      "the client closes before the upstream is there": async (stage, rig) =>
        outcome(stage, rig, "patient", async (client) => {
          await stage.counted("^cluster\\.patient\\.upstream_rq_pending_active", async () => undefined);
          client.end();
        }),
      "the client resets before the upstream is there": async (stage, rig) =>
        outcome(stage, rig, "patient", async (client) => {
          await stage.counted("^cluster\\.patient\\.upstream_rq_pending_active", async () => undefined);
          client.reset();
        }),
      idle_timeout: async (stage, rig) => {
        rig.tcp.behave(echoing);
        return timed(stage, rig, "idle", 200, async (client) => {
          await ping(client);
          await client.closed();
        });
      },
      "traffic puts idle_timeout off": async (stage, rig) => {
        rig.tcp.behave(echoing);
        return timed(stage, rig, "idle", 500, async (client) => {
          for (let n = 1; n <= 3; n += 1) {
            const start = performance.now();
            await ping(client, n * 4);
            // As long as half the timeout: what is measured is that the timeout begins anew.
            await until(1000, "100 ms", () => performance.now() - start > 100 || undefined);
          }
          await client.closed();
        });
      },
      max_downstream_connection_duration: async (stage, rig) => {
        rig.tcp.behave(echoing);
        return timed(stage, rig, "aging", 200, async (client) => {
          await ping(client);
          await client.closed();
        });
      },
      "the duration counts from the start, upstream or not": async (stage, rig) =>
        timed(stage, rig, "aging-stalled", 200),
      flush_access_log_on_connected: async (stage, rig) => {
        rig.tcp.behave(echoing);
        return [
          await outcome(stage, rig, "on-connected", pingAndEnd, 2),
          await outcome(stage, rig, "old-on-connected", pingAndEnd, 2),
        ];
      },
      flush_access_log_on_start: async (stage, rig) => outcome(stage, rig, "on-start", closed, 2),
      access_log_flush_interval: async (stage, rig) => {
        rig.tcp.behave(echoing);
        stage.logMark("periodic");
        const client = await stage.connect("periodic");
        await ping(client);
        const lines = await stage.logLines("periodic", 2);
        client.end();
        await client.closed();
        return lines.slice(0, 2);
      },
      weighted_clusters: async (stage, rig) => {
        rig.tcp.behave(echoing);
        return outcome(stage, rig, "weighted", pingAndEnd);
      },
      backoff_options: async (stage, rig) => outcome(stage, rig, "back-off", closed),
    },
  }),
];
