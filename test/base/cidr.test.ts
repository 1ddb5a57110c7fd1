import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cidrContains, parseCidr } from "../../src/base/cidr.ts";
import { parseIp } from "../../src/base/ip-address.ts";

describe("cidrContains()", () => {
  const cases: [string, string, boolean][] = [
    ["10.0.0.0/8", "10.255.1.2", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.1.2.3/8", "10.9.9.9", true],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["203.0.113.9/32", "203.0.113.9", true],
    ["203.0.113.9", "203.0.113.8", false],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.200", true],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["::/0", "2001:db8::1", true],
    ["::/0", "10.0.0.1", false],
    ["10.0.0.0/8", "::ffff:10.0.0.1", false],
  ];
  for (const [range, address, expected] of cases) {
    it(`${address} is ${expected ? "" : "not "}in ${range}`, () => {
      assert.equal(cidrContains(parseCidr(range)!, parseIp(address)!), expected);
    });
  }
});

describe("parseCidr()", () => {
  for (const text of [
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0/8",
    "host/8",
    "10.0.0.0/8/8",
  ]) {
    it(`refuses ${text}`, () => assert.equal(parseCidr(text), undefined));
  }
});
