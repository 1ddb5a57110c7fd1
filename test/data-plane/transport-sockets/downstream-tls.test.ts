import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, it } from "node:test";
import type { Proxy } from "../../../data-plane/proxy/proxy.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { authority, testCa } from "../../kit/certificates.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { overlay } from "../../kit/overlay.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { until, within } from "../../kit/within.ts";
import { portOf, startTestProxy, staticCluster, staticResources, tcpListener } from "../proxy/proxy-kit.ts";
import type { TestProxyOptions } from "../proxy/proxy-kit.ts";
import { changedStats, stat } from "../run-kit.ts";
import { certificateYaml, downstreamTlsYaml, inline, readAll, securedClient, shakeHands } from "./tls-kit.ts";

const ca = testCa();
const server = ca.issue("DNS:a.example", "DNS:*.wild.example");
const SCOPE = "listener.127.0.0.1_0";

/** A proxy with a TLS listener in front of a backend. */
async function startScene(
  common: string,
  more = "",
  extra: { readonly listener?: string; readonly port?: number; readonly chain?: string } = {},
  options: TestProxyOptions = {},
) {
  const backend = await startRecordingBackend({ answer: ({ socket }) => socket.end("bye") });
  const chain = `${downstreamTlsYaml(common, more)}, ${extra.chain ?? ""}`;
  const proxy = await startTestProxy(
    staticResources([tcpListener("l", "c", { ...extra, chain })], [staticCluster("c", [backend.port])]),
    options,
  );
  return {
    proxy,
    backend,
    port: portOf(proxy, "l"),
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      await backend[Symbol.asyncDispose]();
    },
  };
}

const certificates = `tls_certificates: [${certificateYaml(server)}]`;
const trust = `validation_context: {trusted_ca: ${inline(ca.cert)}}`;

async function counted(proxy: Proxy, name: string): Promise<void> {
  // The server's side of a handshake ends after the client's.
  await until(10_000, `ssl.${name} counts`, () => stat(proxy.stats, `${SCOPE}.ssl.${name}`) || undefined);
}

/** The session that a handshake gives, and whether it went on with one. */
async function sessionOf(port: number, session?: Buffer) {
  const client = await securedClient(port, { maxVersion: "TLSv1.2", ...(session && { session }) });
  // A client that goes away at once could take its last word of the handshake with it.
  await readAll(client);
  const next = client.getSession()!;
  const isReused = client.isSessionReused();
  client.destroy();
  return { next, isReused };
}

