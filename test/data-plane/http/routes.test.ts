import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequestHead } from "../../../data-plane/network/http-message.ts";
import { parseRoutes } from "../../../data-plane/http/routes/parse-routes.ts";
import type { Route } from "../../../data-plane/http/routes/route.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import { asType } from "../../../data-plane/resources/message-type.ts";
import type { JsonObject, JsonValue } from "../../kit/json.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";
import { runContext } from "../run-kit.ts";
import { domainCases, domains, matchCases, redirectCases, type RouteRequest } from "./route-cases.ts";

const typeName = "envoy.config.route.v3.RouteConfiguration";

function parse(config: JsonObject) {
  // JSON is YAML.
  return parseRoutes(asType(typeName, message(typeName, JSON.stringify(config))), parseContext(), "");
}

const end = { family: "IPv4", address: "127.0.0.1", port: 1 } as const;
const around = { info: new ConnectionInfo(1, end, end), random: () => 0.3 };

function routes(config: JsonObject): { readonly table: (request: RequestHead) => Route | undefined } {
  const table = valueOf(parse(config)).install(runContext(), "http.web");
  return { table: (request) => table(request, around) };
}

function one(route: JsonObject): JsonObject {
  return { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] };
}

function head({ path, headers = {} }: RouteRequest, host = "a.example"): RequestHead {
  const list = new HeaderList(["host", host, ...Object.entries(headers).flat()]);
  return { method: "GET", path, headers: list, scheme: "http", isUpgrade: false };
}

function routesOf(match: JsonObject): readonly JsonValue[] {
  return [{ match, direct_response: { status: 200 } }];
}

const subset = (fields: JsonObject) => ({ metadata_match: { filter_metadata: { "envoy.lb": fields } } });

describe("routes", () => {
  for (const { match, takes, leaves } of matchCases) {
    it(`match ${JSON.stringify(match)} as Envoy does`, () => {
      const { table } = routes(one({ match, direct_response: { status: 200 } }));
      assert.deepEqual(
        [...takes, ...leaves].filter((request) => table(head(request)) !== undefined),
        takes,
      );
    });
  }

  it("are looked for in the virtual host whose domain fits the host best", () => {
    const hosts = domains.map((domain, index) => ({
      name: `host${index}`,
      domains: [domain],
      routes: [{ name: domain, match: { prefix: "/" }, direct_response: { status: 200 } }],
    }));
    const { table } = routes({ virtual_hosts: hosts });
    const found = domainCases.map(([host]) => [host, table(head({ path: "/" }, host))?.name]);
    assert.deepEqual(found, domainCases);
  });

  for (const [redirect, path, location] of redirectCases) {
    it(`redirect ${path} by ${JSON.stringify(redirect)} to ${location}`, () => {
      const request = head({ path });
      const action = routes(one({ match: { prefix: "/" }, redirect })).table(request)?.action;
      assert.equal(action?.kind, "reply");
      assert.deepEqual(action.reply(request).headers, [["location", location]]);
    });
  }

  it("rewrite the prefix that they matched, and the host", () => {
    const request = head({ path: "/old/x?y" });
    const route = { cluster: "c", prefix_rewrite: "/new", host_rewrite_literal: "inner" };
    const action = routes(one({ match: { prefix: "/old" }, route })).table(request)?.action;
    assert.equal(action?.kind, "forward");
    action.rewrite?.(request, true);
    assert.equal(request.path, "/new/x?y");
    assert.deepEqual(request.headers.flat, [
      "host",
      "inner",
      "x-envoy-original-host",
      "a.example",
      "x-envoy-original-path",
      "/old/x?y",
    ]);
  });

  it("choose clusters by weight", () => {
    const clusters = [
      { name: "a", weight: 1 },
      { name: "b", weight: 3 },
    ];
    const route = one({ match: { prefix: "/" }, route: { weighted_clusters: { clusters } } });
    const action = routes(route).table(head({ path: "/" }))?.action;
    assert.equal(action?.kind, "forward");
    const names = [0, 0.2, 0.3, 0.99].map((random) => action.choose(random, new HeaderList()).name);
    assert.deepEqual(names, ["a", "a", "b", "b"]);
  });

  it("ask for a subset of hosts, a weighted cluster above the route", () => {
    const clusters = [
      { name: "a", weight: 1, ...subset({ stage: "dev" }) },
      { name: "b", weight: 1 },
    ];
    const forward = { weighted_clusters: { clusters }, ...subset({ stage: "prod", zone: "1" }) };
    const route = one({ match: { prefix: "/" }, route: forward });
    const action = routes(route).table(head({ path: "/" }))?.action;
    assert.equal(action?.kind, "forward");
    assert.equal(action.choose(0, new HeaderList()).metadataMatch?.key, '[["stage","dev"],["zone","1"]]');
    assert.equal(action.choose(0.9, new HeaderList()).metadataMatch?.key, '[["stage","prod"],["zone","1"]]');
  });

  const refusals: readonly (readonly [name: string, route: JsonObject, problem: string])[] = [
    [
      "a mirror",
      { route: { cluster: "c", request_mirror_policies: [{ cluster: "d" }] } },
      "route.request_mirror_policies",
    ],
    [
      "configuration of filters",
      { direct_response: { status: 200 }, typed_per_filter_config: { f: {} } },
      "typed_per_filter_config",
    ],
    [
      "a body from a file that cannot be read",
      { direct_response: { status: 200, body: { filename: "x" } } },
      "direct_response.body.filename",
    ],
    [
      "a regular expression that is none",
      { redirect: { regex_rewrite: { pattern: { regex: "(" } } } },
      "redirect.regex_rewrite.pattern.regex",
    ],
  ];
  for (const [name, action, field] of refusals) {
    it(`refuse ${name} by its field`, () => {
      const [problem = ""] = problemsOf(parse(one({ match: { prefix: "/" }, ...action })));
      assert.ok(problem.includes(`virtual_hosts[0].routes[0].${field}`), problem);
    });
  }

  it("refuse a domain that two virtual hosts claim, and a pattern that is none", () => {
    const problems = problemsOf(
      parse({
        virtual_hosts: [
          { name: "a", domains: ["x.y"], routes: routesOf({ safe_regex: { regex: "(" } }) },
          { name: "b", domains: ["X.Y"], routes: routesOf({ prefix: "/" }) },
        ],
      }),
    );
    assert.equal(problems.length, 2);
    assert.ok(problems.some((problem) => problem.includes("safe_regex.regex")));
    assert.ok(problems.some((problem) => problem.includes("Only unique values for domains are permitted")));
  });
});
