import type { JsonObject } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, listener, route } from "../bootstrap.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const overwritten = (...names: readonly string[]): JsonObject => ({
  response_headers_to_add: names.map((key) => ({
    header: { key, value: `new ${key}` },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  })),
});

const moved: JsonObject = { redirect: { path_redirect: "/x" } };
const direct: JsonObject = { direct_response: { status: 201, body: { inline_string: "hi" } } };

const routes: readonly JsonObject[] = [
  { match: { prefix: "/moved/location" }, ...moved, ...overwritten("location") },
  { match: { prefix: "/moved/both" }, ...moved, ...overwritten("location", "x-a") },
  { match: { prefix: "/moved/both-turned" }, ...moved, ...overwritten("x-a", "location") },
  { match: { prefix: "/direct/type" }, ...direct, ...overwritten("content-type") },
  { match: { prefix: "/direct/length" }, ...direct, ...overwritten("content-length") },
  { match: { prefix: "/direct/server" }, ...direct, ...overwritten("server") },
  { ...route("/up/type", "http"), ...overwritten("content-type") },
  { ...route("/up/date", "http"), ...overwritten("date") },
  { ...route("/up/none", "http"), ...overwritten("x-a", "location") },
];

const names = [
  "/moved/location",
  "/moved/both",
  "/moved/both-turned",
  "/direct/type",
  "/direct/length",
  "/direct/server",
  "/up/type",
  "/up/date",
  "/up/none",
];

const statusIs = (value: number): JsonObject => ({
  status_code_filter: { comparison: { op: "EQ", value: { default_value: value, runtime_key: "parity" } } },
});

/** By the name of their listener. */
const managers: Readonly<Record<string, JsonObject>> = {
  in: {},
  mapped: {
    local_reply_config: { mappers: [{ filter: statusIs(201), body: { inline_string: "mapped" } }] },
  },
  passed: {
    local_reply_config: { mappers: [{ filter: statusIs(404), body: { inline_string: "mapped" } }] },
  },
  formatted: {
    local_reply_config: {
      body_format: {
        text_format_source: { inline_string: "<%LOCAL_REPLY_BODY%>" },
        content_type: "text/html",
      },
    },
  },
};

const answered = (path: string, listenerName: string) => (stage: Stage) =>
  stage.exchange(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, { listener: listenerName });

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "order of overwritten headers",
    bootstrap: (rig) =>
      bootstrap(
        Object.entries(managers).map(([name, more]) =>
          listener(name, [connectionManager([...routes], more)]),
        ),
        [cluster("http", rig.http.port)],
      ),
    cases: {
      ...Object.fromEntries(names.map((path) => [`overwritten at ${path}`, answered(path, "in")])),
      "a type of its own, with replies that are mapped": answered("/direct/type", "mapped"),
      "a type of its own, with a mapper that does not match": answered("/direct/type", "passed"),
      "a type of its own, with replies that are formatted": answered("/direct/type", "formatted"),
    },
  }),
];
