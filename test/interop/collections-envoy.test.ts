import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";
import { bootstrap } from "./ads-resources.ts";

/** Below the 15 s for which Envoy waits for what nobody answers. */
const soonMs = 8_000;

const ads = "{ads: {}, resource_api_version: V3}";
const authority = "xdstp://chancery";
const clusterType = "envoy.config.cluster.v3.Cluster";
const endpointType = "envoy.config.endpoint.v3.LbEndpoint";

async function expectStat(envoy: ProxyProcess, name: string, value: number): Promise<void> {
  await until(soonMs, `${name} is ${value}`, async () => {
    const stats = await envoy.admin.stats(`^${name.replaceAll(".", "\\.")}$`);
    return stats.get(name) === value || undefined;
  });
}

function endpoint(name: string, port: number): string {
  return `- name: ${authority}/${endpointType}/${name}
  resource:
    "@type": type.googleapis.com/${endpointType}
    endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}
`;
}

const leds = `clusters:
- {name: shop, type: EDS, eds_cluster_config: {eds_config: ${ads}}}
endpoints:
- cluster_name: shop
  endpoints:
  - leds_cluster_locality_config:
      leds_config: ${ads}
      leds_collection_name: ${authority}/${endpointType}/shop/*
resources:
${endpoint("other/1", 7)}`;

describe("collections in Envoy", needs("envoy"), () => {
  it("XDS-119 LEDS: endpoints come as members of their collection, one by one", async () => {
    using folder = servedFolder({ "shop.yaml": leds + endpoint("shop/1", 1) + endpoint("shop/2", 2) });
    await using server = new ServeProcess(folder.path, folder.state);
    await using envoy = await startEnvoy(bootstrap("DELTA_GRPC", await server.xdsPort()));
    await expectStat(envoy, "cluster.shop.membership_total", 2);
    await server.accepted(() => folder.write("shop.yaml", leds + endpoint("shop/2", 2)));
    await expectStat(envoy, "cluster.shop.membership_total", 1);
    await server.accepted(() =>
      folder.write("shop.yaml", leds + [1, 2, 3].map((id) => endpoint(`shop/${id}`, id)).join("")),
    );
    await expectStat(envoy, "cluster.shop.membership_total", 3);
  });

  it("XDS-119 LEDS: an empty collection does not hold up its cluster", async () => {
    using folder = servedFolder({ "shop.yaml": leds });
    await using server = new ServeProcess(folder.path, folder.state);
    await using envoy = await startEnvoy(bootstrap("DELTA_GRPC", await server.xdsPort()));
    await expectStat(envoy, "cluster_manager.active_clusters", 2);
    await expectStat(envoy, "cluster_manager.warming_clusters", 0);
  });

  it("XDS-32 clusters come as members of the collection that the bootstrap names, and no others", async () => {
    const cluster = (name: string) => `- {name: "${authority}/${clusterType}/${name}"}\n`;
    const clusters = `clusters:\n- {name: plain}\n${cluster("edge/a")}${cluster("edge/b")}${cluster("other/c")}`;
    using folder = servedFolder({ "clusters.yaml": clusters });
    await using server = new ServeProcess(folder.path, folder.state);
    const boot = bootstrap("DELTA_GRPC", await server.xdsPort());
    const locator = { cds_resources_locator: `${authority}/${clusterType}/edge/*` };
    await using envoy = await startEnvoy({
      ...boot,
      dynamic_resources: { ...boot.dynamic_resources, ...locator },
    });
    await expectStat(envoy, "cluster_manager.active_clusters", 3);
    await server.accepted(() => folder.write("clusters.yaml", clusters.replace(cluster("edge/b"), "")));
    await expectStat(envoy, "cluster_manager.active_clusters", 2);
    assert.equal((await envoy.admin.stats("update_rejected")).get("cluster_manager.cds.update_rejected"), 0);
  });
});
