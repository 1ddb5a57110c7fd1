import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import type { Behaviour, Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const websocket = [{ upgrade_type: "websocket" }];

/** A route for CONNECT. */
function connectRoute(match: JsonObject, more: JsonObject): JsonObject {
  return { match: { connect_matcher: {}, ...match }, route: { cluster: "tcp", ...more } };
}

function upgradesBootstrap(rig: Rig): JsonObject {
  const routes = [
    route("/never", "tcp", { upgrade_configs: [{ upgrade_type: "WebSocket", enabled: false }] }),
    route("/always", "tcp", { upgrade_configs: [{ upgrade_type: "other" }] }),
    connectRoute(
      { headers: [{ name: "x-end", present_match: true }] },
      { upgrade_configs: [{ upgrade_type: "CONNECT", connect_config: {} }] },
    ),
    connectRoute({ headers: [{ name: "x-refused", present_match: true }] }, {}),
    connectRoute({}, { upgrade_configs: [{ upgrade_type: "CONNECT" }] }),
    { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
    route("/", "tcp"),
  ];
  const log = [
    fileLog(
      rig.file("log"),
      textFormat("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT%"),
    ),
  ];
  return bootstrap(
    [
      listener("in", [connectionManager(routes, { upgrade_configs: websocket, access_log: log })]),
      listener("off", [
        connectionManager(routes, { upgrade_configs: [{ upgrade_type: "websocket", enabled: false }] }),
      ]),
      listener("plain", [connectionManager([route("/", "tcp")])]),
    ],
    [cluster("tcp", rig.tcp.port), cluster("dead", rig.dead.port)],
  );
}

const upgrade = (path: string, type = "websocket", more = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: ${type}\r\n${more}\r\n`;
const switching =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Up: 1\r\n\r\n";

/** Answers the head with `head`, then gives back what comes in capitals. */
const shouting =
  (head: string): Behaviour =>
  ({ socket }) => {
    let isOpen = false;
    socket.on("data", (bytes: Buffer) => {
      socket.write(isOpen ? bytes.toString().toUpperCase() : head);
      isOpen = true;
    });
  };

/** Sends a request, waits for its answer, then talks. */
function talk(request: string, head: string, closer: "client" | "upstream" = "client") {
  return async (stage: Stage, rig: Rig): Promise<JsonValue> => {
    rig.tcp.behave(shouting(head));
    stage.logMark("log");
    const client = await stage.connect();
    client.write(request);
    await client.receivedThat((bytes) => bytes.includes("\r\n\r\n"));
    client.write("hello");
    const received = await client.receivedThat((bytes) => bytes.includes("HELLO"));
    const upstream = await stage.upstream(rig.tcp);
    if (closer === "client") client.end();
    else upstream.socket.end();
    await client.closed();
    await upstream.ended();
    return {
      received: received.toString("latin1").split("\r\n"),
      sent: upstream.received.toString("latin1").split("\r\n"),
      log: await stage.logLines("log", 1),
    };
  };
}

/** An answer that is no upgrade. */
function refused(
  request: string,
  head: string,
  options: { readonly listener?: string; readonly untilClosed?: boolean } = {},
) {
  return async (stage: Stage, rig: Rig): Promise<JsonValue> => {
    rig.tcp.behave(({ socket }) => void socket.once("data", () => socket.write(head)));
    stage.logMark("log");
    const answer = await stage.exchange(request, { untilClosed: true, ...options });
    const counted = stage.connectionCount(rig.tcp);
    const sent = counted > 0 ? (await stage.upstream(rig.tcp)).received.toString("latin1").split("\r\n") : [];
    if (options.listener !== undefined) return { answer, sent };
    return { answer, sent, log: await stage.logLines("log", 1) };
  };
}

const connect = (more = ""): string => `CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n${more}\r\n`;

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "upgrades",
    bootstrap: upgradesBootstrap,
    cases: {
      "a CONNECT goes on to the upstream": talk(connect(), "HTTP/1.1 200 OK\r\nX-Up: 1\r\n\r\n"),
      "a CONNECT that the upstream refuses": refused(
        connect(),
        "HTTP/1.1 403 No\r\ncontent-length: 1\r\n\r\nx",
      ),
      "a CONNECT that ends here goes on as TCP": async (stage, rig) => {
        rig.tcp.behave(
          ({ socket }) =>
            void socket.on("data", (bytes: Buffer) => socket.write(bytes.toString().toUpperCase())),
        );
        stage.logMark("log");
        const client = await stage.connect();
        client.write(connect("x-end: 1\r\n"));
        await client.receivedThat((bytes) => bytes.includes("\r\n\r\n"));
        client.write("hello");
        const received = await client.receivedThat((bytes) => bytes.includes("HELLO"));
        const upstream = await stage.upstream(rig.tcp);
        upstream.socket.end();
        await client.closed();
        return {
          received: received.toString("latin1").split("\r\n"),
          sent: upstream.received.toString("latin1"),
          log: await stage.logLines("log", 1),
        };
      },
      "upgrades are counted": (stage, rig) =>
        stage.counted("upgrades|ws_on_non_ws|downstream_rq_[1-5]xx", async () => {
          await talk(upgrade("/"), switching)(stage, rig);
          await stage.exchange(upgrade("/never"), { untilClosed: true });
          await stage.logLines("log", 2);
        }),
      "a WebSocket, which the client ends": talk(upgrade("/"), switching),
      "a WebSocket, which the upstream ends": talk(upgrade("/"), switching, "upstream"),
      "a WebSocket on a route that has another upgrade": talk(upgrade("/always"), switching),
      "another upgrade on the route that has it": talk(upgrade("/always", "Other"), switching),
      "an upgrade with a length of its body": talk(
        upgrade("/", "websocket", "Content-Length: 0\r\n"),
        switching,
      ),
      "an upgrade that the upstream does not make": refused(
        upgrade("/"),
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
      ),
      "another upgrade that the upstream does not make": refused(
        upgrade("/always", "other"),
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
      ),
      "an upgrade that the upstream redirects": refused(
        upgrade("/"),
        "HTTP/1.1 302 No\r\nlocation: x\r\ncontent-length: 0\r\n\r\n",
      ),
      "an upgrade that the upstream refuses": refused(
        upgrade("/"),
        "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n",
      ),
      "an upgrade that the route forbids": refused(upgrade("/never"), ""),
      "an upgrade that is not configured": refused(upgrade("/", "other"), ""),
      "an upgrade that is switched off": refused(upgrade("/"), "", { listener: "off" }),
      "an upgrade without configuration": refused(upgrade("/"), "", { listener: "plain" }),
      "an upgrade of a direct response": refused(upgrade("/direct"), ""),
      "101 that nobody asked for": refused("GET / HTTP/1.1\r\nHost: a\r\n\r\n", switching, {
        untilClosed: false,
      }),
      "a CONNECT on a route without upgrade": refused(connect("x-refused: 1\r\n"), ""),
      "a CONNECT without a route for it": refused(connect(), "", { listener: "plain" }),
      "a CONNECT without a port": refused("CONNECT b.example HTTP/1.1\r\nHost: b.example\r\n\r\n", ""),
    },
  }),
];
