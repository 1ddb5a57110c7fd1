import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../../src/base/problem.ts";
import { envoy, tree } from "../envoy-schema.ts";

const cluster = "envoy.config.cluster.v3.Cluster";

function problemsOf(type: string, text: string, options: { rules?: boolean; path?: string } = {}): string[] {
  return envoy
    .fromSource(type, tree(text), options)
    .problems.map((problem) => `${problem.code} ${formatProblem(problem)}`);
}

describe("Schema.fromSource(), its problems", () => {
  it("shows all of them at once, in the order of the text, each with place, path and suggestion", () => {
    const text = `name: ''
connect_timout: 1s
type: strictdns
cluster_type: {name: x}
lb_policy: robin
per_connection_buffer_limit_bytes: 1_000
load_assignment:
  cluster_name: 12
  endpoints:
  - priority: 200
    lb_endpoints:
    - endpoint: {address: {socket_address: {address: a.b, port_value: 70000}}}
  -
ignore_health_on_host_removal: 1
`;
    assert.deepStrictEqual(problemsOf(cluster, text), [
      "rule-violation f.yaml:1:7 name: value length must be at least 1 characters",
      'unknown-field f.yaml:2:1 connect_timout: envoy.config.cluster.v3.Cluster has no field "connect_timout"; did you mean connect_timeout?',
      'unknown-enum-value f.yaml:3:7 type: expected STATIC, STRICT_DNS, LOGICAL_DNS, EDS or ORIGINAL_DST, found "strictdns"; did you mean STRICT_DNS?',
      "oneof-conflict f.yaml:4:1 cluster_type: type and cluster_type are alternatives (oneof cluster_discovery_type), only one of them may be set",
      'unknown-enum-value f.yaml:5:12 lb_policy: expected ROUND_ROBIN, LEAST_REQUEST, RING_HASH, RANDOM, MAGLEV, CLUSTER_PROVIDED or LOAD_BALANCING_POLICY_CONFIG, found "robin"; did you mean ROUND_ROBIN?',
      'bad-number f.yaml:6:36 per_connection_buffer_limit_bytes: expected an integer, found "1_000"; did you mean 1000?',
      'wrong-kind f.yaml:8:17 load_assignment.cluster_name: expected a string, found a number (12); did you mean "12"?',
      "rule-violation f.yaml:10:15 load_assignment.endpoints[0].priority: value must be less than or equal to 128",
      "rule-violation f.yaml:12:71 load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value: value must be less than or equal to 65535",
      "empty-item f.yaml:13:4 load_assignment.endpoints[1]: expected a value for item 1, found nothing",
      'bad-bool f.yaml:14:32 ignore_health_on_host_removal: expected true or false, found "1"; did you mean true?',
    ]);
  });

  it("goes into an Any, and shows what is missing at the mapping that lacks it", () => {
    const text = `name: a
transport_socket:
  name: envoy.transport_sockets.upstream_proxy_protocol
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport
    config:
      version: v3
`;
    assert.deepStrictEqual(problemsOf(cluster, text, { path: "static_resources.clusters[2]" }), [
      "rule-violation f.yaml:5:5 static_resources.clusters[2].transport_socket.typed_config.transport_socket: value is required",
      'unknown-enum-value f.yaml:7:16 static_resources.clusters[2].transport_socket.typed_config.config.version: expected V1 or V2, found "v3"; did you mean V1?',
    ]);
  });

  const typeUrls: readonly (readonly [string, string])[] = [
    ["envoy.config.cluster.v3.Clustr", "envoy.config.cluster.v3.Cluster"],
    ["envoy.api.v2.Cluster", "envoy.config.cluster.v3.Cluster"],
    [
      "envoy.config.filter.network.tcp_proxy.v2.TcpProxy",
      "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    ],
  ];
  for (const [wrong, right] of typeUrls) {
    it(`suggests ${right} for ${wrong}`, () => {
      const [problem] = envoy.fromSource(
        "google.protobuf.Any",
        tree(`"@type": type.googleapis.com/${wrong}`),
      ).problems;
      assert.equal(problem?.code, "unknown-type");
      assert.equal(problem?.suggestion, `type.googleapis.com/${right}`);
    });
  }

  const durations: readonly (readonly [string, string])[] = [
    ["250ms", "0.25s"],
    ["5", "5s"],
    [".5s", "0.5s"],
    ["1m", "60s"],
    ["1.5h", "5400s"],
    ["100us", "0.0001s"],
    ["1.s", "1s"],
  ];
  for (const [wrong, right] of durations) {
    it(`suggests ${right} for the duration ${wrong}`, () => {
      const [problem] = envoy.fromSource(cluster, tree(`name: a\nconnect_timeout: ${wrong}`)).problems;
      assert.equal(problem?.suggestion, right);
    });
  }

  it("leaves rules out on request", () => {
    assert.deepStrictEqual(problemsOf(cluster, "name: ''", { rules: false }), []);
  });

  it("gives the message in spite of broken rules, and none when something could not be read", () => {
    assert.deepStrictEqual(envoy.fromSource(cluster, tree("lb_policy: 99")).message, { lb_policy: 99 });
    assert.equal(envoy.fromSource(cluster, tree("name: a\nlb_policy: robin")).message, undefined);
  });

  it("takes an @type that says what the place says, and refuses another", () => {
    const url = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    assert.deepStrictEqual(problemsOf(cluster, `"@type": ${url}\nname: a`), []);
    assert.deepStrictEqual(
      problemsOf("envoy.config.listener.v3.Listener", `"@type": ${url}`, { rules: false }),
      [`type-mismatch f.yaml:1:10: expected a envoy.config.listener.v3.Listener here, found "${url}"`],
    );
  });

  it("says in one problem that a list is no mapping, and that a mapping is no list", () => {
    assert.deepStrictEqual(problemsOf(cluster, "name: a\nload_assignment: []", { rules: false }), [
      "wrong-kind f.yaml:2:18 load_assignment: expected a mapping (envoy.config.endpoint.v3.ClusterLoadAssignment), found a list",
    ]);
    assert.deepStrictEqual(problemsOf(cluster, "name: a\nhealth_checks: 5", { rules: false }), [
      'wrong-kind f.yaml:2:16 health_checks: expected a list, found "5"',
    ]);
  });

  it("refuses messages nested deeper than decoders read", () => {
    assert.deepStrictEqual(envoy.fromSource("google.protobuf.Struct", tree(nestedLists(40))).problems, []);
    const [problem] = envoy.fromSource("google.protobuf.Struct", tree(nestedLists(60))).problems;
    assert.equal(problem?.code, "nested-too-deep");
  });

  it("keeps a map key __proto__ as a key", () => {
    const { message } = envoy.fromSource("google.protobuf.Struct", tree('{"__proto__": 1}'));
    assert.deepStrictEqual(Object.keys(message?.fields ?? {}), ["__proto__"]);
  });

  it("reads what an alias stands for at each place that it stands", () => {
    const text = `name: a
load_assignment:
  cluster_name: a
  endpoints:
  - lb_endpoints: &two
    - endpoint: {address: &here {socket_address: {address: 10.0.0.1, port_value: 80}}}
    - endpoint: {address: *here}
  - priority: 1
    lb_endpoints: *two
`;
    const { message, problems } = envoy.fromSource(cluster, tree(text));
    assert.deepStrictEqual(problems, []);
    const [first, second] = message?.load_assignment?.endpoints ?? [];
    assert.deepStrictEqual(first?.lb_endpoints, second?.lb_endpoints);
  });
});

function nestedLists(depth: number): string {
  return `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
}
