import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());
const ads = "{ads: {}, resource_api_version: V3}";
const hcm =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const router =
  "{name: router, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}";

const cluster = `clusters: [{name: c, type: EDS, eds_cluster_config: {eds_config: ${ads}}}]\n`;
const endpoints = "endpoints: [{cluster_name: c}]\n";
const routes = (name: string) =>
  `routes: [{name: ${name}, virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: c}}]}]}]\n`;
const listenerWith = (manager: string) =>
  `listeners: [{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 80}}, filter_chains: [{filters: [{name: http, typed_config: {"@type": ${hcm}, stat_prefix: s, ${manager}, http_filters: [${router}]}}]}]}]\n`;
const listener = listenerWith(`rds: {route_config_name: r, config_source: ${ads}}`);
const scopeKey = "scope_key_builder: {fragments: [{header_value_extractor: {name: x, index: 0}}]}";
const scopedListener = listenerWith(
  `scoped_routes: {name: s, ${scopeKey}, rds_config_source: ${ads}, scoped_rds: {scoped_rds_config_source: ${ads}}}`,
);
const scope = (name: string) =>
  `scoped_routes: [{name: s, route_configuration_name: ${name}, key: {fragments: [{string_key: k}]}}]\n`;

const codes = ["unknown-reference", "no-endpoints"];

/** Codes of what forbids or warns of serving these together; lints of style aside. */
function found(text: string): readonly string[] {
  const { problems } = validateTree(schema, [{ path: "a.yaml", text }]);
  return problems
    .filter(({ code }) => codes.includes(code))
    .map(({ severity, code }) => `${severity} ${code}`);
}

/** What other control planes call the consistency of a snapshot. */
describe("resources that are served together", () => {
  const rows: Readonly<Record<string, readonly [text: string, expected: readonly string[]]>> = {
    "a whole chain is consistent": [cluster + endpoints + listener + routes("r"), []],
    "a cluster without its endpoints warns: Envoy runs it with none": [cluster, ["warning no-endpoints"]],
    "a listener without its routes is refused": [cluster + endpoints + listener, ["error unknown-reference"]],
    "a listener with other routes is refused": [
      cluster + endpoints + listener + routes("other"),
      ["error unknown-reference"],
    ],
    "a route to a cluster that is not there is refused": [
      listener + routes("r"),
      ["error unknown-reference"],
    ],
    "a scoped listener with its scopes and routes is consistent": [
      cluster + endpoints + scopedListener + scope("r") + routes("r"),
      [],
    ],
    "a scope without its routes is refused": [
      cluster + endpoints + scopedListener + scope("r"),
      ["error unknown-reference"],
    ],
  };
  for (const [name, [text, expected]] of Object.entries(rows)) {
    it(`XDS-62 ${name}`, () => assert.deepEqual(found(text), expected));
  }
});
