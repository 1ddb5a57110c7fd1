import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener, route } from "../bootstrap.ts";
import { request, talk } from "../http2-client.ts";
import { scene, type Scene } from "../scene.ts";
import { about } from "../stage.ts";
import type { Stage } from "../stage.ts";

const routes = [
  route("/slow", "tcp"),
  { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
];
const managers: Readonly<Record<string, JsonObject>> = {
  in: { delayed_close_timeout: "0.3s" },
  zero: { delayed_close_timeout: "0s" },
  few: { delayed_close_timeout: "0s", common_http_protocol_options: { max_requests_per_connection: 2 } },
  short: {
    delayed_close_timeout: "0s",
    drain_timeout: "0.3s",
    common_http_protocol_options: { max_connection_duration: "0.4s" },
  },
  idle: {
    delayed_close_timeout: "0.1s",
    drain_timeout: "0.2s",
    common_http_protocol_options: { idle_timeout: "0.3s" },
  },
};

const closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const unfinished = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab";

/** How long the server takes to close, and what it counts. */
const ending =
  (bytes: string, name: string, expectedMs: number) =>
  async (stage: Stage): Promise<JsonValue> => {
    let took = 0;
    const counted = await stage.counted("downstream_cx_(destroy|delayed|idle|max)", async () => {
      const startedAt = performance.now();
      await stage.exchange(bytes, { listener: name, untilClosed: true });
      took = performance.now() - startedAt;
    });
    return { took: about(took, expectedMs, 250), counted };
  };

/** What `downstream_cx_max_duration_reached` is when one more connection has lasted long enough. */
async function reached({ admin }: Stage): Promise<number> {
  const name = "http.web.downstream_cx_max_duration_reached";
  return ((await admin.stats(`^${name}$`)).get(name) ?? 0) + 1;
}

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "ends of connections",
    bootstrap: (rig) =>
      bootstrap(
        Object.entries(managers).map(([name, more]) => listener(name, [connectionManager(routes, more)])),
        [cluster("tcp", rig.tcp.port)],
      ),
    args: ["--drain-strategy", "immediate"],
    cases: {
      "a client that does not close is closed after delayed_close_timeout": ending(closing, "in", 300),
      "a client whose request was not whole too": ending(unfinished, "in", 300),
      "a client whose request was none too": ending("BREW / HTTP/1.1\r\n\r\n", "in", 300),
      "delayed_close_timeout 0 closes at once": ending(closing, "zero", 0),
      max_requests_per_connection: async (stage) =>
        stage.exchange(get + get + get, { listener: "few", count: 3, untilClosed: true }),
      "idle_timeout closes a connection without a request": ending(get, "idle", 600),
      "idle_timeout closes a connection that never had one": ending("", "idle", 300),
      "max_connection_duration ends a connection without a request": ending(get, "short", 700),
      "max_connection_duration ends a connection that never had one": ending("", "short", 400),
      "max_connection_duration leaves an HTTP/1.1 request the drain time": async (stage) => {
        const client = await stage.connect("short");
        client.write(get);
        await client.receivedThat((bytes) => bytes.includes("hi"));
        const counted = await stage.counted("downstream_cx_(max|idle|drain)", async () => {
          await stage.untilStat("http.web.downstream_cx_max_duration_reached", await reached(stage));
          client.write(get);
          await client.closed();
        });
        return { counted, answers: client.received.toString("latin1").split("\r\n") };
      },
      "max_connection_duration during a request, which is the last one": async (stage, rig) => {
        const client = await stage.connect("short");
        const limit = await reached(stage);
        client.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
        const { socket } = await stage.upstream(rig.tcp);
        await stage.untilStat("http.web.downstream_cx_max_duration_reached", limit);
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        await client.closed();
        return client.received
          .toString("latin1")
          .split("\r\n")
          .filter((line) => !line.startsWith("x-envoy-upstream-service-time"));
      },
      "max_connection_duration drains HTTP/2": (stage) =>
        talk(stage, [request(1, "/")], "closed", { listener: "short" }),
      "max_connection_duration of HTTP/2 without a request": (stage) =>
        talk(stage, [], "closed", { listener: "short" }),
      "a client that closes itself": (stage) =>
        stage.counted("downstream_cx_(destroy|delayed)", async () => {
          const client = await stage.connect();
          client.write(closing);
          await client.receivedThat((bytes) => bytes.includes("hi"));
          client.end();
          await client.closed();
        }),
      "connection: close while the listener drains": async (stage) => {
        const client = await stage.connect("zero");
        client.write(get);
        await client.receivedThat((bytes) => bytes.includes("hi"));
        await stage.admin.request("POST", "/drain_listeners?graceful&skip_exit");
        client.write(get);
        await client.closed();
        return client.received.toString("latin1").split("\r\n");
      },
    },
  }),
];
