import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NodeStatus } from "../../src/fleet/node-status.ts";
import { adsBootstrap, stat } from "../data-plane/proxy-kit.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { type RecordingBackend, startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo, type ScriptedClient } from "../kit/scripted-client.ts";
import { canonicalFiles, servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";
import { dataPlanes, modes } from "./data-planes.ts";

/** A backend that sends back what it gets, the header included. */
function echo(): Promise<RecordingBackend> {
  return startRecordingBackend({ answer: ({ socket }) => socket.pipe(socket) });
}

/** Sends a word and waits until it comes back. */
async function echoes(client: ScriptedClient, word: string): Promise<void> {
  client.write(`${word}\n`);
  await client.receivedThat((bytes) => bytes.toString().endsWith(`${word}\n`));
}

/** How often the proxy has added or changed a cluster or a listener. */
async function changesAt({ admin }: ProxyProcess): Promise<ReadonlyMap<string, number>> {
  return admin.stats("^(cluster_manager\\.cluster|listener_manager\\.listener)_(added|modified|removed)$");
}

/** How many resources each response has carried; of a server that logs them. */
function resourcesSent({ lines }: ServeProcess): readonly unknown[] {
  return lines.filter(({ msg }) => msg === "response sent").map(({ resources }) => resources);
}

/** Resolves when the node has asked for clusters and listeners, and the server finds nothing that it has to send. */
async function isSynced(serve: ServeProcess): Promise<void> {
  let text = "";
  await until(
    20_000,
    () => `the node holds what it should: ${text}`,
    async () => {
      ({ text } = await serve.get("/api/v1/nodes"));
      const { items }: { readonly items: readonly NodeStatus[] } = JSON.parse(text);
      const [node] = items;
      const isDone = node?.types.length === 2 && node.types.every(({ state }) => state === "SYNCED");
      return isDone || undefined;
    },
  );
}

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`${plane} without its control plane, ${mode}`, { timeout: 60_000, ...options }, () => {
      it("relays through a kill -9, is sent nothing twice, and takes the next change (XC-50, XDS-42, XDS-85)", async () => {
        await using one = await echo();
        await using two = await echo();
        const port = await freePort();
        const files = canonicalFiles({ listener: port, endpoint: one.port });
        using folder = servedFolder(files);
        await using first = new ServeProcess(folder.path, folder.state);
        const xdsPort = await first.xdsPort();
        await using proxy = await start(adsBootstrap({ port: xdsPort }, mode));
        await using old = await connectTo(port);
        await echoes(old, "before");
        const changes = await changesAt(proxy);
        assert.equal(changes.get("listener_manager.listener_added"), 1);

        first.child.kill("SIGKILL");
        assert.equal(await first.child.exit(), 137);
        await stat(proxy, "control_plane.connected_state", 0);
        await echoes(old, "open connections go on");
        await using during = await connectTo(port);
        await echoes(during, "and new ones come");

        folder.write("clusters.yaml", "clusters: [");
        const flags = ["--xds-address", `127.0.0.1:${xdsPort}`, "--log-level", "debug"];
        await using second = new ServeProcess(folder.path, folder.state, flags);
        await second.said("the source is not served; the last good revision from the state directory is");
        await isSynced(second);
        await stat(proxy, "control_plane.connected_state", 1);
        // A delta client that subscribes to everything is answered, if only with nothing.
        if (mode === "delta") await second.said("response sent", 1);
        assert.deepEqual(resourcesSent(second), mode === "delta" ? [0, 0] : []);
        assert.deepEqual(await changesAt(proxy), changes);

        const good = canonicalFiles({ listener: port, endpoint: two.port });
        await second.accepted(() => folder.write("clusters.yaml", good["clusters.yaml"]));
        assert.deepEqual(resourcesSent(second).slice(mode === "delta" ? 2 : 0), [1]);
        await using after = await connectTo(port);
        await echoes(after, "the change has arrived");
        assert.equal(two.connections.length, 1);
        await echoes(old, "open connections stay where they are");
        assert.equal(one.connections.length, 2);
      });
    });
  }
}
