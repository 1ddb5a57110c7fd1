import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER } from "../../src/schema/type-urls.ts";
import type { Message } from "../../src/schema/message.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { freePort } from "../kit/free-port.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import type { RecordingBackend } from "../kit/recording-backend.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { canConnect, connectTo } from "../kit/scripted-client.ts";
import type { ScriptedStream } from "../kit/scripted-xds.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { until } from "../kit/within.ts";
import { adsBootstrap, assignment, edsCluster, live, stat, staticCluster, tcpListener } from "./proxy-kit.ts";

const nameOf = (message: Message) => String(message["name"] ?? message["cluster_name"]);

/** Sends resources the way of the mode: the full set, or these as changes. */
class Pushes {
  readonly stream: ScriptedStream;
  #count = 0;

  constructor(stream: ScriptedStream) {
    this.stream = stream;
  }

  push(typeUrl: string, resources: readonly Message[], removed: readonly string[] = []): string {
    this.#count += 1;
    const version = `v${this.#count}`;
    const nonce = `n${this.#count}`;
    if (this.stream.isDelta) {
      const named = resources.map((message) => [nameOf(message), [version, message] as const]);
      this.stream.sendChanges(typeUrl, nonce, Object.fromEntries(named), removed);
    } else {
      this.stream.sendAll(typeUrl, version, nonce, resources);
    }
    return nonce;
  }

  /** Pushes, and gives the answer to it. */
  async answer(
    typeUrl: string,
    resources: readonly Message[],
    removed: readonly string[] = [],
  ): Promise<Message> {
    const nonce = this.push(typeUrl, resources, removed);
    for (;;) {
      const request = await this.stream.nextOf(typeUrl);
      if (request["response_nonce"] === nonce) return request;
    }
  }
}

/** A name where an address must be: no static cluster can have it. */
const named: Message = {
  cluster_name: "bad",
  endpoints: [
    {
      lb_endpoints: [
        { endpoint: { address: { socket_address: { address: "name.example", port_value: 80 } } } },
      ],
    },
  ],
};

const isAck = (answer: Message) => answer["error_detail"] === undefined;

/** A backend that answers each connection with its name. */
function backend(name: string): Promise<RecordingBackend> {
  return startRecordingBackend({ answer: ({ socket }) => void socket.write(name) });
}

/** What a new connection to the port is told first. */
async function greeting(port: number): Promise<string> {
  await using client = await connectTo(port);
  return (await client.receivedThat((bytes) => bytes.length > 0)).toString();
}

const cases = dataPlanes.flatMap((dataPlane) => modes.map((mode) => ({ ...dataPlane, mode })));

