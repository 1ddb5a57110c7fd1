import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readBootstrap } from "../../src/config/bootstrap-file.ts";
import { Compiler } from "../../src/config/compiler.ts";
import type { Resource } from "../../src/config/resource.ts";
import { runProgram } from "../../src/cli/program.ts";
import { makeBootstrap } from "../../src/cli/bootstrap/make-bootstrap.ts";
import { loadSchema } from "../../src/schema/load.ts";
import { parseYaml } from "../../src/schema/yaml/parse-yaml.ts";
import { repositoryPath } from "../docs/code-blocks.ts";
import { testCa } from "../kit/certificates.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { commands } from "../kit/commands.ts";
import { closedPort } from "../kit/echo-backend.ts";
import { startEnvoy, validateWithEnvoy } from "../kit/envoy.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const schema = loadSchema();
const examplesFolder = repositoryPath("test/cli/import/examples");

/** What `chancery bootstrap` prints. */
const printedBootstrap = JSON.stringify(
  makeBootstrap({
    nodeId: "a",
    nodeCluster: "edge",
    xds: { host: "127.0.0.1", port: 1 },
    mode: "delta",
  }),
);

async function importFrom(args: readonly string[], stdin: readonly string[] = []) {
  const terminal = fakeTerminal({ stdin });
  const parts = { commands, foreign: [], version: () => "0" };
  const code = await runProgram(parts, ["import", ...args], terminal);
  return { code, ...terminal.written };
}

/** Every resource of a folder: its JSON by type and name. */
function resourcesIn(folder: string): ReadonlyMap<string, unknown> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".yaml"),
  );
  const files = names.map((path) => ({ path, text: readFileSync(join(folder, path), "utf8") }));
  const { groups, problems } = new Compiler(schema).compile(files);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  return byName([...groups.values()].flatMap(({ resources }) => resources));
}

