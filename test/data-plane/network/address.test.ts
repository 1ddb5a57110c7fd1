import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  addressBytes,
  formatAddress,
  formatHost,
  ipAddress,
  isLoopback,
  isSameAddress,
  socketAddress,
} from "../../../data-plane/network/address.ts";

describe("ipAddress()", () => {
  const canonical: readonly (readonly [string, string])[] = [
    ["203.0.113.9", "203.0.113.9"],
    ["2001:DB8:0:0:0:0:0:9", "2001:db8::9"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::ffff:203.0.113.9", "::ffff:203.0.113.9"],
    ["::FFFF:CB00:7109", "::ffff:203.0.113.9"],
    ["fe80::1%eth0", "fe80::1"],
  ];
  for (const [text, expected] of canonical) {
    it(`writes ${text} as ${expected}`, () => assert.equal(ipAddress(text, 0)?.address, expected));
  }

  for (const text of ["", "localhost", "1.2.3", "01.2.3.4", "[::1]", "1::2::3"]) {
    it(`is undefined for ${JSON.stringify(text)}`, () => assert.equal(ipAddress(text, 0), undefined));
  }

  it("keeps a v4-mapped address IPv6 (PP-21)", () => assert.equal(ipAddress("::ffff:1.2.3.4", 0)?.family, 6));
});

describe("socketAddress()", () => {
  it("takes an IPv4 peer of a dual-stack socket for IPv4 (PP-62)", () => {
    assert.deepEqual(socketAddress("::ffff:127.0.0.1", 80), {
      kind: "ip",
      family: 4,
      address: "127.0.0.1",
      port: 80,
    });
  });

  it("takes a socket without addresses for a pipe", () =>
    assert.equal(socketAddress(undefined, undefined).kind, "pipe"));
});

describe("addresses", () => {
  const v6 = ipAddress("2001:db8::9", 443)!;
  const v4 = ipAddress("203.0.113.9", 40000)!;

  it("are written as Envoy writes them", () => {
    assert.equal(formatAddress(v4), "203.0.113.9:40000");
    assert.equal(formatAddress(v6), "[2001:db8::9]:443");
    assert.equal(formatAddress({ kind: "pipe", path: "/run/a.sock" }), "/run/a.sock");
    assert.equal(formatHost(v6), "2001:db8::9");
  });

  it("are the same only with the same port", () => {
    assert.equal(isSameAddress(v4, { ...v4 }), true);
    assert.equal(isSameAddress(v4, { ...v4, port: 1 }), false);
  });

  it("have their bytes in network order", () => {
    assert.deepEqual([...addressBytes(v4)], [203, 0, 113, 9]);
    assert.equal(Buffer.from(addressBytes(v6)).toString("hex"), "20010db8000000000000000000000009");
    const mapped = addressBytes(ipAddress("::ffff:1.2.3.4", 0)!);
    assert.equal(Buffer.from(mapped).toString("hex"), "00000000000000000000ffff01020304");
  });

  it("are loopback in 127.0.0.0/8 and ::1 alone", () => {
    assert.equal(isLoopback(ipAddress("127.9.9.9", 0)!), true);
    assert.equal(isLoopback(ipAddress("::1", 0)!), true);
    assert.equal(isLoopback(v4), false);
  });
});
