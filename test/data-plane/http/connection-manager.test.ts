import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startBundledProxy } from "../../kit/bundled-proxy.ts";
import { backendHeaders, closedPort, startEchoBackend } from "../../kit/echo-backend.ts";
import type { ProxyProcess } from "../../kit/proxy-process.ts";
import type { RecordingBackend } from "../../kit/recording-backend.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { answers, httpBootstrap, LISTENER } from "./http-scene.ts";

const host = "host: a\r\n";

/** The backend answers nothing to a request with this header: its answer is no byte. */
const silence = `${backendHeaders.answer}: \r\n`;

async function ask(port: number, path: string): Promise<void> {
  await using client = await connectTo(port);
  client.write(`GET ${path} HTTP/1.1\r\n${host}\r\n`);
  await answers(client, 1);
}

describe("the HTTP connection manager", () => {
  let backend: RecordingBackend;
  let proxy: ProxyProcess;
  let port: number;

  before(async () => {
    backend = await startEchoBackend();
    const routes = [
      {
        match: { prefix: "/soon" },
        route: { cluster: "echo", timeout: "0.1s" },
      },
      {
        match: { prefix: "/idle" },
        route: { cluster: "echo", timeout: "0s", idle_timeout: "0.1s" },
      },
      {
        match: { prefix: "/headers" },
        route: { cluster: "echo" },
        request_headers_to_add: [{ header: { key: "x-order", value: "route" } }],
        request_headers_to_remove: ["x-gone"],
        response_headers_to_add: [
          { header: { key: "x-path", value: "%REQ(:PATH)% %REQ(X-NO?X-YES)% %RESPONSE_CODE%" } },
        ],
      },
      { match: { prefix: "/" }, route: { cluster: "echo", timeout: "0s" } },
    ];
    const routeConfig = { request_headers_to_add: [{ header: { key: "x-order", value: "all" } }] };
    const hcm = {
      request_headers_timeout: "0.3s",
      request_timeout: "1.5s",
      via: "edge",
      server_name: "chancery",
    };
    const ports = { echo: backend.port, dead: await closedPort() };
    proxy = await startBundledProxy(httpBootstrap(ports, routes, { hcm, routeConfig }));
    port = await proxy.admin.listenerPort(LISTENER);
  });
  after(async () => {
    await proxy[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it("answers 504 when the upstream takes longer than the route allows, and drops the connection to it", async () => {
    const before = backend.connections.length;
    await using client = await connectTo(port);
    client.write(`GET /soon HTTP/1.1\r\n${host}${silence}\r\n`);
    const answer = await answers(client, 1);
    assert.match(answer, /^HTTP\/1\.1 504 Gateway Timeout\r\n/);
    assert.match(answer, /\r\n\r\nupstream request timeout$/);
    const used = backend.connections.at(Math.max(0, before - 1)) ?? backend.connections[0]!;
    await used.ended();
  });

  it("answers 504 when nothing moves for the route's idle_timeout", async () => {
    await using client = await connectTo(port);
    client.write(`GET /idle HTTP/1.1\r\n${host}${silence}\r\n`);
    const answer = await answers(client, 1);
    assert.match(answer, /^HTTP\/1\.1 504 Gateway Timeout\r\n/);
    assert.match(answer, /\r\n\r\nstream timeout$/);
  });

  it("answers 408 to a head that does not come in time, however often a byte of it comes", async () => {
    await using client = await connectTo(port);
    client.write("GET / HTTP/1.1\r\nhos");
    const drip = setInterval(() => client.write("t"), 50);
    const answer = await answers(client, 1).finally(() => clearInterval(drip));
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.match(answer, /\r\n\r\nrequest header timeout$/);
    await client.closed();
  });

  it("answers 408 to a request that is not whole in time", async () => {
    await using client = await connectTo(port);
    client.write(`POST / HTTP/1.1\r\n${host}content-length: 5\r\n\r\nab`);
    const answer = await answers(client, 1);
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    assert.match(answer, /^connection: close\r$/m);
    assert.match(answer, /\r\n\r\nrequest timeout$/);
    await client.closed();
  });

  it("serves clients one after the other on one upstream connection", async () => {
    await ask(port, "/first");
    const { length } = backend.connections;
    await ask(port, "/second");
    await ask(port, "/third");
    assert.equal(backend.connections.length, length);
  });

  it("takes a large body of the client and of the upstream through small buffers", async () => {
    const size = 8 * 1024 * 1024;
    await using client = await connectTo(port);
    client.write(`POST /large HTTP/1.1\r\n${host}content-length: ${size}\r\n\r\n`);
    client.write(Buffer.alloc(size, "b"));
    const answer = await client.receivedThat((bytes) => bytes.length > size && bytes.at(-1) === 98, 30_000);
    assert.equal(answer.indexOf("b".repeat(1024)) > 0, true);
    assert.match(answer.toString("latin1", 0, 200), /^HTTP\/1\.1 200 OK\r\n/);
  });

  it("changes headers by route before those of the whole configuration", async () => {
    await using client = await connectTo(port);
    client.write(`GET /headers?q HTTP/1.1\r\n${host}x-gone: 1\r\nx-yes: y\r\n\r\n`);
    const answer = await answers(client, 1);
    assert.match(answer, /^x-order: route\r\nx-order: all\r$/m);
    assert.doesNotMatch(answer, /x-gone/);
    assert.match(answer, /^x-path: \/headers\?q y 200\r$/m);
    assert.match(answer, /^server: chancery\r$/m);
    assert.equal(answer.match(/^via: edge\r$/gm)?.length, 2, "on the request and on the response");
  });

  it("counts under Envoy's names", async () => {
    const { admin } = proxy;
    const stats = await admin.stats();
    const value = (name: string) => stats.get(name) ?? 0;
    assert.ok(value("http.web.downstream_rq_2xx") >= 4);
    assert.equal(value("http.web.downstream_rq_5xx"), 2);
    assert.equal(value("http.web.downstream_rq_idle_timeout"), 1);
    assert.equal(value("cluster.echo.upstream_rq_timeout"), 1);
    assert.equal(value("cluster.echo.upstream_rq_504"), 1);
    assert.equal(value("cluster.echo.upstream_rq_active"), 0);
    assert.ok(value("cluster.echo.external.upstream_rq_200") >= 4);
  });
});
