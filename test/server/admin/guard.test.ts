import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RequestOrigin, refusalOf } from "../../../src/server/admin/guard.ts";

describe("refusalOf()", () => {
  const get = { method: "GET", host: "127.0.0.1:19000", origin: undefined, fetchSite: undefined };
  const cases: [string, Partial<RequestOrigin>, RegExp | undefined][] = [
    ["an address passes", {}, undefined],
    ["an IPv6 address passes", { host: "[::1]:19000" }, undefined],
    ["localhost passes", { host: "LOCALHOST:19000" }, undefined],
    ["a listed name passes", { host: "admin.example:19000" }, undefined],
    [
      "a name that a page may have rebound to loopback does not",
      { host: "evil.example:19000" },
      /"evil\.example"/,
    ],
    ["a name that ends like a listed one does not", { host: "evil-admin.example" }, /not allowed/],
    ["a request without a host does not", { host: undefined }, /no usable Host/],
    ["a host that is none does not", { host: "a@b" }, /no usable Host/],
    ["a GET from another site passes: it cannot be read there", { fetchSite: "cross-site" }, undefined],
    ["a POST of a program passes", { method: "POST" }, undefined],
    [
      "a POST of our own page passes",
      { method: "POST", origin: "http://127.0.0.1:19000", fetchSite: "same-origin" },
      undefined,
    ],
    ["a POST of another site does not", { method: "POST", fetchSite: "cross-site" }, /cross-site request/],
    ["nor of another port of this machine", { method: "POST", fetchSite: "same-site" }, /same-site request/],
    [
      "nor of an old browser that says only its origin",
      { method: "POST", origin: "https://evil.example" },
      /evil/,
    ],
    ["nor of a page without an origin", { method: "POST", origin: "null" }, /"null"/],
  ];
  for (const [name, request, expected] of cases) {
    it(name, () => {
      const refusal = refusalOf({ ...get, ...request }, ["admin.example"]);
      if (expected) assert.match(refusal ?? "(none)", expected);
      else assert.equal(refusal, undefined);
    });
  }
});
