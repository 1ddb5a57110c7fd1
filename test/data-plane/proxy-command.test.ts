import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { runChancery } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import type { JsonObject } from "../kit/json.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { addressJson, adsBootstrap, live } from "./proxy-kit.ts";

const tcpProxy = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

function listener(name: string, port: number, cluster: string): JsonObject {
  const filter = { name: "tcp", typed_config: { "@type": tcpProxy, stat_prefix: "t", cluster } };
  return { name, address: addressJson(port), filter_chains: [{ filters: [filter] }] };
}

function cluster(name: string, port: number): JsonObject {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: addressJson(port) } }] }];
  return { name, connect_timeout: "1s", load_assignment: { cluster_name: name, endpoints } };
}

/** Runs `chancery proxy` to its end on a bootstrap in a file. */
async function run(bootstrap: string | JsonObject, ...args: readonly string[]) {
  using folder = temporaryFolder();
  const file = folder.file("boot.yaml");
  writeFileSync(file, typeof bootstrap === "string" ? bootstrap : JSON.stringify(bootstrap));
  return { file, ...(await runChancery(["proxy", "-c", file, ...args])) };
}

describe("chancery proxy --mode validate", { timeout: 60_000 }, () => {
  it("prints what Envoy prints for a good file, and exits 0", async () => {
    const { file, code, stdout } = await run("node: {id: n1}", "--mode", "validate");
    assert.deepEqual([code, stdout], [0, `configuration '${file}' OK\n`]);
  });

  it("shows every error at its line, and exits 1", async () => {
    const text = "dynamic_resources:\n  cds_config: {self: {}}\n  lds_config: {ads: {}}\nheader_prefix: x\n";
    const { file, code, stdout, stderr } = await run(text, "--mode", "validate");
    assert.deepEqual([code, stdout], [1, ""]);
    for (const line of [
      `${file}:2:15 dynamic_resources.cds_config: Missing config source specifier in envoy::config::core::v3::ConfigSource`,
      `${file}:3:21 dynamic_resources.lds_config.ads: ADS must be configured to support an ADS config source`,
      `${file}:4:16 header_prefix: not supported by the bundled data plane`,
      `error initializing configuration '${file}'`,
    ]) {
      assert.ok(stderr.includes(line), stderr);
    }
  });

  it("merges --config-yaml over the file", async () => {
    const more = "dynamic_resources: {cds_config: {self: {}}}";
    const { code, stderr } = await run("node: {id: n1}", "--mode", "validate", "--config-yaml", more);
    assert.equal(code, 1);
    assert.match(stderr, /--config-yaml:1:33 dynamic_resources\.cds_config/);
  });

  it("takes a command line written for Envoy in a container", async () => {
    const { code } = await run(
      "node: {id: n1}",
      ..."--mode validate --log-level info --concurrency 2 --base-id 1 --disable-hot-restart --cpuset-threads".split(
        " ",
      ),
    );
    assert.equal(code, 0);
  });

  it("takes unknown fields when told to", async () => {
    const flags = ["--mode", "validate"];
    assert.equal((await run("colour: red", ...flags)).code, 1);
    assert.equal((await run("colour: red", ...flags, "--allow-unknown-static-fields")).code, 0);
  });
});

