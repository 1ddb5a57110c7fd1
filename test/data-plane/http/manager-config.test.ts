import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { httpConnectionManager } from "../../../data-plane/http/connection-manager.ts";
import type { JsonObject } from "../../kit/json.ts";
import { message, parseContext, problemsOf } from "../parse-kit.ts";

const { typeName } = httpConnectionManager;
const router = {
  name: "router",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};

/** What is wrong with a connection manager that has these fields beside what it must have. */
function problems(fields: JsonObject, sourceRefusal?: string): readonly string[] {
  const routes = "rds" in fields || "scoped_routes" in fields ? {} : { route_config: {} };
  const manager = { stat_prefix: "web", http_filters: [router], ...routes, ...fields };
  const name = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  assert.equal(typeName, name);
  const context = { ...parseContext(), sourceRefusal: () => sourceRefusal };
  return problemsOf(httpConnectionManager.parse(message(name, JSON.stringify(manager)), context, "m"));
}

function routeTo(route: JsonObject, more: JsonObject = {}): JsonObject {
  const routes = [{ match: { prefix: "/" }, route }];
  return { route_config: { ...more, virtual_hosts: [{ name: "all", domains: ["*"], routes }] } };
}

describe("a connection manager's configuration", () => {
  it("is taken with what is supported", () => {
    assert.deepEqual(problems({ use_remote_address: true, xff_num_trusted_hops: 1, via: "edge" }), []);
  });

  const locator = { scoped_routes: { scoped_rds: { srds_resources_locator: "xdstp://a/b" } } };
  const refused: readonly (readonly [field: string, value: JsonObject])[] = [
    ["route_config.vhds", { route_config: { vhds: { config_source: { ads: {} } } } }],
    ["scoped_routes.scoped_rds.srds_resources_locator", locator],
    ["codec_type", { codec_type: "HTTP3" }],
    ["http2_protocol_options.allow_connect", { http2_protocol_options: { allow_connect: true } }],
    ["upgrade_configs[0].filters", { upgrade_configs: [{ upgrade_type: "websocket", filters: [router] }] }],
    ["tracing", { tracing: {} }],
    ["internal_address_config.unix_sockets", { internal_address_config: { unix_sockets: true } }],
    ["request_id_extension", { request_id_extension: {} }],
  ];
  for (const [field, value] of refused) {
    it(`is refused with ${field}, which is named`, () => {
      const found = problems(value);
      assert.ok(
        found.some((problem) => problem.includes(`m.${field}`)),
        found.join("\n"),
      );
    });
  }

  it("takes routes over RDS from a source that can be used, and from no other (XC-3)", () => {
    const rds = { rds: { route_config_name: "r", config_source: { self: {} } } };
    assert.deepEqual(problems(rds), []);
    assert.deepEqual(problems(rds, "no such source"), ["m.rds.config_source: no such source"]);
  });

  it("leaves out a filter that is unknown and optional, and refuses one that is not", () => {
    const typed_config = { "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua" };
    const lua = { name: "lua", typed_config };
    const [left = ""] = problems({ http_filters: [{ ...lua, is_optional: true }, router] });
    assert.match(left, /^m\.http_filters\[0\]: left out/);
    const [refused = ""] = problems({ http_filters: [lua, router] });
    assert.match(refused, /^m\.http_filters\[0\]\.typed_config: Didn't find a registered implementation/);
  });

  it("needs the router as its last filter, once", () => {
    assert.match(problems({ http_filters: [] })[0] ?? "", /m\.http_filters.*router/);
    assert.match(problems({ http_filters: [router, router] })[0] ?? "", /terminal filter must be the last/);
  });

  it("does not mix detection extensions with use_remote_address (PP-73)", () => {
    const type = "type.googleapis.com/envoy.extensions.http.original_ip_detection.xff.v3.XffConfig";
    const extensions = [{ name: "xff", typed_config: { "@type": type } }];
    assert.deepEqual(problems({ original_ip_detection_extensions: extensions }), []);
    const [mixed = ""] = problems({ original_ip_detection_extensions: extensions, use_remote_address: true });
    assert.match(mixed, /may not be mixed/);
  });

  it("names clusters that are there, unless validate_clusters says that they need not be (XC-41)", () => {
    assert.deepEqual(problems(routeTo({ cluster: "web" })), []);
    assert.match(problems(routeTo({ cluster: "missing" }))[0] ?? "", /route: unknown cluster 'missing'/);
    const weighted_clusters = { clusters: [{ name: "missing", weight: 1 }] };
    assert.match(
      problems(routeTo({ weighted_clusters }))[0] ?? "",
      /route: unknown weighted cluster 'missing'/,
    );
    assert.deepEqual(problems(routeTo({ cluster: "missing" }, { validate_clusters: false })), []);
  });
});
