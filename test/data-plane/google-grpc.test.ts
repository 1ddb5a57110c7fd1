import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Issued, mutualTls, testCa } from "../kit/certificates.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { ServeProcess } from "../kit/chancery-process.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";

/** A bootstrap that asks a port of loopback for its clusters, with a certificate and the authority that it trusts. */
function bootstrapOf(port: number, own: Issued, trusted: Issued, initial_fetch_timeout: string): JsonObject {
  const ssl_credentials = {
    root_certs: { inline_bytes: trusted.cert.toString("base64") },
    private_key: { inline_bytes: own.key.toString("base64") },
    cert_chain: { inline_bytes: own.cert.toString("base64") },
  };
  const google_grpc = {
    target_uri: `127.0.0.1:${port}`,
    stat_prefix: "xds",
    channel_credentials: { ssl_credentials },
  };
  const api_config_source = {
    api_type: "GRPC",
    transport_api_version: "V3",
    grpc_services: [{ google_grpc }],
  };
  return {
    node: { id: "e1", cluster: "edge" },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
    dynamic_resources: {
      cds_config: { resource_api_version: "V3", initial_fetch_timeout, api_config_source },
    },
  };
}

describe("google_grpc with ssl_credentials to chancery serve", needs("openssl"), () => {
  const cases = [
    {
      name: "gets clusters with a certificate that the server takes",
      isServed: true,
      taken: 1,
      timeout: "15s",
    },
    { name: "gets none from a server of another authority", isServed: false, taken: 0, timeout: "1s" },
  ] as const;
  for (const { name, isServed, taken, timeout } of cases) {
    it(name, async () => {
      using files = temporaryFolder();
      const ca = testCa();
      using served = servedFolder({ "a.yaml": "clusters: [{name: a, type: STATIC, connect_timeout: 1s}]\n" });
      await using serve = new ServeProcess(served.path, served.state, mutualTls(files, ca));
      const own = ca.issue("URI:spiffe://fleet/edge");
      const trusted = isServed ? ca : testCa("another");
      await using proxy = await startBundledProxy(bootstrapOf(await serve.xdsPort(), own, trusted, timeout));
      const stats = await proxy.admin.stats("^cluster_manager");
      assert.equal(stats.get("cluster_manager.cds.update_success"), taken);
      assert.equal(stats.get("cluster_manager.active_clusters"), taken);
      assert.equal(stats.get("cluster_manager.cds.init_fetch_timeout"), 1 - taken);
    });
  }
});
