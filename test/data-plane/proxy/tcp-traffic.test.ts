import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { describe, it } from "node:test";
import { FakeClock } from "../../kit/fake-clock.ts";
import { freePort } from "../../kit/free-port.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { changedStats, stat } from "../run-kit.ts";
import { portOf, startTestProxy, staticCluster, staticResources, tcpListener } from "./proxy-kit.ts";

const text = (wanted: string) => (bytes: Buffer) => bytes.toString() === wanted;

describe("tcp_proxy", () => {
  it("passes each side's end of stream on alone, the other direction going on (PP-55)", async () => {
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c")], [staticCluster("c", [backend.port])]),
    );
    await using client = await connectTo(portOf(proxy, "l"));
    client.write("question");
    client.end();
    const connection = await backend.connection(0);
    await connection.receivedThat(text("question"));
    await connection.ended();
    connection.socket.end("answer");
    await client.receivedThat(text("answer"));
    await client.closed();
    assert.equal(stat(proxy.stats, "tcp.t.downstream_cx_rx_bytes_total"), 8);
    assert.equal(stat(proxy.stats, "tcp.t.downstream_cx_tx_bytes_total"), 6);
  });

  it("delivers what an upstream sent before it closed, though the client goes on", async () => {
    await using backend = await startRecordingBackend({ answer: ({ socket }) => socket.end("bye") });
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c")], [staticCluster("c", [backend.port])]),
    );
    await using client = await connectTo(portOf(proxy, "l"));
    await client.receivedThat(text("bye"));
    await client.closed();
  });

  it("stops reading from a client whose upstream does not read, and loses nothing", async () => {
    await using backend = await startRecordingBackend({ answer: ({ socket }) => socket.pause() });
    const limit = "per_connection_buffer_limit_bytes: 65536";
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c")], [staticCluster("c", [backend.port], limit)]),
    );
    await using client = await connectTo(portOf(proxy, "l"));
    const size = 12 * 1024 * 1024;
    client.write(Buffer.alloc(size, 7));
    const connection = await backend.connection(0);
    const paused = () => stat(proxy.stats, "tcp.t.downstream_flow_control_paused_reading_total");
    // The kernel's buffers fill first; each turn of the event loop moves more into them.
    while (paused() === 0) await new Promise(setImmediate);
    const held = Number(stat(proxy.stats, "tcp.t.downstream_cx_rx_bytes_total"));
    assert.ok(held < size, `${held} bytes read of ${size}`);
    connection.socket.resume();
    await connection.receivedThat((bytes) => bytes.length === size);
    assert.equal(stat(proxy.stats, "tcp.t.downstream_flow_control_resumed_reading_total"), paused());
  });

  it("stops reading from an upstream whose client does not read, and loses and mixes up nothing", async () => {
    const size = 12 * 1024 * 1024;
    // Neighbouring pieces differ wherever they are cut, so that memory which is written to too early shows.
    const answers = [0, 1].map((first) =>
      Buffer.from(new Uint32Array(size / 4).map((_, at) => at * 2 + first).buffer),
    );
    let next = 0;
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.end(answers[next++] ?? ""),
    });
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c")], [staticCluster("c", [backend.port])]),
    );
    const paused = () => Number(stat(proxy.stats, "cluster.c.upstream_flow_control_paused_reading_total"));
    const sockets = [];
    for (const _ of answers) {
      const socket = connect({ port: portOf(proxy, "l"), host: "127.0.0.1" });
      sockets.push(socket);
      await once(socket, "connect");
      await backend.connection(sockets.length - 1);
    }
    while (paused() < 2) await new Promise(setImmediate);
    const received = await Promise.all(sockets.map((socket) => buffer(socket)));
    assert.deepEqual(
      received.map((bytes, index) => answers[index]?.equals(bytes)),
      [true, true],
    );
    assert.equal(stat(proxy.stats, "cluster.c.upstream_flow_control_resumed_reading_total"), paused());
  });

  it("closes both sides when neither sends for idle_timeout (PP-112)", async () => {
    const clock = new FakeClock();
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(
      staticResources(
        [tcpListener("l", "c", { proxy: "idle_timeout: 10s" })],
        [staticCluster("c", [backend.port])],
      ),
      { clock },
    );
    await using client = await connectTo(portOf(proxy, "l"));
    client.write("a");
    const connection = await backend.connection(0);
    await connection.receivedThat(text("a"));
    clock.advance(9_000);
    client.write("b");
    await connection.receivedThat(text("ab"));
    clock.advance(9_000);
    assert.equal(stat(proxy.stats, "tcp.t.idle_timeout"), 0);
    clock.advance(1_000);
    await Promise.all([client.closed(), connection.ended()]);
    assert.equal(stat(proxy.stats, "tcp.t.idle_timeout"), 1);
  });

  it("tries max_connect_attempts times, then closes the client", async () => {
    const nobody = await freePort();
    await using proxy = await startTestProxy(
      staticResources(
        [tcpListener("l", "c", { proxy: "max_connect_attempts: 3" })],
        [staticCluster("c", [nobody])],
      ),
    );
    await using client = await connectTo(portOf(proxy, "l"));
    await client.closed();
    assert.deepEqual(changedStats(proxy.stats, "cluster.c.upstream_cx"), {
      "cluster.c.upstream_cx_connect_attempts_exceeded": 1,
      "cluster.c.upstream_cx_connect_fail": 3,
      "cluster.c.upstream_cx_destroy": 3,
      "cluster.c.upstream_cx_destroy_remote": 3,
      "cluster.c.upstream_cx_total": 3,
    });
  });

  it("closes a client whose cluster does not exist", async () => {
    await using proxy = await startTestProxy(staticResources([tcpListener("l", "none")], []));
    await using client = await connectTo(portOf(proxy, "l"));
    await client.closed();
    assert.equal(stat(proxy.stats, "tcp.t.downstream_cx_no_route"), 1);
  });

  it("closes a client when the cluster has no host, or all the connections that it may have", async () => {
    await using backend = await startRecordingBackend();
    const one = "circuit_breakers: {thresholds: [{max_connections: 1}]}";
    await using proxy = await startTestProxy(
      staticResources(
        [tcpListener("a", "empty"), tcpListener("b", "full")],
        [staticCluster("empty", []), staticCluster("full", [backend.port], one)],
      ),
    );
    await using lost = await connectTo(portOf(proxy, "a"));
    await lost.closed();
    assert.equal(stat(proxy.stats, "cluster.empty.upstream_cx_none_healthy"), 1);
    await using first = await connectTo(portOf(proxy, "b"));
    first.write("hello");
    await (await backend.connection(0)).receivedThat(text("hello"));
    await using second = await connectTo(portOf(proxy, "b"));
    await second.closed();
    assert.equal(stat(proxy.stats, "cluster.full.upstream_cx_overflow"), 1);
  });
});

