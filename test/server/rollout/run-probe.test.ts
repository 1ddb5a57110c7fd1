import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { EventEmitter, once } from "node:events";
import { createServer as createTcpServer, type Server } from "node:net";
import { describe, it } from "node:test";
import type { Clock } from "../../../src/base/clock.ts";
import type { Probe } from "../../../src/config/rollout-policy.ts";
import { runProbe as runProbeWith } from "../../../src/server/rollout/run-probe.ts";
import { FakeClock } from "../../kit/fake-clock.ts";

const never = new AbortController().signal;

/** Pauses are over at once, and are told to `onPause`. */
function runProbe(
  probe: Probe,
  signal: AbortSignal,
  onPause: (delayMs: number) => void = () => undefined,
): Promise<string | undefined> {
  const clock: Pick<Clock, "after"> = {
    after: (delayMs, callback) => {
      onPause(delayMs);
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  };
  return runProbeWith(probe, signal, clock);
}

/** A probe under way, and its first pause. */
function pausedProbe(probe: Probe, signal: AbortSignal, clock: Clock) {
  const pauses = new EventEmitter();
  const after: Clock["after"] = (delayMs, callback) => {
    pauses.emit("pause");
    return clock.after(delayMs, callback);
  };
  return { paused: once(pauses, "pause"), probed: runProbeWith(probe, signal, { after }) };
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address);
  return address.port;
}

async function answering(listener: RequestListener) {
  const server = createServer(listener);
  const port = await portOf(server);
  return {
    url: `http://127.0.0.1:${port}/check`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function http(url: string, { timeoutMs = 10_000, attempts = 1 } = {}) {
  return { kind: "http", url, timeoutMs, attempts } as const;
}

function command(argv: readonly string[], { timeoutMs = 10_000, attempts = 1 } = {}) {
  return { kind: "command", argv, timeoutMs, attempts } as const;
}

/** A program in Node, so that no tool of the system is needed. */
function node(script: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, "-e", script, ...args];
}

describe("an HTTP probe", () => {
  it("passes on 2xx alone: a redirect is followed nowhere", async () => {
    for (const [status, verdict] of [
      [200, undefined],
      [204, undefined],
      [302, /^GET http:\/\/127\.0\.0\.1:\d+\/check answered 302$/],
      [404, /answered 404$/],
      [503, /answered 503$/],
    ] as const) {
      await using server = await answering((_request, response) => {
        response.writeHead(status, { location: "/elsewhere" }).end();
      });
      const failure = await runProbe(http(server.url), never);
      if (verdict) assert.match(String(failure), verdict);
      else assert.equal(failure, undefined);
    }
  });

  it("is asked again until it passes, and no more often than it says", async () => {
    let asked = 0;
    await using server = await answering((_request, response) => {
      asked += 1;
      response.writeHead(asked === 3 ? 200 : 500).end();
    });
    assert.match(String(await runProbe(http(server.url, { attempts: 2 }), never)), /answered 500$/);
    assert.equal(asked, 2);
    assert.equal(await runProbe(http(server.url, { attempts: 5 }), never), undefined);
    assert.equal(asked, 3);
  });

  it("is asked again after 1 s, twice as long each time, and at most 10 s", async () => {
    await using server = await answering((_request, response) => response.writeHead(500).end());
    const pauses: number[] = [];
    await runProbe(http(server.url, { attempts: 7 }), never, (delayMs) => pauses.push(delayMs));
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it("leaves a pause when the server ends, with no timer and no further request", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    let asked = 0;
    await using server = await answering((_request, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    const { probed, paused } = pausedProbe(http(server.url, { attempts: 3 }), stop.signal, clock);
    await paused;
    assert.equal(clock.pending, 1);
    stop.abort();
    assert.match(String(await probed), /answered 500$/);
    assert.deepEqual([clock.pending, asked], [0, 1]);
  });

  it("fails when nothing answers in time, and says after how long", async () => {
    await using server = await answering(() => undefined);
    const failure = await runProbe(http(server.url, { timeoutMs: 50 }), never);
    assert.equal(failure, "no answer within 50 ms");
  });

  it("says why it could not ask", async () => {
    const { url } = await (async () => {
      await using gone = await answering(() => undefined);
      return { url: gone.url };
    })();
    assert.match(String(await runProbe(http(url), never)), /ECONNREFUSED/);
  });

  it("reads no body: an endless one holds nothing up", async () => {
    await using server = await answering((_request, response) => {
      const fill = () => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on("drain", fill);
      fill();
    });
    assert.equal(await runProbe(http(server.url), never), undefined);
  });
});

describe("a command probe", () => {
  it("passes on exit code 0, and else tells the code and what it printed", async () => {
    assert.equal(await runProbe(command(node("")), never), undefined);
    const script = 'console.log("checked"); console.error("5xx at 3 %"); process.exit(7)';
    const failure = await runProbe(command(node(script)), never);
    assert.match(String(failure), /exited with 7: checked\n5xx at 3 %$/);
  });

  it("has no shell, and nothing of the server's environment but PATH", async () => {
    const script =
      "if (process.argv[1] !== '$HOME; exit 1' || Object.keys(process.env).some((name) => name !== 'PATH')) process.exit(1)";
    assert.equal(await runProbe(command(node(script, "$HOME; exit 1")), never), undefined);
  });

  it("shows two thousand characters of what it printed", async () => {
    const failure = await runProbe(command(node('console.log("x".repeat(100_000)); process.exit(1)')), never);
    assert.equal(/x+$/.exec(String(failure))?.[0].length, 2_000);
  });

  it("is ended when it prints without end, which is no pass", async () => {
    const script =
      'const fill = () => { while (process.stdout.write("x".repeat(65_536))); }; process.stdout.on("drain", fill); fill();';
    assert.match(String(await runProbe(command(node(script)), never)), /printed more than 1048576 bytes$/);
  });

  it("is ended after its time", async () => {
    const failure = await runProbe(command(node("setInterval(() => {}, 60_000)"), { timeoutMs: 50 }), never);
    assert.equal(failure, "no answer within 50 ms");
  });

  it("is ended with all that it has started", async () => {
    const stop = new AbortController();
    const server = createTcpServer();
    const port = await portOf(server);
    const connected = once(server, "connection");
    const closed = new Promise((resolve) => {
      server.once("connection", (socket) =>
        socket
          .on("error", () => undefined)
          .on("close", resolve)
          .resume(),
      );
    });
    // It ends when its connection does, or when it is killed.
    const inner = `require("node:net").connect(${port}, "127.0.0.1").resume()`;
    const outer = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(inner)}]); setInterval(() => {}, 60_000)`;
    const probed = runProbe(command(node(outer), { timeoutMs: 60_000 }), stop.signal);
    await connected;
    stop.abort();
    await probed;
    await closed;
    server.close();
  });

  it("says so when there is no such program", async () => {
    const failure = await runProbe(command(["/nonexistent/probe"]), never);
    assert.match(String(failure), /^\/nonexistent\/probe cannot be run: .*ENOENT/);
  });

  it("is not asked any more once the server ends", async () => {
    const stop = new AbortController();
    stop.abort();
    assert.equal(await runProbe(command(node("")), stop.signal), "it was not asked any more");
    const later = new AbortController();
    await using server = await answering(() => later.abort());
    assert.match(String(await runProbe(http(server.url, { attempts: 3 }), later.signal)), /no answer|abort/i);
  });
});
