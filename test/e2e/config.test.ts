import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import { keepRefused, servedFolder } from "../kit/served-folder.ts";
import { temporaryFolder } from "../kit/temporary-folder.ts";
import { dataPlanes } from "./data-planes.ts";
import { frontListener } from "./front-listener.ts";

const clusters = `clusters:
- name: backend
  type: EDS
  eds_cluster_config: {eds_config: {ads: {}}}
  connect_timeout: 1s
endpoints:
- cluster_name: backend
  endpoints:
  - lb_endpoints:
    - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}
`;

for (const { plane, start, options } of dataPlanes) {
  describe(`chancery config, of ${plane}`, { timeout: 90_000, ...options }, () => {
    it("shows what the node is given and has accepted, what it says itself, and what of it is refused", async () => {
      using folder = servedFolder({
        "chancery.yaml": keepRefused,
        "clusters.yaml": clusters,
        "listeners.yaml": frontListener(await freePort(), "backend"),
      });
      using dumps = temporaryFolder();
      await using serve = new ServeProcess(folder.path, folder.state);
      const admin = await serve.adminAddress();
      const hidden = Buffer.alloc(80, "nobody may see this").toString("base64");
      const staticSecret = { name: "tickets", session_ticket_keys: { keys: [{ inline_bytes: hidden }] } };
      const bootstrap = adsBootstrap({ port: await serve.xdsPort() }, "sotw", {
        staticResources: { secrets: [staticSecret] },
      });
      await using proxy = await start(bootstrap, { untilLive: false });
      await live(proxy);
      await serve.said("all connected nodes have accepted the revision");

      const ask = (...args: readonly string[]) => runChancery([...args, "--admin-address", admin]);
      const all = await ask("config", "all", "n1");
      assert.deepEqual(
        all.stdout.split("\n").map((line) => line.split(/ +/).slice(0, 3).join(" ")),
        ["TYPE NAME STATE", "CDS backend current", "EDS backend current", "LDS front current", ""],
      );
      assert.match(all.stdout, /^LDS +front +current +(\S+) +\1 +\S+listeners\.yaml:2:9$/m);
      const yaml = await ask("config", "endpoint", "n1", "-o", "yaml");
      assert.match(yaml.stdout, /kind: NodeConfig\n[^]* cluster_name: backend\n[^]* port_value: 1\n/);
      assert.doesNotMatch(yaml.stdout, /name: front/);
      assert.equal((await ask("status", "n1")).code, 0);

      const dump = dumps.file("config_dump.json");
      writeFileSync(dump, JSON.stringify(await proxy.admin.configDump()));
      const read = await runChancery(["config", "all", "--file", dump]);
      assert.equal(read.code, 0, read.stderr);
      for (const row of [
        /^CDS +xds +static/m,
        /^CDS +backend +active +\S/m,
        /^LDS +front +active +\S/m,
        /^EDS +backend +active/m,
        /^SDS +tickets +static/m,
        /^Bootstrap +- +static/m,
      ])
        assert.match(read.stdout, row);
      const secrets = await runChancery(["config", "secret", "--file", dump, "-o", "json"]);
      assert.equal(JSON.parse(secrets.stdout).items[0].name, "tickets");
      for (const text of [
        secrets.stdout,
        (await runChancery(["config", "bootstrap", "-f", dump, "-o", "json"])).stdout,
      ]) {
        assert.ok(!text.includes(hidden));
      }

      const taken = frontListener(await serve.xdsPort(), "backend");
      await serve.refusal(() => folder.write("listeners.yaml", taken));
      const one = await ask("status", "n1");
      assert.equal(one.code, 1);
      assert.match(
        one.stdout,
        /^3 resources, 1 of them not as they should be\n\nTYPE [^\n]*\nLDS +front +refused /m,
      );
      assert.match(one.stdout, /^LDS front: it refused version \S+ \d+ s ago: /m);
      const gone = await ask("config", "all", "n2");
      assert.deepEqual(
        [gone.code, gone.stdout],
        [1, "n2: no node of this id has connected; did you mean n1?\n"],
      );
    });
  });
}

describe("chancery config", () => {
  it("refuses what is no dump, with the place, and words that it does not know", async () => {
    using folder = temporaryFolder();
    const file = folder.file("dump.json");
    writeFileSync(file, '{"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.NoSuchDump"}]}');
    const read = await runChancery(["config", "all", "--file", file]);
    assert.equal(read.code, 65);
    assert.match(read.stderr, /dump\.json:1:\d+.*NoSuchDump/);
    for (const [args, error] of [
      [["config", "clutser", "n1"], /config clutser: expected cluster, listener, /],
      [["config", "cluster"], /expected the id of one node, or --file/],
      [["config", "cluster", "n1", "--file", file], /name no node with it/],
      [["config", "bootstrap", "n1"], /does not know the bootstrap of its nodes/],
    ] as const) {
      const { code, stderr } = await runChancery(args);
      assert.equal(code, 64);
      assert.match(stderr, error);
    }
  });
});
