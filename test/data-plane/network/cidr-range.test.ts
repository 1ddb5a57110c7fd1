import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import { cidrRange, isInRange } from "../../../data-plane/network/cidr-range.ts";

describe("isInRange()", () => {
  const rows: readonly (readonly [prefix: string, length: number, address: string, isIn: boolean])[] = [
    ["203.0.113.0", 24, "203.0.113.255", true],
    ["203.0.113.0", 24, "203.0.114.0", false],
    ["203.0.113.77", 24, "203.0.113.1", true],
    ["10.0.0.0", 9, "10.127.0.1", true],
    ["10.0.0.0", 9, "10.128.0.1", false],
    ["0.0.0.0", 0, "255.1.2.3", true],
    ["0.0.0.0", 0, "::1", false],
    ["192.0.2.1", 32, "192.0.2.1", true],
    ["192.0.2.1", 32, "192.0.2.2", false],
    ["192.0.2.1", 200, "192.0.2.1", true],
    ["2001:db8::", 33, "2001:db8:7fff::1", true],
    ["2001:db8::", 33, "2001:db8:8000::1", false],
    ["::", 0, "1.2.3.4", false],
  ];
  for (const [prefix, length, address, isIn] of rows) {
    it(`${address} is ${isIn ? "" : "not "}in ${prefix}/${length}`, () => {
      assert.equal(isInRange(cidrRange(prefix, length)!, socketAddress(address, 1)!), isIn);
    });
  }

  it("never holds for a pipe", () => {
    assert.equal(isInRange(cidrRange("0.0.0.0", 0)!, { family: "pipe", path: "/a" }), false);
  });
});

describe("cidrRange()", () => {
  it("is undefined for a prefix that is no address", () => assert.equal(cidrRange("example", 8), undefined));
});
