import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adsBootstrap } from "../data-plane/proxy-kit.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";

const soonMs = 20_000;
const ids = ["canary-1", "canary-2", "edge-1", "edge-2"] as const;

/** The canaries are first, one on each worker. */
function policy(more = ""): string {
  return `rollout:\n  stages: [{match: {id: "canary-*"}${more}}]\n  gates: {soak: 0s, acked_within: 30s}\n`;
}

function clusters(...names: string[]): string {
  return `clusters:\n${names.map(clusterLine).join("")}`;
}

/** `c` has a field that Envoy deprecates, so only an Envoy that is told to be strict refuses it. */
function clusterLine(name: string): string {
  const more = name === "c" ? ", http2_protocol_options: {}" : "";
  return `- {name: ${name}, type: STATIC, connect_timeout: 1s${more}}\n`;
}

const strict = {
  layered_runtime: {
    layers: [{ name: "strict", static_layer: { "envoy.features.fail_on_any_deprecated_feature": true } }],
  },
};

/** Envoys that came one after the other, each on another worker than the one before. */
class Fleet implements AsyncDisposable {
  readonly envoys: ReadonlyMap<string, ProxyProcess>;

  private constructor(envoys: ReadonlyMap<string, ProxyProcess>) {
    this.envoys = envoys;
  }

  /** The second canary is strict. */
  static async start(serve: ServeProcess, mode: "sotw" | "delta"): Promise<Fleet> {
    const port = await serve.xdsPort();
    const envoys = new Map<string, ProxyProcess>();
    for (const id of ids) {
      const bootstrap = adsBootstrap({ port }, mode);
      const node = { id, cluster: "edge" };
      envoys.set(id, await startEnvoy({ ...bootstrap, node, ...(id === "canary-2" && strict) }));
    }
    return new Fleet(envoys);
  }

  /** Resolves when each of these Envoys has these clusters, beside the one of the server. */
  async have(nodeIds: readonly string[], ...names: readonly string[]): Promise<void> {
    for (const id of nodeIds) {
      let seen: readonly string[] = [];
      await until(
        soonMs,
        () => `${id} has ${names.join()}, not ${seen.join()}`,
        async () => {
          seen = await clustersOf(this.envoys.get(id)!);
          return seen.join() === names.join() || undefined;
        },
      );
    }
  }

  async stat(id: string, name: string): Promise<number | undefined> {
    const stats = await this.envoys.get(id)!.admin.stats(`^${name.replaceAll(".", "\\.")}$`);
    return stats.get(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const envoy of this.envoys.values()) await envoy[Symbol.asyncDispose]();
  }
}

/** What it got by CDS, in alphabetical order. */
async function clustersOf({ admin }: ProxyProcess): Promise<readonly string[]> {
  const { body } = await admin.request("GET", "/config_dump?resource=dynamic_active_clusters");
  const { configs = [] }: { configs?: readonly { cluster: { name: string } }[] } = JSON.parse(body);
  return configs.map(({ cluster }) => cluster.name).toSorted();
}

/** Streams of each worker, the fewest first. */
async function streamsOf(serve: ServeProcess): Promise<readonly number[]> {
  const { text } = await serve.get("/metrics");
  const lines = text.matchAll(/^chancery_worker_streams\{[^}]*\} (\d+)$/gm);
  return Array.from(lines, ([, count]) => Number(count)).toSorted((a, b) => a - b);
}

interface Status {
  readonly revision: { readonly current: { readonly reach: Readonly<Record<string, number>> } };
  readonly nodes: readonly {
    readonly id: string;
    readonly streamCount: number;
    readonly types: readonly { readonly state: string }[];
  }[];
}

