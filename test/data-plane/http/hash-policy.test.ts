import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { xxHash64 } from "../../../src/base/hash/xx-hash-64.ts";
import { socketAddress } from "../../../src/base/ip-address.ts";
import type { RequestHash } from "../../../data-plane/http/routes/hash-policy.ts";
import { requestHash } from "../../../data-plane/http/routes/hash-policy.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";

const hashOf = (text: string) => xxHash64(Buffer.from(text));
const combined = (first: bigint, second: bigint) => BigInt.asUintN(64, first << 1n) ^ (first >> 63n) ^ second;

/** Headers as name, value, name, value. */
function hash(
  policy: RequestHash | undefined,
  headers: readonly string[] = [],
  path = "/",
): bigint | undefined {
  const list = new HeaderList(["host", "a.example", ...headers]);
  const request = { method: "GET", path, headers: list, scheme: "http", isUpgrade: false } as const;
  return policy?.(request, socketAddress("192.0.2.7", 4711)!);
}

describe("requestHash()", () => {
  it("takes a header, :authority and :path too", () => {
    const policy = requestHash([{ header: { header_name: "X-User" } }]);
    assert.equal(hash(policy, ["x-user", "ada"]), hashOf("ada"));
    assert.equal(hash(policy), undefined);
    assert.equal(hash(requestHash([{ header: { header_name: ":authority" } }])), hashOf("a.example"));
    assert.equal(hash(requestHash([{ header: { header_name: ":path" } }]), [], "/x?y"), hashOf("/x?y"));
  });

  it("does not mind the order of several values of a header", () => {
    const policy = requestHash([{ header: { header_name: "x" } }]);
    const both = xxHash64(Buffer.from("foo"), hashOf("bar"));
    assert.equal(hash(policy, ["x", "foo", "x", "bar"]), both);
    assert.equal(hash(policy, ["x", "bar", "x", "foo"]), both);
  });

  it("takes a cookie without its quotes, and an empty one for none", () => {
    const policy = requestHash([{ cookie: { name: "id" } }]);
    assert.equal(hash(policy, ["cookie", "a=b; id=7", "cookie", "id=8"]), hashOf("7"));
    assert.equal(hash(policy, ["cookie", 'id="7"']), hashOf("7"));
    assert.equal(hash(policy, ["cookie", "id="]), undefined);
    assert.equal(hash(policy, ["cookie", "identity=7"]), undefined);
  });

  it("takes the first query parameter as it was sent", () => {
    const policy = requestHash([{ query_parameter: { name: "k" } }]);
    assert.equal(hash(policy, [], "/p?j=1&k=a%20b&k=2"), hashOf("a%20b"));
    assert.equal(hash(policy, [], "/p?k"), hashOf(""));
    assert.equal(hash(policy, [], "/p"), undefined);
  });

  it("takes the client's address without its port", () => {
    const policy = requestHash([{ connection_properties: { source_ip: true } }]);
    assert.equal(hash(policy), hashOf("192.0.2.7"));
    assert.equal(requestHash([{ connection_properties: {} }]), undefined);
  });

  it("combines policies in order, and stops at a terminal one that has given a hash", () => {
    const a = { header: { header_name: "a" } };
    const b = { header: { header_name: "b" } };
    const headers = ["a", "1", "b", "2"];
    assert.equal(hash(requestHash([a, b]), headers), combined(hashOf("1"), hashOf("2")));
    assert.equal(hash(requestHash([b, a]), headers), combined(hashOf("2"), hashOf("1")));
    assert.equal(hash(requestHash([{ ...a, terminal: true }, b]), headers), hashOf("1"));
    assert.equal(hash(requestHash([{ ...a, terminal: true }, b]), ["b", "2"]), hashOf("2"));
  });
});
