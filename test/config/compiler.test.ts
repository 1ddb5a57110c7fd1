import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPlace, formatProblem } from "../../src/base/problem.ts";
import { Compiler } from "../../src/config/compiler.ts";
import type { Compiled } from "../../src/config/compiled.ts";
import { loadDescriptors } from "../../src/schema/load.ts";
import { Schema } from "../../src/schema/schema.ts";

const schema = new Schema(loadDescriptors());

function compile(files: Readonly<Record<string, string>>): Compiled {
  return new Compiler(schema).compile(Object.entries(files).map(([path, text]) => ({ path, text })));
}

/** `Cluster a` for each resource of each group. */
function namesOf({ groups }: Compiled): Record<string, string[]> {
  return Object.fromEntries(
    [...groups].map(([group, { resources }]) => [
      group,
      resources.map(({ typeUrl, name }) => `${typeUrl.slice(typeUrl.lastIndexOf(".") + 1)} ${name}`),
    ]),
  );
}

function textsOf({ problems }: Compiled): string[] {
  return problems.map(formatProblem);
}

const cluster = (name: string) => `clusters: [{name: ${name}}]`;

describe("Compiler takes", () => {
  const shapes: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    "lists under keys, several in one document": [
      `clusters: [{name: a}, {name: b}]
listeners: [{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 1}}}]
routes: [{name: r}]
endpoints: [{cluster_name: e}]
secrets: [{name: s}]
virtual_hosts: [{name: v, domains: [v]}]
scoped_routes: [{name: sc, route_configuration_name: r, key: {fragments: [{string_key: x}]}}]
runtimes: [{name: rt, layer: {}}]
extension_configs:
- name: x
  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`,
      [
        "Cluster a",
        "Cluster b",
        "Listener l",
        "RouteConfiguration r",
        "ClusterLoadAssignment e",
        "Secret s",
        "VirtualHost v",
        "ScopedRouteConfiguration sc",
        "Runtime rt",
        "TypedExtensionConfig x",
      ],
    ],
    "the other spellings of keys": [
      `route_configs: [{name: r}]
loadAssignments: [{cluster_name: e}]
layers: [{name: rt, layer: {}}]`,
      ["RouteConfiguration r", "ClusterLoadAssignment e", "Runtime rt"],
    ],
    'one resource with "@type"': [
      `"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster\nname: a`,
      ["Cluster a"],
    ],
    "a file-xDS document": [
      `version_info: "7"
resources:
- "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
  name: a
- "@type": type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment
  cluster_name: e`,
      ["Cluster a", "ClusterLoadAssignment e"],
    ],
    "a resource in its xDS wrapper": [
      `resources:
- "@type": type.googleapis.com/envoy.service.discovery.v3.Resource
  name: a
  version: "3"
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: a}`,
      ["Cluster a"],
    ],
    "resources in wrappers, with and without their type, and under a key": [
      `resources:
- name: a
  ttl: 5s
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: a}
- ttl: 5s
  resource: {"@type": type.googleapis.com/envoy.service.runtime.v3.Runtime, name: r}
clusters:
- "@type": type.googleapis.com/envoy.service.discovery.v3.Resource
  ttl: 5s
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: b}`,
      ["Cluster a", "Runtime r", "Cluster b"],
    ],
    "several documents, empty ones among them": [
      `---\n${cluster("a")}\n---\n# nothing\n---\n${cluster("b")}\n`,
      ["Cluster a", "Cluster b"],
    ],
    JSON: [`{"clusters": [{"name": "a", "connectTimeout": "0.25s"}]}`, ["Cluster a"]],
    "anchors and aliases": [
      `clusters:\n- &c {name: a, connect_timeout: &t 1s}\n- {name: b, connect_timeout: *t}`,
      ["Cluster a", "Cluster b"],
    ],
    "an empty file": ["", []],
    "a key without a list": ["clusters:\n", []],
  };
  for (const [name, [text, resources]] of Object.entries(shapes)) {
    it(name, () => {
      const compiled = compile({ "a.yaml": text });
      assert.deepEqual(textsOf(compiled), []);
      assert.deepEqual(namesOf(compiled), { default: resources });
    });
  }

  it("an Envoy bootstrap: its static resources, with a warning for each part that is not served", () => {
    const compiled = compile({
      "envoy.yaml": `node: {id: a, cluster: b}
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}
static_resources:
  clusters: [{name: a}]
  listeners: [{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 1}}}]
  secrets: [{name: s}]`,
    });
    assert.deepEqual(namesOf(compiled), { default: ["Cluster a", "Listener l", "Secret s"] });
    assert.deepEqual(
      compiled.problems.map(({ code, severity, path }) => [code, severity, path]),
      [
        ["bootstrap-part-not-served", "warning", "node"],
        ["bootstrap-part-not-served", "warning", "admin"],
      ],
    );
  });

  it("a type of the user's own that has a name", () => {
    const { messages, enums } = schema.descriptors;
    const field = messages
      .get("envoy.config.cluster.v3.Cluster")!
      .fields.find(({ name }) => name === "name")!;
    const own = new Schema({
      enums,
      messages: new Map([...messages, ["acme.Policy", { name: "acme.Policy", fields: [field], oneofs: [] }]]),
    });
    const text = `"@type": type.googleapis.com/acme.Policy\nname: p`;
    const compiled = new Compiler(own).compile([{ path: "a.yaml", text }]);
    assert.deepEqual(namesOf(compiled), { default: ["Policy p"] });
  });
});

