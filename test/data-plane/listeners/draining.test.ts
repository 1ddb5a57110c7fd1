import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ListenerSet } from "../../../data-plane/listeners/listener-set.ts";
import type { DownstreamConnection } from "../../../data-plane/resources/extension.ts";
import type { FilterChainConfig, ListenerConfig } from "../../../data-plane/resources/listener.ts";
import { parseListener } from "../../../data-plane/resources/listener.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { canConnect, connectTo } from "../../kit/scripted-client.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";
import { runContext, stat } from "../run-kit.ts";

/** A set of listeners whose connections are kept, in order of arrival. */
async function scene(random = 0.5) {
  const clock = new FakeClock();
  const run = { ...runContext({ clock }), random: () => random };
  let lastId = 0;
  const nextId = () => (lastId += 1);
  const set = new ListenerSet({ run, nextId, drainMs: 10_000, drainStrategy: "gradual" });
  await set.start();
  const arrivals: ((connection: DownstreamConnection) => void)[] = [];
  const chain = (name: string): FilterChainConfig => ({
    ...valueOf(parseListener(message("envoy.config.listener.v3.Listener", yaml), parseContext(), ""))
      .filterChains[0]!,
    fingerprint: name,
    filters: [
      () => ({ current: { kind: "terminal", serve: (connection) => arrivals.shift()?.(connection) } }),
    ],
  });
  return {
    clock,
    set,
    run,
    listener: (chains: readonly string[], extra: Partial<ListenerConfig> = {}): ListenerConfig => ({
      ...valueOf(parseListener(message("envoy.config.listener.v3.Listener", yaml), parseContext(), "")),
      filterChains: chains.map(chain),
      ...extra,
    }),
    connect: async () => {
      const { address } = set.addresses()[0]!;
      assert.ok(address.family !== "pipe");
      const arrived = new Promise<DownstreamConnection>((resolve) => arrivals.push(resolve));
      const client = await connectTo(address.port);
      return { client, connection: await arrived };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(set.destroy()),
  };
}

const yaml = `{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [{}]}`;

describe("a connection's drain decision", () => {
  it("says nothing while its listener serves", async () => {
    await using bench = await scene();
    await bench.set.update(bench.listener(["a"]));
    const { connection } = await bench.connect();
    assert.equal(connection.drain.drainClose(), false);
  });

  it("ends connections of a removed listener over the drain time (XC-44)", async () => {
    await using bench = await scene();
    await bench.set.update(bench.listener(["a"]));
    const { connection } = await bench.connect();
    bench.set.remove("l");
    bench.clock.advance(4_000);
    assert.equal(connection.drain.drainClose(), false);
    bench.clock.advance(2_000);
    assert.equal(connection.drain.drainClose(), true);
  });

  it("leaves connections of an unchanged filter chain alone, and ends those of a gone one at once (XC-43)", async () => {
    await using bench = await scene();
    await bench.set.update(bench.listener(["gone"]));
    const old = await bench.connect();
    await bench.set.update(bench.listener(["kept"]));
    const fresh = await bench.connect();
    await bench.set.update(bench.listener(["kept", "new"]));
    assert.equal(old.connection.drain.drainClose(), true);
    assert.equal(fresh.connection.drain.drainClose(), false);
    assert.equal(stat(bench.run.stats, "listener_manager.total_filter_chains_draining"), 1);
  });

  it("goes with the connection to the version that took it over", async () => {
    await using bench = await scene();
    await bench.set.update(bench.listener(["kept"]));
    const { connection } = await bench.connect();
    await bench.set.update(bench.listener(["kept", "new"]));
    bench.set.remove("l");
    bench.clock.advance(6_000);
    assert.equal(connection.drain.drainClose(), true);
  });

  it("ends all when a health check failure is asked for, but those of drain_type MODIFY_ONLY", async () => {
    await using bench = await scene();
    await bench.set.update(bench.listener(["a"]));
    const first = await bench.connect();
    bench.set.isHealthCheckFailed = true;
    assert.equal(first.connection.drain.drainClose(), true);
    await bench.set.update(bench.listener(["a"], { drainsOnHealthCheckFailure: false }));
    assert.equal(first.connection.drain.drainClose(), false);
  });
});

describe("ListenerSet.drainThenStop()", () => {
  it("asks connections to end while it goes on accepting for the drain time", async () => {
    await using bench = await scene();
    await bench.set.update(bench.listener(["a"]));
    const { connection } = await bench.connect();
    const port = connection.info.local.family === "pipe" ? 0 : connection.info.local.port;
    bench.set.drainThenStop();
    bench.clock.advance(6_000);
    assert.equal(connection.drain.drainClose(), true);
    assert.equal(await canConnect(port), true);
    bench.clock.advance(4_000);
    assert.equal(await canConnect(port), false);
  });
});
