import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TcpProbe } from "../../../data-plane/health/tcp-probe.ts";
import { closedPort } from "../../kit/echo-backend.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { checkerConfig, dialTo, probeUnderTest } from "./check-kit.ts";

const pingPong = 'send: {text: "70"}, receive: [{text: "61"}, {text: "62"}]';

function probe(
  port: number,
  options: { readonly yaml?: string; readonly isKept?: boolean; readonly header?: Buffer } = {},
) {
  const config = checkerConfig("tcp", `tcp_health_check: {${options.yaml ?? pingPong}}`);
  return probeUnderTest(
    (report) => new TcpProbe(config, options.isKept ?? true, dialTo(port, options.header), report),
  );
}

describe("TcpProbe", () => {
  it("sends nothing where nothing is to come back, not even the PROXY header (PP-120)", async () => {
    await using backend = await startRecordingBackend();
    using checks = probe(backend.port, { yaml: 'send: {text: "70"}', header: Buffer.from("HEADER") });
    assert.equal(await checks.check(), "passed");
    const connection = await backend.connection(0);
    await connection.ended();
    assert.equal(connection.received.length, 0);
  });

  it("looks for the pieces in what has come so far", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) =>
        socket.once("recorded", () => {
          socket.write("--a");
          socket.once("recorded", () => socket.write("--b--"));
        }),
    });
    using checks = probe(backend.port);
    checks.probe.begin();
    const connection = await backend.connection(0);
    await connection.receivedThat(({ length }) => length === 1);
    // The second piece comes only with the second check's payload, which is sent on the same connection.
    assert.equal(await checks.check(), "passed");
    assert.equal(backend.connections.length, 1);
  });

  it("begins to look anew behind a match", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.once("recorded", () => socket.write("ab")),
    });
    using checks = probe(backend.port);
    assert.equal(await checks.check(), "passed");
    checks.probe.begin();
    const connection = await backend.connection(0);
    await connection.receivedThat(({ length }) => length === 2);
    connection.socket.write("ab");
    assert.equal(await checks.outcome(), "passed");
  });

  it("writes its own header with each check, the transport socket's with the first (PP-121)", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.on("recorded", () => socket.write("ab")),
    });
    using checks = probe(backend.port, {
      yaml: `${pingPong}, proxy_protocol_config: {version: V2}`,
      header: Buffer.from("HEADER"),
    });
    assert.equal(await checks.check(), "passed");
    assert.equal(await checks.check(), "passed");
    const local = Buffer.from("0d0a0d0a000d0a515549540a20000000", "hex").toString("latin1");
    const { received } = await backend.connection(0);
    assert.equal(received.toString("latin1"), `HEADER${local}p${local}p`);
  });

  it("fails when the host closes, even between two checks", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.on("recorded", () => socket.write("ab")),
    });
    using checks = probe(backend.port);
    assert.equal(await checks.check(), "passed");
    (await backend.connection(0)).socket.end();
    assert.equal(await checks.outcome(), "NETWORK");
    assert.equal(await checks.check(), "passed");
    assert.equal(backend.connections.length, 2);
  });

  it("does not mind the host's close where connections are not kept", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.on("recorded", () => socket.end("ab")),
    });
    using checks = probe(backend.port, { isKept: false });
    assert.equal(await checks.check(), "passed");
    assert.equal(await checks.check(), "passed");
    assert.equal(backend.connections.length, 2);
  });

  it("holds no more of an answer than it ever looks at", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.once("recorded", () => socket.write(Buffer.alloc(1 << 20))),
    });
    using checks = probe(backend.port);
    checks.probe.begin();
    const connection = await backend.connection(0);
    await connection.receivedThat(({ length }) => length === 1);
    connection.socket.end("ab");
    assert.equal(await checks.outcome(), "NETWORK", "what comes behind 64 KiB of something else is not seen");
  });

  it("fails when nobody listens, and says nothing of a check that is given up", async () => {
    using refused = probe(await closedPort());
    assert.equal(await refused.check(), "NETWORK");
    await using backend = await startRecordingBackend();
    using checks = probe(backend.port);
    checks.probe.begin();
    const connection = await backend.connection(0);
    await connection.receivedThat(({ length }) => length === 1);
    checks.probe.giveUp();
    await connection.ended();
    checks.probe.begin();
    assert.equal((await backend.connection(1)).isEnded, false);
  });
});
