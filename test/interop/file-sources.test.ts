import assert from "node:assert/strict";
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { stat } from "../data-plane/proxy-kit.ts";
import { dataPlanes } from "../e2e/data-planes.ts";
import type { JsonObject } from "../kit/json.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until } from "../kit/within.ts";

const types = "type.googleapis.com/envoy.config";

/** A response of clusters, as YAML. */
function clustersFile(version: string, names: readonly string[], more = "", type = "STATIC"): string {
  const resources = names.map(
    (name) => `- "@type": ${types}.cluster.v3.Cluster\n  name: ${name}\n  type: ${type}\n${more}`,
  );
  return `version_info: "${version}"\nresources:${resources.length > 0 ? "\n" : " []"}${resources.join("")}`;
}

/** A response with one set of endpoints, as JSON. */
const endpointsFile = (version: string, name: string, port: number): string =>
  JSON.stringify({
    version_info: version,
    resources: [
      {
        "@type": `${types}.endpoint.v3.ClusterLoadAssignment`,
        cluster_name: name,
        endpoints: [
          {
            lb_endpoints: [
              { endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } } },
            ],
          },
        ],
      },
    ],
  });

const fromFile = (path: string, more: JsonObject = {}): JsonObject => ({
  path_config_source: { path, ...more },
});

/** A resource that is refused alone: an address must be one. */
const badCluster = `- "@type": ${types}.cluster.v3.Cluster
  name: bad
  type: STATIC
  load_assignment:
    cluster_name: bad
    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: x.example, port_value: 1 } } } }] }]
`;

/** What the subscription to clusters has counted, and the version in use. */
async function told({ admin }: ProxyProcess): Promise<JsonObject> {
  const { body } = await admin.request("GET", "/stats?filter=cluster_manager");
  const of = (name: string) => new RegExp(`^cluster_manager\\.${name}: (.*)$`, "m").exec(body)?.[1] ?? "";
  return {
    attempt: of("cds.update_attempt"),
    success: of("cds.update_success"),
    failure: of("cds.update_failure"),
    rejected: of("cds.update_rejected"),
    clusters: of("active_clusters"),
    version: of("cds.version_text"),
  };
}

const counts = (attempt: number, success: number, failure: number, rejected: number) => ({
  attempt: `${attempt}`,
  success: `${success}`,
  failure: `${failure}`,
  rejected: `${rejected}`,
});

function started(start: (typeof dataPlanes)[number]["start"], source: JsonObject): Promise<ProxyProcess> {
  return start({ node: { id: "n1", cluster: "edge" }, dynamic_resources: { cds_config: source } });
}

for (const { plane, start, options } of dataPlanes) {
  describe(`resources in files, with ${plane}`, { timeout: 60_000, ...options }, () => {
    it("follow a rename onto the path, not a write in place, a neighbour or a removal (XC-54, XC-56)", async () => {
      using folder = temporaryFolder();
      const path = folder.put("cds.yaml", clustersFile("1", ["one", "two"]));
      await using proxy = await started(start, fromFile(path));
      assert.deepEqual(await told(proxy), { ...counts(1, 1, 0, 0), clusters: "2", version: '"1"' });
      writeFileSync(path, clustersFile("in place", []));
      folder.put("another.yaml", clustersFile("beside", []));
      rmSync(path);
      assert.deepEqual(await told(proxy), { ...counts(1, 1, 0, 0), clusters: "2", version: '"1"' });
      folder.put("cds.yaml", clustersFile("2", ["two", "three", "four"]));
      await stat(proxy, "cluster_manager.active_clusters", 3);
      assert.deepEqual(await told(proxy), { ...counts(2, 2, 0, 0), clusters: "3", version: '"2"' });
    });

    it("stay when the file cannot be parsed, and are taken one by one when some are bad (XC-28, XC-55)", async () => {
      using folder = temporaryFolder();
      const path = folder.put("cds.yaml", clustersFile("1", ["one", "two"]));
      await using proxy = await started(start, fromFile(path));
      folder.put("cds.yaml", "resources: [");
      await stat(proxy, "cluster_manager.cds.update_failure", 1);
      assert.deepEqual(await told(proxy), { ...counts(2, 1, 1, 0), clusters: "2", version: '"1"' });
      folder.put("cds.yaml", clustersFile("2", ["one", "three", "four"]) + badCluster);
      await stat(proxy, "cluster_manager.cds.update_rejected", 1);
      assert.deepEqual(await told(proxy), { ...counts(3, 1, 1, 1), clusters: "3", version: '"1"' });
      folder.put("cds.yaml", clustersFile("3", ["one"]));
      await stat(proxy, "cluster_manager.cds.update_success", 2);
      assert.deepEqual(await told(proxy), { ...counts(4, 2, 1, 1), clusters: "1", version: '"3"' });
    });

    it("hold up no start when the file cannot be parsed, and come with a better one (XC-55)", async () => {
      using folder = temporaryFolder();
      const path = folder.put("cds.json", "{");
      await using proxy = await started(start, { ...fromFile(path), initial_fetch_timeout: "0s" });
      assert.deepEqual(await told(proxy), { ...counts(1, 0, 1, 0), clusters: "0", version: '""' });
      folder.put("cds.json", "{}");
      await stat(proxy, "cluster_manager.cds.update_success", 1);
    });

    it("follow any rename in the watched directory, as a mounted ConfigMap needs it (XC-54)", async () => {
      using folder = temporaryFolder();
      using first = temporaryFolder();
      using second = temporaryFolder();
      first.put("cds.yaml", clustersFile("1", ["one"]));
      second.put("cds.yaml", clustersFile("2", ["one", "two"]));
      symlinkSync(first.path, folder.file("..data"));
      symlinkSync("..data/cds.yaml", folder.file("cds.yaml"));
      const watched = { watched_directory: { path: folder.path } };
      await using proxy = await started(start, fromFile(folder.file("cds.yaml"), watched));
      symlinkSync(second.path, folder.file("..data_tmp"));
      renameSync(folder.file("..data_tmp"), folder.file("..data"));
      await stat(proxy, "cluster_manager.active_clusters", 2);
    });

    it("give clusters their endpoints (XC-33, XC-54)", async () => {
      using folder = temporaryFolder();
      const endpoints = folder.put("eds.json", endpointsFile("1", "one", 1001));
      const eds = `eds_cluster_config: { eds_config: { path_config_source: { path: "${endpoints}" } } }`;
      const path = folder.put("cds.yaml", clustersFile("1", ["one"], `  ${eds}\n`, "EDS"));
      await using proxy = await started(start, fromFile(path));
      const hosts = async () => (await proxy.admin.request("GET", "/clusters")).body;
      assert.match(await hosts(), /^one::127\.0\.0\.1:1001::/m);
      folder.put("eds.json", endpointsFile("2", "one", 1002));
      await until(20_000, "the endpoints of the new file are used", async () =>
        (await hosts()).includes("one::127.0.0.1:1002::") ? true : undefined,
      );
    });
  });
}
