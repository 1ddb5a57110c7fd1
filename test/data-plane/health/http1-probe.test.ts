import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Http1Probe } from "../../../data-plane/health/http1-probe.ts";
import { closedPort } from "../../kit/echo-backend.ts";
import { type RecordedConnection, startRecordingBackend } from "../../kit/recording-backend.ts";
import { checkerConfig, dialTo, probeUnderTest, subject } from "./check-kit.ts";

/** An upstream that answers each request with the next of these; `undefined` closes the connection. */
async function answering(...answers: readonly (string | undefined)[]) {
  const left = [...answers];
  return startRecordingBackend({
    answer: ({ socket }: RecordedConnection) =>
      socket.on("recorded", () => {
        const answer = left.shift();
        if (answer === undefined) socket.end();
        else socket.write(answer, "latin1");
      }),
  });
}

function probe(
  port: number,
  options: { readonly yaml?: string; readonly isKept?: boolean; readonly header?: Buffer } = {},
) {
  return probeUnderTest(
    (report) =>
      new Http1Probe({
        config: checkerConfig("http", `http_health_check: {path: /hz, ${options.yaml ?? ""}}`),
        subject,
        isKept: options.isKept ?? true,
        dial: dialTo(port, options.header),
        report,
        onServiceVerified: () => undefined,
      }),
  );
}

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

describe("Http1Probe", () => {
  it("sends the PROXY header once on a connection that is kept (PP-122)", async () => {
    await using backend = await answering(ok, ok);
    using checks = probe(backend.port, { header: Buffer.from("HEADER") });
    assert.equal(await checks.check(), "passed");
    assert.equal(await checks.check(), "passed");
    const { received } = await backend.connection(0);
    const request = "GET /hz HTTP/1.1\r\nhost: a.test\r\nuser-agent: Envoy/HC\r\n\r\n";
    assert.equal(received.toString(), `HEADER${request}${request}`);
    assert.equal(backend.connections.length, 1);
  });

  it("connects anew where connections are not kept, or the response says so", async () => {
    const closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for (const [first, isKept] of [
      [ok, false],
      [closing, true],
      ["HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", true],
    ] as const) {
      await using backend = await answering(first, ok);
      using checks = probe(backend.port, { isKept });
      assert.equal(await checks.check(), "passed");
      await (await backend.connection(0)).ended();
      assert.equal(await checks.check(), "passed");
      assert.equal(backend.connections.length, 2);
    }
  });

  it("connects anew when the host closed between two checks, which is no failure", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.on("recorded", () => socket.end(ok)),
    });
    using checks = probe(backend.port);
    assert.equal(await checks.check(), "passed");
    await (await backend.connection(0)).ended();
    assert.equal(await checks.check(), "passed");
  });

  const verdicts: readonly (readonly [
    story: string,
    answer: string | undefined,
    outcome: string,
    yaml?: string,
  ])[] = [
    ["a status that is not expected", "HTTP/1.1 404 N\r\ncontent-length: 0\r\n\r\n", "ACTIVE"],
    ["an interim response first", `HTTP/1.1 103 E\r\n\r\n${ok}`, "passed"],
    ["a chunked body", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "passed"],
    ["a switch of protocols", "HTTP/1.1 101 S\r\nupgrade: x\r\n\r\n", "ACTIVE"],
    ["bytes that are no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "NETWORK"],
    ["a head without end", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(70_000)}`, "NETWORK"],
    [
      "lengths that contradict",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
      "NETWORK",
    ],
    ["a connection that ends", undefined, "NETWORK"],
    ["a degraded host", "HTTP/1.1 200 OK\r\nx-envoy-degraded: 1\r\ncontent-length: 0\r\n\r\n", "degraded"],
    [
      "a host that asks to be left out",
      "HTTP/1.1 503 N\r\nx-envoy-immediate-health-check-fail: 1\r\ncontent-length: 0\r\n\r\n",
      "ACTIVE immediate",
    ],
    [
      "a retriable status",
      "HTTP/1.1 503 N\r\ncontent-length: 0\r\n\r\n",
      "ACTIVE retriable",
      "retriable_statuses: [{start: 503, end: 504}]",
    ],
    ["no body to HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", "passed", "method: HEAD"],
  ];
  for (const [story, answer, outcome, yaml = ""] of verdicts) {
    it(`makes ${outcome} of ${story}`, async () => {
      await using backend = await answering(answer);
      using checks = probe(backend.port, { yaml });
      assert.equal(await checks.check(), outcome);
    });
  }

  it("takes a body that ends with its connection", async () => {
    await using backend = await startRecordingBackend({
      answer: ({ socket }) => socket.on("recorded", () => socket.end("HTTP/1.1 200 OK\r\n\r\nhello")),
    });
    using checks = probe(backend.port, { yaml: 'receive: [{text: "68656c6c6f"}]' });
    assert.equal(await checks.check(), "passed");
  });

  it("has no use for a connection with bytes behind the response", async () => {
    await using backend = await answering(`${ok}${ok}`, ok);
    using checks = probe(backend.port);
    assert.equal(await checks.check(), "passed");
    await (await backend.connection(0)).ended();
    assert.equal(await checks.check(), "passed");
    assert.equal(backend.connections.length, 2);
  });

  it("fails when nobody listens", async () => {
    using checks = probe(await closedPort());
    assert.equal(await checks.check(), "NETWORK");
  });

  it("says nothing of a check that is given up, and closes its connection", async () => {
    await using backend = await startRecordingBackend();
    using checks = probe(backend.port);
    checks.probe.begin();
    const connection = await backend.connection(0);
    checks.probe.giveUp();
    await connection.ended();
    checks.probe.begin();
    assert.equal((await backend.connection(1)).isEnded, false);
  });
});
