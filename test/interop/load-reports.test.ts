import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import { Loads } from "../../src/fleet/loads.ts";
import { loadSchema } from "../../src/schema/load.ts";
import { createAdsServer } from "../../src/server/ads-server.ts";
import { lrsService } from "../../src/server/services/lrs-service.ts";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { freePort } from "../kit/free-port.ts";
import { startPlainBackend } from "../kit/http-load.ts";
import type { JsonObject } from "../kit/json.ts";
import { needs } from "../kit/peers.ts";
import { until } from "../kit/within.ts";

const http = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3";
const router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

function staticCluster(name: string, port: number): JsonObject {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    name,
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

/** `/up` goes to one cluster, `/down` to another. */
const listener: JsonObject = {
  name: "front",
  address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
  filter_chains: [
    {
      filters: [
        {
          name: "http",
          typed_config: {
            "@type": `${http}.HttpConnectionManager`,
            stat_prefix: "front",
            http_filters: [{ name: "router", typed_config: { "@type": router } }],
            route_config: {
              virtual_hosts: [
                {
                  name: "all",
                  domains: ["*"],
                  routes: ["up", "down"].map((name) => ({
                    match: { prefix: `/${name}` },
                    route: { cluster: name },
                  })),
                },
              ],
            },
          },
        },
      ],
    },
  ],
};

describe("LRS and Envoy (XDS-144)", needs("envoy"), () => {
  it("shows by node and cluster what Envoy reports: requests, failures, and nothing of a node that went", async () => {
    const loads = new Loads();
    const reports = lrsService({ schema: loadSchema(), loads, clock: systemClock, intervalMs: 100 });
    await using server = createAdsServer({ address: "127.0.0.1:0", drainMs: 0, services: [reports] });
    const { port } = await server.start();
    await using backend = await startPlainBackend();
    const clusters = [staticCluster("up", backend.port), staticCluster("down", await freePort())];
    const base = adsBootstrap({ port }, "delta", {
      timeout: "0.1s",
      staticResources: { clusters, listeners: [listener] },
    });
    const source = { envoy_grpc: { cluster_name: "xds" } };
    const load_stats_config = { api_type: "GRPC", transport_api_version: "V3", grpc_services: [source] };
    await using envoy = await startEnvoy({ ...base, cluster_manager: { load_stats_config } });
    const url = `http://127.0.0.1:${await envoy.admin.listenerPort("front")}`;
    for (const path of ["/up", "/up", "/up", "/down"]) await (await fetch(url + path)).text();
    const loadOf = (name: string) => loads.list().find(({ cluster }) => cluster === name);
    await until(20_000, "all four requests are reported", () => {
      const counts = [loadOf("up")?.succeeded, loadOf("down")?.failed];
      return (counts[0] === 3 && counts[1] === 1) || undefined;
    });
    const { node, issued, failed, inProgress } = loadOf("up")!;
    assert.deepEqual([node, issued, failed, inProgress], ["n1", 3, 0, 0]);
    assert.deepEqual(loads.clusters.get("down"), { succeeded: 0, failed: 1, dropped: 0 });
    await envoy[Symbol.asyncDispose]();
    await until(20_000, "the node is forgotten", () => loads.list().length === 0 || undefined);
    assert.equal(loads.clusters.get("up")?.succeeded, 3);
  });
});
