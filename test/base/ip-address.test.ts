import assert from "node:assert/strict";
import { isIPv4, isIPv6 } from "node:net";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  formatIp,
  formatSocketAddress,
  isSameAddress,
  parseIp,
  socketAddress,
} from "../../src/base/ip-address.ts";

describe("parseIp()", () => {
  const accepted: [string, string, string][] = [
    ["203.0.113.9", "cb007109", "203.0.113.9"],
    ["0.0.0.0", "00000000", "0.0.0.0"],
    ["255.255.255.255", "ffffffff", "255.255.255.255"],
    ["2001:DB8:0000:0000:0000:0000:0000:0009", "20010db8000000000000000000000009", "2001:db8::9"],
    ["::", "00000000000000000000000000000000", "::"],
    ["::1", "00000000000000000000000000000001", "::1"],
    ["1::", "00010000000000000000000000000000", "1::"],
    ["::ffff:203.0.113.9", "00000000000000000000ffffcb007109", "::ffff:203.0.113.9"],
    ["::ffff:cb00:7109", "00000000000000000000ffffcb007109", "::ffff:203.0.113.9"],
    ["64:ff9b::203.0.113.9", "0064ff9b0000000000000000cb007109", "64:ff9b::cb00:7109"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "00000002000300040005000600070008", "0:2:3:4:5:6:7:8"],
    ["1:0:0:2:0:0:0:3", "00010000000000020000000000000003", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "00010000000000020003000000000004", "1::2:3:0:0:4"],
    ["::102:304", "00000000000000000000000001020304", "::1.2.3.4"],
  ];
  for (const [text, hex, canonical] of accepted) {
    it(`takes ${text} and writes it as ${canonical}`, () => {
      const bytes = parseIp(text);
      assert.ok(bytes);
      assert.equal(Buffer.from(bytes).toString("hex"), hex);
      assert.equal(formatIp(bytes), canonical);
    });
  }

  const refused = [
    ["", "nothing"],
    ["1.2.3", "a missing part"],
    ["1.2.3.", "an empty part"],
    ["1.2.3.4.5", "five parts"],
    ["1.2.3.04", "a leading zero"],
    ["1.2.3.256", "a part over 255"],
    ["16909060", "a plain integer"],
    ["0x1.2.3.4", "hex"],
    [" 1.2.3.4", "white space"],
    ["1.2.3.4\0", "a NUL byte"],
    ["[::1]", "brackets"],
    ["1::2::3", "a second ::"],
    [":::", "three colons"],
    [":1:2:3:4:5:6:7", "a single colon in front"],
    ["1:2:3:4:5:6:7:", "a single colon at the end"],
    ["1:2:3:4:5:6:7:8::", "a :: that stands for nothing"],
    ["::1:2:3:4:5:6:7:8", "a :: that stands for nothing, in front"],
    ["1:2:3:4:5:6:7:8:9", "nine groups"],
    ["1:2:3:4:5:6:7", "seven groups"],
    ["00001::", "five digits"],
    ["fe80::1%lo", "a zone (the fault of section Q)"],
    ["::1.2.3.04", "a leading zero in the tail"],
    ["1:2:3:4:5:6:7:1.2.3.4", "a tail too many"],
    ["::1.2.3.4:5", "a tail that is not the end"],
    ["::g", "a letter that is no digit"],
  ];
  for (const [text, why] of refused) it(`refuses ${why}`, () => assert.equal(parseIp(text!), undefined));

  it("reads back what formatIp() writes, in the form that Node takes too (PP-20, PP-21)", () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc
        .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
        .map((b) => Uint8Array.from(b)),
    );
    fc.assert(
      fc.property(address, (bytes) => {
        const text = formatIp(bytes);
        assert.ok(bytes.length === 4 ? isIPv4(text) : isIPv6(text), text);
        assert.deepEqual(parseIp(text), bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it("agrees with Node on what is an address, zones aside", () => {
    const piece = fc.constantFrom(
      "0",
      "1",
      "ff",
      "a1b2",
      "00001",
      ":",
      "::",
      ".",
      "255",
      "256",
      "01",
      "1.2.3.4",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
        const text = pieces.join("");
        assert.equal(parseIp(text) !== undefined, isIPv4(text) || isIPv6(text), text);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("formatIp()", () => {
  it("throws for bytes that are no address", () =>
    assert.throws(() => formatIp(new Uint8Array(5)), RangeError));
});

describe("socketAddress()", () => {
  it("gives canonical text and keeps a mapped address IPv6 (PP-21)", () => {
    assert.deepEqual(socketAddress("::FFFF:1.2.3.4", 5), {
      address: "::ffff:1.2.3.4",
      port: 5,
      family: "IPv6",
    });
    assert.deepEqual(socketAddress("1.2.3.4", 5), { address: "1.2.3.4", port: 5, family: "IPv4" });
    assert.equal(socketAddress("localhost", 5), undefined);
  });
});

describe("formatSocketAddress()", () => {
  it("puts brackets around IPv6 alone", () => {
    assert.equal(formatSocketAddress({ address: "::1", port: 80, family: "IPv6" }), "[::1]:80");
    assert.equal(formatSocketAddress({ address: "1.2.3.4", port: 80, family: "IPv4" }), "1.2.3.4:80");
  });
});

describe("isSameAddress()", () => {
  it("compares address and port", () => {
    const a = { address: "::1", port: 80, family: "IPv6" } as const;
    assert.equal(isSameAddress(a, { ...a }), true);
    assert.equal(isSameAddress(a, { ...a, port: 81 }), false);
    assert.equal(isSameAddress(a, { ...a, address: "::2" }), false);
  });
});
