import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSslCredentials } from "../../../data-plane/tls/grpc-tls.ts";
import { streamKey } from "../../../data-plane/xds-client/source-plan.ts";
import { type Issued, testCa } from "../../kit/certificates.ts";
import { needs } from "../../kit/peers.ts";
import { localData } from "../parse-kit.ts";

/** The stream of endpoints that come from one address, with these credentials. */
function streamWith(trusted: Issued, own: Issued): string {
  const { value: tls } = parseSslCredentials(
    {
      root_certs: { inline_bytes: trusted.cert },
      private_key: { inline_bytes: own.key },
      cert_chain: { inline_bytes: own.cert },
    },
    localData,
    "ssl_credentials",
  );
  assert.ok(tls);
  const target = {
    name: "xds:1",
    addresses: ["xds:1"],
    connectTimeoutMs: 1,
    keepalive: { intervalMs: 1, timeoutMs: 1 },
    metadata: [],
    receiveMaxBytes: 1,
    tls,
  };
  const backoff = { baseMs: 1, maxMs: 1 };
  const api = { mode: "sotw", target, backoff, isNodeOnFirstOnly: true } as const;
  return streamKey("type", { kind: "api", timeoutMs: 0, api });
}

describe("ssl_credentials of two sources at one address", needs("openssl"), () => {
  // A TLS context says nothing of what is in it: sources that differed in it alone once shared the stream of the first.
  it("are two streams when a certificate or the authority differs, else one", () => {
    const ca = testCa();
    const [a, b] = [ca.issue("URI:spiffe://fleet/a"), ca.issue("URI:spiffe://fleet/b")];
    assert.equal(streamWith(ca, a), streamWith(ca, a));
    assert.notEqual(streamWith(ca, a), streamWith(ca, b));
    assert.notEqual(streamWith(ca, a), streamWith(testCa("another"), a));
  });
});
