import assert from "node:assert/strict";
import { it } from "node:test";
import { encodeV1, encodeV2 } from "../../data-plane/proxy-protocol/encode-header.ts";
import type { ProxyAddresses } from "../../data-plane/proxy-protocol/header.ts";
import type { JsonObject } from "../kit/json.ts";
import { startHaProxyReader, startHaProxyWriter } from "../kit/haproxy.ts";
import { startNginxReader } from "../kit/nginx.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { needs } from "../kit/peers.ts";
import { relayBootstrap } from "./proxy-bootstrap.ts";

const clients: Readonly<Record<"IPv4" | "IPv6", ProxyAddresses>> = {
  IPv4: {
    source: { address: "203.0.113.9", port: 40000, family: "IPv4" },
    destination: { address: "198.51.100.7", port: 443, family: "IPv4" },
  },
  IPv6: {
    source: { address: "2001:db8::9", port: 40001, family: "IPv6" },
    destination: { address: "2001:db8:1::7", port: 8443, family: "IPv6" },
  },
};
/** How each starts, and what follows the addresses in its answer. */
const readers = {
  haproxy: { start: startHaProxyReader, rest: " authority= unique_id=" },
  nginx: { start: startNginxReader, rest: "" },
} as const;
const versions = ["V1", "V2"] as const;

/** Two filter chains of which one has the deprecated `use_proxy_proto`, behind a filter that takes no V1. */
function withDeprecatedFlag(flagged: 0 | 1) {
  const chains = [{ filter_chain_match: { destination_port: 1 } }, {}];
  return {
    reader: { disallowed_versions: ["V1"] },
    chains: chains.map((chain, index) => ({ ...chain, use_proxy_proto: index === flagged })),
  };
}

