import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { describe, it } from "node:test";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { forgetRequest, resetCall, writeMessage } from "../../src/server/beneath-call.ts";

type Call = ServerDuplexStream<Buffer, Buffer>;

const raw = (bytes: Buffer) => bytes;
const method = {
  path: "/test/Talk",
  requestStream: true,
  responseStream: true,
  requestSerialize: raw,
  requestDeserialize: raw,
  responseSerialize: raw,
  responseDeserialize: raw,
} as const;

function framed(message: string): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), Buffer.from(message)]);
}

/** A call of the installed grpc-js that has read one message, and the client's end of it. */
async function openCall() {
  const server = new Server();
  const calls: Call[] = [];
  server.addService({ Talk: method }, { Talk: (call: Call) => calls.push(call) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/test/Talk",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined); // A reset is one of the things under test.
  stream.write(framed("hello"));
  while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const call = calls[0]!;
  call.on("error", () => undefined);
  await once(call, "data");
  return {
    call,
    stream,
    [Symbol.dispose]: () => {
      session.destroy();
      server.forceShutdown();
    },
  };
}

/** A field of the decoder of a call. */
function decoderOf(call: Call, field: string): unknown {
  return ["call", "decoder", field].reduce<unknown>(
    (value, name) => (typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined),
    call,
  );
}

describe("what is done beneath a call of grpc-js", () => {
  it("writes a shared message framed as gRPC has it, and says when it was taken", async () => {
    using open = await openCall();
    const taken = new Promise<void>((resolve) =>
      writeMessage(open.call, { bytes: Buffer.from("shared"), framed: framed("shared") }, () => resolve()),
    );
    const chunks: Buffer[] = [];
    open.stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await taken;
    while (Buffer.concat(chunks).length < 11) await once(open.stream, "data");
    assert.deepEqual(Buffer.concat(chunks), framed("shared"));
  });

  it("lets a call write by itself where its stream is not found", () => {
    const written: string[] = [];
    const other = { write: (message: Buffer) => written.push(message.toString()) };
    Reflect.apply(writeMessage, undefined, [
      other,
      { bytes: Buffer.from("copied"), framed: framed("copied") },
      () => undefined,
    ]);
    assert.deepEqual(written, ["copied"]);
  });

  it("lets go of the bytes of the last request, which the decoder would hold while a stream is idle", async () => {
    using open = await openCall();
    assert.notDeepEqual(decoderOf(open.call, "readPartialMessage"), []);
    forgetRequest(open.call);
    assert.deepEqual(decoderOf(open.call, "readPartialMessage"), []);
    open.stream.write(framed("again"));
    const [message] = await once(open.call, "data");
    assert.equal(String(message), "again");
  });

  it("leaves alone what was read of a request that is not complete", async () => {
    using open = await openCall();
    open.stream.write(framed("cut in two").subarray(0, 8));
    while (decoderOf(open.call, "readState") === 0) await new Promise((resolve) => setImmediate(resolve));
    forgetRequest(open.call);
    open.stream.write(framed("cut in two").subarray(8));
    const [message] = await once(open.call, "data");
    assert.equal(String(message), "cut in two");
  });

  it("resets a call at once, and says so where it cannot", async () => {
    using open = await openCall();
    assert.equal(resetCall(open.call), true);
    await once(open.stream, "close");
    assert.equal(open.stream.rstCode, 8);
    assert.equal(resetCall({}), false);
  });
});
