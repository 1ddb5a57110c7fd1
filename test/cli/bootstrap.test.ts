import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { runProgram } from "../../src/cli/program.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { commands } from "../kit/commands.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { fakeTerminal } from "../kit/fake-terminal.ts";
import { needs } from "../kit/peers.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { canonicalFiles, servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

async function bootstrap(...flags: string[]) {
  const terminal = fakeTerminal();
  const args = ["bootstrap", ...flags];
  const code = await runProgram({ commands, foreign: [], version: () => "0" }, args, terminal);
  return { code, ...terminal.written };
}

const who = ["--node", "edge-1", "--cluster", "edge"];

/** Of the control plane, in a bootstrap with TLS. */
async function clusterOf(...flags: string[]): Promise<readonly unknown[]> {
  const { stdout } = await bootstrap(...who, "--tls-ca", "ca.crt", "-o", "json", ...flags);
  const [cluster] = JSON.parse(stdout).static_resources.clusters;
  const tls = cluster.transport_socket.typed_config;
  const [name] = tls.common_tls_context.validation_context.match_typed_subject_alt_names;
  return [cluster.type, tls.sni, name.san_type, name.matcher.exact];
}

describe("chancery bootstrap", () => {
  it("prints YAML, and the same as JSON", async () => {
    const yaml = await bootstrap(...who);
    assert.match(yaml.stdout, /^node:\n {2}id: edge-1\n {2}cluster: edge\n/);
    assert.match(yaml.stdout, /^ {4}api_type: DELTA_GRPC$/m);
    const { stdout } = await bootstrap(...who, "-o", "json", "--sotw", "--admin", "127.0.0.1:9901");
    const { node, admin, dynamic_resources: dynamic, static_resources: statics } = JSON.parse(stdout);
    assert.deepEqual(node, { id: "edge-1", cluster: "edge" });
    assert.deepEqual(admin.address.socket_address, { address: "127.0.0.1", port_value: 9901 });
    assert.equal(dynamic.ads_config.api_type, "GRPC");
    assert.equal(statics.clusters[0].type, "STATIC");
  });

  it("looks names up, and wants them in the certificate; addresses are no SNI", async () => {
    assert.deepEqual(await clusterOf("--xds-address", "xds.internal:1"), [
      "STRICT_DNS",
      "xds.internal",
      "DNS",
      "xds.internal",
    ]);
    assert.deepEqual(await clusterOf(), ["STATIC", undefined, "IP_ADDRESS", "127.0.0.1"]);
    assert.deepEqual(await clusterOf("--tls-server-name", "xds"), ["STATIC", "xds", "DNS", "xds"]);
  });

  it("refuses what is not whole", async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["--node", "a"], /^error: expected --node and --cluster/],
      [[...who, "--sotw", "--delta"], /--sotw or --delta, not both/],
      [[...who, "--tls-ca", "a", "--tls-cert", "b"], /--tls-cert needs --tls-key/],
      [[...who, "--tls-cert", "a", "--tls-key", "b"], /--tls-cert needs --tls-ca/],
      [[...who, "--admin", "here"], /^error: --admin here: expected HOST:PORT/],
    ];
    for (const [flags, expected] of cases) {
      const { code, stderr, stdout } = await bootstrap(...flags);
      assert.deepEqual([code, stdout], [64, ""]);
      assert.match(stderr, expected);
    }
  });

  it("prints what `chancery validate` has nothing to say about", async () => {
    using folder = temporaryFolder();
    const file = folder.put("edge.yaml", (await bootstrap(...who)).stdout);
    const { code, stdout } = await runChancery(["validate", file]);
    assert.equal(code, 0, stdout);
  });
});

/** Serves the canonical example, starts the proxy as printed, and sends a line through it. */
async function serves(
  start: typeof startEnvoy | typeof startBundledProxy,
  serverFlags: readonly string[],
  bootstrapFlags: readonly string[],
): Promise<void> {
  await using backend = await startRecordingBackend();
  using served = servedFolder(canonicalFiles({ listener: 0, endpoint: backend.port }));
  await using server = new ServeProcess(served.path, served.state, serverFlags);
  const address = ["--xds-address", `127.0.0.1:${await server.xdsPort()}`];
  const { stdout, code } = await bootstrap(...who, ...address, ...bootstrapFlags, "-o", "json");
  assert.equal(code, 0);
  await using proxy = await start(JSON.parse(stdout));
  await using client = await connectTo(await proxy.admin.listenerPort("service1"));
  client.write("hello");
  const connection = await backend.connection(0);
  const received = await connection.receivedThat((bytes) => bytes.includes("hello"));
  assert.match(received.toString(), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nhello$/);
  await server.said("all connected nodes have accepted the revision");
}

for (const [program, start, skip] of [
  ["Envoy", startEnvoy, needs("envoy", "openssl")],
  ["the bundled data plane", startBundledProxy, needs("openssl")],
] as const) {
  describe(`${program} on a printed bootstrap`, skip, () => {
    it("gets everything in plain text, delta and state of the world", async () => {
      await serves(start, [], []);
      await serves(start, [], ["--sotw"]);
    });

    it("gets everything over mutual TLS with certificates of certgen", async () => {
      using certs = temporaryFolder();
      const { code } = await runChancery(["certgen", certs.path, "--nodes", "edge/edge-1"]);
      assert.equal(code, 0);
      const server = ["--tls-cert", certs.file("server.crt"), "--tls-key", certs.file("server.key")];
      const own = ["--tls-cert", certs.file("node-edge-1.crt"), "--tls-key", certs.file("node-edge-1.key")];
      const ca = certs.file("ca.crt");
      await serves(start, [...server, "--tls-client-ca", ca], ["--tls-ca", ca, ...own]);
    });

    it("gets everything with a token", async () => {
      using folder = temporaryFolder();
      const file = folder.put("token", "edge 0123456789abcdef0123456789abcdef\n");
      const { stderr } = await bootstrap(...who, "--token-file", file);
      assert.equal(stderr, "note: the token stands in what was printed\n");
      assert.match(readFileSync(file, "utf8"), /^edge /);
      await serves(start, ["--xds-token-file", file], ["--token-file", file]);
    });
  });
}