describe("Compiler refuses, at its place,", () => {
  const rows: Readonly<Record<string, readonly [string, readonly string[]]>> = {
    "an unknown key, with the nearest": [
      "a: 1\nclustres: []",
      [
        'a.yaml:1:1 a: unknown key "a"; a document holds',
        'a.yaml:2:1 clustres: unknown key "clustres"; a document holds',
      ],
    ],
    "a scalar document": ["hello", ['a.yaml:1:1: expected a resource with "@type" or a list']],
    "a list that is a mapping": [
      "clusters: {a: 1}",
      ["a.yaml:1:11 clusters: expected a list, found a mapping"],
    ],
    "an item that is no mapping": [
      "clusters: [a]",
      ['a.yaml:1:12 clusters[0]: expected a cluster, found "a"'],
    ],
    'an item of resources without "@type"': [
      "resources: [{name: a}]",
      ['a.yaml:1:13 resources[0]: expected "@type"'],
    ],
    "an item of another type than its key": [
      'clusters: [{"@type": type.googleapis.com/envoy.config.listener.v3.Listener}]',
      ['a.yaml:1:12 clusters[0]: expected a cluster, found "@type"'],
    ],
    "a type that does not exist": [
      '"@type": type.googleapis.com/envoy.config.cluster.v3.Clutser',
      ['a.yaml:1:10 @type: unknown type "type.googleapis.com/envoy.config.cluster.v3.Clutser"; did you mean'],
    ],
    "a type of the v2 API, naming the v3 type": [
      '"@type": type.googleapis.com/envoy.api.v2.Cluster',
      [
        'a.yaml:1:10 @type: unknown type "type.googleapis.com/envoy.api.v2.Cluster"; did you mean type.googleapis.com/envoy.config.cluster.v3.Cluster?',
      ],
    ],
    "a message that nobody can ask for": [
      '"@type": type.googleapis.com/envoy.config.core.v3.Address',
      ["a.yaml:1:10 @type: envoy.config.core.v3.Address is not a type of resource"],
    ],
    "a resource without a name": [
      'endpoints: [{endpoints: []}]\n---\nlisteners: [{address: {socket_address: {address: "::", port_value: 1}}}]',
      [
        "a.yaml:1:13 endpoints[0].cluster_name: ",
        "a.yaml:3:13 listeners[0].name: expected name, which is what xDS clients ask for",
      ],
    ],
    "an unknown field": [
      "clusters: [{name: a, conect_timeout: 1s}]",
      ["a.yaml:1:22 clusters[0].conect_timeout: "],
    ],
    "a broken rule": [
      "clusters: [{name: a, connect_timeout: 0s}]",
      ["a.yaml:1:39 clusters[0].connect_timeout: value must be greater than 0s"],
    ],
    "a TTL on what does not bear one, and TTLs that are none": [
      `resources:
- ttl: 5s
  resource: {"@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration, name: r}
- ttl: 5s
  resource: {"@type": type.googleapis.com/envoy.config.route.v3.VirtualHost, name: v, domains: [v]}
- ttl: 0.5s
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: a}
- ttl: long
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: b}`,
      [
        "a.yaml:2:8 resources[0].ttl: a TTL on a route configuration is not served: Envoy 1.40 crashes as it runs out",
        "a.yaml:4:8 resources[1].ttl: a TTL on a virtual host is not served",
        "a.yaml:6:8 resources[2].ttl: expected a TTL of at least 1s, found 0.5s",
        "a.yaml:8:8 resources[3].ttl: ",
      ],
    ],
    "a wrapper with another name, and with a field that is not served": [
      `resources:
- "@type": type.googleapis.com/envoy.service.discovery.v3.Resource
  name: b
  cache_control: {do_not_cache: true}
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: a}`,
      [
        "a.yaml:4:3 resources[0]: cache_control of a resource wrapper is not served",
        `a.yaml:2:3 resources[0]: the wrapper's name "b" is not the resource's name "a"`,
      ],
    ],
    "an error in the served part and in the rest of a bootstrap": [
      "admin: {acces_log: []}\nstatic_resources: {clusters: [{nam: a}]}",
      ["a.yaml:1:9 admin.acces_log: ", "a.yaml:2:32 static_resources.clusters[0]"],
    ],
  };
  for (const [name, [text, starts]] of Object.entries(rows)) {
    it(name, () => {
      const texts = compile({ "a.yaml": text })
        .problems.filter(({ severity }) => severity === "error")
        .map(formatProblem);
      starts.forEach((start) =>
        assert.ok(
          texts.some((found) => found.startsWith(start)),
          `${start}\nnot in\n${texts.join("\n")}`,
        ),
      );
    });
  }

  it("all that is wrong in all files at once (XDS-62)", () => {
    const compiled = compile({
      "a.yaml": "clusters: [{nam: a}]",
      "b.yaml": "clusters: [",
      "c.yaml": "clusters: [{name: c}]",
    });
    const files = compiled.problems.map(({ place }) => place?.file);
    assert.ok(files.includes("a.yaml") && files.includes("b.yaml"));
    assert.deepEqual(namesOf(compiled), { default: ["Cluster c"] });
  });

  it("the same name twice, showing both places", () => {
    const { problems } = compile({ "a.yaml": "clusters:\n- name: a\n- name: b", "b.yaml": cluster("a") });
    assert.deepEqual(
      problems.map(({ code, place, related }) => [
        code,
        formatPlace(place!),
        formatPlace(related![0]!.place),
      ]),
      [["duplicate-name", "b.yaml:1:19", "a.yaml:2:9"]],
    );
  });

  it("a group's resource that has the name of a shared one, and says it once for all groups", () => {
    const shared = { "a.yaml": cluster("a"), "b.yaml": cluster("a") };
    const { problems } = compile({
      ...shared,
      "groups/edge/a.yaml": cluster("x"),
      "groups/inner/a.yaml": cluster("a"),
    });
    assert.deepEqual(
      problems.map(({ code, place }) => [code, place?.file]),
      [
        ["duplicate-name", "b.yaml"],
        ["duplicate-name", "groups/inner/a.yaml"],
      ],
    );
    assert.match(problems[1]!.message, /does not replace what is shared/);
  });

  it("a document with more than 100,000 resources, as a whole", () => {
    const { problems, groups } = compile({ "a.yaml": `clusters:\n${"- {name: a}\n".repeat(100_001)}` });
    assert.deepEqual(
      problems.map(({ code }) => code),
      ["too-many-resources"],
    );
    assert.equal(groups.get("default")?.resources.length, 0);
  });

  it("too much: a long file, long files, many files", () => {
    const limits = { fileLength: 20, totalLength: 30, files: 2 };
    const compiler = new Compiler(schema, limits);
    const codes = (...texts: string[]) =>
      compiler
        .compile(texts.map((text, index) => ({ path: `${index}.yaml`, text })))
        .problems.map(({ code }) => code);
    assert.deepEqual(codes("#".repeat(21)), ["file-too-large"]);
    assert.deepEqual(codes("#".repeat(16), "#".repeat(16)), ["tree-too-large"]);
    assert.deepEqual(codes("", "", ""), ["too-many-files"]);
  });
});

