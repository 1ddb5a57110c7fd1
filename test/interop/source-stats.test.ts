import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/schema/message.ts";
import { CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER } from "../../src/schema/type-urls.ts";
import { adsBootstrap, assignment, edsCluster, live, stat } from "../data-plane/proxy-kit.ts";
import { dataPlanes, modes } from "../e2e/data-planes.ts";
import { freePort } from "../kit/free-port.ts";
import { ScriptedXds } from "../kit/scripted-xds.ts";
import { Server } from "./scripted-server.ts";

for (const { plane, start, options } of dataPlanes) {
  describe(`the statistics of a control plane that is away, with ${plane}`, options, () => {
    it("count begin, timeout and each failure as an attempt (XC-18, XC-56)", async () => {
      const bootstrap = adsBootstrap({ port: await freePort() }, "sotw", { timeout: "0.2s" });
      await using proxy = await start(bootstrap, { untilLive: false });
      await live(proxy);
      await stat(proxy, "cluster_manager.cds.init_fetch_timeout", 1);
      const stats = await proxy.admin.stats();
      const of = (name: string) => stats.get(name) ?? Number.NaN;
      for (const scope of ["cluster_manager.cds", "listener_manager.lds"]) {
        const failures = of(`${scope}.update_failure`);
        assert.ok(failures > 0, `${scope} failed ${failures} times`);
        assert.equal(of(`${scope}.init_fetch_timeout`), 1);
        assert.equal(of(`${scope}.update_attempt`), 2 + failures);
        assert.equal(of(`${scope}.update_success`) + of(`${scope}.update_rejected`), 0);
      }
      for (const name of ["connected_state", "pending_requests", "rate_limit_enforced"])
        assert.equal(of(`control_plane.${name}`), 0, name);
      const { body } = await proxy.admin.request("GET", "/stats?filter=control_plane.identifier");
      assert.equal(body.trim(), 'control_plane.identifier: ""');
    });

    for (const mode of modes) {
      it(`tell the version of what was taken over ${mode}, to its last digit (XC-56)`, async () => {
        await using xds = await ScriptedXds.start();
        await using proxy = await start(adsBootstrap(xds, mode), { untilLive: false });
        const { stream } = new Server(await xds.stream(), mode);
        // Delta has a version of the whole response beside those of its resources; the statistics tell that one.
        const send = (typeUrl: string, version: string, name: string, resource?: Message) => {
          if (mode === "sotw") return stream.sendAll(typeUrl, version, version, resource ? [resource] : []);
          const resources = resource
            ? { resources: [{ name, version: "own", resource: stream.any(typeUrl, resource) }] }
            : {};
          stream.send({ type_url: typeUrl, system_version_info: version, nonce: version, ...resources });
        };
        await stream.nextOf(CLUSTER);
        send(CLUSTER, "sysC", "c", edsCluster("c"));
        await stream.nextOf(CLUSTER_LOAD_ASSIGNMENT);
        send(CLUSTER_LOAD_ASSIGNMENT, "sysE", "c", assignment("c", 1));
        await stream.nextOf(LISTENER);
        send(LISTENER, "sysL", "");
        await live(proxy);
        const { body } = await proxy.admin.request(
          "GET",
          "/stats?filter=version|cds.config_reload$|cluster.c.upd",
        );
        const lines = body.split("\n").filter((line) => !/^server|xds|update_time|PROTO/.test(line));
        // How long it took is another thing each time, and Envoy shows it only when its interval is over.
        const found = lines.map((line) =>
          line.includes("update_duration") ? (line.split(":")[0] ?? "") : line,
        );
        const wanted = [
          "",
          "cluster.c.update_attempt: 2",
          "cluster.c.update_duration",
          "cluster.c.update_empty: 0",
          "cluster.c.update_failure: 0",
          "cluster.c.update_no_rebuild: 0",
          "cluster.c.update_rejected: 0",
          "cluster.c.update_success: 1",
          "cluster.c.version: 6649408021004540208",
          'cluster.c.version_text: "sysE"',
          "cluster_manager.cds.config_reload: 1",
          "cluster_manager.cds.version: 5086608769668461035",
          'cluster_manager.cds.version_text: "sysC"',
          "listener_manager.lds.version: 3236983344996309199",
          'listener_manager.lds.version_text: "sysL"',
        ];
        assert.deepEqual(new Set(found), new Set(wanted));
      });
    }
  });
}
