import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { commands } from "../kit/commands.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { needs, peerPath } from "../kit/peers.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

const bootstrapWith = (policy: string) =>
  `node: {id: a, cluster: b}\nstatic_resources: {clusters: [{name: x, type: STATIC, lb_policy: ${policy}}]}\n`;
/** Envoy alone knows the operators of formats. */
const listener = (format: string) => `listeners:
- name: web
  address: {socket_address: {address: 127.0.0.1, port_value: 10000}}
  filter_chains:
  - filters:
    - name: http
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: web
        rds: {route_config_name: site, config_source: {ads: {}, resource_api_version: V3}}
        access_log:
        - name: log
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog
            log_format: {text_format_source: {inline_string: "${format}"}}
        http_filters:
        - name: router
          typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;
const rest = `clusters:
- name: app
  type: EDS
  connect_timeout: 1s
  eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}
endpoints:
- cluster_name: app
  endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]}]
routes:
- name: site
  virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: app}}]}]
`;

async function validate(files: Record<string, string>, envoy: string, ...args: string[]) {
  using folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(folder.file(name)), { recursive: true });
    writeFileSync(folder.file(name), text);
  }
  const terminal = fakeTerminal({ cwd: folder.path, env: { XDG_CACHE_HOME: folder.file("cache") } });
  const parts = { commands, foreign: [], version: () => "0" };
  const code = await runProgram(parts, ["validate", ...args, "--envoy", envoy], terminal);
  return { code, ...terminal.written };
}

describe("chancery validate --envoy", needs("envoy"), () => {
  it("has Envoy look at listeners, clusters, endpoints and routes that come over xDS", async () => {
    const files = { "config/a.yaml": listener("%START_TIME%\\\\n"), "config/b.yaml": rest };
    const { code, stdout } = await validate(files, peerPath("envoy"), "config");
    assert.deepEqual([code, stdout], [0, "configuration 'config' OK\n"]);
  });

  it("shows what Envoy alone refuses at the line of the resource, in its words", async () => {
    const files = { "config/a.yaml": listener("%NOT_AN_OPERATOR%"), "config/b.yaml": rest };
    const { code, stdout } = await validate(files, peerPath("envoy"), "config");
    assert.equal(code, 1);
    assert.match(stdout, /^error: config\/a\.yaml:2:9: Envoy refuses listener "web": .*NOT_AN_OPERATOR/m);
    assert.doesNotMatch(stdout, /source\/server|bootstrap\.pb/);
    assert.match(stdout, /has 1 error$/m);
  });

  it("shows a refused route and a refused cluster, both at once", async () => {
    const files = {
      "config/a.yaml": rest
        .replace(
          "virtual_hosts:",
          'response_headers_to_add: [{header: {key: a, value: "%BAD_ONE%"}}]\n  virtual_hosts:',
        )
        .replace("connect_timeout: 1s", "connect_timeout: 1s\n  lb_policy: CLUSTER_PROVIDED"),
    };
    const { stdout } = await validate(files, peerPath("envoy"), "config");
    assert.match(stdout, /Envoy refuses route configuration "site": .*BAD_ONE/);
    assert.match(stdout, /Envoy refuses cluster "app": /);
  });

  it("takes a bootstrap as it is", async () => {
    assert.equal(
      (await validate({ "e.yaml": bootstrapWith("RANDOM") }, peerPath("envoy"), "e.yaml")).code,
      0,
    );
    const { code, stdout } = await validate(
      { "e.yaml": bootstrapWith("CLUSTER_PROVIDED") },
      peerPath("envoy"),
      "e.yaml",
    );
    assert.equal(code, 1);
    assert.match(stdout, /Envoy refuses this bootstrap: /);
  });
});

describe("chancery validate --envoy", () => {
  /** An Envoy that counts how often it is asked. */
  const counting = "#!/bin/sh\necho asked >> ${0}.log\n";

  it("asks once about the same content", async () => {
    using tools = temporaryFolder();
    const binary = tools.file("envoy");
    writeFileSync(binary, counting, { mode: 0o755 });
    const files = { "config/b.yaml": rest };
    using folder = temporaryFolder();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(folder.file(name)), { recursive: true });
      writeFileSync(folder.file(name), text);
    }
    const terminal = fakeTerminal({ cwd: folder.path, env: { XDG_CACHE_HOME: folder.file("cache") } });
    for (let time = 0; time < 2; time += 1) {
      const parts = { commands, foreign: [], version: () => "0" };
      assert.equal(await runProgram(parts, ["validate", "config", "--envoy", binary], terminal), 0);
    }
    assert.equal(readdirSync(folder.file("cache/chancery/envoy")).length, 1);
    assert.equal(readFileSync(tools.file("envoy.log"), "utf8"), "asked\n");
  });

  it("says that the binary is not there", async () => {
    const { code, stderr } = await validate({ "config/b.yaml": rest }, "nowhere/envoy", "config");
    assert.equal(code, 65);
    assert.match(stderr, /cannot run .*nowhere\/envoy: /);
  });
});