describe("TLS with clients", () => {
  it("relays what comes through it, each side's end of stream alone (PP-55)", async () => {
    await using backend = await startRecordingBackend();
    await using proxy = await startTestProxy(
      staticResources(
        [tcpListener("l", "c", { chain: downstreamTlsYaml(certificates) })],
        [staticCluster("c", [backend.port])],
      ),
    );
    const socket = connectPlain({ port: portOf(proxy, "l"), host: "127.0.0.1", allowHalfOpen: true });
    const client = connectTls({ socket, servername: "a.example", rejectUnauthorized: false });
    await within(10_000, "the handshake", once(client, "secureConnect"));
    client.end("question");
    const connection = await backend.connection(0);
    await connection.receivedThat((bytes) => bytes.toString() === "question");
    await connection.ended();
    connection.socket.end("answer");
    assert.equal(await readAll(client), "answer");
    assert.deepEqual(changedStats(proxy.stats, `${SCOPE}.ssl`), {
      [`${SCOPE}.ssl.ciphers.TLS_AES_256_GCM_SHA384`]: 1,
      [`${SCOPE}.ssl.handshake`]: 1,
      [`${SCOPE}.ssl.no_certificate`]: 1,
      [`${SCOPE}.ssl.versions.TLSv1.3`]: 1,
    });
  });

  it("begins the handshake with what listener filters left, a PROXY header and the ClientHello in one piece", async () => {
    const proxyProtocol =
      'listener_filters: [{name: pp, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}}]';
    await using scene = await startScene(certificates, "", { listener: proxyProtocol });
    const socket = connectPlain(scene.port, "127.0.0.1");
    await once(socket, "connect");
    const line = Buffer.from("PROXY TCP4 203.0.113.9 198.51.100.7 40000 443\r\n");
    const channel = overlay(socket, (bytes, isFirst) => [isFirst ? Buffer.concat([line, bytes]) : bytes]);
    const client = connectTls({ socket: channel, rejectUnauthorized: false });
    await within(10_000, "the handshake", once(client, "secureConnect"));
    assert.equal(await readAll(client), "bye");
    socket.destroy();
  });

  it("takes a ClientHello in many pieces", async () => {
    await using scene = await startScene(certificates);
    const socket = connectPlain(scene.port, "127.0.0.1");
    socket.setNoDelay(true);
    await once(socket, "connect");
    const channel = overlay(socket, (bytes) =>
      Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
        bytes.subarray(index * 7, index * 7 + 7),
      ),
    );
    const client = connectTls({ socket: channel, rejectUnauthorized: false });
    await within(10_000, "the handshake", once(client, "secureConnect"));
    assert.equal(await readAll(client), "bye");
    socket.destroy();
  });

  it("counts what is no TLS, and closes", async () => {
    await using scene = await startScene(certificates);
    await using client = await connectTo(scene.port);
    client.write("GET / HTTP/1.1\r\n\r\n");
    await client.closed();
    await counted(scene.proxy, "connection_error");
    assert.equal(scene.backend.connections.length, 0);
  });

  it("does not count a client that goes away in the middle of a handshake", async () => {
    await using scene = await startScene(certificates);
    await using client = await connectTo(scene.port);
    client.write(Buffer.from("160301", "hex"));
    client.end();
    await client.closed();
    assert.deepEqual(changedStats(scene.proxy.stats, `${SCOPE}.ssl`), {});
  });

  it("gives a handshake up after transport_socket_connect_timeout", async () => {
    const clock = new FakeClock();
    const chain = "transport_socket_connect_timeout: 5s";
    await using scene = await startScene(certificates, "", { chain }, { clock });
    await using client = await connectTo(scene.port);
    client.write(Buffer.from("160301", "hex"));
    await until(
      10_000,
      "the connection is there",
      () => stat(scene.proxy.stats, `${SCOPE}.downstream_cx_active`) || undefined,
    );
    clock.advance(5000);
    await client.closed();
    assert.equal(stat(scene.proxy.stats, `${SCOPE}.downstream_cx_transport_socket_connect_timeout`), 1);
  });

  it("agrees on the first protocol of its own that the client offers, and goes on without one", async () => {
    await using scene = await startScene(`${certificates}, alpn_protocols: [h2, http/1.1]`);
    const protocolOf = async (protocols: string[]) => {
      const client = await securedClient(scene.port, { ALPNProtocols: protocols });
      client.destroy();
      return client.alpnProtocol;
    };
    assert.equal(await protocolOf(["http/1.1", "h2"]), "h2");
    assert.equal(await protocolOf(["spdy/3"]), false);
  });

  it("goes on with a session by its ticket, unless tickets are switched off", async () => {
    await using scene = await startScene(certificates);
    const { next } = await sessionOf(scene.port);
    assert.equal((await sessionOf(scene.port, next)).isReused, true);
    await counted(scene.proxy, "session_reused");
    await using without = await startScene(certificates, "disable_stateless_session_resumption: true");
    const other = await sessionOf(without.port);
    assert.equal((await sessionOf(without.port, other.next)).isReused, false);
  });

  it("stays with the versions and ciphers of tls_params", async () => {
    await using old = await startScene(
      `${certificates}, tls_params: {tls_maximum_protocol_version: TLSv1_2, cipher_suites: [ECDHE-ECDSA-AES256-GCM-SHA384]}`,
    );
    const client = await securedClient(old.port);
    assert.equal(client.getProtocol(), "TLSv1.2");
    assert.equal(client.getCipher().name, "ECDHE-ECDSA-AES256-GCM-SHA384");
    client.destroy();
    const refused = await shakeHands(old.port, { minVersion: "TLSv1.3" });
    assert.equal(refused.kind === "failed" && refused.error, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    await counted(old.proxy, "connection_error");
  });
});

