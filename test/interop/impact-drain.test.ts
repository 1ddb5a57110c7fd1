import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { describe, it } from "node:test";
import type { EffectKind } from "../../src/checks/impact/effect.ts";
import { resourceEffect } from "../../src/checks/impact/resource-effect.ts";
import type { Message } from "../../src/schema/message.ts";
import { LISTENER } from "../../src/schema/type-urls.ts";
import { freePort } from "../kit/free-port.ts";
import { needs } from "../kit/peers.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { within } from "../kit/within.ts";
import { chain, kindOf, listener, play, requestOn } from "./impact-kit.ts";
import { proxyStat } from "./scripted-server.ts";

const buffers = { per_connection_buffer_limit_bytes: { value: 32768 } };

/** A chain for clients of one address of loopback. */
function chainFor(address: string, prefix: string): Message {
  const range = { address_prefix: address, prefix_len: { value: 32 } };
  return chain(prefix, { filter_chain_match: { source_prefix_ranges: [range] } });
}

const twoChains = (second: string) => [chainFor("127.0.0.1", "one"), chainFor("127.0.0.2", second)];

describe("a drain on a real Envoy", needs("envoy"), () => {
  const cuts: readonly {
    readonly kind: EffectKind;
    readonly change: (port: number) => Message | Promise<Message> | undefined;
  }[] = [
    { kind: "filter-chain-drained", change: (port) => listener(port, { filter_chains: [chain("other")] }) },
    { kind: "listener-drained", change: (port) => listener(port, buffers) },
    { kind: "re-bound", change: async () => listener(await freePort()) },
    { kind: "listener-removed", change: () => undefined },
  ];
  for (const { kind, change } of cuts) {
    it(`cuts connections that say nothing when the drain time is over: ${kind}`, async () => {
      await play(
        async ({ xds, port }) => {
          const after = await change(port);
          assert.equal(resourceEffect(LISTENER, listener(port), after, []).kind, kind);
          await using client = await connectTo(port);
          assert.equal(await requestOn(client), "kept");
          xds.send(LISTENER, "2", ...(after ? [after] : []));
          await client.closed();
        },
        { drainSeconds: 1 },
      );
    });
  }

  it("cuts the connections of the filter chain that changed, and keeps those of others for good", async () => {
    await play(
      async ({ xds, proxy, port }) => {
        const before = listener(port, { filter_chains: twoChains("two") });
        const after = listener(port, { filter_chains: twoChains("other") });
        assert.equal(kindOf(LISTENER, before, after), "filter-chain-drained");
        await using kept = await connectTo(port);
        await using cut = await connectTo(port, "127.0.0.1", { localAddress: "127.0.0.2" });
        assert.equal(await requestOn(kept), "kept");
        assert.equal(await requestOn(cut), "kept");
        xds.send(LISTENER, "2", after);
        await cut.closed();
        await proxyStat(proxy, "listener_manager.total_filter_chains_draining", 0);
        assert.equal(await requestOn(kept), "kept");
      },
      { drainSeconds: 1, chains: twoChains("two") },
    );
  });

  it("answers an HTTP/2 request of a drained listener, says GOAWAY, and ends the connection", async () => {
    await play(async ({ xds, proxy, port }) => {
      const session = connect(`http://127.0.0.1:${port}`);
      const statusOf = async () => {
        const [headers] = await once(session.request({ ":path": "/" }).resume(), "response");
        return headers[":status"];
      };
      assert.equal(await within(10_000, "an answer before the drain", statusOf()), 200);
      const goaway = once(session, "goaway");
      const closed = once(session, "close");
      xds.send(LISTENER, "2", listener(port, buffers));
      await proxyStat(proxy, "listener_manager.total_listeners_draining", 1);
      assert.equal(await within(10_000, "an answer during the drain", statusOf()), 200);
      assert.equal((await within(10_000, "GOAWAY", goaway))[0], 0);
      await within(10_000, "the end of the connection", closed);
    });
  });
});
