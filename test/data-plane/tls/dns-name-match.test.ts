import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesDnsName } from "../../../data-plane/tls/dns-name-match.ts";

describe("a DNS name of a certificate", () => {
  const cases: readonly (readonly [name: string, pattern: string, matches: boolean])[] = [
    ["a.example", "a.example", true],
    ["A.example", "a.EXAMPLE", true],
    ["a.example", "b.example", false],
    ["a.example", "*.example", true],
    ["x.a.example", "*.example", false],
    ["a.example", "*.example.com", false],
    ["foobar.example", "foo*.example", true],
    ["foobar.example", "*bar.example", true],
    ["foobar.example", "f*r.example", true],
    ["fr.example", "f*r.example", true],
    ["f.example", "f*f.example", false],
    ["foobar.example", "f*o*r.example", false],
    ["foo.a.example", "foo.*.example", false],
    ["xn--foo.example", "xn--*.example", false],
    ["example", "*", false],
    ["*.example", "*.example", true],
  ];
  for (const [name, pattern, matches] of cases) {
    it(`${matches ? "covers" : "does not cover"} ${name}: ${pattern}`, () => {
      assert.equal(matchesDnsName(name, pattern), matches);
    });
  }
});
