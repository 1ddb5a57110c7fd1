import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { decodeHeader } from "../../../data-plane/proxy-protocol/decode-header.ts";
import { encodeV1, encodeV2 } from "../../../data-plane/proxy-protocol/encode-header.ts";
import type { ProxyAddresses } from "../../../data-plane/proxy-protocol/header.ts";
import { formatIp, type SocketAddress } from "../../../src/base/ip-address.ts";

const policy = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] };
const ipv4: ProxyAddresses = {
  source: { address: "203.0.113.9", port: 40000, family: "IPv4" },
  destination: { address: "198.51.100.7", port: 443, family: "IPv4" },
};
const ipv6: ProxyAddresses = {
  source: { address: "2001:db8::9", port: 40001, family: "IPv6" },
  destination: { address: "::ffff:198.51.100.7", port: 8443, family: "IPv6" },
};

const port = fc.integer({ min: 0, max: 65535 });
const unicast4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).filter(([a]) => a! > 0 && a! < 224);
const unicast6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).filter(([a]) => a! > 0 && a! < 255);
const ends = (bytes: fc.Arbitrary<Uint8Array>, family: "IPv4" | "IPv6"): fc.Arbitrary<ProxyAddresses> => {
  const end: fc.Arbitrary<SocketAddress> = fc
    .tuple(bytes, port)
    .map(([address, port]) => ({ address: formatIp(address), port, family }));
  return fc.record({ source: end, destination: end }, { noNullPrototype: true });
};
const addresses = fc.oneof(ends(unicast4, "IPv4"), ends(unicast6, "IPv6"));
const tlvs = fc.array(
  fc
    .tuple(fc.nat(255), fc.uint8Array({ maxLength: 300 }))
    .map(([type, value]) => ({ type, value: Buffer.from(value) })),
  { maxLength: 8 },
);

describe("encodeV1()", () => {
  it("writes the line, IPv6 in canonical form, mapped as ::ffff:a.b.c.d (PP-96)", () => {
    assert.equal(encodeV1(ipv4).toString("latin1"), "PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\n");
    assert.equal(
      encodeV1(ipv6).toString("latin1"),
      "PROXY TCP6 2001:db8::9 ::ffff:198.51.100.7 40001 8443\r\n",
    );
  });

  it("writes UNKNOWN without addresses", () => {
    assert.equal(encodeV1().toString("latin1"), "PROXY UNKNOWN\r\n");
  });

  it("is read back whole", () => {
    fc.assert(
      fc.property(addresses, (addresses) => {
        const bytes = encodeV1(addresses);
        const header = { version: "V1", addresses, tlvs: [] };
        assert.deepEqual(decodeHeader(bytes, policy), { kind: "accept", consumed: bytes.length, header });
      }),
      { numRuns: 2000 },
    );
  });
});

describe("encodeV2()", () => {
  it("writes command 0x21 and the family of the source (PP-97)", () => {
    assert.equal(
      encodeV2(ipv4, []).bytes.toString("hex"),
      "0d0a0d0a000d0a515549540a2111000ccb007109c63364079c4001bb",
    );
    assert.equal(encodeV2(ipv6, []).bytes.toString("hex", 12, 16), "21210024");
  });

  it("writes the bare LOCAL header without addresses, TLVs or not (PP-95, PP-118)", () => {
    const { bytes, omittedTlvs } = encodeV2(undefined, [{ type: 1, value: Buffer.from("h2") }]);
    assert.equal(bytes.toString("hex"), "0d0a0d0a000d0a515549540a20000000");
    assert.equal(omittedTlvs, 0);
  });

  it("leaves out the TLV that goes over 65535 and still takes a smaller one after it (PP-106)", () => {
    const tlvs = [40000, 40000, 1].map((size, index) => ({
      type: 240 + index,
      value: Buffer.alloc(size, 0x71),
    }));
    const { bytes, omittedTlvs } = encodeV2(ipv4, tlvs);
    assert.equal(omittedTlvs, 1);
    const verdict = decodeHeader(bytes, policy);
    assert.ok(verdict.kind === "accept");
    assert.deepEqual(
      verdict.header.tlvs.map((tlv) => tlv.type),
      [240, 242],
    );
  });

  for (const [name, addresses, largest] of [
    ["IPv4", ipv4, 65520],
    ["IPv6", ipv6, 65496],
  ] as const) {
    it(`has room for one value of ${largest} bytes over ${name}, not one byte more (PP-106)`, () => {
      const fits = encodeV2(addresses, [{ type: 240, value: Buffer.alloc(largest) }]);
      assert.deepEqual([fits.omittedTlvs, fits.bytes.length], [0, 16 + 65535]);
      assert.equal(encodeV2(addresses, [{ type: 240, value: Buffer.alloc(largest + 1) }]).omittedTlvs, 1);
    });
  }

  it("throws for a pair of different families, which nothing can be the source of (section Q)", () => {
    assert.throws(() => encodeV2({ source: ipv4.source, destination: ipv6.destination }, []), RangeError);
    assert.throws(() => encodeV2({ ...ipv4, source: { ...ipv4.source, address: "x" } }, []), RangeError);
  });

  it("is read back whole, TLVs in order", () => {
    fc.assert(
      fc.property(addresses, tlvs, (addresses, tlvs) => {
        const { bytes } = encodeV2(addresses, tlvs);
        const header = { version: "V2", addresses, tlvs };
        assert.deepEqual(decodeHeader(bytes, policy), { kind: "accept", consumed: bytes.length, header });
      }),
      { numRuns: 2000 },
    );
  });
});
