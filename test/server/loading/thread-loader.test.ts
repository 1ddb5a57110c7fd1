import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigFile } from "../../../src/config/config-file.ts";
import { loadSchema } from "../../../src/schema/load.ts";
import { inlineLoader } from "../../../src/server/loading/loader.ts";
import { threadLoader } from "../../../src/server/loading/thread-loader.ts";
import type { Loaded } from "../../../src/server/reconcile/attempt.ts";

const schema = loadSchema();
const inline = inlineLoader(schema);

function clusterFile(name: string, timeout = "1s"): ConfigFile {
  const endpoint = "{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 80}}}}";
  const text = `clusters:\n- name: ${name}\n  connect_timeout: ${timeout}\n  load_assignment: {cluster_name: ${name}, endpoints: [{lb_endpoints: [${endpoint}]}]}\n`;
  return { path: `${name}.yaml`, text };
}

const edsFile: ConfigFile = {
  path: "eds.yaml",
  text: "clusters:\n- {name: far, type: EDS, eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}}\nendpoints:\n- {cluster_name: far}\n",
};

/** A loader with its thread, which ends with the test. */
function startLoader() {
  const ended = new AbortController();
  const loader = threadLoader(schema, {});
  return {
    loader,
    load: (...files: ConfigFile[]) => Promise.resolve(loader.load(files, ended.signal)),
    end: () => ended.abort(),
    [Symbol.dispose]: () => ended.abort(),
  };
}

/** What was loaded, without the trees, which stay in the thread. */
function plain({ groups, ...rest }: Loaded) {
  return {
    ...rest,
    groups: [...groups].map(({ name, match, resources }) => ({
      name,
      match,
      resources: resources.map(({ origin, ...resource }) => ({ ...resource, place: origin?.place })),
    })),
  };
}

function resourcesOf({ groups }: Loaded) {
  const resources = [...groups].flatMap((group) => group.resources);
  return new Map(resources.map((resource) => [resource.name, resource]));
}

describe("threadLoader()", () => {
  it("gives what loading in place gives: resources, places, problems, authorization", async () => {
    using thread = startLoader();
    const trees: ConfigFile[][] = [
      [clusterFile("a"), clusterFile("b"), edsFile],
      [clusterFile("a"), { path: "bad.yaml", text: "clusters:\n- {name: x, connect_timeout: 250ms}\n" }],
      [
        { path: "chancery.yaml", text: "authorization: {rules: [{principals: [edge]}]}\n" },
        { path: "groups/edge/a.yaml", text: clusterFile("a").text },
      ],
      [],
    ];
    for (const files of trees) {
      assert.deepEqual(plain(await thread.load(...files)), plain(inline.load(files)));
    }
  });

  it("gives what did not change as the same resources again, and forgets what went", async () => {
    using thread = startLoader();
    const before = resourcesOf(await thread.load(clusterFile("a"), clusterFile("b"), clusterFile("c")));
    const after = resourcesOf(await thread.load(clusterFile("a"), clusterFile("b", "2s")));
    assert.deepEqual([...after.keys()], ["a", "b"]);
    assert.equal(after.get("a"), before.get("a"));
    assert.notEqual(after.get("b")?.version, before.get("b")?.version);
    const again = resourcesOf(await thread.load(clusterFile("c")));
    assert.equal(again.get("c")?.version, before.get("c")?.version);
  });

  it("tells what resources name, also of those that it has not loaded", async () => {
    using thread = startLoader();
    const [inPlace] = inline.load([edsFile]).groups;
    const far = inPlace?.resources.find(({ name, typeUrl }) => name === "far" && typeUrl.endsWith("Cluster"));
    assert.ok(far);
    const names = inline.referencesOf(far).map(({ name }) => name);
    assert.deepEqual(names, ["far"]);
    assert.deepEqual(thread.loader.referencesOf(far), inline.referencesOf(far));
    const [group] = (await thread.load(edsFile)).groups;
    const loaded = group?.resources.find(({ typeUrl }) => typeUrl.endsWith("Cluster"));
    assert.ok(loaded);
    assert.deepEqual(thread.loader.referencesOf(loaded), inline.referencesOf(far));
  });

  it("rejects what is under way when it is ended, and what comes after", async () => {
    using thread = startLoader();
    const loading = thread.load(clusterFile("a"));
    thread.end();
    await assert.rejects(loading);
    await assert.rejects(thread.load(clusterFile("a")));
  });

  it("loads in the thread that has begun, which ends with the load's signal too", async () => {
    const [begun, loads] = [new AbortController(), new AbortController()];
    const loader = threadLoader(schema, {});
    loader.begin(begun.signal);
    const loaded = await loader.load([clusterFile("a")], loads.signal);
    assert.deepEqual([...resourcesOf(loaded).keys()], ["a"]);
    const loading = loader.load([clusterFile("b")], loads.signal);
    loads.abort();
    await assert.rejects(Promise.resolve(loading));
    begun.abort();
  });

  it("XDS-126: keeps the event loop free while thousands of resources are loaded", async () => {
    using thread = startLoader();
    await thread.load();
    const files = Array.from({ length: 4000 }, (_, index) => clusterFile(`cluster-${index}`));
    const before = performance.eventLoopUtilization();
    const loaded = await thread.load(...files);
    const { utilization } = performance.eventLoopUtilization(before);
    assert.equal(resourcesOf(loaded).size, files.length);
    // In place it is 1; how long a single turn may be is measured by `npm run bench -- turns`.
    assert.ok(utilization < 0.5, `it was busy for ${utilization} of the time`);
  });
});
