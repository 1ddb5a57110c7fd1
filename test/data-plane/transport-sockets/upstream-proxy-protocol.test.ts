import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import type { UpstreamContext } from "../../../data-plane/network/upstream.ts";
import { upstreamProxyProtocol } from "../../../data-plane/transport-sockets/upstream-proxy-protocol.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";
import { runContext } from "../run-kit.ts";

const typeName = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport";
const raw =
  '{name: raw, typed_config: {"@type": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}';

function headerOf(yaml: string, context: Partial<UpstreamContext> = {}): string {
  const install = valueOf(upstreamProxyProtocol.parse(message(typeName, yaml), parseContext(), ""));
  const header = install(runContext(), "cluster.c").header({
    host: {
      address: socketAddress("192.0.2.1", 80)!,
      hostname: "",
      metadata: { filter: new Map(), typed: new Map() },
    },
    connectionId: 1,
    local: socketAddress("192.0.2.9", 5000)!,
    downstream: {
      addresses: {
        source: socketAddress("203.0.113.9", 40000)!,
        destination: socketAddress("198.51.100.7", 443)!,
      },
      tlvs: [],
    },
    ...context,
  });
  return header?.toString("latin1") ?? "";
}

const line = "PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\n";

const keyOf = (fields: string, tlv: string, port = 40_000) => {
  const yaml = `{${fields}, transport_socket: ${raw}}`;
  const install = valueOf(upstreamProxyProtocol.parse(message(typeName, yaml), parseContext(), ""));
  const addresses = {
    source: socketAddress("203.0.113.9", port)!,
    destination: socketAddress("198.51.100.7", 443)!,
  };
  const tlvs = [{ type: 0xe0, value: Buffer.from(tlv) }];
  return install(runContext(), "cluster.c").poolKey?.({ addresses, tlvs });
};

describe("upstream_proxy_protocol", () => {
  it("writes V1 without a config (PP-90, PP-135)", () => {
    assert.equal(headerOf(`{transport_socket: ${raw}}`), line);
  });

  it("writes the same header with allow_unspecified_address and tlv_as_pool_key (PP-98)", () => {
    const flags = "allow_unspecified_address: true, tlv_as_pool_key: true";
    assert.equal(headerOf(`{transport_socket: ${raw}, ${flags}}`), line);
  });

  it("has pools by the addresses, and by the TLVs that pass where tlv_as_pool_key says so (PP-113, PP-114)", () => {
    const passing = "config: {version: V2, pass_through_tlvs: {match_type: INCLUDE_ALL}}";
    assert.equal(keyOf(passing, "a"), keyOf(passing, "b"));
    assert.notEqual(keyOf(passing, "a"), keyOf(passing, "a", 40_001));
    const keyed = `${passing}, tlv_as_pool_key: true`;
    assert.notEqual(keyOf(keyed, "a"), keyOf(keyed, "b"));
    assert.equal(keyOf(keyed, "a"), keyOf(keyed, "a"));
    // What is not sent does not count.
    for (const config of ["config: {version: V2}", "config: {version: V1}"]) {
      const unsent = `${config}, tlv_as_pool_key: true`;
      assert.equal(keyOf(unsent, "a"), keyOf(unsent, "b"));
    }
  });

  it("writes the outer header before that of a socket inside it (PP-93)", () => {
    const inner = `{name: inner, typed_config: {"@type": type.googleapis.com/${typeName}, transport_socket: ${raw}}}`;
    const both = headerOf(`{config: {version: V2}, transport_socket: ${inner}}`);
    assert.equal(both.slice(0, 12), "\r\n\r\n\0\r\nQUIT\n");
    assert.equal(both.slice(28), line);
  });

  it("tells of the upstream connection in V1, and LOCAL in V2, without a downstream (PP-95)", () => {
    const alone = { downstream: undefined };
    assert.equal(headerOf(`{transport_socket: ${raw}}`, alone), "PROXY TCP4 192.0.2.9 192.0.2.1 5000 80\r\n");
    const local = Buffer.from(headerOf(`{config: {version: V2}, transport_socket: ${raw}}`, alone), "latin1");
    assert.equal(local.toString("hex"), "0d0a0d0a000d0a515549540a20000000");
  });

  it("writes UNKNOWN or LOCAL for a unix socket downstream, and does not fall over (section Q)", () => {
    const pipe = { downstream: { tlvs: [] } };
    assert.equal(headerOf(`{transport_socket: ${raw}}`, pipe), "PROXY UNKNOWN\r\n");
    const local = headerOf(`{config: {version: V2}, transport_socket: ${raw}}`, pipe);
    assert.equal(local.length, 16);
  });
});
