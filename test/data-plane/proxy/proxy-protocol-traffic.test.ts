import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../kit/within.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { stat } from "../run-kit.ts";
import { portOf, startTestProxy, staticCluster, staticResources, tcpListener } from "./proxy-kit.ts";

const types = "type.googleapis.com/envoy.extensions";
const reader = `listener_filters: [{name: p, typed_config: {"@type": ${types}.filters.listener.proxy_protocol.v3.ProxyProtocol}}]`;
const writer = `transport_socket: {name: w, typed_config: {"@type": ${types}.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport,
  transport_socket: {name: raw, typed_config: {"@type": ${types}.transport_sockets.raw_buffer.v3.RawBuffer}}}}`;
const header = "PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\n";

describe("a connection that begins with a PROXY header", () => {
  it("has no filter chain and no upstream connection before the header is whole (PP-1)", async () => {
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c", { listener: reader })], [staticCluster("c", [backend.port])]),
    );
    const port = portOf(proxy, "l");
    const count = (name: string) => stat(proxy.stats, name) ?? 0;
    const waiting = `listener.127.0.0.1_0.downstream_pre_cx_active`;
    await using client = await connectTo(port);
    client.write(header.slice(0, 20));
    await until(5000, "the connection waits", async () => (count(waiting) === 1 ? true : undefined));
    assert.deepEqual([count("tcp.t.downstream_cx_total"), count("cluster.c.upstream_cx_total")], [0, 0]);
    client.write(`${header.slice(20)}hello`);
    const connection = await backend.connection(0);
    await connection.receivedThat((bytes) => bytes.toString() === "hello");
    assert.deepEqual(
      [waiting, "tcp.t.downstream_cx_total", "cluster.c.upstream_cx_total"].map(count),
      [0, 1, 1],
    );
  });

  it("counts the header among the upstream's bytes, and not among the downstream's (PP-94)", async () => {
    await using backend = await startRecordingBackend({ answer: ({ socket }) => socket.end("bye") });
    const cluster = staticCluster("c", [backend.port], writer);
    await using proxy = await startTestProxy(
      staticResources([tcpListener("l", "c", { listener: reader })], [cluster]),
    );
    await using client = await connectTo(portOf(proxy, "l"));
    client.write(`${header}hello`);
    const connection = await backend.connection(0);
    await connection.receivedThat((bytes) => bytes.toString() === `${header}hello`);
    client.end();
    await client.closed();
    assert.equal(stat(proxy.stats, "cluster.c.upstream_cx_tx_bytes_total"), header.length + 5);
    assert.equal(stat(proxy.stats, "tcp.t.downstream_cx_rx_bytes_total"), 5);
  });
});
