import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { freePort } from "../kit/free-port.ts";
import { needs } from "../kit/peers.ts";
import { keepRefused } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { until } from "../kit/within.ts";

function config(port: number): string {
  return `clusters:
- {name: a, type: STATIC, connect_timeout: 1s}
listeners:
- name: front
  address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
  filter_chains:
  - filters:
    - name: tcp
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
        stat_prefix: front
        cluster: a
`;
}

const subjects = [
  ["chancery proxy", startBundledProxy, {}],
  ["Envoy", startEnvoy, needs("envoy")],
] as const;

for (const [title, start, options] of subjects) {
  describe(`chancery status of ${title}`, { timeout: 90_000, ...options }, () => {
    it("shows who has what, and a refusal in the node's words with the line that it is about (XDS-58)", async () => {
      using folder = temporaryFolder();
      const served = folder.file("config");
      mkdirSync(served);
      const write = (text: string) => {
        writeFileSync(folder.file("new"), text);
        renameSync(folder.file("new"), join(served, "all.yaml"));
      };
      writeFileSync(join(served, "chancery.yaml"), keepRefused);
      write(config(await freePort()));
      await using serve = new ServeProcess(served, folder.file("state"));
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
      // A port that is taken: no check of the text can know.
      write(config(Number(admin.split(":")[1])));
      const refused = await status(/NACKED/);
      assert.match(refused, /: 0 synced, 1 refused\n/);
      assert.match(refused, / refused LDS \S+ \d+s ago: .*front/);
      assert.match(refused, /^ {2}front at .*config\/all\.yaml:4:9$/m);
    });
  });
}
