import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener } from "../bootstrap.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const get =
  (path: string, headers: readonly string[] = []) =>
  (stage: Stage): Promise<JsonObject> =>
    stage.exchange([`GET ${path} HTTP/1.1`, "Host: a.example", ...headers, "", ""].join("\r\n"));

/** The first lines of the answers to several requests, each on a connection of its own. */
async function firstLines(stage: Stage, paths: readonly string[]): Promise<JsonValue> {
  const lines: JsonValue[] = [];
  for (const path of paths)
    lines.push((await stage.exchange(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)).lines[0] ?? "");
  return lines;
}

const statuses = [
  200, 201, 203, 208, 226, 302, 307, 308, 400, 402, 411, 413, 414, 416, 418, 421, 422, 425, 426, 428, 429,
  431, 451, 500, 501, 505, 506, 507, 508, 509, 510, 511, 520, 599,
];

export const scenes: readonly Scene[] = [
  scene({
    area: "routes",
    name: "direct responses",
    bootstrap: (rig) =>
      bootstrap(
        [
          listener("in", [
            connectionManager([
              ...statuses.map((status) => ({ match: { path: `/${status}` }, direct_response: { status } })),
              {
                match: { path: "/body" },
                direct_response: { status: 200, body: { inline_string: "wörter" } },
              },
            ]),
          ]),
        ],
        [cluster("http", rig.http.port)],
      ),
    cases: {
      "each status has its phrase": (stage) =>
        firstLines(
          stage,
          statuses.map((status) => `/${status}`),
        ),
      "a body in UTF-8": get("/body"),
    },
  }),
];
