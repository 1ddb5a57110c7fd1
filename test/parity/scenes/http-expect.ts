import type { JsonObject } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import { data, post, talk } from "../http2-client.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

function expectBootstrap(rig: Rig): JsonObject {
  const logged = textFormat("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %BYTES_SENT%");
  return bootstrap(
    [
      listener("in", [
        connectionManager([route("/", "http")], {
          http_protocol_options: { accept_http_10: true },
          access_log: [fileLog(rig.file("log"), logged)],
        }),
      ]),
    ],
    [cluster("http", rig.http.port)],
  );
}

/** A request that waits to be asked for its body, and what it adds to the counters. */
const expecting =
  (version: string, more = "") =>
  async (stage: Stage) => {
    const answers: JsonObject[] = [];
    const head = `POST / ${version}\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n${more}\r\n`;
    const counted = await stage.counted("^http\\.web\\.downstream_rq_|^listener.*rq_", async () => {
      answers.push(await stage.exchange(`${head}abc`));
    });
    return { answers, counted };
  };

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "expect: 100-continue, and targets without a path",
    // Who closes first is a matter of time.
    varying: /downstream_cx_destroy_/,
    bootstrap: expectBootstrap,
    cases: {
      "HTTP/1.1": expecting("HTTP/1.1"),
      "HTTP/1.0": expecting("HTTP/1.0"),
      "HTTP/1.0 that is kept alive": expecting("HTTP/1.0", "Connection: keep-alive\r\n"),
      "HTTP/2": async (stage) => {
        const answers: JsonObject[] = [];
        const counted = await stage.counted("^http\\.web\\.downstream_rq_|^listener.*rq_", async () => {
          const head = post(1, "/", ["expect", "100-continue", "content-length", "3"]);
          answers.push(await talk(stage, [head, data(1, "abc", true)]));
        });
        return { answers, counted };
      },
      "a method and target that do not fit": async (stage) => {
        stage.logMark("log");
        const answer = await stage.exchange("GET * HTTP/1.1\r\nHost: a\r\n\r\n", { untilClosed: true });
        return { answer, log: await stage.logLines("log", 1) };
      },
      "a target that is neither a path nor a URL": async (stage) => {
        stage.logMark("log");
        const answer = await stage.exchange("GET abc HTTP/1.1\r\nHost: a\r\n\r\n", { untilClosed: true });
        return { answer, log: await stage.logLines("log", 1) };
      },
      "POST * too": async (stage) => {
        stage.logMark("log");
        const answer = await stage.exchange("POST * HTTP/1.1\r\nHost: a\r\n\r\n", { untilClosed: true });
        return { answer, log: await stage.logLines("log", 1) };
      },
    },
  }),
];
