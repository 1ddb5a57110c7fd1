import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { bootstrap, cluster, connectionManager, fileLog, listener, route, textFormat } from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const managers: Readonly<Record<string, JsonObject>> = {
  in: { normalize_path: true },
  off: { normalize_path: false },
  unset: {},
  slashes: { merge_slashes: true },
  both: { normalize_path: true, merge_slashes: true },
  keep: { path_with_escaped_slashes_action: "KEEP_UNCHANGED" },
  reject: { path_with_escaped_slashes_action: "REJECT_REQUEST" },
  redirect: { path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT" },
  forward: { path_with_escaped_slashes_action: "UNESCAPE_AND_FORWARD" },
  all: {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: "UNESCAPE_AND_REDIRECT",
    strip_any_host_port: true,
  },
};

function pathsBootstrap(rig: Rig, more: JsonObject = {}): JsonObject {
  const log = textFormat(
    "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS% %REQ(:PATH)% %REQ(:AUTHORITY)%",
  );
  const routes = [
    {
      match: { prefix: "/admin" },
      direct_response: { status: 403 },
    },
    route("/", "http"),
  ];
  return bootstrap(
    Object.entries(managers).map(([name, fields]) =>
      listener(name, [connectionManager(routes, { access_log: [fileLog(rig.file("log"), log)], ...fields })]),
    ),
    [cluster("http", rig.http.port)],
    more,
  );
}

/** Answers to requests for the paths on a connection of their own each, what is logged, and what is counted. */
const asked =
  (name: string, paths: readonly string[], headers = "") =>
  async (stage: Stage): Promise<JsonValue> => {
    const outcomes: JsonValue[] = [];
    const counted = await stage.counted("http\\.web\\.downstream_rq_.*path", async () => {
      for (const path of paths) {
        stage.logMark("log");
        const answer = await stage.exchange(`GET ${path} HTTP/1.1\r\nHost: a:80\r\n${headers}\r\n`, {
          listener: name,
        });
        outcomes.push({ path, answer, log: await stage.logLines("log", 1) });
      }
    });
    return { outcomes, counted };
  };

/** Each visible character by itself, and each byte escaped. */
const characters = Array.from({ length: 0x5e }, (_, at) => String.fromCharCode(0x21 + at));
const escapes = Array.from({ length: 0x100 }, (_, code) => `%${code.toString(16).padStart(2, "0")}`);
const some = ["/a%2fb", "/a%5Cb?c%2F", "/%2F%2fadmin", "/a?b%2fc", "/a/%2e%2e%2Fadmin", "/x//y\\z"];
const grpc = "Content-Type: application/grpc\r\n";

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "paths",
    bootstrap: (rig) => pathsBootstrap(rig),
    cases: {
      "dot segments": asked("in", [
        "/a/./b",
        "/a/../b",
        "/a/..",
        "/a/.",
        "/../..",
        "/a//../b",
        "//..//a",
        "/a/..b",
        "/a/...",
      ]),
      "dot segments that are escaped": asked("in", [
        "/a/%2e%2E/b",
        "/a/.%2e",
        "/a/%2e./b/.%2E/c",
        "/%2e%2e",
        "/a.%2eb",
      ]),
      backslashes: asked("in", ["/a\\..\\b", "/a\\b", "\\a"]),
      "a way around a route": asked("in", [
        "/x/../admin",
        "/x/%2e%2e/admin",
        "/%61dmin",
        "/x/..%2fadmin",
        "//admin",
      ]),
      "the query and parameters stay": asked("in", ["/a/b?c/../d", "/a?%41", "/a;x/../b", "/a/..?"]),
      "escapes that are none": asked("in", ["/a%2", "/a%zz", "/%", "/%%41"]),
      "an escaped NUL": asked("in", ["/a%00b", "/a?%00"]),
      "characters past ASCII": asked("in", ["/\xc3\xa9"]),
      "a fragment": asked("in", ["/a#b", "/a/../b#c"]),
      "an absolute URL": asked("in", ["http://a/b/../c"]),
      "every visible character": asked("in", [
        `/${characters.filter((one) => !"#?%".includes(one)).join("a")}`,
      ]),
      "every escaped character": asked("in", [`/${escapes.slice(1).join("/")}`]),
      "normalize_path false": asked("off", ["/a/../b", "/a%00b"]),
      "normalize_path unset": asked("unset", ["/a/../b", ...some]),
      merge_slashes: asked("slashes", ["//a///b//", "/a//../b", "/a?b//c", "//", "///?a", "/a%2f/b"]),
      "merge_slashes after normalize_path": asked("both", ["//a/.//b", "/a\\\\b", "/a//../b", "//admin"]),
      KEEP_UNCHANGED: asked("keep", some),
      REJECT_REQUEST: asked("reject", some),
      UNESCAPE_AND_REDIRECT: asked("redirect", some),
      "UNESCAPE_AND_REDIRECT of gRPC": asked("redirect", ["/a%2fb", "/a/b"], grpc),
      UNESCAPE_AND_FORWARD: asked("forward", some),
      "all of them": asked("all", [...some, "/a%2f%00"]),
    },
  }),
  ...[1, 2, 3, 4].map((action) =>
    scene({
      area: "http",
      name: `paths by the runtime, ${action}`,
      bootstrap: (rig) =>
        pathsBootstrap(rig, {
          layered_runtime: {
            layers: [
              {
                name: "static",
                static_layer: {
                  http_connection_manager: {
                    path_with_escaped_slashes_action: action,
                    ...(action === 4 && { normalize_path: 100 }),
                    ...(action === 3 && { path_with_escaped_slashes_action_enabled: 0 }),
                  },
                },
              },
            ],
          },
        }),
      cases: {
        "where nothing is set": asked("unset", some),
        "where the action is set": asked("reject", some),
        "where normalize_path is false": asked("off", ["/a/../b%2fc"]),
      },
    }),
  ),
];
