import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../src/base/problem.ts";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());
const api = "type.googleapis.com/envoy.extensions.filters";
const ads = "{ads: {}, resource_api_version: V3}";

function listener(typeUrl: string, source = ads): string {
  return `listeners:
- name: l
  address: {socket_address: {address: 127.0.0.1, port_value: 80}}
  filter_chains:
  - filters:
    - name: http
      typed_config:
        "@type": ${api}.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: s
        rds: {route_config_name: r, config_source: ${source}}
        http_filters:
        - name: ext
          config_discovery: {config_source: ${ads}, type_urls: [${typeUrl}]}
        - {name: router, typed_config: {"@type": ${api}.http.router.v3.Router}}
routes: [{name: r}]
`;
}

const config = (typeUrl: string, more = "") =>
  `extension_configs: [{name: ext, typed_config: {"@type": ${typeUrl}${more}}}]\n`;

function problemsOf(text: string, code: string): readonly string[] {
  const { problems } = validateTree(schema, [{ path: "a.yaml", text }]);
  return problems.filter((problem) => problem.code === code).map(formatProblem);
}

describe("the type of an extension config", () => {
  it("XDS-115 is one that the filter which fetches it lists", () => {
    const buffer = `${api}.http.buffer.v3.Buffer`;
    assert.deepEqual(
      problemsOf(listener(buffer) + config(buffer, ", max_request_bytes: 9"), "extension-type"),
      [],
    );
  });

  it("XDS-115 is refused when it is another, at the list", () => {
    const text = listener(`${api}.http.buffer.v3.Buffer`) + config(`${api}.http.cors.v3.Cors`);
    const [problem = "", ...others] = problemsOf(text, "extension-type");
    assert.deepEqual(others, []);
    assert.match(
      problem,
      /^a\.yaml:13:\d+ .*http_filters\[0\]\.config_discovery\.type_urls: extension config "ext" is a envoy\.extensions\.filters\.http\.cors\.v3\.Cors/,
    );
  });

  it("is not known of a TypedStruct", () => {
    const struct = config("type.googleapis.com/xds.type.v3.TypedStruct", `, type_url: x.y/acme.Filter`);
    assert.deepEqual(problemsOf(listener(`${api}.http.buffer.v3.Buffer`) + struct, "extension-type"), []);
  });
});

describe("what is fetched over a stream of its own", () => {
  const apart =
    "{api_config_source: {api_type: GRPC, transport_api_version: V3, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}}";

  it("XDS-103 is warned of where order would matter: routes that the group serves", () => {
    const [problem = "", ...others] = problemsOf(
      listener(`${api}.http.buffer.v3.Buffer`, apart),
      "order-not-kept",
    );
    assert.deepEqual(others, []);
    assert.match(problem, /route configuration "r" is fetched over a stream of its own/);
  });

  it("is not warned of when all comes over ADS", () => {
    assert.deepEqual(problemsOf(listener(`${api}.http.buffer.v3.Buffer`), "order-not-kept"), []);
  });
});
