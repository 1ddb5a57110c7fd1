import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatIp, socketAddress } from "../../../src/base/ip-address.ts";
import { crc32c } from "../../../src/base/hash/crc32c.ts";
import { dissect } from "../../../src/cli/decode/dissect.ts";
import type { Dissected } from "../../../src/cli/decode/dissected.ts";
import { mutatedHeader } from "../../data-plane/proxy-protocol/mutated-header.ts";
import { codec } from "../../kit/commands.ts";

const signature = "0d0a0d0a000d0a515549540a";
const ipv4Block = "cb007109c6336419c35001bb";

/** A version 2 header of TCP over IPv4 with these TLVs, as hex of their types and values. */
function withTlvs(...tlvs: readonly (readonly [number, string])[]): Buffer {
  const parts = tlvs.map(([type, hex]) => {
    const value = Buffer.from(hex, "hex");
    return Buffer.concat([Buffer.of(type, value.length >>> 8, value.length & 255), value]);
  });
  const body = Buffer.concat([Buffer.from(ipv4Block, "hex"), ...parts]);
  const head = Buffer.from(`${signature}2111`, "hex");
  return Buffer.concat([head, Buffer.of(body.length >>> 8, body.length & 255), body]);
}

function take(bytes: Buffer): Dissected {
  const found = dissect(bytes, codec.tlvTypeName);
  assert.ok("version" in found, JSON.stringify(found));
  return found;
}

/** `offset: message` of each finding that is an error. */
function errors(bytes: Buffer): string[] {
  const found = dissect(bytes, codec.tlvTypeName);
  const findings = "severity" in found ? [found] : found.findings;
  return findings.filter(({ severity }) => severity === "error").map((f) => `${f.offset}: ${f.message}`);
}

const octets = (size: number) => fc.uint8Array({ minLength: size, maxLength: size });