describe("Compiler sorts files into groups:", () => {
  it("one group for every node where there is no groups folder", () => {
    const { groups } = compile({ "a.yaml": cluster("a") });
    assert.deepEqual(
      [...groups.values()].map(({ name, match }) => [name, match]),
      [["default", {}]],
    );
  });

  it("a folder of groups/ each, and what lies outside in all of them", () => {
    const compiled = compile({
      "all.yaml": cluster("all"),
      "groups/inner/a.yaml": cluster("i"),
      "groups/edge/deep/a.yaml": cluster("e"),
    });
    assert.deepEqual(namesOf(compiled), {
      edge: ["Cluster all", "Cluster e"],
      inner: ["Cluster all", "Cluster i"],
    });
    assert.deepEqual(compiled.groups.get("edge")?.match, { cluster: "edge" });
  });

  it("those of chancery.yaml first, in its order, with their match and include", () => {
    const compiled = compile({
      "chancery.yaml": `groups:
- name: canary
  match: {id: "edge-canary-*", locality: {zone: a}, metadata: {tier: gold}}
  include: ["groups/edge/*.yaml", "canary/**"]
- name: edge
bootstrap_clusters: ["xds-*"]`,
      "canary/deep/a.yaml": cluster("c"),
      "groups/edge/a.yaml": cluster("e"),
      "groups/a-first/a.yaml": cluster("f"),
    });
    assert.deepEqual(textsOf(compiled), []);
    assert.deepEqual(namesOf(compiled), {
      canary: ["Cluster c", "Cluster e"],
      edge: ["Cluster c", "Cluster e"],
      "a-first": ["Cluster c", "Cluster f"],
    });
    assert.deepEqual(compiled.groups.get("canary")?.match, {
      id: "edge-canary-*",
      locality: { zone: "a" },
      metadata: { fields: { tier: { string_value: "gold" } } },
    });
    assert.deepEqual(compiled.bootstrapClusters, ["xds-*"]);
  });

  it("a warning for a group without files and for a file without a group", () => {
    const compiled = compile({
      "chancery.yaml": `groups: [{name: edge, include: ["edgy/**"]}]`,
      "edge/a.yaml": cluster("a"),
    });
    assert.deepEqual(
      compiled.problems.map(({ code, severity }) => [code, severity]),
      [
        ["empty-group", "warning"],
        ["file-not-included", "warning"],
      ],
    );
  });

  const mistakes: Readonly<Record<string, readonly [string, string]>> = {
    "a key of a later version": [
      "groups: [{name: a, schedule: {}}]",
      "chancery.yaml:1:20 groups[0].schedule: ",
    ],
    "an unknown key": ["stages: []", "chancery.yaml:1:1 stages: "],
    "a misspelt key": ["grups: []", "chancery.yaml:1:1 grups: "],
    "a group without a name": ["groups: [{match: {}}]", "chancery.yaml:1:10 groups[0].name: "],
    "a group twice": [
      "groups: [{name: a}, {name: a}]",
      'chancery.yaml:1:28 groups[1].name: group "a" is named twice',
    ],
    "a second document": ["groups: []\n---\ngroups: []", "chancery.yaml:3:1: chancery.yaml is one document"],
  };
  for (const [name, [text, start]] of Object.entries(mistakes)) {
    it(`refuses ${name} in chancery.yaml`, () => {
      const { problems } = compile({ "chancery.yaml": text });
      const [first] = problems;
      assert.equal(first?.severity, "error");
      assert.ok(formatProblem(first).startsWith(start), formatProblem(first));
    });
  }
});

