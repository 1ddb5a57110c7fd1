import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatProblem } from "../../src/base/problem.ts";
import { validateTree } from "../../src/checks/validate-tree.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());

function problemsOf(files: Readonly<Record<string, string>>) {
  return validateTree(
    schema,
    Object.entries(files).map(([path, text]) => ({ path, text })),
  ).problems;
}

const ads = "{ads: {}, resource_api_version: V3}";
const route = (cluster: string) =>
  `routes: [{name: r, virtual_hosts: [{name: v, domains: [a], routes: [{match: {prefix: /}, route: {cluster: ${cluster}}}]}]}]\n`;

const dynamic = (name: string) =>
  `dynamic_resources: {ads_config: {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: ${name}}}]}, cds_config: ${ads}}\n`;

describe("a reference that leads nowhere", () => {
  it("is an error at the place of the name, with the nearest name and who names it", () => {
    const [problem, ...others] = problemsOf({ "a.yaml": `clusters: [{name: inner}]\n${route("iner")}` });
    assert.deepEqual(others, []);
    assert.equal(problem?.severity, "error");
    assert.equal(
      formatProblem(problem),
      'a.yaml:2:107 virtual_hosts[0].routes[0].route.cluster: group "default" has no cluster "iner", which route configuration "r" names; name it under bootstrap_clusters in chancery.yaml if the nodes bring it; did you mean inner?',
    );
  });

  it("is looked for in each group by itself", () => {
    const problems = problemsOf({
      "shared.yaml": route("c"),
      "groups/edge/c.yaml": "clusters: [{name: c}]",
      "groups/inner/c.yaml": "clusters: [{name: d}]",
    });
    assert.deepEqual(
      problems.map(({ code, message }) => [code, message.split(",")[0]]),
      [["unknown-reference", 'group "inner" has no cluster "c"']],
    );
  });

  it("is none when chancery.yaml says that the nodes bring the cluster", () => {
    const files = { "a.yaml": route("xds-1"), "chancery.yaml": 'bootstrap_clusters: ["xds-*"]' };
    assert.deepEqual(problemsOf(files), []);
  });

  it("only warns for endpoints, which Envoy can do without (XDS-67, XDS-100)", () => {
    const problems = problemsOf({
      "a.yaml": `clusters: [{name: c, type: EDS, eds_cluster_config: {eds_config: ${ads}}}]`,
    });
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [["no-endpoints", "warning"]],
    );
  });

  it("only warns where another server may have the resource", () => {
    const source =
      "{api_config_source: {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: xds}}]}}";
    const problems = problemsOf({
      "a.yaml": `clusters: [{name: c, type: EDS, eds_cluster_config: {eds_config: ${source}}}]`,
    });
    assert.deepEqual(
      problems.map(({ severity }) => severity),
      ["warning"],
    );
  });

  it("is not claimed of a resource that is there but has errors", () => {
    const problems = problemsOf({ "a.yaml": `clusters: [{name: c, connect_timeout: 0s}]\n${route("c")}` });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["rule-violation"],
    );
  });

  it("is not claimed while part of the group cannot be read", () => {
    const problems = problemsOf({ "a.yaml": route("c"), "b.yaml": "clusters: [" });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["yaml-syntax"],
    );
  });
});

describe("a secret without sds_config", () => {
  const cluster = `clusters: [{name: c, transport_socket: {name: tls, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, common_tls_context: {tls_certificate_sds_secret_configs: [{name: cert}]}}}}]`;

  it("gets a warning where it is served but would never be asked for", () => {
    const problems = problemsOf({ "a.yaml": `${cluster}\nsecrets: [{name: cert}]` });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["secret-not-fetched"],
    );
  });

  it("gets none where the node has it in its bootstrap", () => {
    assert.deepEqual(problemsOf({ "a.yaml": cluster }), []);
  });
});

describe("a bootstrap by itself", () => {
  const xds = `  clusters:
  - name: xds
    connect_timeout: 1s
    load_assignment: {cluster_name: xds, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 18000}}}}]}]}
`;
  const tcp = `  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, port_value: 1}}
    filter_chains:
    - filters:
      - name: tcp
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: l
          cluster: later
`;

  it("passes as a whole, and its parts are not called unserved", () => {
    const { problems, resources } = validateTree(schema, [
      {
        path: "envoy.yaml",
        text: `node: {id: a, cluster: b}\nadmin: {}\n${dynamic("xds")}static_resources:\n${xds}`,
      },
    ]);
    assert.deepEqual(problems.map(formatProblem), []);
    assert.deepEqual([...resources.values()], [1]);
  });

  it("must have the clusters of its management servers", () => {
    const problems = problemsOf({ "envoy.yaml": `${dynamic("xsd")}static_resources:\n${xds}` });
    assert.deepEqual(problems.map(formatProblem), [
      'envoy.yaml:1:94 dynamic_resources.ads_config.grpc_services[0].envoy_grpc.cluster_name: the bootstrap has no cluster "xsd"; did you mean xds?',
    ]);
  });

  it("may leave other clusters to CDS, where it has CDS", () => {
    assert.deepEqual(problemsOf({ "envoy.yaml": `${dynamic("xds")}static_resources:\n${xds}${tcp}` }), []);
    const problems = problemsOf({ "envoy.yaml": `static_resources:\n${tcp}` });
    assert.deepEqual(
      problems.map(({ code, severity, path }) => [code, severity, path]),
      [
        [
          "unknown-reference",
          "error",
          "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.cluster",
        ],
      ],
    );
  });

  it("may have a listener without a name", () => {
    const problems = problemsOf({
      "envoy.yaml": `${dynamic("xds")}static_resources:\n${xds}${tcp.replace("name: l\n    ", "")}`,
    });
    assert.deepEqual(problems.map(formatProblem), []);
  });

  it("shows errors of all parts", () => {
    const problems = problemsOf({
      "envoy.yaml": "admin: {acces_log: []}\nstatic_resources: {clusters: [{name: a, connect_timeout: 0s}]}",
    });
    assert.deepEqual(
      problems.map(({ place }) => place?.line),
      [1, 2],
    );
  });
});

describe("validateTree()", () => {
  it("looks at a file that was named, whatever its name ends in", () => {
    const problems = problemsOf({ "envoy.tmpl": "clusters: [{nam: a}]" });
    assert.deepEqual(
      problems.map(({ code, place }) => [code, place?.file]),
      [
        ["unknown-field", "envoy.tmpl"],
        ["missing-name", "envoy.tmpl"],
      ],
    );
  });

  it("warns when there is nothing to serve", () => {
    assert.deepEqual(problemsOf({}).map(formatProblem), ["there are no resources in any file"]);
    assert.deepEqual(problemsOf({ "a.yaml": "clusters: []" }).map(formatProblem), [
      "there are no resources in any file",
    ]);
  });
});