describe("dissect()", () => {
  it("reads a version 1 line", () => {
    const { command, transport, source, destination, length } = take(
      Buffer.from("PROXY TCP6 2001:db8::9 2001:db8::1 40000 443\r\nGET"),
    );
    assert.deepEqual([command, transport, length], ["PROXY", "TCP over IPv6", 46]);
    assert.deepEqual(source, { address: "2001:db8::9", port: 40_000, family: "IPv6" });
    assert.deepEqual(destination, { address: "2001:db8::1", port: 443, family: "IPv6" });
  });

  it("reads UNKNOWN with anything behind it", () => {
    const header = take(Buffer.from("PROXY UNKNOWN ffff::1 x 1 2\r\n"));
    assert.deepEqual([header.command, header.findings], ["UNKNOWN", []]);
  });

  it("reads version 2 of every family", () => {
    const ipv6 = Buffer.from(
      `${signature}212200242001${"0".repeat(27)}920010db8${"0".repeat(23)}10001`,
      "hex",
    );
    assert.ok(ipv6.length > 16);
    const cases: readonly (readonly [string, string | undefined, unknown])[] = [
      [`2111000c${ipv4Block}`, "TCP over IPv4", "203.0.113.9"],
      [`2112000c${ipv4Block}`, "UDP over IPv4", "203.0.113.9"],
      [
        `21210024${"20010db8".padEnd(30, "0")}09${"20010db8".padEnd(30, "0")}01c35001bb`,
        "TCP over IPv6",
        "2001:db8::9",
      ],
      ["21000000", "unspecified unspecified", undefined],
    ];
    for (const [rest, transport, address] of cases) {
      const header = take(Buffer.from(signature + rest, "hex"));
      const source = typeof header.source === "object" ? header.source.address : undefined;
      assert.deepEqual([header.transport, source, header.findings], [transport, address, []], rest);
    }
  });

  it("reads paths of UNIX sockets, which Envoy refuses", () => {
    const paths = Buffer.alloc(216);
    paths.write("/run/a.sock", 0);
    paths.write("\0abstract", 108);
    const header = Buffer.concat([Buffer.from(`${signature}213100d8`, "hex"), paths]);
    const { source, destination, transport } = take(header);
    assert.deepEqual([transport, source, destination], ["UNIX stream", "unix:/run/a.sock", "unix:@abstract"]);
    const policy = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] } as const;
    assert.equal(codec.decodeHeader(header, policy).kind, "refuse");
  });

  it("shows what a LOCAL header carries, and that nobody reads it (PP-29, PP-30)", () => {
    const { command, findings } = take(Buffer.from(`${signature}2011000c${ipv4Block}`, "hex"));
    assert.equal(command, "LOCAL");
    assert.match(findings[0]!.message, /^the command is LOCAL: readers skip the addresses/);
  });

  it("names the TLVs, and says what those of the clouds mean", () => {
    const { tlvs, findings } = take(
      withTlvs(
        [0x01, Buffer.from("h2").toString("hex")],
        [0xea, `01${Buffer.from("vpce-08d2bf15fac5001c9").toString("hex")}`],
        [0xe0, "00000000000003e8"],
        [0xee, "01c1aef000"],
        [0x04, "0000"],
        [0xf1, "ff"],
      ),
    );
    assert.deepEqual(
      tlvs.map(({ offset, name, meaning }) => [offset, name, meaning]),
      [
        [28, "PP2_TYPE_ALPN", '"h2"'],
        [33, "PP2_TYPE_AWS", "VPC endpoint vpce-08d2bf15fac5001c9"],
        [59, "PP2_TYPE_GCP", "Private Service Connect connection 1000"],
        [70, "PP2_TYPE_AZURE", "private endpoint LINKID 15773377"],
        [78, "PP2_TYPE_NOOP", undefined],
        [83, "experimental 0xF1", undefined],
      ],
    );
    assert.deepEqual(findings, []);
  });

  it("opens PP2_TYPE_SSL", () => {
    const version = "210007544c5376312e33";
    const [ssl] = take(withTlvs([0x20, `0300000000${version}`])).tlvs;
    assert.equal(
      ssl!.meaning,
      "the client connected over TLS, with a certificate on this connection, verified",
    );
    assert.deepEqual(
      ssl!.children!.map(({ name, meaning, offset }) => [name, meaning, offset]),
      [["PP2_SUBTYPE_SSL_VERSION", '"TLSv1.3"', 36]],
    );
    assert.deepEqual(errors(withTlvs([0x20, "0300000000210007544c"])), [
      "36: PP2_SUBTYPE_SSL_VERSION says that it has 7 bytes, 2 are left",
    ]);
  });

  it("checks the CRC32c", () => {
    assert.equal(crc32c(Buffer.from("123456789")), 0xe3069283);
    const header = withTlvs([0x03, "00000000"], [0x05, "abcd"]);
    const right = Buffer.from(header);
    right.writeUInt32BE(crc32c(header), 31);
    const { findings } = take(right);
    assert.deepEqual(findings, [{ severity: "info", offset: 28, message: "the CRC32c is right" }]);
    right[16]! ^= 1;
    assert.match(errors(right).join(), /^28: the CRC32c is 0x[0-9a-f]{8}, the header's is 0x/);
    assert.match(
      errors(withTlvs([0x03, "00"])).join(),
      /^28: PP2_TYPE_CRC32C has 1 bytes, expected 4 bytes$/,
    );
    assert.match(errors(withTlvs([0x03, "00000000"], [0x03, "00000000"])).join("\n"), /^35: .* twice$/m);
  });

  const wrong: readonly (readonly [string, Buffer, readonly string[]])[] = [
    ["nothing", Buffer.alloc(0), ["0: there are no bytes"]],
    [
      "a ClientHello",
      Buffer.from("160301020001", "hex"),
      [
        "0: a header has 0x50 (version 1) or 0x0d (version 2) here, found 0x16; the bytes look like a TLS ClientHello",
      ],
    ],
    [
      "a signature that goes wrong",
      Buffer.from("0d0a0d0a01", "hex"),
      ["4: a version 2 header has 0x00 here, found 0x01"],
    ],
    [
      "a version of another number",
      Buffer.from(`${signature}3111000c${ipv4Block}`, "hex"),
      ["12: the version is 3, expected 2"],
    ],
    [
      "a command that there is not",
      Buffer.from(`${signature}2f11000c${ipv4Block}`, "hex"),
      ["12: the command is 15, expected 0 (LOCAL) or 1 (PROXY)"],
    ],
    [
      "a family that there is not",
      Buffer.from(`${signature}21910000`, "hex"),
      ["13: the address family is 9, expected 0 to 3"],
    ],
    [
      "a length too short for the addresses",
      Buffer.from(`${signature}2111000bcb007109c6336419c35001`, "hex"),
      ["14: the length is 11, IPv4 addresses need 12"],
    ],
    [
      "a header that is cut",
      Buffer.from(`${signature}2111000ccb0071`, "hex"),
      ["19: the bytes end here, the header says that it has 28"],
    ],
    [
      "fixed bytes that are cut",
      Buffer.from(signature, "hex"),
      ["12: the bytes end here, a version 2 header has at least 16"],
    ],
    [
      "a TLV over the end",
      Buffer.concat([
        Buffer.from(`${signature}21110011${ipv4Block}`, "hex"),
        Buffer.from("ea00050101", "hex"),
      ]),
      ["28: PP2_TYPE_AWS says that it has 5 bytes, 2 are left"],
    ],
    [
      "bytes too few for a TLV",
      Buffer.concat([Buffer.from(`${signature}2111000e${ipv4Block}`, "hex"), Buffer.from("ea00", "hex")]),
      ["28: 2 bytes are left, a TLV has at least 3"],
    ],
    [
      "a line without an end",
      Buffer.from("PROXY TCP4 1.2.3.4 5.6.7.8 1 2"),
      ["30: the bytes end here, before the CRLF that ends the line"],
    ],
    [
      "a protocol of another name",
      Buffer.from("PROXY tcp4 a b\r\n"),
      ['6: expected TCP4, TCP6 or UNKNOWN, found "tcp4"'],
    ],
    [
      "addresses of the other family",
      Buffer.from("PROXY TCP4 ::1 1.2.3.4 1 70000 x\r\n"),
      [
        `11: expected the source's IPv4 address, found "::1"`,
        `25: expected the destination's port, 0 to 65535, found "70000"`,
        `30: expected the end of the line, found " x"`,
      ],
    ],
    [
      "a line too long",
      Buffer.from(`PROXY UNKNOWN ${"x".repeat(100)}\r\n`),
      ["107: the line has 116 bytes, the limit is 107"],
    ],
  ];
  for (const [name, bytes, expected] of wrong) {
    it(`says at which byte ${name} is wrong`, () => assert.deepEqual(errors(bytes), expected));
  }

  it("opens no SSL inside SSL, however deep hostile bytes nest it", () => {
    const deep = Buffer.alloc(65_000);
    for (let at = 0; at + 8 <= deep.length; at += 8) {
      deep[at] = 0x20;
      deep.writeUInt16BE(deep.length - at - 3, at + 1);
    }
    const [ssl] = take(withTlvs([0x20, deep.subarray(3).toString("hex")])).tlvs;
    assert.equal(ssl!.children![0]!.children, undefined);
  });

  it("calls no bytes a right header that the data plane still waits for, whatever they are", () => {
    const random = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    const headed = random.map((bytes) => Buffer.concat([Buffer.from(signature, "hex"), bytes]));
    fc.assert(
      fc.property(fc.oneof(random, headed, mutatedHeader), (bytes) => {
        const found = dissect(bytes, codec.tlvTypeName);
        const policy = { allowRequestsWithoutProxyProtocol: false, disallowedVersions: [] } as const;
        const isRight = "version" in found && found.findings.every(({ severity }) => severity !== "error");
        if (codec.decodeHeader(bytes, policy).kind === "more") assert.equal(isRight, false);
      }),
    );
  });

  it("agrees with the data plane on every header that this one writes", () => {
    const ends = fc.constantFrom(4, 16).chain((size) => fc.tuple(octets(size), octets(size)));
    fc.assert(
      fc.property(ends, fc.nat(65_535), fc.nat(65_535), fc.boolean(), ([from, to], port1, port2, isV1) => {
        const addresses = {
          source: socketAddress(formatIp(from), port1)!,
          destination: socketAddress(formatIp(to), port2)!,
        };
        const bytes = isV1 ? codec.encodeV1(addresses) : codec.encodeV2(addresses, []).bytes;
        const { source, destination, findings, length } = take(bytes);
        assert.deepEqual(
          { source, destination, findings, length },
          { ...addresses, findings: [], length: bytes.length },
        );
      }),
    );
  });
});
