import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { describe, it } from "node:test";
import { SECRET } from "../../src/schema/type-urls.ts";
import type { Message } from "../../src/schema/message.ts";
import { addressJson, live } from "../data-plane/proxy-kit.ts";
import { securedClient, shakeHands } from "../data-plane/transport-sockets/tls-kit.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import type { Issued } from "../kit/certificates.ts";
import { testCa } from "../kit/certificates.ts";
import type { JsonObject } from "../kit/json.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { until, within } from "../kit/within.ts";
import { begin, proxyStat } from "./scripted-server.ts";

const types = "type.googleapis.com/";
const ca = testCa();
const first = ca.issueWith({ names: ["DNS:a.example"], subject: "/CN=first" });
const second = ca.issueWith({ names: ["DNS:a.example"], subject: "/CN=second" });
const edge = ca.issue("URI:spiffe://fleet/edge");
const other = ca.issue("URI:spiffe://fleet/other");

const sds = (name: string, timeout = "15s"): JsonObject => ({
  name,
  sds_config: { ads: {}, initial_fetch_timeout: timeout },
});

/** A static listener `tls` with a certificate from SDS that answers every request with `ok`. */
function tlsListener(common: JsonObject, more: JsonObject = {}): JsonObject {
  const manager = {
    "@type": `${types}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "web",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [
            { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "ok" } } },
          ],
        },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": `${types}envoy.extensions.filters.http.router.v3.Router` },
      },
    ],
  };
  const context = {
    "@type": `${types}envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext`,
    common_tls_context: { tls_certificate_sds_secret_configs: [sds("server")], ...common },
    ...more,
  };
  const chain = {
    filters: [{ name: "hcm", typed_config: manager }],
    transport_socket: { name: "tls", typed_config: context },
  };
  return { name: "tls", address: addressJson(0), filter_chains: [chain] };
}

function certificateSecret(name: string, { cert, key }: Issued): Message {
  return {
    name,
    tls_certificate: { certificate_chain: { inline_bytes: cert }, private_key: { inline_bytes: key } },
  };
}

/** The common name of the certificate that a new client is shown. */
async function shown(port: number): Promise<string> {
  const client = await securedClient(port);
  const subject = client.getPeerX509Certificate()?.subject ?? "";
  client.destroy();
  return subject.replace("CN=", "");
}

async function shows(port: number, name: string): Promise<void> {
  await until(10_000, `port ${port} shows ${name}`, async () => (await shown(port)) === name || undefined);
}

for (const { plane, start, options } of dataPlanes) {
  for (const mode of modes) {
    describe(`SDS over ${mode} with ${plane}`, options, () => {
      it("opens with the certificate, refuses a bad one, and shows the next to new clients alone (XC-47)", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, SECRET, tlsListener({}));
        const { proxy, server } = scene;
        assert.equal(await proxy.admin.isReady(), false);
        server.send(SECRET, "1", certificateSecret("server", first));
        await live(proxy);
        const port = await proxy.admin.listenerPort("tls");
        assert.equal(await shown(port), "first");
        const held = await securedClient(port);
        server.send(SECRET, "2", certificateSecret("server", { cert: first.cert, key: second.key }));
        const reason = await server.refusal(SECRET);
        assert.match(reason, /Failed to load private key from <inline>, Cause: .*KEY_VALUES_MISMATCH/);
        assert.equal(await shown(port), "first");
        server.send(SECRET, "3", certificateSecret("server", second));
        await shows(port, "second");
        held.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        const [answer] = await within(10_000, "an answer on the connection from before", once(held, "data"));
        assert.match(String(answer), /^HTTP\/1.1 200 OK/);
        held.destroy();
        const stats = await proxy.admin.stats("sds|ssl_socket_factory");
        assert.equal(stats.get("sds.server.update_rejected"), 1);
        assert.equal(stats.get("sds.server.update_success"), 2);
        assert.equal(
          stats.get("listener.127.0.0.1_0.server_ssl_socket_factory.ssl_context_update_by_sds"),
          2,
        );
      });

      it("opens without the certificate that does not come in time, closes connections, and takes it later (XC-13, XC-15)", async () => {
        await using xds = await ScriptedXds.start();
        const late = { tls_certificate_sds_secret_configs: [sds("server", "0.3s")] };
        await using scene = await begin(xds, mode, start, SECRET, tlsListener(late));
        const { proxy, server } = scene;
        await live(proxy);
        assert.equal((await proxy.admin.stats()).get("sds.server.init_fetch_timeout"), 1);
        const port = await proxy.admin.listenerPort("tls");
        await assert.rejects(shown(port));
        server.send(SECRET, "1", certificateSecret("server", first));
        const isShown = async () => (await shown(port).catch(() => "")) === "first" || undefined;
        await until(10_000, "the certificate is shown", isShown);
      });

      if (mode === "delta") {
        it("keeps a secret that the server removes, acknowledges, and takes the next (XC-47)", async () => {
          await using xds = await ScriptedXds.start();
          await using scene = await begin(xds, mode, start, SECRET, tlsListener({}));
          const { proxy, server } = scene;
          server.send(SECRET, "1", certificateSecret("server", first));
          await live(proxy);
          const port = await proxy.admin.listenerPort("tls");
          assert.equal((await server.stream.nextOf(SECRET))["error_detail"], undefined);
          server.remove(SECRET, "server");
          const answer = await server.stream.nextOf(SECRET);
          assert.equal(answer["response_nonce"], "n4");
          assert.equal(answer["error_detail"], undefined);
          assert.equal(await shown(port), "first");
          server.send(SECRET, "2", certificateSecret("server", second));
          await shows(port, "second");
        });
      }

      it("takes whom to trust from SDS too, over what is configured beside it", async () => {
        await using xds = await ScriptedXds.start();
        const names = [{ san_type: "URI", matcher: { exact: "spiffe://fleet/edge" } }];
        const listener = tlsListener(
          {
            combined_validation_context: {
              default_validation_context: { match_typed_subject_alt_names: names },
              validation_context_sds_secret_config: sds("trust"),
            },
          },
          { require_client_certificate: true },
        );
        await using scene = await begin(xds, mode, start, SECRET, listener);
        const { proxy, server } = scene;
        const trust = { name: "trust", validation_context: { trusted_ca: { inline_bytes: ca.cert } } };
        server.send(SECRET, "1", certificateSecret("server", first), trust);
        await live(proxy);
        const port = await proxy.admin.listenerPort("tls");
        const client = await securedClient(port, { ...edge, maxVersion: "TLSv1.2" });
        client.destroy();
        const refused = await shakeHands(port, { ...other, maxVersion: "TLSv1.2" });
        if (refused.kind === "secured") refused.socket.destroy();
        await proxyStat(proxy, "listener.127.0.0.1_0.ssl.fail_verify_san", 1);
      });

      it("shows secrets in /config_dump without what is secret in them", async () => {
        await using xds = await ScriptedXds.start();
        await using scene = await begin(xds, mode, start, SECRET, tlsListener({}));
        const { proxy, server } = scene;
        server.send(SECRET, "7", certificateSecret("server", first));
        await live(proxy);
        const text = (await proxy.admin.request("GET", "/config_dump?resource=dynamic_active_secrets")).body;
        const { configs } = JSON.parse(text);
        assert.equal(configs.length, 1);
        const [{ name, version_info, secret }] = configs;
        assert.deepEqual(
          { name, version_info, secret: secret.name },
          { name: "server", version_info: "7", secret: "server" },
        );
        const { private_key: key, certificate_chain: chain } = secret.tls_certificate;
        assert.equal(Buffer.from(key.inline_bytes, "base64").toString(), "[redacted]");
        const certificate = new X509Certificate(Buffer.from(chain.inline_bytes, "base64"));
        assert.equal(certificate.subject, "CN=first");
        const whole = (await proxy.admin.request("GET", "/config_dump")).body;
        assert.ok(!whole.includes(first.key.toString("base64").slice(40, 80)));
      });
    });
  }
}
