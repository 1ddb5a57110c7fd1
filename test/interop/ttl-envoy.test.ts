import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";
import { bootstrap } from "./ads-resources.ts";

/** Longer than a third of it is waited below, and heartbeats come each second. */
const ttl = "3s";

const resources = `resources:
- name: fleeting
  ttl: ${ttl}
  resource: {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: fleeting}
- name: layer
  ttl: ${ttl}
  resource: {"@type": type.googleapis.com/envoy.service.runtime.v3.Runtime, name: layer, layer: {a: 1}}
clusters: [{name: lasting}]
`;

const ads = { ads: {}, resource_api_version: "V3" };

/** An Envoy that takes the runtime layer too. */
async function startWithLayer(apiType: string, server: ServeProcess) {
  const layers = [{ name: "layer", rtds_layer: { name: "layer", rtds_config: ads } }];
  const layered_runtime = { layers };
  return startEnvoy({ ...bootstrap(apiType, await server.xdsPort()), layered_runtime });
}

describe("TTLs in Envoy", needs("envoy"), () => {
  for (const apiType of ["GRPC", "DELTA_GRPC"]) {
    it(`${apiType}: XDS-112 what expired while the server was stopped comes in full when it goes on`, async () => {
      using folder = servedFolder({ "resources.yaml": resources });
      await using server = new ServeProcess(folder.path, folder.state);
      await using envoy = await startWithLayer(apiType, server);
      const holds = (clusters: number, keys: number) =>
        until(20_000, `${clusters} clusters and ${keys} keys`, async () => {
          const stats = await envoy.admin.stats("^(cluster_manager.active_clusters|runtime.num_keys)$");
          const seen = [stats.get("cluster_manager.active_clusters"), stats.get("runtime.num_keys")];
          return (seen[0] === clusters && seen[1] === keys) || undefined;
        });
      await holds(3, 1);
      server.child.kill("SIGSTOP");
      await holds(2, 0);
      server.child.kill("SIGCONT");
      await holds(3, 1);
    });

    it(`${apiType}: XDS-107 XDS-108 XDS-109 nothing expires while the server goes on, and what has a TTL when it ends`, async () => {
      using folder = servedFolder({ "resources.yaml": resources });
      await using server = new ServeProcess(folder.path, folder.state);
      await using envoy = await startWithLayer(apiType, server);
      const stat = async (name: string) => (await envoy.admin.stats(`^${name}$`)).get(name);
      const clusters = () => stat("cluster_manager.active_clusters");
      assert.equal(await clusters(), 3);
      assert.equal(await stat("runtime.num_keys"), 1);

      // Six heartbeats later, which is twice the TTL, both are still there and none was refused.
      await until(20_000, "twice the TTL has passed", async () => {
        const metrics = await server.get("/metrics");
        return heartbeats(metrics.text) >= 6 || undefined;
      });
      assert.equal(await clusters(), 3);
      assert.equal(await stat("runtime.num_keys"), 1);
      assert.equal(await stat("cluster_manager.cds.update_rejected"), 0);

      server.child.kill("SIGKILL");
      await until(20_000, "the cluster has expired", async () => (await clusters()) === 2 || undefined);
      await until(
        20_000,
        "the layer has expired",
        async () => (await stat("runtime.num_keys")) === 0 || undefined,
      );
    });
  }
});

const ackOfRuntime = /^chancery_xds_responses_total\{.*(?:Runtime|RTDS).*result="ack"/;

/** Responses with runtime layers that were accepted, beyond the first. */
function heartbeats(metrics: string): number {
  const line = metrics.split("\n").find((text) => ackOfRuntime.test(text));
  return Number(line?.split(" ").at(-1) ?? 0) - 1;
}
