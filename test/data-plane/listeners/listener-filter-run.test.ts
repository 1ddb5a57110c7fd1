import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import { socketAddress } from "../../../src/base/ip-address.ts";
import type { ListenerFilterEnd } from "../../../data-plane/listeners/listener-filter-run.ts";
import { runListenerFilters } from "../../../data-plane/listeners/listener-filter-run.ts";
import { ConnectionInfo } from "../../../data-plane/network/connection-info.ts";
import type { ListenerFilter } from "../../../data-plane/resources/extension.ts";
import { FakeClock } from "../../kit/fake-clock.ts";
import { connectTo, type ScriptedClient } from "../../kit/scripted-client.ts";

/** Takes everything up to and including a letter, and writes down what it was shown. */
function upTo(letter: string, seen: string[] = [], readMaxBytes = 100): ListenerFilter {
  return {
    readMaxBytes,
    open: () => (bytes) => {
      seen.push(bytes.toString());
      const at = bytes.indexOf(letter);
      return at < 0 ? { kind: "more" } : { kind: "continue", consumed: at + 1 };
    },
  };
}

const closer: ListenerFilter = { readMaxBytes: 1, open: () => () => ({ kind: "close" }) };

interface Scene extends AsyncDisposable {
  readonly client: ScriptedClient;
  readonly socket: Socket;
}

async function connectedPair(): Promise<Scene> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const accepted = once(server, "connection");
  const client = await connectTo(address.port);
  const [socket]: Socket[] = await accepted;
  assert.ok(socket);
  return {
    client,
    socket,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await client[Symbol.asyncDispose]();
      server.close();
    },
  };
}

function run(
  socket: Socket,
  filters: readonly ListenerFilter[],
  clock = new FakeClock(),
  timeoutMs = 15_000,
): Promise<ListenerFilterEnd> {
  const own = socketAddress("127.0.0.1", 1)!;
  return new Promise((resolve) => {
    const info = new ConnectionInfo(1, own, own);
    runListenerFilters({ filters, socket, info, early: Buffer.alloc(0), timeoutMs, clock, onEnd: resolve });
  });
}

describe("runListenerFilters()", () => {
  it("shows each filter what the ones before it left, and leaves the rest (PP-8, PP-10)", async () => {
    await using scene = await connectedPair();
    const seen: string[] = [];
    const end = run(scene.socket, [upTo("a"), upTo("b", seen)]);
    scene.client.write("12a34bpayload");
    const result = await end;
    assert.equal(result.kind === "done" && result.bytes.toString(), "payload");
    assert.equal(seen.at(-1), "34bpayload");
    assert.equal(scene.socket.isPaused(), true);
  });

  it("asks a filter again with everything when more has come (PP-7)", async () => {
    await using scene = await connectedPair();
    const seen: string[] = [];
    const first = upTo("a", seen);
    const end = run(scene.socket, [first]);
    scene.client.write("1");
    while (!seen.includes("1")) await once(scene.socket, "data");
    scene.client.write("2a");
    await end;
    assert.deepEqual(seen, ["", "1", "12a"]);
  });

  it("is done at once when no filter needs a byte", async () => {
    await using scene = await connectedPair();
    const willing: ListenerFilter = {
      readMaxBytes: 0,
      open: () => () => ({ kind: "continue", consumed: 0 }),
    };
    assert.equal((await run(scene.socket, [willing])).kind, "done");
  });

  it("ends when a filter refuses", async () => {
    await using scene = await connectedPair();
    assert.equal((await run(scene.socket, [closer])).kind, "refused");
  });

  it("ends when the client ends first (PP-54)", async () => {
    await using scene = await connectedPair();
    const end = run(scene.socket, [upTo("a")]);
    scene.client.write("12");
    scene.client.end();
    assert.equal((await end).kind, "remote-close");
  });

  it("ends when the time is over, however bytes trickle in, and gives them back (PP-52, PP-53)", async () => {
    await using scene = await connectedPair();
    const clock = new FakeClock();
    const seen: string[] = [];
    const end = run(scene.socket, [upTo("a", seen)], clock);
    clock.advance(14_000);
    scene.client.write("12");
    while (!seen.includes("12")) await once(scene.socket, "data");
    clock.advance(1_000);
    const result = await end;
    assert.equal(result.kind === "timeout" && result.bytes.toString(), "12");
    assert.equal(clock.pending, 0);
  });

  it("has no limit with 0 (PP-51)", async () => {
    await using scene = await connectedPair();
    const clock = new FakeClock();
    void run(scene.socket, [upTo("a")], clock, 0);
    assert.equal(clock.pending, 0);
  });

  it("stops reading when a filter has seen all that it may ask for", async () => {
    await using scene = await connectedPair();
    const seen: string[] = [];
    void run(scene.socket, [upTo("a", seen, 4)]);
    scene.client.write("12345");
    while (!seen.includes("12345")) await once(scene.socket, "data");
    assert.equal(scene.socket.isPaused(), true);
  });
});