function byName(resources: readonly Resource[]): ReadonlyMap<string, unknown> {
  return new Map(
    resources.map(({ typeUrl, name, bytes }) => {
      const type = typeUrl.replace(/^.*\//, "");
      return [`${type} ${name}`, schema.toJson(type, schema.decode(type, bytes))];
    }),
  );
}

/** An example of the folder; what cannot be committed is put in. */
function example(name: string): string {
  const text = readFileSync(join(examplesFolder, name), "utf8");
  if (!text.includes("PRIVATE_KEY")) return text;
  const { cert, key } = testCa().issue("DNS:localhost");
  return text
    .replace("CERTIFICATE", JSON.stringify(cert.toString()))
    .replace("PRIVATE_KEY", JSON.stringify(key.toString()));
}

describe("chancery import of a bootstrap", () => {
  for (const name of readdirSync(examplesFolder)) {
    it(`${name} becomes a folder that is served as the same resources`, needs("openssl"), async () => {
      using folder = temporaryFolder();
      const text = example(name);
      const file = folder.put(name, text);
      const { code, stdout, stderr } = await importFrom([file, folder.file("config")]);
      assert.equal(code, 0, stderr);
      const imported = resourcesIn(folder.file("config"));
      const bootstrap = readBootstrap(schema, { path: name, text });
      const original = byName([...bootstrap!.compiled.groups.values()].flatMap(({ resources }) => resources));
      for (const [key, value] of original) assert.deepEqual(imported.get(key), value, key);
      assert.equal(stdout.trim().split("\n").length, imported.size);
      if (name !== "tcp.yaml") assert.equal(imported.size, original.size);
    });

    it(`${name} is one that Envoy takes`, needs("envoy", "openssl"), async () => {
      const { documents } = parseYaml({ name, text: example(name) });
      const type = "envoy.config.bootstrap.v3.Bootstrap";
      const json: JsonObject = JSON.parse(
        JSON.stringify(schema.toJson(type, schema.fromSource(type, documents[0]!).message!)),
      );
      const { exitCode, log } = await validateWithEnvoy(json);
      assert.equal(exitCode, 0, log);
    });
  }

  it("writes a file for each resource, by type, readable, and only for its owner", async () => {
    using folder = temporaryFolder();
    const { stdout, stderr } = await importFrom([
      join(examplesFolder, "tcp.yaml"),
      folder.file("config"),
      "--group",
      "edge",
    ]);
    assert.deepEqual(stdout.trim().split("\n"), [
      "groups/edge/clusters/primary.yaml",
      "groups/edge/clusters/replica_eu.yaml",
      "groups/edge/listeners/listener_0_0_0_0_5432.yaml",
    ]);
    const file = folder.file("config/groups/edge/listeners/listener_0_0_0_0_5432.yaml");
    assert.match(
      readFileSync(file, "utf8"),
      /^listeners:\n {2}- name: listener_0_0_0_0_5432\n {4}address:\n/,
    );
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(stderr, /^note: a listener without a name is called listener_0_0_0_0_5432$/m);
    assert.match(stderr, /^note: next: chancery validate .*; chancery bootstrap --node ID --cluster edge$/m);
  });

  it("leaves the cluster of the management server in the bootstrap, and says so in chancery.yaml", async () => {
    using folder = temporaryFolder();
    const { stdout, stderr } = await importFrom(["-", folder.file("c")], [printedBootstrap]);
    assert.equal(stdout, "chancery.yaml\n");
    assert.match(
      readFileSync(folder.file("c/chancery.yaml"), "utf8"),
      /^# .*\nbootstrap_clusters:\n {2}- chancery\n$/,
    );
    assert.match(
      stderr,
      /^note: cluster chancery leads to the management server and stays in the bootstrap$/m,
    );
    assert.match(stderr, /chancery bootstrap --node a --cluster edge$/m);
  });

  it("writes nothing with --dry-run, nor into a folder that has files, unless forced", async () => {
    using folder = temporaryFolder();
    const source = join(examplesFolder, "redirect.yaml");
    const config = folder.file("config");
    const dry = await importFrom([source, config, "--dry-run"]);
    assert.deepEqual([dry.code, dry.stdout, readdirSync(folder.path)], [0, "listeners/plain.yaml\n", []]);
    mkdirSync(config);
    mkdirSync(join(config, ".git"));
    assert.equal((await importFrom([source, config])).code, 0);
    assert.deepEqual(readdirSync(config).toSorted(), [".git", "listeners"]);
    const refused = await importFrom([source, config]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is not empty\n--force writes into it/);
    writeFileSync(join(config, "own.yaml"), "clusters: []\n");
    writeFileSync(join(config, "listeners/plain.yaml"), "old");
    assert.equal((await importFrom([source, config, "--force"])).code, 0);
    assert.deepEqual(readdirSync(config).toSorted(), [".git", "listeners", "own.yaml"]);
    assert.match(readFileSync(join(config, "listeners/plain.yaml"), "utf8"), /^listeners:/);
    // Nothing is left of what was written aside.
    assert.deepEqual(readdirSync(folder.path), ["config"]);
  });

  it("takes one proxy after another into one folder, and keeps a chancery.yaml", async () => {
    using folder = temporaryFolder();
    assert.equal(
      (await importFrom([join(examplesFolder, "redirect.yaml"), folder.file("c"), "--group", "a"])).code,
      0,
    );
    writeFileSync(folder.file("c/chancery.yaml"), "bootstrap_clusters: [own]\n");
    const second = await importFrom(["-", folder.file("c"), "--group", "b"], [printedBootstrap]);
    assert.deepEqual([second.code, second.stdout], [0, ""]);
    assert.match(
      second.stderr,
      /^note: chancery\.yaml is kept as it is; it should have bootstrap_clusters: \[chancery\]$/m,
    );
    assert.equal(readFileSync(folder.file("c/chancery.yaml"), "utf8"), "bootstrap_clusters: [own]\n");
    const again = await importFrom([join(examplesFolder, "redirect.yaml"), folder.file("c"), "--group", "a"]);
    assert.match(again.stderr, /groups\/a is not empty/);
  });

  it("shows what is wrong with a source, and writes nothing", async () => {
    using folder = temporaryFolder();
    const cases: readonly (readonly [string, RegExp])[] = [
      ["static_resources: {clusters: [{nam: a}]}\n", /did you mean name\?/],
      ["- a\n", /expected a config_dump or a bootstrap/],
      [
        "clusters: [{name: a}]\n",
        /found a list of clusters: .* `chancery serve` takes such files as they are/,
      ],
      ["resources: []\n", /found a list of resources: there is nothing to import/],
      ["static_resources: {clusters: [{name: a}, {name: a}]}\n", /cannot be served as it is/],
    ];
    for (const [text, expected] of cases) {
      const { code, stderr, stdout } = await importFrom(["-", folder.file("c")], [text]);
      assert.deepEqual([code, stdout, readdirSync(folder.path)], [65, "", []], text);
      assert.match(stderr, expected);
    }
    assert.equal((await importFrom([folder.file("gone"), folder.file("c")])).code, 65);
    assert.equal((await importFrom(["-", folder.file("c"), "--group", "../x"])).code, 64);
  });

  it("says why an address is no Envoy's, or does not answer in time", async () => {
    using folder = temporaryFolder();
    const server = createServer((request, response) => {
      if (request.url === "/config_dump?include_eds") response.writeHead(404).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const base = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
    try {
      const other = await importFrom([base, folder.file("c")]);
      assert.deepEqual(
        [other.code, other.stderr.split("\n")[0]],
        [1, `error: ${base}/config_dump?include_eds answers 404`],
      );
      const slow = await importFrom([`${base}/slow`, folder.file("c"), "--timeout", "50ms"]);
      assert.deepEqual(
        [slow.code, slow.stderr.split("\n")[0]],
        [124, `error: ${base}/slow did not answer within 0.05s`],
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
    const gone = await importFrom([`http://127.0.0.1:${await closedPort()}`, folder.file("c")]);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /^error: cannot reach .*ECONNREFUSED/);
  });
});

for (const [program, start, skip] of [
  ["Envoy", startEnvoy, needs("envoy", "openssl")],
  ["bundled data plane", startBundledProxy, needs("openssl")],
] as const)
  describe(`chancery import of a running ${program}`, skip, () => {
    it("takes static resources, and marks the secrets that Envoy masks", async () => {
      using folder = temporaryFolder();
      const { documents } = parseYaml({ name: "tls.yaml", text: example("tls.yaml") });
      const type = "envoy.config.bootstrap.v3.Bootstrap";
      const json: JsonObject = JSON.parse(
        JSON.stringify(schema.toJson(type, schema.fromSource(type, documents[0]!).message!)).replaceAll(
          "8443",
          "0",
        ),
      );
      await using envoy = await start(json);
      const { code, stdout, stderr } = await importFrom([envoy.admin.address, folder.file("c")]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(stdout, "listeners/secure.yaml\nsecrets/front.yaml\n");
      const secret = readFileSync(folder.file("c/secrets/front.yaml"), "utf8");
      assert.match(secret, /inline_string: '\[redacted\]' {2}# masked in the dump: put the secret here/);
      assert.match(
        stderr,
        /^note: secrets\/front\.yaml: tls_certificate\.private_key\.inline_string is masked, and has to be put in at the comment$/m,
      );
      assert.doesNotMatch(secret, /PRIVATE KEY/);
      resourcesIn(folder.file("c"));
    });

    it("takes what came over xDS: listeners, routes, clusters and endpoints as they were served", async () => {
      const ads = "{ads: {}, resource_api_version: V3}";
      const hcm = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
      const router = "envoy.extensions.filters.http.router.v3.Router";
      using served = servedFolder({
        "all.yaml": `
clusters:
- {name: web, type: EDS, connect_timeout: 1s, eds_cluster_config: {eds_config: ${ads}}}
endpoints:
- cluster_name: web
  endpoints:
  - lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}}]
listeners:
- name: in
  address: {socket_address: {address: 127.0.0.1, port_value: 0}}
  filter_chains:
  - filters:
    - name: hcm
      typed_config:
        "@type": type.googleapis.com/${hcm}
        stat_prefix: in
        rds: {route_config_name: routes, config_source: ${ads}}
        http_filters: [{name: router, typed_config: {"@type": type.googleapis.com/${router}}}]
routes:
- name: routes
  virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: web}}]}]
`,
      });
      await using server = new ServeProcess(served.path, served.state);
      const xds = { host: "127.0.0.1", port: await server.xdsPort() };
      const bootstrap = makeBootstrap({ nodeId: "edge-1", nodeCluster: "edge", xds, mode: "delta" });
      await using envoy = await start(JSON.parse(JSON.stringify(bootstrap)));
      await server.said("all connected nodes have accepted the revision");
      using folder = temporaryFolder();
      const { code, stderr } = await importFrom([envoy.admin.address, folder.file("c")]);
      assert.equal(code, 0, stderr);
      const [imported, original] = [resourcesIn(folder.file("c")), resourcesIn(served.path)];
      assert.deepEqual([...imported.keys()].toSorted(), [...original.keys()].toSorted());
      for (const [key, value] of original) {
        // Envoy tells endpoints with the defaults that it applies.
        if (key.includes("ClusterLoadAssignment"))
          assert.match(JSON.stringify(imported.get(key)), /"port_value":9\b/);
        else assert.deepEqual(imported.get(key), value, key);
      }
      assert.match(readFileSync(folder.file("c/chancery.yaml"), "utf8"), /- chancery$/m);
    });
  });