/** What a proxy writes is read by HAProxy and nginx, and what HAProxy writes is read by the proxy. */
export function headerTests(start: (bootstrap: JsonObject) => Promise<ProxyProcess>): void {
  it("reads another header, after the listed filters, for use_proxy_proto of the first chain (PP-11)", async () => {
    const { IPv4: addresses } = clients;
    const [v1, v2] = [encodeV1(addresses), encodeV2(addresses, []).bytes];
    await using backend = await startRecordingBackend();
    await using proxy = await start(relayBootstrap(backend.port, { version: "V1" }, withDeprecatedFlag(0)));
    const port = await proxy.admin.listenerPort("in");
    await using refused = await connectTo(port);
    refused.write(Buffer.concat([v1, v2, Buffer.from("hello")]));
    await refused.closed();
    await using client = await connectTo(port);
    client.write(Buffer.concat([v2, v1, Buffer.from("hello")]));
    const connection = await backend.connection(0);
    const expected = Buffer.concat([v1, Buffer.from("hello")]);
    const received = await connection.receivedThat((bytes) => bytes.length >= expected.length);
    assert.equal(received.toString(), expected.toString());
  });

  it("leaves the connections that filter_disabled matches as they are (PP-11)", async () => {
    await using backend = await startRecordingBackend();
    const here = { destination_port_range: { start: 1, end: 65_535 } };
    const elsewhere = { destination_port_range: { start: 1, end: 2 } };
    const header = encodeV1(clients.IPv4);
    // A second header for the connection's own addresses stands in front of what is passed on.
    for (const [disabled, shown] of [
      [here, /^PROXY TCP4 127\.0\.0\.1 .*\r\nPROXY TCP4 203\.0\.113\.9 .*\r\nhello$/],
      [elsewhere, /^PROXY TCP4 203\.0\.113\.9 .*\r\nhello$/],
    ] as const) {
      await using proxy = await start(relayBootstrap(backend.port, { version: "V1" }, { disabled }));
      await using client = await connectTo(await proxy.admin.listenerPort("in"));
      client.write(Buffer.concat([header, Buffer.from("hello")]));
      const connection = await backend.connection(disabled === here ? 0 : 1);
      const received = await connection.receivedThat((bytes) => bytes.includes("hello"));
      assert.match(received.toString(), shown);
    }
  });

  it("passes a second header on where only a later chain has use_proxy_proto (PP-11)", async () => {
    const { IPv4: addresses } = clients;
    const [v1, v2] = [encodeV1(addresses), encodeV2(addresses, []).bytes];
    await using backend = await startRecordingBackend();
    await using proxy = await start(relayBootstrap(backend.port, { version: "V1" }, withDeprecatedFlag(1)));
    await using client = await connectTo(await proxy.admin.listenerPort("in"));
    client.write(Buffer.concat([v2, v1, Buffer.from("hello")]));
    const connection = await backend.connection(0);
    const expected = Buffer.concat([v1, v1, Buffer.from("hello")]);
    const received = await connection.receivedThat((bytes) => bytes.length >= expected.length);
    assert.equal(received.toString(), expected.toString());
  });

  for (const [family, addresses] of Object.entries(clients)) {
    for (const version of versions) {
      for (const reader of ["haproxy", "nginx"] as const) {
        it(`writes a ${version} header over ${family} that ${reader} reads`, needs(reader), async () => {
          const { start: startReader, rest } = readers[reader];
          await using peer = await startReader();
          await using proxy = await start(relayBootstrap(peer.port, { version }));
          await using client = await connectTo(await proxy.admin.listenerPort("in"));
          client.write(Buffer.concat([encodeV1(addresses), Buffer.from("GET / HTTP/1.0\r\n\r\n")]));
          await client.closed();
          const { source, destination } = addresses;
          assert.equal(
            bodyOf(client.received),
            `${source.address} ${source.port} ${destination.address} ${destination.port}${rest}`,
          );
        });
      }

      it(`reads the ${version} header over ${family} that haproxy writes`, needs("haproxy"), async () => {
        await using backend = await startRecordingBackend();
        await using proxy = await start(relayBootstrap(backend.port, { version: "V2" }));
        await using writer = await startHaProxyWriter(version, await proxy.admin.listenerPort("in"));
        await using client = await connectTo(writer.port);
        client.write(Buffer.concat([encodeV1(addresses), Buffer.from("hello")]));
        const connection = await backend.connection(0);
        const expected = Buffer.concat([encodeV2(addresses, []).bytes, Buffer.from("hello")]);
        const received = await connection.receivedThat((bytes) => bytes.length >= expected.length);
        assert.equal(received.toString("hex"), expected.toString("hex"));
      });
    }
  }

  it("writes TLVs that haproxy reads", needs("haproxy"), async () => {
    const added_tlvs = [
      { type: 2, value: Buffer.from("service.example").toString("base64") },
      { type: 5, value: Buffer.from("id-1").toString("base64") },
    ];
    await using peer = await startHaProxyReader();
    await using proxy = await start(relayBootstrap(peer.port, { version: "V2", added_tlvs }));
    await using client = await connectTo(await proxy.admin.listenerPort("in"));
    client.write(Buffer.concat([encodeV1(clients.IPv4), Buffer.from("GET / HTTP/1.0\r\n\r\n")]));
    await client.closed();
    assert.equal(
      bodyOf(client.received),
      "203.0.113.9 40000 198.51.100.7 443 authority=service.example unique_id=id-1",
    );
  });

  it(
    "passes on the TLVs that haproxy writes, its checksum as it came (PP-39)",
    needs("haproxy"),
    async () => {
      const config = { version: "V2", pass_through_tlvs: { match_type: "INCLUDE_ALL" } };
      await using backend = await startRecordingBackend();
      await using proxy = await start(relayBootstrap(backend.port, config));
      await using direct = await startRecordingBackend();
      const received: Buffer[] = [];
      for (const [port, target] of [
        [await proxy.admin.listenerPort("in"), backend],
        [direct.port, direct],
      ] as const) {
        await using writer = await startHaProxyWriter("V2 with TLVs", port);
        await using client = await connectTo(writer.port);
        client.write(Buffer.concat([encodeV1(clients.IPv4), Buffer.from("hello")]));
        const connection = await target.connection(0);
        received.push(await connection.receivedThat((bytes) => bytes.includes("hello")));
      }
      const [through, straight] = received;
      assert.ok(straight?.includes("id-203.0.113.9"));
      assert.equal(through?.toString("hex"), straight?.toString("hex"));
    },
  );
}

function bodyOf(response: Buffer): string | undefined {
  return response.toString("latin1").split("\r\n\r\n")[1];
}