describe("a listener", () => {
  const proxyProtocol =
    'listener_filters: [{name: pp, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}}]';

  it("takes no more connections than its limit", async () => {
    await using backend = await startRecordingBackend();
    const limits = "{static_layer: {envoy.resource_limits.listener.l.connection_limit: 1}, name: r}";
    const resources = staticResources([tcpListener("l", "c")], [staticCluster("c", [backend.port])]);
    await using proxy = await startTestProxy(
      resources.replace(/\}$/, `, layered_runtime: {layers: [${limits}]}}`),
    );
    await using first = await connectTo(portOf(proxy, "l"));
    first.write("hello");
    await (await backend.connection(0)).receivedThat(text("hello"));
    await using second = await connectTo(portOf(proxy, "l"));
    await second.closed();
    assert.equal(stat(proxy.stats, "listener.127.0.0.1_0.downstream_cx_overflow"), 1);
  });

  it("gives up on a header that does not come in time, on its own clock (PP-52)", async () => {
    const clock = new FakeClock();
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c", { listener: proxyProtocol })], [staticCluster("c", [1])]),
      { clock },
    );
    await using client = await connectTo(portOf(proxy, "l"));
    client.write("PROXY TCP4 ");
    while (stat(proxy.stats, "listener.127.0.0.1_0.downstream_pre_cx_active") === 0)
      await new Promise(setImmediate);
    clock.advance(15_000);
    await client.closed();
    assert.equal(stat(proxy.stats, "listener.127.0.0.1_0.downstream_pre_cx_timeout"), 1);
    assert.equal(stat(proxy.stats, "listener.127.0.0.1_0.downstream_pre_cx_active"), 0);
  });

  it("hands a connection to the listener of the restored address with use_original_dst (PP-60)", async () => {
    await using backend = await startRecordingBackend();
    await using other = await startRecordingBackend();
    const address = "{socket_address: {address: 198.51.100.7, port_value: 443}}";
    const inner = tcpListener("inner", "b", { listener: "bind_to_port: false" }).replace(
      /address: \{socket_address: \{[^}]*\}\}/,
      `address: ${address}`,
    );
    await using proxy = await startTestProxy(
      staticResources(
        [tcpListener("outer", "a", { listener: `${proxyProtocol}, use_original_dst: true` }), inner],
        [staticCluster("a", [backend.port]), staticCluster("b", [other.port])],
      ),
    );
    await using handed = await connectTo(portOf(proxy, "outer"));
    handed.write("PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\nhanded over");
    await (await other.connection(0)).receivedThat(text("handed over"));
    await using kept = await connectTo(portOf(proxy, "outer"));
    kept.write("PROXY UNKNOWN\r\nkept");
    await (await backend.connection(0)).receivedThat(text("kept"));
  });
});
