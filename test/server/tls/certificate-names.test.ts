import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { certificateNames } from "../../../src/server/tls/certificate-names.ts";
import { testCa } from "../../kit/certificates.ts";
import { needs } from "../../kit/peers.ts";

function namesOf(subjectaltname: string): readonly string[] {
  const { cert } = empty;
  return certificateNames({ ...cert, subjectaltname });
}

const empty = {
  cert: {
    subject: { C: "", ST: "", L: "", O: "", OU: "", CN: "spiffe://fleet/subject" },
    issuer: { C: "", ST: "", L: "", O: "", OU: "", CN: "" },
    ca: false,
    raw: Buffer.alloc(0),
    valid_from: "",
    valid_to: "",
    serialNumber: "",
    fingerprint: "",
    fingerprint256: "",
    fingerprint512: "",
  },
};

describe("certificateNames()", () => {
  it("gives URI and DNS names, nothing of other kinds, and nothing of the subject", () => {
    const text =
      "URI:spiffe://fleet/edge/1, DNS:edge.example, IP Address:127.0.0.1, email:spiffe@fleet, DNS:b.example";
    assert.deepEqual(namesOf(text), ["spiffe://fleet/edge/1", "edge.example", "b.example"]);
    assert.deepEqual(certificateNames(empty.cert), []);
    assert.deepEqual(certificateNames(undefined), []);
  });

  it("does not take a name with a comma for two names", () => {
    assert.deepEqual(namesOf('DNS:"a, URI:spiffe://fleet/pay", DNS:c'), ["a, URI:spiffe://fleet/pay", "c"]);
    assert.deepEqual(namesOf('DNS:"a\\", URI:spiffe://fleet/pay"'), ['a", URI:spiffe://fleet/pay']);
  });

  it("believes nothing of a text in another form", () => {
    assert.deepEqual(namesOf('URI:spiffe://fleet/edge, "DNS'), []);
  });

  it("reads what openssl has made and Node shows", needs("openssl"), () => {
    const names = ["URI:spiffe://fleet/edge/1", "DNS:*.edge.example", "IP:::1", "email:a@b"];
    const { cert } = testCa().issue(...names);
    const shown = new X509Certificate(cert).toLegacyObject();
    assert.deepEqual(certificateNames({ ...empty.cert, ...shown }), [
      "spiffe://fleet/edge/1",
      "*.edge.example",
    ]);
  });
});
