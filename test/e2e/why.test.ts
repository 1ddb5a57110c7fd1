import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { runChancery, ServeProcess } from "../kit/chancery-process.ts";
import { freePort } from "../kit/free-port.ts";
import { keepRefused, servedFolder } from "../kit/served-folder.ts";
import { dataPlanes } from "./data-planes.ts";
import { frontListener } from "./front-listener.ts";

const clusters = `clusters:
- {name: a, type: STATIC, connect_timeout: 1s}
`;

for (const { plane, start, options } of dataPlanes) {
  describe(`chancery why, of ${plane}`, { timeout: 90_000, ...options }, () => {
    it("tells what the node has, has not, has not asked for, and refused", async () => {
      using folder = servedFolder({
        "chancery.yaml": keepRefused,
        "groups/edge/clusters.yaml": clusters,
        "groups/edge/listeners.yaml": frontListener(await freePort(), "a"),
        "groups/core/clusters.yaml": "clusters:\n- {name: ledger, type: STATIC, connect_timeout: 1s}\n",
      });
      await using serve = new ServeProcess(folder.path, folder.state);
      const admin = await serve.adminAddress();
      const why = async (node: string, name: string, ...flags: readonly string[]) => {
        const { code, stdout, stderr } = await runChancery([
          "why",
          node,
          name,
          "--admin-address",
          admin,
          ...flags,
        ]);
        return { code, text: stdout || stderr };
      };
      await using proxy = await start(adsBootstrap({ port: await serve.xdsPort() }, "delta"), {
        untilLive: false,
      });
      await live(proxy);
      await serve.said("all connected nodes have accepted the revision");

      const has = await why("n1", "a");
      assert.match(
        has.text,
        /^n1 has Cluster a: it accepted version \S+\n {2}written at .*clusters\.yaml:2:10\n$/,
      );
      assert.equal(has.code, 0);
      const hasNot = await why("n1", "ledger");
      assert.match(
        hasNot.text,
        /^n1 does not have Cluster ledger: group edge has none of this name; core has one\n$/,
      );
      assert.equal(hasNot.code, 1);
      const { text: asks } = await why("n1", "r1", "--type", "rds", "-o", "json");
      assert.deepEqual(JSON.parse(asks).items[0].reason.asked.map(typeOf), ["Cluster", "Listener"]);
      const nowhere = await why("n1", "ledgre");
      assert.match(nowhere.text, /no group has a resource called "ledgre"; did you mean ledger\?/);
      assert.match((await why("n2", "a")).text, /no node of this id has connected; did you mean n1\?/);

      const taken = frontListener(await serve.xdsPort(), "a");
      await serve.refusal(() => folder.write("groups/edge/listeners.yaml", taken));
      const refused = await why("n1", "front");
      const sentence = /^n1 has an older Listener front: it refused version \S+ \d+ s ago: [^]*front[^]*\n/;
      assert.match(refused.text, sentence);
      assert.match(refused.text, / {2}written at .*listeners\.yaml:2:9\n$/);

      await proxy[Symbol.asyncDispose]();
      await serve.said("node disconnected");
      assert.match(
        (await why("n1", "a")).text,
        /it has not been connected for \d+ s, since its stream ended: /,
      );
    });
  });
}

function typeOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
}