describe("chancery proxy: wrong use", { timeout: 60_000 }, () => {
  it("exits 64 for an unknown flag, with the one that was meant", async () => {
    const { code, stderr } = await runChancery(["proxy", "--concurency", "2"]);
    assert.equal(code, 64);
    assert.match(stderr, /unknown flag '--concurency'; did you mean --concurrency\?/);
  });

  it("exits 1 for a file that is not there, and for none at all", async () => {
    const missing = await runChancery(["proxy", "-c", "/nonexistent/boot.yaml"]);
    assert.equal(missing.code, 1);
    assert.match(
      missing.stderr,
      /error initializing configuration '\/nonexistent\/boot\.yaml': it does not exist/,
    );
    assert.equal((await runChancery(["proxy"])).code, 1);
  });

  it("exits 1 when a static listener cannot be opened", async () => {
    await using upstream = await startRecordingBackend();
    const resources = {
      clusters: [cluster("a", upstream.port)],
      listeners: [listener("l", upstream.port, "a")],
    };
    const { code, stderr } = await run({ static_resources: resources });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${upstream.port}`));
  });

  it("prints help and version", async () => {
    assert.match((await runChancery(["proxy", "--help"])).stdout, /^Usage: chancery proxy -c FILE/);
    assert.match((await runChancery(["proxy", "--version"])).stdout, /^chancery \d+\.\d+\.\d+\n$/);
  });
});

describe("chancery proxy: its life", { timeout: 60_000 }, () => {
  it("relays to static resources, and tells where its admin endpoint is", async () => {
    await using upstream = await startRecordingBackend();
    const resources = { clusters: [cluster("a", upstream.port)], listeners: [listener("l", 0, "a")] };
    await using proxy = await startBundledProxy({ static_resources: resources });
    await using client = await connectTo(await proxy.admin.listenerPort("l"));
    client.write("hello");
    await (await upstream.connection(0)).receivedThat((bytes) => bytes.toString() === "hello");
  });

  it("exits 0 on SIGTERM after its connections have ended", async () => {
    await using upstream = await startRecordingBackend();
    const resources = { clusters: [cluster("a", upstream.port)], listeners: [listener("l", 0, "a")] };
    await using proxy = await startBundledProxy({ static_resources: resources });
    const port = await proxy.admin.listenerPort("l");
    await using client = await connectTo(port);
    client.write("hello");
    const connection = await upstream.connection(0);
    await connection.receivedThat((bytes) => bytes.toString() === "hello");
    proxy.child.kill("SIGTERM");
    await proxy.child.outputHas(/draining/);
    await assert.rejects(connectTo(port), { code: "ECONNREFUSED" });
    client.write(" again");
    await connection.receivedThat((bytes) => bytes.toString() === "hello again");
    connection.socket.end();
    client.end();
    assert.equal(await proxy.child.exit(), 0);
  });

  it("ends connections when the drain time is over", async () => {
    await using upstream = await startRecordingBackend();
    const resources = { clusters: [cluster("a", upstream.port)], listeners: [listener("l", 0, "a")] };
    await using proxy = await startBundledProxy(
      { static_resources: resources },
      { args: ["--drain-time-s", "1"] },
    );
    await using client = await connectTo(await proxy.admin.listenerPort("l"));
    client.write("hello");
    await upstream.connection(0);
    proxy.child.kill("SIGTERM");
    await client.closed();
    assert.equal(await proxy.child.exit(), 0);
  });

  it("ends at once on a second signal", async () => {
    await using upstream = await startRecordingBackend();
    const resources = { clusters: [cluster("a", upstream.port)], listeners: [listener("l", 0, "a")] };
    await using proxy = await startBundledProxy({ static_resources: resources });
    await using client = await connectTo(await proxy.admin.listenerPort("l"));
    client.write("hello");
    await upstream.connection(0);
    proxy.child.kill("SIGTERM");
    await proxy.child.outputHas(/draining/);
    proxy.child.kill("SIGINT");
    assert.equal(await proxy.child.exit(), 1);
  });

  it("XC-12 XC-14 answers admin while the control plane is away, and goes LIVE when the timeouts are over", async () => {
    await using upstream = await startRecordingBackend();
    const staticResources = { clusters: [cluster("a", upstream.port)], listeners: [listener("l", 0, "a")] };
    const away = { port: await freePort() };
    const bootstrap = adsBootstrap(away, "delta", { timeout: "0.3s", staticResources });
    await using proxy = await startBundledProxy(bootstrap, { untilLive: false });
    await live(proxy);
    const stats = await proxy.admin.stats();
    assert.equal(stats.get("cluster_manager.cds.init_fetch_timeout"), 1);
    assert.equal(stats.get("listener_manager.lds.init_fetch_timeout"), 1);
    assert.ok((stats.get("cluster_manager.cds.update_failure") ?? 0) > 0);
    await using client = await connectTo(await proxy.admin.listenerPort("l"));
    client.write("hello");
    await (await upstream.connection(0)).receivedThat((bytes) => bytes.toString() === "hello");
  });

  it("ends on SIGTERM while it still waits for its control plane", async () => {
    const away = { port: await freePort() };
    await using proxy = await startBundledProxy(adsBootstrap(away, "sotw"), { untilLive: false });
    proxy.child.kill("SIGTERM");
    assert.equal(await proxy.child.exit(), 0);
  });

  it("starts and exits with --mode init_only", async () => {
    const { code } = await run({ static_resources: { listeners: [] } }, "--mode", "init_only");
    assert.equal(code, 0);
  });

  it("logs into a file with --log-path", async () => {
    using folder = temporaryFolder();
    const log = folder.file("proxy.log");
    const { stderr } = await run("node: {id: n1}", "--mode", "init_only", "--log-path", log);
    assert.equal(stderr, "");
    assert.match(readFileSync(log, "utf8"), /all listeners are open/);
  });
});
