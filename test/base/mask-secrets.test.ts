import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { maskSecrets } from "../../src/base/mask-secrets.ts";
import { processorMs } from "../kit/processor-time.ts";

describe("maskSecrets() (XDS-139)", () => {
  const cases: [string, string, string][] = [
    [
      "a PEM key",
      "x -----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY----- y",
      "x -----BEGIN RSA PRIVATE KEY----- [masked] y",
    ],
    ["a PEM key that was cut", "-----BEGIN PRIVATE KEY-----\nMIIabc", "-----BEGIN PRIVATE KEY----- [masked]"],
    ["a bearer token", "authorization: Bearer abc.def-123", "authorization: Bearer [masked]"],
    ["a JSON Web Token", "got eyJhbGciOiJI.eyJzdWIi.sig here", "got [masked] here"],
    ["a password in YAML", "password: hunter2", "password: [masked]"],
    ["a token in JSON", '{"token":"abc d","x":1}', '{"token":[masked],"x":1}'],
    ["inline bytes", "inline_bytes: aGVsbG8=", "inline_bytes: [masked]"],
    [
      "nothing else",
      'clusters[0].type: expected STATIC, found "X"',
      'clusters[0].type: expected STATIC, found "X"',
    ],
    [
      "a certificate, which is public",
      "-----BEGIN CERTIFICATE-----\nMII",
      "-----BEGIN CERTIFICATE-----\nMII",
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(`masks ${what}`.replace("masks nothing", "leaves everything"), () =>
      assert.equal(maskSecrets(text), expected),
    );
  }
  it("takes time in proportion to the text, whatever it is", () => {
    const tookMs = processorMs(() => {
      maskSecrets("-----BEGIN PRIVATE KEY-----".repeat(20_000));
      maskSecrets("token".repeat(100_000));
      maskSecrets(`eyJ${"a".repeat(500_000)}`);
    });
    assert.ok(tookMs < 2000, `${tookMs} ms`);
  });
});
