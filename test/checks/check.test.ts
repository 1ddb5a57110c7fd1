import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Checker, checkConfig } from "../../src/checks/check.ts";
import { Compiler } from "../../src/config/compiler.ts";
import { loadSchema } from "../../src/schema/load.ts";

const schema = loadSchema();
const eds = (name: string) =>
  `clusters:\n- {name: ${name}, type: EDS, eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}}\n`;
const endpoints = (name: string, port: number) =>
  `endpoints:\n- {cluster_name: ${name}, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: ${port}}}}}]}]}\n`;
const internal = (listener: string) =>
  `endpoints:\n- {cluster_name: a, endpoints: [{lb_endpoints: [{endpoint: {address: {envoy_internal_address: {server_listener_name: ${listener}}}}}]}]}\n`;
const header = `clusters:
- name: h
  connect_timeout: 1s
  transport_socket:
    name: p
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
      allow_unspecified_address: true
      transport_socket: {name: raw, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}
`;
const exempting = "lints:\n  ignore:\n  - {code: field-without-effect, reason: known}\n";

describe("Checker", () => {
  it("finds in each tree of a sequence what it finds in it alone", () => {
    const trees: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ["a cluster and its endpoints", { "c.yaml": eds("a"), "e.yaml": endpoints("a", 1) }],
      ["other endpoints", { "c.yaml": eds("a"), "e.yaml": endpoints("a", 2) }],
      ["endpoints of another name", { "c.yaml": eds("a"), "e.yaml": endpoints("b", 2) }],
      ["no endpoints", { "c.yaml": eds("a") }],
      ["endpoints that are broken", { "c.yaml": eds("a"), "e.yaml": endpoints("a", 99_999) }],
      ["endpoints that are good again", { "c.yaml": eds("a"), "e.yaml": endpoints("a", 3) }],
      ["endpoints that name a listener", { "c.yaml": eds("a"), "e.yaml": internal("gone") }],
      ["endpoints that name another one", { "c.yaml": eds("a"), "e.yaml": internal("away") }],
      ["endpoints that name nothing again", { "c.yaml": eds("a"), "e.yaml": endpoints("a", 3) }],
      ["what a lint finds", { "c.yaml": header, "e.yaml": endpoints("a", 3) }],
      ["it again, with other endpoints", { "c.yaml": header, "e.yaml": endpoints("a", 4) }],
      ["it silenced", { "c.yaml": header, "e.yaml": endpoints("a", 4), "chancery.yaml": exempting }],
      [
        "it silenced, with other endpoints",
        { "c.yaml": header, "e.yaml": endpoints("a", 5), "chancery.yaml": exempting },
      ],
      ["nothing to silence", { "c.yaml": eds("a"), "e.yaml": endpoints("a", 5), "chancery.yaml": exempting }],
      ["a text that cannot be read", { "c.yaml": eds("a"), "e.yaml": "[" }],
      [
        "two groups",
        { "groups/x/c.yaml": eds("a"), "groups/y/c.yaml": eds("b"), "e.yaml": endpoints("a", 5) },
      ],
      [
        "two groups, other endpoints",
        { "groups/x/c.yaml": eds("a"), "groups/y/c.yaml": eds("b"), "e.yaml": endpoints("a", 6) },
      ],
    ];
    const compiler = new Compiler(schema);
    const checker = new Checker(schema);
    const found = trees.map(([what, files]) => {
      const compiled = compiler.compile(Object.entries(files).map(([path, text]) => ({ path, text })));
      const problems = checker.check(compiled);
      assert.deepEqual(problems, checkConfig(schema, compiled), what);
      return problems.length;
    });
    // Enough of them have problems for the comparison to mean something.
    assert.ok(found.filter((count) => count > 0).length >= 8, String(found));
  });
});
