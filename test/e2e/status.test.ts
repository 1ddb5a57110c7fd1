import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import { keepRefused, servedFolder } from "../kit/served-folder.ts";
import { until } from "../kit/within.ts";
import { dataPlanes } from "./data-planes.ts";
import { frontListener } from "./front-listener.ts";

const clusters = "clusters:\n- {name: a, type: STATIC, connect_timeout: 1s}\n";

for (const { plane, start, options } of dataPlanes) {
  describe(`chancery status of ${plane}`, { timeout: 90_000, ...options }, () => {
    it("shows who has what, and a refusal in the node's words with the line that it is about (XDS-58)", async () => {
      using folder = servedFolder({
        "chancery.yaml": keepRefused,
        "all.yaml": clusters + frontListener(await freePort(), "a"),
      });
      await using serve = new ServeProcess(folder.path, folder.state);
      await using proxy = await start(adsBootstrap({ port: await serve.xdsPort() }, "delta"), {
        untilLive: false,
      });
      await live(proxy);
      const admin = await serve.adminAddress();
      const status = async (pattern: RegExp) =>
        until(20_000, `status says ${String(pattern)}`, async () => {
          const { code, stdout } = await runChancery(["status", "--admin-address", admin]);
          assert.equal(code, 0);
          return pattern.test(stdout) ? stdout : undefined;
        });
      await status(/: 1 synced\n[^]*SYNCED \S+ +SYNCED \S+\n$/);
      folder.write("all.yaml", clusters + frontListener(await serve.xdsPort(), "a"));
      const refused = await status(/NACKED/);
      assert.match(refused, /: 0 synced, 1 refused\n/);
      assert.match(refused, / refused LDS \S+ \d+s ago: .*front/);
      assert.match(refused, /^ {2}front at .*config\/all\.yaml:4:9$/m);
    });
  });
}
