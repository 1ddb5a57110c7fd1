import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { forkWorker } from "../../../src/server/workers/fork-worker.ts";
import { within } from "../../kit/within.ts";

const soonMs = 20_000;

describe("forkWorker()", () => {
  // Node waits for a confirmation of the socket that a process which is gone never sends: the connection stayed open, nobody
  // read it, and the end of the process was not told.
  it("tells the end of a worker that was being given a socket, which can still be closed", async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    const worker = forkWorker();
    try {
      const over = new Promise<string>((resolve) => worker.onExit(resolve));
      await within(
        soonMs,
        "the worker is up",
        new Promise<void>((resolve) => worker.onMessage(() => resolve())),
      );
      process.kill(worker.pid!, "SIGSTOP");
      const client = connect(bound.port, "127.0.0.1").resume();
      const [socket]: Socket[] = await once(server, "connection");
      await within(
        soonMs,
        "the channel takes the socket",
        new Promise<void>((resolve) => {
          worker.send({ kind: "connection", id: 1 }, { socket: socket!, onTaken: resolve });
        }),
      );
      worker.kill();
      assert.equal(await within(soonMs, "its end is told", over), "SIGKILL");
      const closed = once(client, "close");
      socket!.destroy();
      await within(soonMs, "the client sees it", closed);
    } finally {
      worker.kill();
      server.close();
    }
  });
});
