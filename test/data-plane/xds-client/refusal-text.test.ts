import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusalText, truncateRefusal } from "../../../data-plane/xds-client/refusal-text.ts";
import { CDS, EDS, LDS } from "./session-kit.ts";

describe("refusalText()", () => {
  const two = [
    { name: "a", reason: "no" },
    { name: "b", reason: "never" },
  ];
  const secret = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
  const cases = [
    [CDS, two, "Error adding/updating cluster(s) a: no, b: never"],
    [LDS, two, "Error adding/updating listener(s) a: no\nb: never\n"],
    [EDS, two, "a: no, b: never"],
    [EDS, two.slice(0, 1), "no"],
    [secret, two.slice(0, 1), "a: no"],
  ] as const;
  for (const [typeUrl, refused, text] of cases) {
    it(`XC-30 says ${JSON.stringify(text)} for ${refused.length} of ${typeUrl.split(".").at(-1)}`, () =>
      assert.equal(refusalText(typeUrl, refused), text));
  }
});

describe("truncateRefusal()", () => {
  it("XC-27 keeps 4,096 characters", () => {
    assert.equal(truncateRefusal("x".repeat(4096)), "x".repeat(4096));
    assert.equal(truncateRefusal("x".repeat(4097)), `${"x".repeat(4096)}...(truncated)`);
  });
});
