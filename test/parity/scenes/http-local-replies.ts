import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const statusIs = (op: string, value: number): JsonObject => ({
  status_code_filter: { comparison: { op, value: { default_value: value, runtime_key: "parity" } } },
});

const localReplies: JsonObject = {
  mappers: [
    {
      filter: statusIs("EQ", 503),
      status_code: 502,
      body: { inline_string: "away: %LOCAL_REPLY_BODY%" },
      headers_to_add: [{ header: { key: "x-mapped", value: "%RESPONSE_CODE% %RESPONSE_FLAGS%" } }],
    },
    {
      filter: statusIs("EQ", 404),
      body_format_override: {
        json_format: { status: "%RESPONSE_CODE%", path: "%REQ(:PATH)%", body: "%LOCAL_REPLY_BODY%" },
      },
    },
    {
      filter: { response_flag_filter: { flags: ["DPE"] } },
      status_code: 421,
      body: { inline_string: "no" },
    },
    { filter: statusIs("EQ", 418), body: { inline_string: "grüße" } },
  ],
  body_format: {
    text_format_source: { inline_string: "<%RESPONSE_CODE%> %LOCAL_REPLY_BODY%" },
    content_type: "text/html; charset=UTF-8",
  },
};

function repliesBootstrap(rig: Rig): JsonObject {
  const routes = [
    { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
    { match: { prefix: "/tea" }, direct_response: { status: 418 } },
    { match: { prefix: "/moved" }, redirect: { path_redirect: "/x" } },
    route("/dead", "dead"),
    route("/up", "http"),
  ];
  const log = textFormat("%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %BYTES_SENT%");
  return bootstrap(
    [
      listener("in", [
        connectionManager(routes, {
          local_reply_config: localReplies,
          access_log: [fileLog(rig.file("log"), log)],
        }),
      ]),
    ],
    [cluster("http", rig.http.port), cluster("dead", rig.dead.port)],
  );
}

const sent =
  (path: string, method = "GET", headers = "", version = "HTTP/1.1") =>
  async (stage: Stage): Promise<JsonValue> => {
    stage.logMark("log");
    const answer = await stage.exchange(`${method} ${path} ${version}\r\nHost: a\r\n${headers}\r\n`, {
      isHead: method === "HEAD",
    });
    return { answer, log: await stage.logLines("log", 1) };
  };

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "local replies",
    bootstrap: repliesBootstrap,
    cases: {
      "a mapper changes status, body and headers": sent("/dead"),
      "a mapper with a format of its own": sent("/nowhere"),
      "a mapper by flag, of what cannot be read": sent("/direct", "BREW"),
      "a mapper with a body that is not ASCII": sent("/tea"),
      "the format of all others": sent("/direct"),
      "the answer to HEAD": sent("/direct", "HEAD"),
      "a redirect": sent("/moved"),
      "another version of HTTP": sent("/direct", "GET", "", "HTTP/1.0"),
      "an answer of the upstream stays as it is": sent("/up"),
      "a gRPC client": sent("/dead", "POST", "content-type: application/grpc\r\ncontent-length: 0\r\n"),
    },
  }),
];
