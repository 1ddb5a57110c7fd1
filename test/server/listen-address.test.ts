import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  explainListenError,
  formatListenAddress,
  isLoopback,
  parseListenAddress,
} from "../../src/server/listen-address.ts";

describe("parseListenAddress()", () => {
  for (const text of ["127.0.0.1:18000", "[::1]:0", "localhost:65535", "0.0.0.0:1"]) {
    it(`takes ${text} and gives it back`, () =>
      assert.equal(formatListenAddress(parseListenAddress(text)), text));
  }
  for (const text of [
    "18000",
    ":18000",
    "127.0.0.1",
    "::1:18000",
    "127.0.0.1:65536",
    "a b:1",
    "http://x:1",
    "",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseListenAddress(text), /expected HOST:PORT/));
  }
});

describe("isLoopback()", () => {
  it("is true for what only this machine reaches", () => {
    assert.deepEqual(["127.0.0.1", "127.1.2.3", "::1", "localhost"].map(isLoopback), [
      true,
      true,
      true,
      true,
    ]);
    assert.deepEqual(["0.0.0.0", "::", "10.0.0.1", "127.evil.example"].map(isLoopback), [
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("explainListenError()", () => {
  const at = { host: "127.0.0.1", port: 80 };
  const cases: [string, RegExp][] = [
    ["EADDRINUSE", /^127\.0\.0\.1:80 is in use: .* --xds-address$/],
    ["EACCES", /needs more rights/],
    ["EADDRNOTAVAIL", /not an address of this machine/],
    ["EWHAT", /cannot listen on 127\.0\.0\.1:80: odd/],
  ];
  for (const [code, text] of cases) {
    it(`says what to do about ${code}`, () =>
      assert.match(explainListenError(Object.assign(new Error("odd"), { code }), at, "--xds-address"), text));
  }
});
