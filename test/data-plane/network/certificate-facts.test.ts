import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { CertificateFacts } from "../../../data-plane/network/certificate-facts.ts";
import { readSubjectAltNames } from "../../../data-plane/network/subject-alt-names.ts";
import { testCa } from "../../kit/certificates.ts";

describe("the facts of a certificate", () => {
  const ca = testCa("Fleet CA");
  const { cert } = ca.issueWith({
    names: [
      "DNS:a.example",
      "URI:spiffe://fleet/edge",
      "IP:2001:db8:0:0::9",
      "email:ops@a.example",
      "DNS:b.example",
    ],
    subject: "/C=DE/O=Sue, Grabbit and Runn/CN=Zoë",
  });
  const facts = new CertificateFacts(new X509Certificate(cert));

  it("have the names by their kind, in their order", () => {
    assert.deepEqual(facts.namesOf("dns"), ["a.example", "b.example"]);
    assert.deepEqual(facts.namesOf("uri"), ["spiffe://fleet/edge"]);
    assert.deepEqual(facts.namesOf("ip"), ["2001:db8::9"]);
    assert.deepEqual(facts.namesOf("email"), ["ops@a.example"]);
  });

  it("have subject and issuer as RFC 2253 writes them", () => {
    assert.equal(facts.subject, "CN=Zo\\C3\\AB,O=Sue\\, Grabbit and Runn,C=DE");
    assert.equal(facts.issuer, "CN=Fleet CA");
  });

  it("have serial number and fingerprints in lower-case hex", () => {
    const { serialNumber, fingerprint256, fingerprint } = new X509Certificate(cert);
    assert.equal(facts.serial, serialNumber.toLowerCase());
    assert.equal(facts.fingerprint256, fingerprint256.replaceAll(":", "").toLowerCase());
    assert.equal(facts.fingerprint1, fingerprint.replaceAll(":", "").toLowerCase());
  });
});

describe("the text of subject alternative names", () => {
  it("does not let a name pass for two (CVE-2021-44532)", () => {
    assert.deepEqual(readSubjectAltNames('URI:"http://a/, DNS:evil.example", DNS:good.example'), [
      { kind: "uri", value: "http://a/, DNS:evil.example" },
      { kind: "dns", value: "good.example" },
    ]);
  });

  it("ends where it is not understood", () => {
    assert.deepEqual(readSubjectAltNames('DNS:a.example, URI:"unfinished, DNS:b.example'), [
      { kind: "dns", value: "a.example" },
    ]);
    assert.deepEqual(readSubjectAltNames(undefined), []);
  });
});
