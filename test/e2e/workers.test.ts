import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { startRecordingBackend, type RecordingBackend } from "../kit/recording-backend.ts";
import { connectTo, type ScriptedClient } from "../kit/scripted-client.ts";
import { canonicalFiles, servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";

/** A backend that greets each connection with its letter. */
function greeter(letter: string): Promise<RecordingBackend> {
  return startRecordingBackend({ answer: ({ socket }) => void socket.write(letter) });
}

async function greeted(port: number): Promise<ScriptedClient> {
  const client = await connectTo(port);
  await client.receivedThat(({ length }) => length > 0);
  return client;
}

/** Four connections one after the other: the parent deals them out in turn. */
async function four(port: number): Promise<readonly ScriptedClient[]> {
  const clients: ScriptedClient[] = [];
  for (let index = 0; index < 4; index += 1) clients.push(await greeted(port));
  return clients;
}

function letters(clients: readonly ScriptedClient[]): string {
  return clients.map(({ received }) => received.toString("latin1", 0, 1)).join("");
}

/** How many connections each worker has had. */
async function byWorker({ admin }: ProxyProcess): Promise<readonly number[]> {
  const stats = await admin.stats("^listener\\..*worker_\\d\\.downstream_cx_total");
  return [...stats].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

function workerPids({ child }: ProxyProcess): readonly number[] {
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
  return children.trim().split(" ").map(Number);
}

describe("chancery proxy --concurrency 2", { timeout: 60_000 }, () => {
  it("is one proxy to clients, the control plane and the admin endpoint", async () => {
    await using a = await greeter("a");
    await using b = await greeter("b");
    const port = await freePort();
    const files = (endpoint: number) => canonicalFiles({ listener: port, endpoint });
    using folder = servedFolder(files(a.port));
    await using serve = new ServeProcess(folder.path, folder.state);
    const bootstrap = adsBootstrap({ port: await serve.xdsPort() }, "sotw");
    await using proxy = await startBundledProxy(bootstrap, {
      args: ["--concurrency", "2", "--drain-time-s", "1"],
    });

    const old = await four(port);
    assert.equal(letters(old), "aaaa");
    assert.deepEqual(await byWorker(proxy), [2, 2]);
    const stats = await proxy.admin.stats("^cluster\\.service1\\.upstream_cx_|^server\\.concurrency");
    assert.equal(stats.get("cluster.service1.upstream_cx_total"), 4);
    assert.equal(stats.get("cluster.service1.upstream_cx_active"), 4);
    assert.equal(stats.get("server.concurrency"), 2);
    const { body: clusters } = await proxy.admin.request("GET", "/clusters");
    assert.match(clusters, /^service1::127\.0\.0\.1:\d+::cx_active::4$/m);

    // An update reaches all workers before it is acknowledged.
    await serve.accepted(() => folder.write("clusters.yaml", files(b.port)["clusters.yaml"]));
    assert.equal(letters(await four(port)), "bbbb");
    assert.deepEqual(
      old.map(({ isClosed }) => isClosed),
      [false, false, false, false],
    );

    // A worker that dies takes its own connections with it, and the next one knows what it knew.
    const [victim] = workerPids(proxy);
    assert.ok(victim !== undefined);
    process.kill(victim, "SIGKILL");
    await until(
      5000,
      "its connections end",
      () => old.filter((one) => one.isClosed).length === 2 || undefined,
    );
    await until(10_000, "there are two workers again", async () => {
      const isReplaced = !workerPids(proxy).includes(victim);
      return (isReplaced && (await byWorker(proxy)).length === 2) || undefined;
    });
    assert.equal(letters(await four(port)), "bbbb");
    assert.equal(old.filter((one) => one.isClosed).length, 2);

    proxy.child.kill("SIGTERM");
    assert.equal(await proxy.child.exit(), 0, proxy.log);
  });

  it("ends with the reason when a worker cannot start", async () => {
    await using taken = await greeter("x");
    const listener = {
      name: "l",
      address: { socket_address: { address: "127.0.0.1", port_value: taken.port } },
      filter_chains: [{}],
    };
    await assert.rejects(
      async () => {
        await using proxy = await startBundledProxy(
          { static_resources: { listeners: [listener] } },
          { args: ["--concurrency", "2"] },
        );
        await proxy.admin.isReady();
      },
      (error: Error) => /cannot bind '127\.0\.0\.1:\d+': Address already in use/.test(error.message),
    );
  });
});
