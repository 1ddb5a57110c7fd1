import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { answers, httpBootstrap, LISTENER, settled } from "../data-plane/http/http-scene.ts";
import { exchangeRoutes, exchanges, type ScriptedExchange } from "../data-plane/http/exchanges.ts";
import { startBundledProxy } from "../kit/bundled-proxy.ts";
import { closedPort, startEchoBackend } from "../kit/echo-backend.ts";
import { startEnvoy } from "../kit/envoy.ts";
import { needs } from "../kit/peers.ts";
import type { ProxyProcess } from "../kit/proxy-process.ts";
import type { RecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";

async function play(proxy: ProxyProcess, { bytes, count = 1, isHead }: ScriptedExchange): Promise<string> {
  await using client = await connectTo(await proxy.admin.listenerPort(LISTENER));
  client.write(Buffer.from(bytes, "latin1"));
  return settled(await answers(client, count, isHead));
}

describe("HTTP exchanges on the bundled data plane and on Envoy", needs("envoy"), () => {
  let backend: RecordingBackend;
  let bundled: ProxyProcess;
  let envoy: ProxyProcess;

  before(async () => {
    backend = await startEchoBackend();
    const bootstrap = httpBootstrap({ echo: backend.port, dead: await closedPort() }, exchangeRoutes);
    [bundled, envoy] = await Promise.all([startBundledProxy(bootstrap), startEnvoy(bootstrap)]);
  });
  after(async () => {
    await bundled[Symbol.asyncDispose]();
    await envoy[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  for (const exchange of exchanges) {
    it(`answer alike: ${exchange.name}`, async () => {
      const expected = await play(envoy, exchange);
      assert.equal(await play(bundled, exchange), expected);
      assert.notEqual(expected, "");
    });
  }
});
