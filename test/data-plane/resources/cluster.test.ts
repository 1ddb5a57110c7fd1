import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noEndpoints } from "../../../data-plane/resources/cluster-load-assignment.ts";
import { parseCluster } from "../../../data-plane/resources/cluster.ts";
import { message, parseContext, problemsOf, valueOf } from "../parse-kit.ts";

const parse = (yaml: string, path = "") =>
  parseCluster(message("envoy.config.cluster.v3.Cluster", yaml), parseContext(), path);

const endpoint = (address: string) =>
  `{endpoint: {address: {socket_address: {address: "${address}", port_value: 80}}}}`;

const eds = (extra: string) =>
  valueOf(parse(`{name: a, type: EDS, eds_cluster_config: {eds_config: {ads: {}}${extra}}}`)).discovery;

const limitOf = (fields: string) =>
  valueOf(parse(`{name: a, max_requests_per_connection: 3, ${fields}}`)).http.maxRequestsPerConnection;

describe("parseCluster()", () => {
  it("reads the canonical cluster of the guide", () => {
    const config = valueOf(
      parse(`
name: service1
connect_timeout: 0.25s
type: strict_dns
lb_policy: round_robin
load_assignment: {cluster_name: service1, endpoints: [{lb_endpoints: [${endpoint("service1")}]}]}
transport_socket:
  name: envoy.transport_sockets.upstream_proxy_protocol
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
    config: {version: V1}
    transport_socket:
      name: envoy.transport_sockets.raw_buffer
      typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}
`),
    );
    assert.equal(config.connectTimeoutMs, 250);
    assert.equal(config.discovery.kind, "strict-dns");
  });

  it("has Envoy's defaults", () => {
    const config = valueOf(parse("name: a:b"));
    assert.equal(config.statName, "a_b");
    assert.equal(config.connectTimeoutMs, 5000);
    assert.equal(config.circuitBreakers.default.maxConnections, 1024);
    assert.equal(config.circuitBreakers.high.maxRetries, 3);
    assert.equal(config.bufferLimitBytes, 1024 * 1024);
    assert.deepEqual(config.discovery, { kind: "static", assignment: noEndpoints("a:b") });
  });

  it("takes the older limit of requests of a connection where the options have none", () => {
    assert.equal(limitOf(""), 3);
    assert.equal(limitOf("common_http_protocol_options: {max_requests_per_connection: 5}"), 5);
  });

  it("takes HTTP options, which have no effect on TCP in Envoy either", () => {
    valueOf(
      parse(`
name: a
http2_protocol_options: {}
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
    explicit_http_config: {http2_protocol_options: {}}
`),
    );
  });

  const refusals: readonly (readonly [story: string, yaml: string, problems: readonly string[]])[] = [
    [
      "names every field that is not supported, with its path (XC-31)",
      "{name: a, lrs_report_endpoint_metrics: [m], lb_policy: RANDOM, preconnect_policy: {}}",
      [
        "lrs_report_endpoint_metrics: not supported by the bundled data plane",
        "preconnect_policy: not supported by the bundled data plane",
      ],
    ],
    [
      "names what is not supported inside a list",
      `{name: a, load_assignment: {endpoints: [{lb_endpoints: [${endpoint("1.2.3.4")}]}, {proximity: 1}]}}`,
      ["load_assignment.endpoints[1].proximity: not supported by the bundled data plane"],
    ],
    [
      "refuses a name as a STATIC endpoint in Envoy's words",
      `{name: a, load_assignment: {endpoints: [{lb_endpoints: [${endpoint("localhost")}]}]}}`,
      [
        "load_assignment: malformed IP address: localhost. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'",
      ],
    ],
    [
      "refuses LOGICAL_DNS with more than one endpoint",
      `{name: a, type: LOGICAL_DNS, load_assignment: {endpoints: [{lb_endpoints: [${endpoint("a")}, ${endpoint("b")}]}]}}`,
      [
        "load_assignment: LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint",
      ],
    ],
    [
      "refuses EDS without a source",
      "{name: a, type: EDS}",
      ["eds_cluster_config: cannot create an EDS cluster without an EDS config"],
    ],
    [
      "refuses a transport socket of unknown type (PP-131)",
      `{name: a, transport_socket: {name: x, typed_config: {"@type": type.googleapis.com/google.protobuf.StringValue, value: x}}}`,
      [
        "transport_socket.typed_config: Didn't find a registered implementation for 'x' with type URL: 'google.protobuf.StringValue' (not supported by the bundled data plane)",
      ],
    ],
  ];
  for (const [story, yaml, problems] of refusals) {
    it(story, () => assert.deepEqual(problemsOf(parse(yaml)), problems));
  }

  it("puts the place in a bootstrap in front of each path", () => {
    const problems = problemsOf(
      parse("{name: a, lrs_report_endpoint_metrics: [m]}", "static_resources.clusters[0]"),
    );
    assert.deepEqual(problems, [
      "static_resources.clusters[0].lrs_report_endpoint_metrics: not supported by the bundled data plane",
    ]);
  });

  it("gives an EDS cluster its service name, or its own", () => {
    const named = eds(", service_name: b");
    const unnamed = eds("");
    assert.equal(named.kind === "eds" && named.serviceName, "b");
    assert.equal(unnamed.kind === "eds" && unnamed.serviceName, "a");
  });
});

const transport = (config: string) =>
  problemsOf(
    parse(`
name: a
transport_socket:
  name: u
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
    config: ${config}
    transport_socket: {name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}
`),
  );
const at = "transport_socket.typed_config.config.added_tlvs[0]";
const inline = (text: string) => `format_string: {text_format_source: {inline_string: "${text}"}}`;
describe("upstream_proxy_protocol in a cluster", () => {
  const rows: readonly (readonly [rule: string, config: string, problem: string])[] = [
    [
      "PP-132",
      `{added_tlvs: [{type: 1, value: eA==, ${inline("a")}}]}`,
      `${at}: only one of 'value' or 'format_string' may be set`,
    ],
    ["PP-132", "{added_tlvs: [{type: 1}]}", `${at}: one of 'value' or 'format_string' must be set`],
    [
      "PP-133",
      `{added_tlvs: [{type: 1, ${inline("%NOPE%")}}]}`,
      `${at}: Failed to parse TLV format string: Not supported field in StreamInfo: NOPE`,
    ],
    [
      "PP-130",
      "{added_tlvs: [{type: 256, value: eA==}]}",
      "transport_socket.typed_config.config.added_tlvs[0].type: value must be less than 256",
    ],
  ];
  for (const [rule, config, problem] of rows) {
    it(`${rule}: refuses ${config}`, () => assert.deepEqual(transport(config), [problem]));
  }
});
