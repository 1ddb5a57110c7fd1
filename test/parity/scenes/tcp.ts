import type { JsonObject } from "../../kit/json.ts";
import { bootstrap, cluster, listener, tcpProxy } from "../bootstrap.ts";
import { answering, echoing, halfClosing, type Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import { about, type Stage } from "../stage.ts";

function relayScene(rig: Rig): JsonObject {
  return bootstrap(
    [
      listener("in", [tcpProxy("tcp")]),
      listener("dead", [tcpProxy("dead", { stat_prefix: "dead" })]),
      listener("missing", [tcpProxy("no-such-cluster", { stat_prefix: "missing" })]),
      listener("idle", [tcpProxy("tcp", { stat_prefix: "idle", idle_timeout: "0.3s" })]),
      listener("aging", [
        tcpProxy("tcp", { stat_prefix: "aging", max_downstream_connection_duration: "0.3s" }),
      ]),
    ],
    [cluster("tcp", rig.tcp.port), cluster("dead", rig.dead.port)],
  );
}

/** How both sides end when the upstream does something on the first bytes. */
async function endings(stage: Stage, rig: Rig): Promise<JsonObject> {
  const client = await stage.connect();
  client.write("ping");
  await client.closed();
  const connection = await stage.upstream(rig.tcp);
  return { client: client.ending, received: client.received.toString(), upstream: connection.ending };
}

/**
 * A client that is closed without the upstream's doing, with the counters of that. It sends nothing to one that closes at once: whether that
 * made the end a reset would be a matter of time.
 */
async function closedByProxy(stage: Stage, name: string, expectedMs?: number): Promise<JsonObject> {
  let ending = "";
  let took = "";
  const counted = await stage.counted(`^tcp\\.${name}\\.|^cluster\\.(tcp|dead)\\.upstream_cx`, async () => {
    const client = await stage.connect(name);
    const start = performance.now();
    if (expectedMs !== undefined) client.write("ping");
    await client.closed();
    if (expectedMs !== undefined) took = about(performance.now() - start, expectedMs);
    ending = client.ending;
  });
  return { ending, counted, took };
}

export const scenes: readonly Scene[] = [
  scene({
    area: "tcp",
    name: "relay",
    bootstrap: relayScene,
    cases: {
      "bytes go there and back": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const client = await stage.connect();
        client.write("ping");
        const received = await client.receivedThat((bytes) => bytes.length === 4);
        return { received: received.toString(), client: client.ending };
      },
      "a client that ends its side still gets the answer": async (stage, rig) => {
        rig.tcp.behave(({ socket }) => {
          socket.once("end", () => socket.end("late"));
        });
        const client = await stage.connect();
        client.write("ping");
        client.end();
        await client.closed();
        const connection = await stage.upstream(rig.tcp);
        return { received: client.received.toString(), client: client.ending, upstream: connection.ending };
      },
      "an upstream that ends its side": async (stage, rig) => {
        rig.tcp.behave(halfClosing);
        return endings(stage, rig);
      },
      "an upstream that answers and ends": async (stage, rig) => {
        rig.tcp.behave(answering("pong", true));
        return endings(stage, rig);
      },
      "1 MiB there and back": async (stage, rig) => {
        rig.tcp.behave(echoing);
        const client = await stage.connect();
        const bytes = Buffer.alloc(1 << 20, "0123456789abcdef");
        client.write(bytes);
        const received = await client.receivedThat(({ length }) => length === bytes.length);
        return { isSame: received.equals(bytes) };
      },
      "a cluster that is not there": async (stage) => closedByProxy(stage, "missing"),
      "idle_timeout closes": async (stage) => closedByProxy(stage, "idle", 300),
      "max_downstream_connection_duration closes": async (stage) => closedByProxy(stage, "aging", 300),
    },
  }),
];