describe("Compiler gives", () => {
  it("equal content the equal version, whatever the spelling, order and file", () => {
    const versions = [
      "clusters: [{name: a, connect_timeout: 1s}]",
      'clusters: [{"connectTimeout": "1.000s", name: "a"}]',
      '"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster\nconnect_timeout: 1s\nname: a',
    ].map((text, index) => compile({ [`${index}.yaml`]: text }).groups.get("default")!.resources[0]!.version);
    assert.equal(new Set(versions).size, 1);
    assert.match(versions[0]!, /^[\w-]{16}$/);
  });

  it("the same resource objects for files that did not change", () => {
    const compiler = new Compiler(schema);
    const tree = (text: string) => [
      { path: "a.yaml", text: cluster("a") },
      { path: "b.yaml", text },
    ];
    const first = compiler.compile(tree(cluster("b"))).groups.get("default")!.resources;
    const second = compiler.compile(tree(cluster("c"))).groups.get("default")!.resources;
    assert.equal(second[0], first[0]);
    assert.deepEqual(
      second.map(({ name }) => name),
      ["a", "c"],
    );
  });

  it("the place of each resource's name, under the name that the file is shown as", () => {
    const [resource] = new Compiler(schema)
      .compile([
        { path: "a.yaml", text: "clusters:\n- connect_timeout: 1s\n  name: a", shownAs: "./conf/a.yaml" },
      ])
      .groups.get("default")!.resources;
    assert.equal(formatPlace(resource!.origin!.place), "./conf/a.yaml:3:9");
  });
});