/** Fails unless all Envoys are there once, and have all that they should. */
async function isWhole(serve: ServeProcess): Promise<void> {
  const admin = ["--admin-address", await serve.adminAddress()];
  const { stdout } = await runChancery(["status", "-o", "json", ...admin]);
  const { revision, nodes }: Status = JSON.parse(stdout);
  assert.deepEqual(revision.current.reach, { synced: 4, refused: 0, pending: 0, ungrouped: 0, away: 0 });
  assert.deepEqual(
    nodes.map(({ id, streamCount }) => [id, streamCount]),
    ids.map((id) => [id, 1]),
  );
  const states = nodes.flatMap(({ types }) => types.map(({ state }) => state));
  assert.deepEqual(new Set(states), new Set(["SYNCED"]));
}

describe("a rollout over two workers, with Envoys on both", { timeout: 180_000, ...needs("envoy") }, () => {
  it("XDS-61: goes on by the ACKs of both, and what an Envoy of one refuses is taken back on both", async () => {
    using folder = servedFolder({ "chancery.yaml": policy(), "a.yaml": clusters("a") });
    await using serve = new ServeProcess(folder.path, folder.state, ["--workers", "2"]);
    await using fleet = await Fleet.start(serve, "delta");
    await fleet.have(ids, "a");
    assert.deepEqual(await streamsOf(serve), [2, 2]);

    await serve.accepted(() => folder.write("a.yaml", clusters("a", "b")));
    await fleet.have(ids, "a", "b");
    await serve.said("rollout is complete");

    folder.write("a.yaml", clusters("a", "b", "c"));
    const line = await serve.said("rollout has failed and is rolled back");
    assert.match(String(line["reason"]), /1 node refused it, none may; canary-2: .*http2_protocol_options/);
    await fleet.have(ids, "a", "b");
    await isWhole(serve);
    assert.equal(await fleet.stat("canary-2", "cluster_manager.cds.update_rejected"), 1);
    // The first canary had it, on the other worker; the rest never saw it.
    assert.equal(await fleet.stat("canary-1", "cluster_manager.cluster_removed"), 1);
    for (const id of ["edge-1", "edge-2"]) {
      assert.equal(await fleet.stat(id, "cluster_manager.cluster_removed"), 0);
      assert.equal(await fleet.stat(id, "cluster_manager.cluster_added"), 3);
    }
  });

  for (const mode of ["sotw", "delta"] as const) {
    it(`${mode}: loses nothing when a worker is killed meanwhile: its Envoys come back and the rollout goes on`, async () => {
      using folder = servedFolder({ "chancery.yaml": policy(", pause: true"), "a.yaml": clusters("a") });
      await using serve = new ServeProcess(folder.path, folder.state, ["--workers", "2"]);
      await using fleet = await Fleet.start(serve, mode);
      await fleet.have(ids, "a");
      folder.write("a.yaml", clusters("a", "b"));
      await serve.said("rollout has started");
      await fleet.have(["canary-1", "canary-2"], "a", "b");
      const [victim] = serve.lines.filter(({ msg }) => msg === "worker serves").map(({ pid }) => Number(pid));
      process.kill(victim!, "SIGKILL");
      const ended = await serve.said("worker has ended; another one takes its place");
      assert.deepEqual([ended["pid"], ended["streams"]], [victim, 2]);
      // One canary and one of the others.
      await serve.said("node connected", ids.length + 1);
      await fleet.have(["canary-1", "canary-2"], "a", "b");
      await fleet.have(["edge-1", "edge-2"], "a");
      const admin = ["--admin-address", await serve.adminAddress()];
      const promoted = await runChancery(["rollout", "promote", ...admin]);
      assert.equal(promoted.code, 0, promoted.stderr);
      await serve.said("rollout is complete");
      await fleet.have(ids, "a", "b");
      await isWhole(serve);
      for (const id of ids) {
        assert.equal(await fleet.stat(id, "cluster_manager.cluster_removed"), 0);
        assert.equal(await fleet.stat(id, "cluster_manager.cds.update_rejected"), 0);
        assert.equal(await fleet.stat(id, "control_plane.connected_state"), 1);
      }
    });
  }
});
