import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { describe, it } from "node:test";
import { ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until } from "../kit/within.ts";
import { bootstrapTo } from "./ads-resources.ts";

const clusters = "clusters: [{name: a}]";

describe("chancery serve --xds-address unix:PATH", () => {
  it("serves Envoy through a pipe", needs("envoy"), async () => {
    using sockets = temporaryFolder();
    using folder = servedFolder({ "clusters.yaml": clusters });
    const path = sockets.file("xds.sock");
    await using server = new ServeProcess(folder.path, folder.state, ["--xds-address", `unix:${path}`]);
    assert.equal((await server.said("xDS is served"))["address"], `unix:${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await using envoy = await startEnvoy(bootstrapTo("DELTA_GRPC", { pipe: { path } }));
    await until(8_000, "the cluster has come", async () => {
      const stats = await envoy.admin.stats("^cluster_manager\\.active_clusters$");
      return stats.get("cluster_manager.active_clusters") === 2 || undefined;
    });
  });

  it("starts again over the socket of a server that was killed, with the permissions asked for", async () => {
    using sockets = temporaryFolder();
    using folder = servedFolder({ "clusters.yaml": clusters });
    const path = sockets.file("xds.sock");
    const flags = ["--xds-address", `unix:${path}`, "--xds-socket-mode", "0660"];
    await using first = new ServeProcess(folder.path, folder.state, flags);
    await first.said("xDS is served");
    first.child.kill("SIGKILL");
    await first.child.exit();
    await using second = new ServeProcess(folder.path, folder.state, flags);
    await second.said("xDS is served");
    assert.equal(statSync(path).mode & 0o777, 0o660);
  });

  it("refuses the socket of a server that lives", async () => {
    using sockets = temporaryFolder();
    using folder = servedFolder({ "clusters.yaml": clusters });
    const path = sockets.file("xds.sock");
    const flags = ["--xds-address", `unix:${path}`];
    await using first = new ServeProcess(folder.path, folder.state, flags);
    await first.said("xDS is served");
    await using second = new ServeProcess(folder.path, `${folder.state}-2`, flags);
    assert.equal(await second.child.exit(), 1);
    assert.match(second.child.stderr, /unix:.*xds\.sock is in use: another server listens there/);
  });
});
