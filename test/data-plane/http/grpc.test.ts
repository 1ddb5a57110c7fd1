import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { any, bootstrap, cluster, connectionManager, listener, route } from "../../parity/bootstrap.ts";
import { startBundledProxy } from "../../kit/bundled-proxy.ts";
import { closedPort } from "../../kit/echo-backend.ts";
import type { ProxyProcess } from "../../kit/proxy-process.ts";

const same = (bytes: Buffer): Buffer => bytes;
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

const service = {
  unary: method("/echo.Echo/Unary", false, false),
  chat: method("/echo.Echo/Chat", true, true),
  fail: method("/echo.Echo/Fail", false, false),
  silence: method("/echo.Echo/Silence", false, false),
};

const http2 = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": any(
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      { explicit_http_config: { http2_protocol_options: {} } },
    ),
  },
};

/** An echo service; `keepsSilent` is told of calls that get no answer. */
async function startService(
  keepsSilent: (call: grpc.ServerUnaryCall<Buffer, Buffer>) => void,
): Promise<{ readonly server: grpc.Server; readonly port: number }> {
  const server = new grpc.Server();
  server.addService(service, {
    unary(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
      const trailer = new grpc.Metadata();
      trailer.set("x-trailer", "end");
      call.sendMetadata(call.metadata);
      done(null, call.request, trailer);
    },
    chat(call: grpc.ServerDuplexStream<Buffer, Buffer>) {
      call.on("data", (message: Buffer) => call.write(Buffer.concat([message, Buffer.from("!")])));
      call.on("end", () => call.end());
    },
    fail(_call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) {
      done({ code: grpc.status.NOT_FOUND, details: "no such thing" });
    },
    silence: keepsSilent,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { server, port };
}

describe("gRPC through HTTP/2 on both sides", () => {
  let proxy: ProxyProcess;
  let server: grpc.Server;
  let client: grpc.Client;
  let onSilence: ((call: grpc.ServerUnaryCall<Buffer, Buffer>) => void) | undefined;

  before(async () => {
    const started = await startService((silent) => onSilence?.(silent));
    ({ server } = started);
    proxy = await startBundledProxy(
      bootstrap(
        [listener("in", [connectionManager([route("/dead.", "dead"), route("/", "grpc")])])],
        [cluster("grpc", started.port, http2), cluster("dead", await closedPort(), http2)],
      ),
    );
    const port = await proxy.admin.listenerPort("in");
    client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });

  after(async () => {
    client.close();
    server.forceShutdown();
    await proxy[Symbol.asyncDispose]();
  });

  const call = (path: string, message: Buffer) =>
    new Promise<{ message?: Buffer; status: grpc.StatusObject; metadata: grpc.Metadata }>((resolve) => {
      let metadata = new grpc.Metadata();
      let answer: Buffer | undefined;
      const sent = new grpc.Metadata();
      sent.set("x-asked", "yes");
      client
        .makeUnaryRequest(path, same, same, message, sent, (_error, value) => {
          answer = value;
        })
        .on("metadata", (found: grpc.Metadata) => (metadata = found))
        .on("status", (status: grpc.StatusObject) =>
          resolve({ status, metadata, ...(answer && { message: answer }) }),
        );
    });

  it("a call and its answer, with metadata and trailers", async () => {
    const { message, status, metadata } = await call("/echo.Echo/Unary", Buffer.from("hello"));
    assert.equal(String(message), "hello");
    assert.equal(status.code, grpc.status.OK);
    assert.deepEqual(status.metadata.get("x-trailer"), ["end"]);
    assert.deepEqual(metadata.get("x-asked"), ["yes"]);
  });

  it("a message of 3 MB, beyond every window", async () => {
    const large = Buffer.alloc(3 << 20, "0123456789");
    const { message } = await call("/echo.Echo/Unary", large);
    assert.ok(message?.equals(large));
  });

  it("many calls at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => call("/echo.Echo/Unary", Buffer.from(String(index)))),
    );
    assert.deepEqual(
      answers.map(({ message }) => String(message)),
      Array.from({ length: 50 }, (_, index) => String(index)),
    );
  });

  it("streams both ways, message by message", async () => {
    const chat = client.makeBidiStreamRequest("/echo.Echo/Chat", same, same);
    const got: string[] = [];
    const status = await new Promise<grpc.StatusObject>((resolve) => {
      chat.on("data", (message: Buffer) => {
        got.push(message.toString());
        if (got.length < 5) chat.write(Buffer.from(String(got.length)));
        else chat.end();
      });
      chat.on("status", resolve);
      chat.write(Buffer.from("0"));
    });
    assert.deepEqual(got, ["0!", "1!", "2!", "3!", "4!"]);
    assert.equal(status.code, grpc.status.OK);
  });

  it("an error of the service comes through", async () => {
    const { status } = await call("/echo.Echo/Fail", Buffer.alloc(0));
    assert.equal(status.code, grpc.status.NOT_FOUND);
    assert.equal(status.details, "no such thing");
  });

  it("a call that the client gives up is taken back from the service", async () => {
    const arrived = new Promise<grpc.ServerUnaryCall<Buffer, Buffer>>((resolve) => (onSilence = resolve));
    const given = new Promise<grpc.ServiceError | null>((resolve) => {
      const own = client.makeUnaryRequest("/echo.Echo/Silence", same, same, Buffer.alloc(0), resolve);
      // Not by a deadline: the service is told of that, and ends the call by itself.
      void arrived.then(() => own.cancel());
    });
    const cancelled = once(await arrived, "cancelled");
    assert.equal((await given)?.code, grpc.status.CANCELLED);
    await cancelled;
  });

  it("an upstream that is not there is UNAVAILABLE", async () => {
    const { status } = await call("/dead.Dead/Call", Buffer.alloc(0));
    assert.equal(status.code, grpc.status.UNAVAILABLE);
    assert.match(status.details, /^upstream connect error or disconnect\/reset before headers/);
  });
});
