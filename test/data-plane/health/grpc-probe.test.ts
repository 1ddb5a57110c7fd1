import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { describe, it } from "node:test";
import { GrpcProbe } from "../../../data-plane/health/grpc-probe.ts";
import { Http2Probe } from "../../../data-plane/health/http2-probe.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { checkerConfig, dialTo, probeUnderTest, subject } from "./check-kit.ts";

type OnStream = (stream: ServerHttp2Stream, session: ServerHttp2Session) => void;

/** An HTTP/2 upstream that does with each stream what the test says. */
async function startHttp2(onStream: OnStream) {
  const server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream) => {
    // What the other side resets is told as an error.
    stream.on("error", () => undefined);
    stream.resume();
    if (stream.session && "close" in stream.session) onStream(stream, sessions.at(-1)!);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("an HTTP/2 server has a port");
  return {
    port: address.port,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function grpcProbe(port: number, isKept = true) {
  return probeUnderTest(
    (report) =>
      new GrpcProbe({
        config: checkerConfig("grpc", "grpc_health_check: {}"),
        subject,
        isKept,
        timeoutMs: 1000,
        dial: dialTo(port),
        report,
      }),
  );
}

const serving: OnStream = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.from("00000000020801", "hex"));
};

describe("GrpcProbe", () => {
  it("passes over one connection again and again", async () => {
    await using server = await startHttp2(serving);
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "passed");
    assert.equal(await checks.check(), "passed");
    assert.equal(server.sessions.length, 1);
  });

  it("connects anew where connections are not kept", async () => {
    await using server = await startHttp2(serving);
    using checks = grpcProbe(server.port, false);
    assert.equal(await checks.check(), "passed");
    assert.equal(await checks.check(), "passed");
    assert.equal(server.sessions.length, 2);
  });

  it("takes a response in pieces", async () => {
    await using server = await startHttp2((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      for (const byte of Buffer.from("00000000020801", "hex")) stream.write(Buffer.of(byte));
      stream.end();
    });
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "passed");
  });

  it("fails for a stream that is reset, and keeps the connection", async () => {
    let count = 0;
    await using server = await startHttp2((stream, session) => {
      count += 1;
      if (count === 1) stream.close(2);
      else serving(stream, session);
    });
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "NETWORK");
    assert.equal(await checks.check(), "passed");
    assert.equal(server.sessions.length, 1);
  });

  it("lets a check end behind a friendly GOAWAY, and connects anew for the next", async () => {
    await using server = await startHttp2((stream, session) => {
      session.goaway(0, 1);
      serving(stream, session);
    });
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "passed");
    assert.equal(await checks.check(), "passed");
    assert.equal(server.sessions.length, 2);
  });

  it("fails for any other GOAWAY", async () => {
    await using server = await startHttp2((_stream, session) => session.goaway(11));
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "NETWORK");
  });

  it("fails for a connection that breaks off", async () => {
    await using server = await startHttp2((_stream, session) => session.destroy());
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "NETWORK");
  });

  it("fails for a host that speaks no HTTP/2", async () => {
    await using http1 = await startRecordingBackend({
      answer: ({ socket }) => socket.on("recorded", () => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")),
    });
    using checks = grpcProbe(http1.port);
    assert.equal(await checks.check(), "NETWORK");
  });

  it("fails for a response that is longer than any", async () => {
    await using server = await startHttp2((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc" });
      stream.write(Buffer.from("00ffffffff", "hex"));
    });
    using checks = grpcProbe(server.port);
    assert.equal(await checks.check(), "ACTIVE");
  });

  it("gives a check up without its connection, and checks on", async () => {
    let count = 0;
    let began: (() => void) | undefined;
    const first = new Promise<void>((resolve) => {
      began = resolve;
    });
    await using server = await startHttp2((stream, session) => {
      count += 1;
      if (count === 1) began?.();
      else serving(stream, session);
    });
    using checks = grpcProbe(server.port);
    checks.probe.begin();
    await first;
    checks.probe.giveUp();
    assert.equal(await checks.check(), "passed");
    assert.equal(server.sessions.length, 1);
  });
});

describe("Http2Probe", () => {
  it("judges the response as in HTTP/1.1", async () => {
    await using server = await startHttp2((stream) => {
      stream.respond({ ":status": 200, "x-envoy-degraded": "1" });
      stream.end("hello");
    });
    using checks = probeUnderTest(
      (report) =>
        new Http2Probe({
          config: checkerConfig(
            "http",
            'http_health_check: {path: /hz, codec_client_type: HTTP2, receive: [{text: "68656c6c6f"}]}',
          ),
          subject,
          isKept: true,
          dial: dialTo(server.port),
          report,
          onServiceVerified: () => undefined,
        }),
    );
    assert.equal(await checks.check(), "degraded");
    assert.equal(await checks.check(), "degraded");
    assert.equal(server.sessions.length, 1);
  });
});
