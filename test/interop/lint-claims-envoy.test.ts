import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import { socketAddress } from "../../src/base/ip-address.ts";
import { startEnvoy } from "../kit/envoy.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;

/** HTTP/1.1 in, HTTP/2 out, with or without a version 1 header in front. */
function http2Bootstrap(port: number, hasHeader: boolean): JsonObject {
  const manager = {
    "@type": type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "web",
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "app" } }] },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": type("filters.http.router.v3.Router") } }],
  };
  const rawBuffer = { "@type": type("transport_sockets.raw_buffer.v3.RawBuffer") };
  const socket = {
    name: "header",
    typed_config: {
      "@type": type("transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"),
      transport_socket: { name: "raw", typed_config: rawBuffer },
    },
  };
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
  const cluster = {
    name: "app",
    load_assignment: { cluster_name: "app", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": type("upstreams.http.v3.HttpProtocolOptions"),
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
  const listener = {
    name: "web",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
  };
  return {
    static_resources: {
      listeners: [listener],
      clusters: [hasHeader ? { ...cluster, transport_socket: socket } : cluster],
    },
  };
}

/** HTTP/1.1 from a listener that keeps TLVs to a cluster that passes them on. */
function tlvBootstrap(port: number, isKeyed: boolean): JsonObject {
  const passThrough = { pass_through_tlvs: { match_type: "INCLUDE_ALL" } };
  const manager = {
    "@type": type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "web",
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "app" } }] },
      ],
    },
    http_filters: [{ name: "router", typed_config: { "@type": type("filters.http.router.v3.Router") } }],
  };
  const reader = { "@type": type("filters.listener.proxy_protocol.v3.ProxyProtocol"), ...passThrough };
  const rawBuffer = { "@type": type("transport_sockets.raw_buffer.v3.RawBuffer") };
  const writer = {
    "@type": type("transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"),
    config: { version: "V2", ...passThrough },
    tlv_as_pool_key: isKeyed,
    transport_socket: { name: "raw", typed_config: rawBuffer },
  };
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
  return {
    static_resources: {
      listeners: [
        {
          name: "web",
          address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
          listener_filters: [{ name: "pp", typed_config: reader }],
          filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
        },
      ],
      clusters: [
        {
          name: "app",
          load_assignment: { cluster_name: "app", endpoints: [{ lb_endpoints: [{ endpoint }] }] },
          transport_socket: { name: "header", typed_config: writer },
        },
      ],
    },
  };
}

/** A version 2 header, the same for every client but for its TLV E0. */
function headerWithTlv(value: string): Buffer {
  const source = socketAddress("192.0.2.1", 1000)!;
  const destination = socketAddress("192.0.2.2", 80)!;
  return encodeV2({ source, destination }, [{ type: 0xe0, value: Buffer.from(value) }]).bytes;
}

/** How many HEADERS frames, that is requests, stand behind the client's preface (RFC 9113, 4.1). */
function requestsIn(bytes: Buffer): number {
  let count = 0;
  for (let at = 24; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes[at + 3] === 1) count += 1;
  }
  return count;
}

const emptySettings = Buffer.from("000000040000000000", "hex");
const request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

describe("what proxy-protocol-http2 says of Envoy (PP-113)", needs("envoy"), () => {
  it("without the header two clients share one HTTP/2 connection", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.write(emptySettings),
    });
    await using envoy = await startEnvoy(http2Bootstrap(backend.port, false));
    const port = await envoy.admin.listenerPort("web");
    await using first = await connectTo(port);
    first.write(request);
    const connection = await backend.connection(0);
    await connection.receivedThat((bytes) => requestsIn(bytes) === 1, "the first request");
    await using second = await connectTo(port);
    second.write(request);
    await connection.receivedThat((bytes) => requestsIn(bytes) === 2, "the second request");
    assert.equal(backend.connections.length, 1);
  });

  it("with the header each client has an HTTP/2 connection of its own", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.write(emptySettings),
    });
    await using envoy = await startEnvoy(http2Bootstrap(backend.port, true));
    const port = await envoy.admin.listenerPort("web");
    await using first = await connectTo(port);
    await using second = await connectTo(port);
    for (const [index, client] of [first, second].entries()) {
      client.write(request);
      const connection = await backend.connection(index);
      const start = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.localPort} ${port}\r\nPRI * HTTP/2.0`;
      await connection.receivedThat((bytes) => bytes.includes(start), start);
    }
    assert.equal(backend.connections.length, 2);
  });
});

describe("what tlvs-shared says of Envoy (PP-114)", needs("envoy"), () => {
  for (const isKeyed of [false, true]) {
    it(`a client is served with another one's TLVs${isKeyed ? ", tlv_as_pool_key or not" : ""}`, async () => {
      await using backend = await startRecordingBackend({
        answer: ({ socket }) =>
          socket.on("data", (bytes: Buffer) => {
            // The header may come by itself.
            if (bytes.includes("GET ")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
          }),
      });
      await using envoy = await startEnvoy(tlvBootstrap(backend.port, isKeyed));
      const port = await envoy.admin.listenerPort("web");
      for (const value of ["first", "second"]) {
        await using client = await connectTo(port);
        client.write(headerWithTlv(value));
        client.write(request);
        await client.receivedThat((bytes) => bytes.includes("\r\n\r\n"));
      }
      const { received } = await backend.connection(0);
      assert.equal(backend.connections.length, 1);
      assert.equal(received.toString("latin1").split("GET / ").length - 1, 2);
      assert.deepEqual([received.includes("first"), received.includes("second")], [true, false]);
    });
  }
});
