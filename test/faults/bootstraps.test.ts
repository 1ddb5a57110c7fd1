import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { runChancery } from "../kit/chancery-process.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

/** Parts that Envoy takes and the bundled data plane does not have; each comment is what the refusal must name. */
const unsupported = `stats_sinks: [{name: envoy.stat_sinks.statsd}] # stats_sinks
overload_manager: {resource_monitors: [{name: m}]} # overload_manager
static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    enable_mptcp: true # static_resources.listeners[0].enable_mptcp
    filter_chains:
    - filters:
      - name: envoy.filters.network.redis_proxy # static_resources.listeners[0].filter_chains[0].filters[0]
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy
          stat_prefix: r
          settings: {op_timeout: 1s}
  clusters:
  - name: c
    preconnect_policy: {} # static_resources.clusters[0].preconnect_policy
    lrs_report_endpoint_metrics: [m] # static_resources.clusters[0].lrs_report_endpoint_metrics
`;

/** A bootstrap file with this text, run with these arguments; to its end. */
async function run(text: string | Buffer, ...args: readonly string[]) {
  using folder = temporaryFolder();
  const file = folder.file("bootstrap.yaml");
  writeFileSync(file, text);
  return await runChancery(["proxy", "-c", file, ...args]); // The folder lives until then.
}

const validate = (text: string | Buffer) => run(text, "--mode", "validate");

/** A listener and an admin endpoint on these ports. */
const listening = (ports: { readonly admin: number; readonly listener: number }) => `
admin: {address: {socket_address: {address: 127.0.0.1, port_value: ${ports.admin}}}}
static_resources:
  listeners:
  - name: l
    address: {socket_address: {address: 127.0.0.1, port_value: ${ports.listener}}}
    filter_chains:
    - filters:
      - name: tcp
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: l
          cluster: c
  clusters: [{name: c}]
`;

describe("chancery proxy and a bootstrap", { timeout: 60_000 }, () => {
  it("of the examples is valid", async () => {
    for (const name of ["edge", "inner"]) {
      const file = fileURLToPath(import.meta.resolve(`#root/examples/quickstart-bootstrap/${name}.yaml`));
      const { code, stdout, stderr } = await validate(readFileSync(file));
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, /^configuration '.*' OK$/m);
    }
  });

  it("with parts that it does not have is refused, each by name at its line", async () => {
    const { code, stderr } = await validate(unsupported);
    assert.equal(code, 1);
    const expected = unsupported
      .split("\n")
      .flatMap((line, index) => (line.includes(" # ") ? [[index + 1, line.split(" # ")[1]!] as const] : []));
    assert.equal(expected.length, 6);
    for (const [line, path] of expected) {
      const found = stderr.split("\n").find((text) => text.includes(` ${path}`));
      assert.ok(found, `${path}\n${stderr}`);
      const place = Number(/bootstrap\.yaml:(\d+):/.exec(found)?.[1]);
      // A refusal may stand at the type, two lines below the name.
      assert.ok(place >= line && place <= line + 2, `line ${line}: ${found}`);
      assert.match(found, /not supported by the bundled data plane/);
    }
  });

  const broken = [
    ["that is no YAML", "static_resources: [", /bootstrap\.yaml:1:\d+: /],
    ["with a field that there is not", "static_resource: {}", /:1:1 .*did you mean static_resources\?/],
    [
      "with a wrong enum value",
      "static_resources: {clusters: [{name: c, type: STATIK}]}",
      /did you mean STATIC\?/,
    ],
    [
      "without a required field",
      "static_resources: {clusters: [{connect_timeout: 1s}]}",
      /clusters\[0\]\.name/,
    ],
    ["of another type", '"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster', /bootstrap\.yaml:1:/],
    ["of 50 MB", Buffer.alloc(50 * 1024 * 1024, "#"), /limit is/],
    ["that is a number", "42", /bootstrap\.yaml:1:1/],
  ] as const;
  for (const [what, text, words] of broken) {
    it(`${what} is refused at its place`, async () => {
      const { code, stderr } = await validate(text);
      assert.equal(code, 1);
      assert.match(stderr, words);
      assert.match(stderr, /^error initializing configuration '.*bootstrap\.yaml'$/m);
      assert.doesNotMatch(stderr, /^ +at /m);
    });
  }

  it("that is not there is refused", async () => {
    const { code, stderr } = await runChancery(["proxy", "-c", "/nonexistent/bootstrap.yaml"]);
    assert.equal(code, 1);
    assert.match(stderr, /\/nonexistent\/bootstrap\.yaml': it does not exist$/m);
  });

  for (const part of ["admin", "listener"] as const) {
    it(`whose ${part} port is in use ends it with 1, and says which`, async () => {
      await using taken = await startRecordingBackend();
      const { code, stderr } = await run(listening({ admin: 0, listener: 0, [part]: taken.port }));
      assert.equal(code, 1);
      assert.ok(stderr.includes(`127.0.0.1:${taken.port}`), stderr);
      assert.match(stderr, /in use/);
    });
  }
});
