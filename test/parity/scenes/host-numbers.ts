import type { JsonObject } from "../../kit/json.ts";
import { backendHeaders } from "../../kit/echo-backend.ts";
import { bootstrap, cluster, connectionManager, listener, route, tcpProxy } from "../bootstrap.ts";
import { resetting, type Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

function numbered({ http, tcp, dead }: Rig): JsonObject {
  return bootstrap(
    [
      listener("in", [
        connectionManager([
          route("/web/", "web"),
          route("/silent/", "silent", { timeout: "0.2s" }),
          route("/resetting/", "resetting"),
          route("/retried/", "retried", { retry_policy: { retry_on: "5xx", num_retries: 1 } }),
          route("/dead/", "dead"),
        ]),
      ]),
      listener("relay", [tcpProxy("relayed")]),
      listener("nowhere", [tcpProxy("unreachable", { stat_prefix: "nowhere" })]),
    ],
    [
      cluster("web", http.port),
      cluster("retried", http.port),
      cluster("silent", tcp.port),
      cluster("resetting", tcp.port),
      cluster("dead", dead.port),
      cluster("relayed", tcp.port),
      cluster("unreachable", dead.port),
    ],
  );
}

/** The numbers of the one host of a cluster, as `/clusters` has them, zeros left out. */
async function numbers(stage: Stage, name: string): Promise<readonly string[]> {
  const { body } = await stage.admin.request("GET", `/clusters?filter=^${name}$`);
  const lines = body.split("\n").filter((line) => /::(rq|cx)_[a-z_]+::[1-9]/.test(line));
  return lines.map((line) => line.split("::").slice(2).join(" "));
}

const answering = (answer: string) => `${backendHeaders.answer}: ${Buffer.from(answer).toString("hex")}\r\n`;
const failing = answering("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
const missing = answering("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n");

async function after(stage: Stage, name: string, ...headers: readonly string[]): Promise<readonly string[]> {
  for (const header of headers) await stage.exchange(`GET /${name}/ HTTP/1.1\r\nhost: a\r\n${header}\r\n`);
  return numbers(stage, name);
}

export const scenes: readonly Scene[] = [
  scene({
    area: "clusters",
    name: "numbers of hosts",
    bootstrap: numbered,
    cases: {
      "answers below 500 are successes": async (stage) => after(stage, "web", "", missing, failing),
      "a failed answer that is tried again": async (stage) => after(stage, "retried", failing),
      "no answer in time": async (stage) => after(stage, "silent", ""),
      "a connection that is reset": async (stage, rig) => {
        rig.tcp.behave(resetting);
        return after(stage, "resetting", "");
      },
      "a host that refuses connections": async (stage) => after(stage, "dead", ""),
      "a connection of tcp_proxy": async (stage) => {
        const client = await stage.connect("relay");
        client.write("ping");
        while ((await numbers(stage, "relayed")).length === 0);
        return numbers(stage, "relayed");
      },
      "a connection of tcp_proxy to a host that refuses it": async (stage) => {
        await (await stage.connect("nowhere")).closed();
        return numbers(stage, "unreachable");
      },
    },
  }),
];
