import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { type ServedFolder, servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { bootstrap } from "./ads-resources.ts";

const file = (timeout: string) => `clusters: [{name: service1, connect_timeout: ${timeout}, type: static}]\n`;

/** A bootstrap whose management server is any of these ports. */
function bootstrapOfReplicas(apiType: string, ports: readonly number[]) {
  const one = bootstrap(apiType, 0);
  const lb_endpoints = ports.map((port) => ({
    endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
  }));
  const clusters = one.static_resources.clusters.map((cluster) => ({
    ...cluster,
    load_assignment: { cluster_name: "chancery", endpoints: [{ lb_endpoints }] },
  }));
  return { ...one, static_resources: { clusters } };
}

/** What an operator would be woken up for. */
function errorsIn(log: string): string[] {
  return log.split("\n").filter((line) => /\[(error|critical)\]/.test(line));
}

/** Replicas with state of their own, which serve one folder. */
function startReplicas(folder: ServedFolder, otherState: string, flags: readonly string[]) {
  return [
    new ServeProcess(folder.path, folder.state, flags),
    new ServeProcess(folder.path, otherState, flags),
  ] as const;
}

describe("an Envoy with two replicas of the control plane", needs("envoy"), () => {
  for (const apiType of ["GRPC", "DELTA_GRPC"]) {
    it(`${apiType}: XDS-134 moves to the other when one is drained, without an error and without a resend`, async () => {
      using folder = servedFolder({ "a.yaml": file("1s") });
      using state = temporaryFolder();
      const [a, b] = startReplicas(folder, state.path, ["--drain-time", "200ms", "--log-level", "debug"]);
      await using first = a;
      await using second = b;
      const ports = [await first.xdsPort(), await second.xdsPort()];
      await using envoy = await startEnvoy(bootstrapOfReplicas(apiType, ports));
      const connected = "node connected";
      const [used, spare] = await Promise.any([
        first.said(connected).then(() => [first, second] as const),
        second.said(connected).then(() => [second, first] as const),
      ]);
      await used.lineThat(({ msg, type_url }) => msg === "response accepted" && isCluster(type_url));

      used.child.kill("SIGTERM");
      assert.equal(await used.child.exit(), 0);
      await spare.said(connected);
      await spare.accepted(() => folder.write("a.yaml", file("2s")));
      const sent = spare.lines.filter(({ msg, type_url }) => msg === "response sent" && isCluster(type_url));
      const resources = sent.reduce((sum, line) => sum + Number(line["resources"]), 0);
      assert.equal(resources, 1, "only the change, for what was the same on both is not sent again");
      assert.equal(
        (await envoy.admin.stats("update_rejected")).get("cluster_manager.cds.update_rejected"),
        0,
      );
      assert.deepEqual(errorsIn(envoy.log), []);
    });
  }

  it("XDS-133 comes back when its connection has reached the maximum age, without an error", async () => {
    using folder = servedFolder({ "a.yaml": file("1s") });
    using state = temporaryFolder();
    const age = ["--max-connection-age", "500ms", "--max-connection-age-grace", "500ms"];
    const [a, b] = startReplicas(folder, state.path, age);
    await using first = a;
    await using second = b;
    const ports = [await first.xdsPort(), await second.xdsPort()];
    await using envoy = await startEnvoy(bootstrapOfReplicas("DELTA_GRPC", ports));
    // Of three connections to two replicas, one has two at least.
    await Promise.any([first.said("node connected", 1), second.said("node connected", 1)]);
    assert.deepEqual(errorsIn(envoy.log), []);
  });
});

function isCluster(typeUrl: unknown): boolean {
  return typeUrl === "type.googleapis.com/envoy.config.cluster.v3.Cluster";
}