for (const { plane, start, options, mode } of cases) {
  const started = (server: ScriptedXds): Promise<ProxyProcess> =>
    start(adsBootstrap(server, mode), { untilLive: false });

  describe(`${plane} with ADS, ${mode}`, { timeout: 60_000, ...options }, () => {
    it("XC-11 starts clusters, their endpoints, listeners, in this order, and is LIVE then", async () => {
      await using upstream = await backend("one");
      await using server = await ScriptedXds.start();
      await using proxy = await started(server);
      const pushes = new Pushes(await server.stream());
      const { stream } = pushes;
      assert.equal((await stream.next())["type_url"], CLUSTER);
      assert.equal(await proxy.admin.isReady(), false);
      pushes.push(CLUSTER, [edsCluster("a")]);
      const names = mode === "sotw" ? "resource_names" : "resource_names_subscribe";
      assert.deepEqual((await stream.nextOf(CLUSTER_LOAD_ASSIGNMENT))[names], ["a"]);
      assert.deepEqual(
        stream.pending().filter((request) => request["type_url"] === LISTENER),
        [],
      );
      pushes.push(CLUSTER_LOAD_ASSIGNMENT, [assignment("a", upstream.port)]);
      await stream.nextOf(LISTENER);
      assert.equal(await proxy.admin.isReady(), false);
      assert.ok(isAck(await pushes.answer(LISTENER, [tcpListener(server.schema, "l", 0, "a")])));
      await live(proxy);
      assert.equal(await greeting(await proxy.admin.listenerPort("l")), "one");
    });

    it("XC-34 moves new connections to a changed cluster, and leaves those under way alone", async () => {
      await using one = await backend("one");
      await using two = await backend("two");
      await using server = await ScriptedXds.start();
      await using proxy = await started(server);
      const pushes = await startedWith(server, [staticCluster("a", one.port)], "a");
      await live(proxy);
      const port = await proxy.admin.listenerPort("l");
      await using client = await connectTo(port);
      await client.receivedThat((bytes) => bytes.toString() === "one");
      assert.ok(isAck(await pushes.answer(CLUSTER, [staticCluster("a", two.port)])));
      assert.equal(await greeting(port), "two");
      client.write("still here");
      const connection = await one.connection(0);
      await connection.receivedThat((bytes) => bytes.toString() === "still here");
    });

    it("XC-42 XC-44 replaces and removes a listener without cutting its connections", async () => {
      await using one = await backend("one");
      await using two = await backend("two");
      await using server = await ScriptedXds.start();
      await using proxy = await started(server);
      const clusters = [staticCluster("a", one.port), staticCluster("b", two.port)];
      const port = await freePort();
      const pushes = await startedWith(server, clusters, "a", port);
      await live(proxy);
      await using client = await connectTo(port);
      await client.receivedThat((bytes) => bytes.toString() === "one");
      assert.ok(isAck(await pushes.answer(LISTENER, [tcpListener(server.schema, "l", port, "b")])));
      assert.equal(await greeting(port), "two");
      assert.ok(isAck(await pushes.answer(LISTENER, [], ["l"])));
      // Envoy's workers close the port a moment after the ACK.
      await until(10_000, "the port is closed", async () => !(await canConnect(port)) || undefined);
      client.write("still here");
      await (await one.connection(0)).receivedThat((bytes) => bytes.toString() === "still here");
    });

    it("XC-28 takes the good of a response and refuses the bad by name, and shows it", async () => {
      await using one = await backend("one");
      await using server = await ScriptedXds.start();
      await using proxy = await started(server);
      const pushes = await startedWith(server, [staticCluster("a", one.port)], "a");
      await live(proxy);
      const bad = { ...staticCluster("bad", one.port), load_assignment: named };
      const answer = await pushes.answer(CLUSTER, [staticCluster("a", one.port), bad, staticCluster("c", 1)]);
      const refusal = JSON.stringify(answer["error_detail"]);
      assert.match(refusal, /"code":13/);
      assert.match(refusal, /Error adding\/updating cluster\(s\) bad: .*malformed IP address: name.example/);
      await stat(proxy, "cluster_manager.cds.update_rejected", 1);
      assert.match(JSON.stringify(await proxy.admin.configDump()), /"name":"c"/);
      const port = await proxy.admin.listenerPort("l");
      assert.equal(await greeting(port), "one");
    });

    it("XC-37 goes on without the endpoints of a cluster when they do not come in time", async () => {
      await using server = await ScriptedXds.start();
      await using proxy = await started(server);
      const pushes = new Pushes(await server.stream());
      const source = { ads: {}, initial_fetch_timeout: { nanos: 200_000_000 } };
      pushes.push(CLUSTER, [edsCluster("a", { eds_cluster_config: { eds_config: source } })]);
      await pushes.stream.nextOf(LISTENER);
      pushes.push(LISTENER, []);
      await live(proxy);
    });

    it("XC-40 passes over a cluster with the name of a static one, and acknowledges", async () => {
      await using server = await ScriptedXds.start();
      await using proxy = await started(server);
      const pushes = new Pushes(await server.stream());
      await pushes.stream.nextOf(CLUSTER);
      assert.ok(isAck(await pushes.answer(CLUSTER, [staticCluster("xds", 1)])));
      await pushes.stream.nextOf(LISTENER);
      pushes.push(LISTENER, []);
      await live(proxy);
    });

    it("XC-50 serves while the control plane is gone, and states what it holds when it is back", async () => {
      await using one = await backend("one");
      const first = await ScriptedXds.start();
      await using proxy = await started(first);
      await startedWith(first, [staticCluster("a", one.port)], "a");
      await live(proxy);
      const port = await proxy.admin.listenerPort("l");
      await using client = await connectTo(port);
      await client.receivedThat((bytes) => bytes.toString() === "one");
      first.kill();
      await stat(proxy, "control_plane.connected_state", 0);
      assert.equal(await greeting(port), "one");
      await using second = await ScriptedXds.start({ schema: first.schema, port: first.port });
      const pushes = new Pushes(await second.stream());
      const request = await pushes.stream.nextOf(CLUSTER);
      if (mode === "sotw") assert.equal(request["version_info"], "v1");
      else assert.deepEqual(request["initial_resource_versions"], { a: "v1" });
      assert.ok(isAck(await pushes.answer(CLUSTER, [staticCluster("a", one.port), staticCluster("z", 1)])));
      await stat(proxy, "control_plane.connected_state", 1);
      client.write("still here");
      await (await one.connection(0)).receivedThat((bytes) => bytes.toString() === "still here");
    });
  });
}

describe("chancery proxy: /config_dump", { timeout: 60_000 }, () => {
  it("XC-57 shows what was refused of a cluster until the next good update", async () => {
    await using one = await backend("one");
    await using server = await ScriptedXds.start();
    await using proxy = await startBundledProxy(adsBootstrap(server, "delta"), { untilLive: false });
    const pushes = await startedWith(server, [staticCluster("a", one.port)], "a");
    await live(proxy);
    const refused = { ...staticCluster("a", one.port), load_assignment: named };
    assert.equal(isAck(await pushes.answer(CLUSTER, [refused])), false);
    const shown = JSON.stringify(await proxy.admin.configDump());
    assert.match(shown, /"version_info":"v1"/);
    assert.match(shown, /"error_state":\{[^}]*"failed_configuration"/);
    assert.ok(isAck(await pushes.answer(CLUSTER, [staticCluster("a", one.port)])));
    assert.doesNotMatch(JSON.stringify(await proxy.admin.configDump()), /"error_state"/);
  });
});

/** Answers the first requests with clusters and a listener `l` to one of them; both are acknowledged. */
async function startedWith(
  server: ScriptedXds,
  clusters: readonly Message[],
  cluster: string,
  port = 0,
): Promise<Pushes> {
  const pushes = new Pushes(await server.stream());
  await pushes.stream.nextOf(CLUSTER);
  assert.ok(isAck(await pushes.answer(CLUSTER, clusters)));
  await pushes.stream.nextOf(LISTENER);
  assert.ok(isAck(await pushes.answer(LISTENER, [tcpListener(server.schema, "l", port, cluster)])));
  return pushes;
}
