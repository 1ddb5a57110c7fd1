import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CLUSTER } from "../../src/schema/type-urls.ts";
import { adsBootstrap, live } from "../data-plane/proxy-kit.ts";
import { Child } from "../kit/child.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import { adsSotw, RawXdsClient } from "../kit/raw-xds-client.ts";
import { until } from "../kit/within.ts";
import { repositoryPath } from "./code-blocks.ts";

/** The example of the README, which a test beside this one compares with the file. */
function startExample(): Child {
  return new Child(process.execPath, [repositoryPath("dist/examples/embedding/server.js")], {
    env: { XDS_ADDRESS: "127.0.0.1:0" },
  });
}

async function portOf(child: Child): Promise<number> {
  return child.outputGives(() => {
    const port = /served on port (\d+)/.exec(child.stdout)?.[1];
    return port === undefined ? undefined : Number(port);
  }, "the example says its port");
}

describe("the library's example in README.md", () => {
  it("has 30 lines at most", () => {
    const text = readFileSync(repositoryPath("examples/embedding/server.ts"), "utf8");
    assert.ok(text.trimEnd().split("\n").length <= 30);
  });

  it("serves a client, tells of a refusal, and ends well on SIGTERM", async () => {
    await using child = startExample();
    using client = new RawXdsClient(await portOf(child));
    const stream = client.open(adsSotw);
    stream.send({ node: { id: "n1" }, type_url: CLUSTER });
    const { nonce, resources } = await stream.next();
    assert.equal(resources.length, 2);
    stream.send({ type_url: CLUSTER, response_nonce: nonce, error_detail: { code: 13, message: "no" } });
    await child.outputHas(/^refused: no$/m);
    stream.call.cancel();
    child.kill("SIGTERM");
    assert.equal(await child.exit(), 0);
  });

  it("serves a real Envoy", needs("envoy"), async () => {
    await using child = startExample();
    const bootstrap = adsBootstrap({ port: await portOf(child) }, "delta", { timeout: "0.5s" });
    await using envoy = await startEnvoy(bootstrap, { untilLive: false });
    await live(envoy);
    await until(20_000, "Envoy has the clusters", async () => {
      const dump = JSON.stringify(await envoy.admin.configDump());
      return (dump.includes('"payments"') && dump.includes('"users"')) || undefined;
    });
  });
});
