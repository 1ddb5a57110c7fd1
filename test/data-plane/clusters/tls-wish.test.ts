import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tlsWish } from "../../../data-plane/clusters/tls-wish.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import type { ServerNameRule } from "../../../data-plane/resources/http-options.ts";
import { defaultHttp } from "../../../data-plane/resources/http-options.ts";

function wishOf(rule: Partial<ServerNameRule>, headers: readonly string[]) {
  const serverName = { isSent: true, isVerified: true, header: "", ...rule };
  const head = {
    method: "GET",
    path: "/",
    headers: new HeaderList([...headers]),
    scheme: "http",
    isUpgrade: false,
  } as const;
  return tlsWish({ ...defaultHttp, serverName }, { head, protocol: "HTTP/1.1" });
}

const protocols = ["http/1.1"];

describe("what a request asks of the TLS of its cluster", () => {
  it("is its host without the port (auto_sni, auto_san_validation)", () => {
    assert.deepEqual(wishOf({}, ["host", "a.example:8080"]), {
      serverName: "a.example",
      verifiedName: "a.example",
      protocols,
    });
  });

  it("is one of the two alone where only that is configured", () => {
    assert.deepEqual(wishOf({ isVerified: false }, ["host", "a.example"]), {
      serverName: "a.example",
      verifiedName: undefined,
      protocols,
    });
    assert.deepEqual(wishOf({ isSent: false }, ["host", "a.example"]), {
      serverName: "",
      verifiedName: "a.example",
      protocols,
    });
  });

  it("sends no address as a name, but verifies it", () => {
    for (const host of ["192.0.2.1", "192.0.2.1:443"]) {
      assert.deepEqual(wishOf({}, ["host", host]), { serverName: "", verifiedName: "192.0.2.1", protocols });
    }
    assert.equal(wishOf({}, ["host", "[2001:db8::9]:443"])?.verifiedName, "2001:db8::9");
  });

  it("takes override_auto_sni_header where the request has it", () => {
    const rule = { header: "x-name" };
    assert.equal(wishOf(rule, ["host", "a.example", "x-name", "b.example"])?.serverName, "b.example");
    assert.equal(wishOf(rule, ["host", "a.example", "x-name", ""])?.serverName, "a.example");
    assert.equal(wishOf(rule, ["host", "a.example"])?.serverName, "a.example");
  });

  it("is the protocol alone without a rule", () => {
    const head = {
      method: "GET",
      path: "/",
      headers: new HeaderList(["host", "a"]),
      scheme: "http",
      isUpgrade: false,
    } as const;
    for (const [protocol, name] of [
      ["HTTP/1.1", "http/1.1"],
      ["HTTP/2", "h2"],
    ] as const) {
      const wish = { serverName: "", verifiedName: undefined, protocols: [name] };
      assert.deepEqual(tlsWish(defaultHttp, { head, protocol }), wish);
    }
  });
});
