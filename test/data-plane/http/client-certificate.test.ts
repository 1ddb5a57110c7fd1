import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import type { ClientCertificateRule } from "../../../data-plane/http/client-certificate.ts";
import { forwardClientCertificate } from "../../../data-plane/http/client-certificate.ts";
import { CertificateFacts } from "../../../data-plane/network/certificate-facts.ts";
import { HeaderList } from "../../../data-plane/network/header-list.ts";
import type { TlsConnection } from "../../../data-plane/network/tls-connection.ts";
import { testCa } from "../../kit/certificates.ts";

const ca = testCa();
const factsOf = ({ cert }: { readonly cert: Buffer }) => new CertificateFacts(new X509Certificate(cert));
const peer = factsOf(
  ca.issueWith({ names: ["URI:spiffe://fleet/edge", "DNS:edge.example"], subject: "/O=Fleet, Inc/CN=edge" }),
);
const tls: TlsConnection = {
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  alpn: "",
  serverName: "",
  peer,
  isPeerValidated: true,
  local: factsOf(ca.issue("URI:spiffe://fleet/proxy")),
};

/** The header behind the rule; undefined when there is none. */
function header(
  forwarding: ClientCertificateRule["forwarding"],
  connection: TlsConnection | undefined,
  before?: string,
  details: ClientCertificateRule["details"] = [],
): string | undefined {
  const headers = new HeaderList(before === undefined ? [] : ["x-forwarded-client-cert", before]);
  forwardClientCertificate(headers, { forwarding, details }, connection);
  return headers.get("x-forwarded-client-cert");
}

const own = `By=spiffe://fleet/proxy;Hash=${peer.fingerprint256}`;

describe("x-forwarded-client-cert", () => {
  it("is kept, removed, appended to or set by forward_client_cert_details", () => {
    assert.equal(header("SANITIZE", tls, "By=a"), undefined);
    assert.equal(header("FORWARD_ONLY", tls, "By=a"), "By=a");
    assert.equal(header("APPEND_FORWARD", tls, "By=a"), `By=a,${own}`);
    assert.equal(header("APPEND_FORWARD", tls), own);
    assert.equal(header("SANITIZE_SET", tls, "By=a"), own);
  });

  it("is removed of a client without a certificate, but for ALWAYS_FORWARD_ONLY", () => {
    for (const connection of [undefined, { ...tls, peer: undefined }]) {
      for (const forwarding of ["SANITIZE", "FORWARD_ONLY", "APPEND_FORWARD", "SANITIZE_SET"] as const) {
        assert.equal(header(forwarding, connection, "By=a"), undefined);
      }
      assert.equal(header("ALWAYS_FORWARD_ONLY", connection, "By=a"), "By=a");
    }
  });

  it("tells what set_current_client_cert_details asks for", () => {
    assert.equal(
      header("SANITIZE_SET", tls, undefined, ["Subject", "URI", "DNS"]),
      `${own};Subject="CN=edge,O=Fleet\\, Inc";URI=spiffe://fleet/edge;DNS=edge.example`,
    );
    const cert = header("SANITIZE_SET", tls, undefined, ["Cert"])!;
    assert.match(
      cert,
      /;Cert="-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9%]+%0A-----END%20CERTIFICATE-----%0A"$/,
    );
  });
});
