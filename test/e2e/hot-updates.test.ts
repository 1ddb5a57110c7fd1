import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import { type RecordingBackend, startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo, type ScriptedClient } from "../kit/scripted-client.ts";
import { canonicalFiles, servedFolder } from "../kit/served-folder.ts";
import { dataPlanes } from "./data-planes.ts";

const changeCount = 50;
const longLived = 20;

/** A backend that greets each connection with its letter, and sends back what it gets. */
function echo(letter: string): Promise<RecordingBackend> {
  return startRecordingBackend({
    answer: ({ socket }) => {
      socket.write(letter);
      socket.pipe(socket);
    },
  });
}

/** Sends a byte more, and waits until it has come back. */
async function echoes(client: ScriptedClient): Promise<void> {
  const expected = client.received.length + 1;
  client.write(".");
  await client.receivedThat((bytes) => bytes.length === expected);
}

/** Opens a connection; the greeting and the header that came back are there. */
async function open(port: number): Promise<ScriptedClient> {
  const client = await connectTo(port);
  await client.receivedThat((bytes) => bytes.toString("latin1").endsWith("\r\n"));
  return client;
}

describe("fifty changes of the folder", { timeout: 120_000 }, () => {
  for (const [index, { plane, start, options }] of dataPlanes.entries()) {
    const mode = index === 0 ? "delta" : "sotw";
    it(`cost no connection of ${plane}, ${mode}, and each arrives (XC-34, XC-42)`, options, async () => {
      await using a = await echo("a");
      await using b = await echo("b");
      const port = await freePort();
      /** The cluster moves each time; the listener's filter chain changes every third time, the listener itself every sixth. */
      const files = (change: number) => {
        const { "clusters.yaml": clusters, "listeners.yaml": listeners } = canonicalFiles({
          listener: port,
          endpoint: change % 2 === 0 ? a.port : b.port,
        });
        const prefix = `stat_prefix: g${Math.floor(change / 3)}`;
        const limit = `- per_connection_buffer_limit_bytes: ${65536 + Math.floor(change / 6)}\n  name: service1`;
        const changed = listeners.replace("stat_prefix: service1", prefix).replace("- name: service1", limit);
        return { clusters, listeners: changed };
      };
      using folder = servedFolder({
        "clusters.yaml": files(0).clusters,
        "listeners.yaml": files(0).listeners,
      });
      await using serve = new ServeProcess(folder.path, folder.state);
      await using proxy = await start(adsBootstrap({ port: await serve.xdsPort() }, mode));
      const clients = await Promise.all(Array.from({ length: longLived }, () => open(port)));

      for (let change = 1; change <= changeCount; change += 1) {
        await serve.accepted(() => {
          const { clusters, listeners } = files(change);
          folder.write("clusters.yaml", clusters);
          folder.write("listeners.yaml", listeners);
        });
        const fresh = await open(port);
        assert.equal(fresh.received.toString("latin1", 0, 1), change % 2 === 0 ? "a" : "b");
        clients.push(fresh);
        await Promise.all(clients.map((client) => echoes(client)));
      }

      assert.deepEqual(
        clients.filter(({ isClosed }) => isClosed),
        [],
      );
      assert.equal(a.connections.length + b.connections.length, longLived + changeCount);
      const stats = await proxy.admin.stats("^cluster\\.service1\\.upstream_cx_destroy");
      assert.deepEqual(
        [...stats].filter(([, count]) => count > 0),
        [],
      );
      for (const client of clients) client.destroy();
    });
  }
});
