import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketAddress } from "../../../src/base/ip-address.ts";
import {
  endpointAddress,
  formatAddress,
  formatHost,
  isSameAddress,
} from "../../../data-plane/network/address.ts";

describe("endpointAddress()", () => {
  it("takes an IPv4 peer of a dual-stack socket for IPv4 (PP-62)", () => {
    const expected = { family: "IPv4", address: "127.0.0.1", port: 80 };
    assert.deepEqual(endpointAddress("::ffff:127.0.0.1", 80), expected);
  });

  it("drops the zone of a link-local address (section Q)", () => {
    assert.deepEqual(endpointAddress("fe80::1%eth0", 80), { family: "IPv6", address: "fe80::1", port: 80 });
  });

  it("takes a socket without addresses for a pipe", () => {
    assert.deepEqual(endpointAddress(undefined, undefined), { family: "pipe", path: "" });
  });
});

describe("addresses", () => {
  const v6 = socketAddress("2001:db8::9", 443)!;
  const v4 = socketAddress("203.0.113.9", 40000)!;
  const pipe = { family: "pipe", path: "/run/a.sock" } as const;

  it("are written as Envoy writes them", () => {
    assert.equal(formatAddress(v4), "203.0.113.9:40000");
    assert.equal(formatAddress(v6), "[2001:db8::9]:443");
    assert.equal(formatAddress(pipe), "/run/a.sock");
    assert.equal(formatHost(v6), "2001:db8::9");
  });

  it("are the same only with the same port or path", () => {
    assert.equal(isSameAddress(v4, { ...v4 }), true);
    assert.equal(isSameAddress(v4, { ...v4, port: 1 }), false);
    assert.equal(isSameAddress(pipe, { ...pipe }), true);
    assert.equal(isSameAddress(pipe, v4), false);
  });
});
