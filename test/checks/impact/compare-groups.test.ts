import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareGroups } from "../../../src/checks/impact/compare-groups.ts";
import { groupsOf, schema } from "./kit.ts";

const compare = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) =>
  compareGroups(schema, groupsOf(before), groupsOf(after));

/** Kind, path and values of all fields that differ between two texts of one resource file. */
function fields(before: string, after: string) {
  return compare({ "a.yaml": before }, { "a.yaml": after }).flatMap(({ resources }) =>
    resources.flatMap((resource) => resource.fields),
  );
}

const endpoints = (...addresses: readonly string[]) => `
endpoints:
- cluster_name: web
  endpoints:
  - lb_endpoints:
${addresses
  .map((address) => `    - {endpoint: {address: {socket_address: {address: ${address}, port_value: 80}}}}`)
  .join("\n")}
`;

const settings = (id: string) => `groups:\n- {name: edge, match: {id: "${id}"}, include: ["a.yaml"]}\n`;
const file = { "a.yaml": "clusters: [{name: a}]" };
const routes = (...prefixes: readonly string[]) =>
  `routes:\n- name: r\n  virtual_hosts:\n  - name: v\n    domains: ["*"]\n    routes:\n${prefixes
    .map((prefix) => `    - {match: {prefix: ${prefix}}, route: {cluster: a}}`)
    .join("\n")}\n`;
const secret = (key: string) =>
  `secrets:\n- name: s\n  tls_certificate: {certificate_chain: {inline_string: public}, private_key: {inline_string: ${key}}}\n`;
const filter = (type: string, body: string) =>
  `listeners: [{name: l, address: {pipe: {path: /a}}, filter_chains: [{filters: [{name: f, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.network.${type}, ${body}}}]}]}]`;

describe("compareGroups()", () => {
  it("finds nothing where the meaning is the same: other spelling, order, files, quotes, defaults", () => {
    const plain = {
      "a.yaml": "clusters:\n- name: web\n  connect_timeout: 0.25s\n  type: STRICT_DNS\n- {name: b}\n",
    };
    const other = {
      "x/b.json":
        '{"resources":[{"@type":"type.googleapis.com/envoy.config.cluster.v3.Cluster","name":"b"}]}',
      "y.yaml":
        "# moved\nclusters:\n- type: strict_dns\n  lbPolicy: round_robin\n  name: 'web'\n  connectTimeout: '0.250s'\n",
    };
    assert.deepEqual(compare(plain, other), []);
  });

  it("gives a resource that comes or goes no fields", () => {
    const [group] = compare({ "a.yaml": "clusters: [{name: a}]" }, { "a.yaml": "clusters: [{name: b}]" });
    assert.deepEqual(
      group?.resources.map(({ kind, noun, name, effect, fields: list }) => [
        kind,
        noun,
        name,
        effect.kind,
        list,
      ]),
      [
        ["removed", "cluster", "a", "cluster-removed", []],
        ["added", "cluster", "b", "none", []],
      ],
    );
  });

  it("tells groups that come, go, and are for other nodes", () => {
    assert.deepEqual(
      compare(
        { ...file, "chancery.yaml": settings("edge-*"), "groups/old/a.yaml": "clusters: [{name: b}]" },
        { ...file, "chancery.yaml": settings("e-*"), "groups/new/a.yaml": "clusters: [{name: b}]" },
      ).map(({ kind, name, match, matchBefore }) => ({ kind, name, match, matchBefore })),
      [
        { kind: "changed", name: "edge", match: { id: "e-*" }, matchBefore: { id: "edge-*" } },
        { kind: "removed", name: "old", match: { cluster: "old" }, matchBefore: undefined },
        { kind: "added", name: "new", match: { cluster: "new" }, matchBefore: undefined },
      ],
    );
  });

  it("puts the hardest change first", () => {
    const [group] = compare(
      {
        "a.yaml":
          "clusters: [{name: a}]\nlisteners: [{name: l, address: {pipe: {path: /a}}, filter_chains: [{}]}]",
      },
      {
        "a.yaml":
          "clusters: [{name: a, type: EDS}]\nlisteners: [{name: l, address: {pipe: {path: /b}}, filter_chains: [{}]}]",
      },
    );
    assert.equal(group?.effect, "re-bound");
    assert.deepEqual(
      group?.resources.map(({ name }) => name),
      ["l", "a"],
    );
  });
});

describe("fieldChanges()", () => {
  it("names fields and both values in their JSON form", () => {
    assert.deepEqual(
      fields(
        "clusters: [{name: a, connect_timeout: 1s}]",
        "clusters: [{name: a, connect_timeout: 2s, type: EDS}]",
      ),
      [
        { kind: "added", path: "type", to: "EDS" },
        { kind: "changed", path: "connect_timeout", from: "1s", to: "2s" },
      ],
    );
  });

  it("knows endpoints by their address, wherever they stand", () => {
    assert.deepEqual(
      fields(endpoints("10.0.0.1", "10.0.0.2"), endpoints("10.0.0.3", "10.0.0.2")).map(({ kind, path }) => [
        kind,
        path,
      ]),
      [
        ["removed", 'endpoints["no locality"].lb_endpoints["10.0.0.1:80"]'],
        ["added", 'endpoints["no locality"].lb_endpoints["10.0.0.3:80"]'],
      ],
    );
  });

  it("tells a list in another order as that, and not as a change of its items", () => {
    assert.deepEqual(fields(endpoints("10.0.0.1", "10.0.0.2"), endpoints("10.0.0.2", "10.0.0.1")), [
      {
        kind: "reordered",
        path: 'endpoints["no locality"].lb_endpoints',
        from: ["10.0.0.1:80", "10.0.0.2:80"],
        to: ["10.0.0.2:80", "10.0.0.1:80"],
      },
    ]);
  });

  it("finds the one new route among routes without names", () => {
    assert.deepEqual(
      fields(routes("/a", "/c"), routes("/a", "/b", "/c")).map(({ kind, path }) => [kind, path]),
      [["added", 'virtual_hosts["v"].routes[1]']],
    );
  });

  it("goes into typed configs, and tells another type as a whole", () => {
    const tcp = (cluster: string) => filter("tcp_proxy.v3.TcpProxy", `stat_prefix: a, cluster: ${cluster}`);
    const path = 'filter_chains[0].filters["f"].typed_config';
    assert.deepEqual(fields(tcp("a"), tcp("b")), [
      { kind: "changed", path: `${path}.cluster`, from: "a", to: "b" },
    ]);
    assert.deepEqual(
      fields(tcp("a"), filter("echo.v3.Echo", "")).map((change) => [change.kind, change.path]),
      [["changed", path]],
    );
  });

  it("tells of secrets only that they differ (XDS-139)", () => {
    assert.deepEqual(fields(secret("one"), secret("two")), [
      {
        kind: "changed",
        path: "tls_certificate.private_key.inline_string",
        from: "[redacted]",
        to: "[redacted]",
      },
    ]);
  });
});
