import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { ListenerSet } from "../../../data-plane/listeners/listener-set.ts";
import type {
  DownstreamTransportSocket,
  Unserved,
  UnservedEnd,
} from "../../../data-plane/resources/extension.ts";
import { parseListener } from "../../../data-plane/resources/listener.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { message, parseContext, valueOf } from "../parse-kit.ts";
import { runContext } from "../run-kit.ts";

const yaml = `{name: l, address: {socket_address: {address: 127.0.0.1, port_value: 0}}, filter_chains: [{}]}`;
const hour = 3_600_000;

interface Bounds {
  /** `transport_socket_connect_timeout`; 0 for none. */
  readonly connectMs?: number;
  /** Of the last filter, when it has one. */
  readonly timeoutMs?: number;
}

/** A client whose handshake with a listener never ends. */
async function scene({ connectMs = 0, timeoutMs }: Bounds) {
  const clock = new FakeClock();
  const run = runContext({ clock });
  const notes: UnservedEnd[] = [];
  const note: Unserved["note"] = (_info, end) => {
    notes.push(end);
    events.emit("noted");
  };
  const unserved = timeoutMs === undefined ? undefined : { timeoutMs, note };
  const set = new ListenerSet({ run, nextId: () => 1, drainMs: 0, drainStrategy: "gradual" });
  await set.start();
  const events = new EventEmitter();
  const hasBegun = once(events, "begun");
  const noted = once(events, "noted");
  // Reads, so that it sees the client go, and says nothing.
  const begin: DownstreamTransportSocket["secure"] = ({ socket }) => {
    socket.on("end", () => socket.destroy());
    socket.resume();
    events.emit("begun");
  };
  const config = valueOf(
    parseListener(message("envoy.config.listener.v3.Listener", yaml), parseContext(), ""),
  );
  await set.update({
    ...config,
    filterChains: [
      {
        ...config.filterChains[0]!,
        transportSocketConnectTimeoutMs: connectMs,
        transportSocket: () => ({ secure: begin }),
        filters: [() => ({ current: { kind: "terminal", serve: () => {}, ...(unserved && { unserved }) } })],
      },
    ],
  });
  const { address } = set.addresses()[0]!;
  assert.ok(address.family !== "pipe");
  const client = await connectTo(address.port);
  await hasBegun;
  return {
    clock,
    client,
    notes,
    noted,
    run,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      set.destroy();
    },
  };
}

describe("a client that begins no TLS handshake", () => {
  it("is closed by transport_socket_connect_timeout, where there is one", async () => {
    await using held = await scene({ connectMs: 500, timeoutMs: hour });
    held.clock.advance(500);
    await held.client.closed();
    assert.deepEqual(held.notes, ["refused"]);
    const [counted] = held.run.stats.list().filter(({ name }) => name.endsWith("socket_connect_timeout"));
    assert.equal(counted?.value, 1);
  });

  it("is closed by the idle timeout of the last filter, which runs from the start on as in Envoy", async () => {
    await using held = await scene({ timeoutMs: 500 });
    held.clock.advance(500);
    await held.client.closed();
    assert.deepEqual(held.notes, ["timeout"]);
  });

  it("is closed after an hour in front of a filter that has no timeout of its own", async () => {
    await using held = await scene({});
    held.clock.advance(hour);
    await held.client.closed();
  });

  it("is noted when it goes by itself", async () => {
    await using held = await scene({ timeoutMs: 500 });
    held.client.destroy();
    await held.noted;
    assert.deepEqual(held.notes, ["remote"]);
  });
});
