import type { JsonObject } from "../../kit/json.ts";
import {
  any,
  bootstrap,
  cluster,
  connectionManager,
  fileLog,
  listener,
  route,
  routerFilter,
  textFormat,
} from "../bootstrap.ts";
import type { Rig } from "../rig.ts";
import { scene, type Scene } from "../scene.ts";
import type { Stage } from "../stage.ts";

const header = (key: string, value: string, action = "APPEND_IF_EXISTS_OR_ADD"): JsonObject => ({
  header: { key, value },
  append_action: action,
});

/** What each level says, to the request and back. */
const level = (name: string): JsonObject => ({
  request_headers_to_add: [header("x-level", name), header("x-last", name, "OVERWRITE_IF_EXISTS_OR_ADD")],
  request_headers_to_remove: [`x-gone-${name}`],
  response_headers_to_add: [
    header("x-back", name),
    header("x-back-last", name, "OVERWRITE_IF_EXISTS_OR_ADD"),
  ],
  response_headers_to_remove: ["content-type"],
});

const settings = (name: string): JsonObject => ({
  typed_per_filter_config: {
    mutation: any("envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute", {
      mutations: { request_mutations: [{ append: header("x-filter", name) }] },
    }),
  },
});

/** Entries of `weighted_clusters`, by the first part of the path; the rest of the route's action; the rest of the route. */
const routes: Readonly<
  Record<string, readonly [entry: JsonObject, action?: JsonObject, whole?: JsonObject]>
> = {
  levels: [level("entry"), {}, level("route")],
  host: [{ host_rewrite_literal: "entry.example" }],
  hosts: [{ host_rewrite_literal: "entry.example" }, { host_rewrite_literal: "route.example" }],
  "host-and-path": [{ host_rewrite_literal: "entry.example" }, { prefix_rewrite: "/other" }],
  settings: [settings("entry"), {}, settings("route")],
};

function weightedBootstrap(rig: Rig): JsonObject {
  const made = (innerWins: boolean) =>
    connectionManager([], {
      http_filters: [
        {
          name: "mutation",
          typed_config: any("envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", {}),
        },
        routerFilter,
      ],
      access_log: [fileLog(rig.file("log"), textFormat("%UPSTREAM_CLUSTER% %REQ(HOST)% %REQ(X-LEVEL)%"))],
      route_config: {
        name: "local",
        most_specific_header_mutations_wins: innerWins,
        virtual_hosts: [
          {
            name: "all",
            domains: ["*"],
            routes: Object.entries(routes).map(([name, [entry, action, whole]]) => ({
              ...route(`/${name}/`, "http"),
              route: {
                weighted_clusters: {
                  clusters: [
                    { name: "dead", weight: 0, host_rewrite_literal: "never.example" },
                    { name: "http", weight: 7, ...entry },
                  ],
                },
                ...action,
              },
              ...whole,
            })),
          },
        ],
      },
    });
  return bootstrap(
    [listener("in", [made(false)]), listener("inner", [made(true)])],
    [cluster("http", rig.http.port), cluster("dead", rig.dead.port)],
  );
}

const asking = (name: string, at: string) => async (stage: Stage) => {
  stage.logMark("log");
  const lines = ["x-gone-entry: 1", "x-gone-route: 1", ""].join("\r\n");
  const answer = await stage.exchange(`GET /${name}/x HTTP/1.1\r\nHost: a\r\n${lines}\r\n`, { listener: at });
  return { answer, log: await stage.logLines("log", 1) };
};

export const scenes: readonly Scene[] = [
  scene({
    area: "http",
    name: "entries of weighted clusters",
    bootstrap: weightedBootstrap,
    cases: {
      ...Object.fromEntries(Object.keys(routes).map((name) => [name, asking(name, "in")])),
      "levels, the most specific wins": asking("levels", "inner"),
    },
  }),
];
