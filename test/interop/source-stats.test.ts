import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adsBootstrap, live, stat } from "../data-plane/proxy-kit.ts";
import { dataPlanes } from "../e2e/data-planes.ts";
import { freePort } from "../kit/free-port.ts";

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
  });
}