describe("a server's certificate", () => {
  const rsa = ca.issueWith({ names: ["DNS:a.example"], key: "rsa" });
  const other = ca.issue("DNS:b.example");
  const plain = ca.issueWith({ names: [], subject: "/CN=c.example" });

  async function shownFor(port: number, servername: string, sigalgs?: string): Promise<string> {
    const options = { servername, maxVersion: "TLSv1.2", ...(sigalgs && { sigalgs }) } as const;
    const client = await securedClient(port, options);
    const fingerprint = client.getPeerX509Certificate()!.fingerprint256;
    client.destroy();
    const all = { server, rsa, other, plain };
    const found = Object.entries(all).find(
      ([, { cert }]) => new X509Certificate(cert).fingerprint256 === fingerprint,
    );
    return found?.[0] ?? "none of them";
  }

  const all = `tls_certificates: [${[server, rsa, other, plain].map(certificateYaml).join(", ")}]`;

  it("is chosen by the name that the client asks for, by a wildcard else, the first of all else", async () => {
    await using scene = await startScene(all);
    assert.equal(await shownFor(scene.port, "b.example"), "other");
    assert.equal(await shownFor(scene.port, "x.wild.example"), "server");
    assert.equal(await shownFor(scene.port, "x.y.wild.example"), "server");
    assert.equal(await shownFor(scene.port, "c.example"), "plain");
    assert.equal(await shownFor(scene.port, "nobody.example"), "server");
  });

  it("is an ECDSA one for a client that takes it, an RSA one for others", async () => {
    await using scene = await startScene(all);
    assert.equal(await shownFor(scene.port, "a.example"), "server");
    assert.equal(await shownFor(scene.port, "a.example", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"), "rsa");
  });

  it("is looked for among all with full_scan_certs_on_sni_mismatch", async () => {
    const first = `tls_certificates: [${[rsa, other].map(certificateYaml).join(", ")}]`;
    await using plainScene = await startScene(first);
    await using scanning = await startScene(first, "full_scan_certs_on_sni_mismatch: true");
    assert.equal(await shownFor(plainScene.port, "nobody.example"), "rsa");
    assert.equal(await shownFor(scanning.port, "nobody.example"), "other");
  });
});

describe("a client's certificate", () => {
  const stranger = testCa("stranger").issue("DNS:edge");
  const good = ca.issue("DNS:edge", "URI:spiffe://fleet/edge");
  const required = "require_client_certificate: true";

  it("may be left out when it is not required", async () => {
    await using scene = await startScene(`${certificates}, ${trust}`);
    const client = await securedClient(scene.port);
    assert.equal(await readAll(client), "bye");
    assert.equal(stat(scene.proxy.stats, `${SCOPE}.ssl.no_certificate`), 1);
  });

  it("is asked for, and the handshake fails without it, when it is required", async () => {
    await using scene = await startScene(`${certificates}, ${trust}`, required);
    const failed = await shakeHands(scene.port, { maxVersion: "TLSv1.2" });
    assert.equal(failed.kind, "failed");
    await counted(scene.proxy, "fail_verify_no_cert");
    const client = await securedClient(scene.port, { ...good });
    assert.equal(await readAll(client), "bye");
  });

  const cases: readonly (readonly [string, string, { cert: Buffer; key: Buffer }, string | undefined])[] = [
    ["is refused when nobody trusted issued it", trust, stranger, "fail_verify_error"],
    [
      "is refused when it has expired",
      trust,
      ca.issueWith({ names: ["DNS:edge"], days: -1 }),
      "fail_verify_error",
    ],
    [
      "is refused when it is for servers only",
      trust,
      ca.issueWith({ names: ["DNS:edge"], usage: "serverAuth" }),
      "fail_verify_error",
    ],
    [
      "may have expired with allow_expired_certificate",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, allow_expired_certificate: true}`,
      ca.issueWith({ names: ["DNS:edge"], days: -1 }),
      undefined,
    ],
    [
      "is refused with allow_expired_certificate when nobody trusted issued it",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, allow_expired_certificate: true}`,
      testCa("stranger").issueWith({ names: ["DNS:edge"], days: -1 }),
      "fail_verify_error",
    ],
    [
      "is let in by one of its names",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, match_typed_subject_alt_names: [{san_type: URI, matcher: {prefix: "spiffe://fleet/"}}]}`,
      good,
      undefined,
    ],
    [
      "is refused when it has none of the names",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, match_typed_subject_alt_names: [{san_type: DNS, matcher: {prefix: "spiffe://fleet/"}}]}`,
      good,
      "fail_verify_san",
    ],
    [
      "is let in by its hash alone",
      `validation_context: {verify_certificate_hash: ["${new X509Certificate(good.cert).fingerprint256}"]}`,
      good,
      undefined,
    ],
    [
      "is refused by another's hash",
      `validation_context: {verify_certificate_hash: ["${new X509Certificate(server.cert).fingerprint256}"]}`,
      good,
      "fail_verify_cert_hash",
    ],
    [
      "is refused when it is on the revocation list",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, crl: ${inline(ca.revoke(good))}}`,
      good,
      "fail_verify_error",
    ],
    [
      "is let in when another is on the revocation list",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, crl: ${inline(ca.revoke(server))}}`,
      good,
      undefined,
    ],
    [
      "is let in untrusted with ACCEPT_UNTRUSTED",
      `validation_context: {trusted_ca: ${inline(ca.cert)}, trust_chain_verification: ACCEPT_UNTRUSTED}`,
      stranger,
      undefined,
    ],
  ];
  for (const [title, validation, shown, counter] of cases) {
    it(title, async () => {
      await using scene = await startScene(`${certificates}, ${validation}`, required);
      const handshake = await shakeHands(scene.port, { ...shown });
      if (counter === undefined) {
        assert.ok(handshake.kind === "secured");
        assert.equal(await readAll(handshake.socket), "bye");
        assert.equal(stat(scene.proxy.stats, `${SCOPE}.ssl.handshake`), 1);
      } else {
        await counted(scene.proxy, counter);
        assert.equal(stat(scene.proxy.stats, `${SCOPE}.ssl.handshake`), 0);
        assert.equal(scene.backend.connections.length, 0);
      }
      if (handshake.kind === "secured") handshake.socket.destroy();
    });
  }

  it("leads over an authority that came along with it", async () => {
    const intermediate = ca.issueWith({ names: ["DNS:intermediate"], isCa: true, subject: "/CN=between" });
    const leaf = authority(intermediate).issue("DNS:edge");
    await using scene = await startScene(`${certificates}, ${trust}`, required);
    const cert = Buffer.concat([leaf.cert, intermediate.cert]);
    const client = await securedClient(scene.port, { key: leaf.key, cert });
    assert.equal(await readAll(client), "bye");
  });
});
