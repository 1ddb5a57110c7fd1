import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { startBundledProxy } from "../../kit/bundled-proxy.ts";
import { startRecordingBackend } from "../../kit/recording-backend.ts";
import { connectTo } from "../../kit/scripted-client.ts";
import { until, within } from "../../kit/within.ts";
import { answers, httpBootstrap, LISTENER } from "./http-scene.ts";

const toUpstream = [{ match: { prefix: "/" }, route: { cluster: "echo" } }];
const get = (path: string, lines = "") => `GET ${path} HTTP/1.1\r\nhost: a\r\n${lines}\r\n`;
const whole = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe("HTTP/1.1 with peers that misbehave", () => {
  it("serves nobody on a connection whose upstream said more than its response", async () => {
    // The surplus came while a second request waited for the very connection: it took what followed for its response.
    await using upstream = await startRecordingBackend({
      answer({ socket }) {
        let requests = 0;
        socket.on("data", () => {
          requests += 1;
          if (upstream.connections.length > 1) socket.write(whole("clean"));
          else if (requests > 1) socket.write(whole("poisoned"));
        });
      },
    });
    const one = { thresholds: [{ max_connections: 1 }] };
    const bootstrap = httpBootstrap({ echo: upstream.port, dead: 1 }, toUpstream, {
      echo: { circuit_breakers: one },
    });
    await using proxy = await startBundledProxy(bootstrap);
    const port = await proxy.admin.listenerPort(LISTENER);
    await using first = await connectTo(port);
    first.write(get("/first"));
    const connection = await upstream.connection(0);
    await connection.receivedThat((bytes) => bytes.includes("\r\n\r\n"));
    await using second = await connectTo(port);
    second.write(get("/second"));
    const pending = "cluster.echo.upstream_rq_pending_active";
    await until(5000, "the second waits", async () => (await proxy.admin.stats()).get(pending) || undefined);
    connection.socket.write(`${whole("first")}HTTP/1.1 200 OK\r\n`);
    assert.match(await answers(first, 1), /first$/);
    assert.match(await answers(second, 1), /clean$/);
  });

  it("answers no more of many requests at once than the client takes, and all of them in the end", async () => {
    const body = "b".repeat(4096);
    const routes = [
      { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } },
    ];
    const bootstrap = httpBootstrap({ echo: 1, dead: 1 }, routes);
    await using proxy = await startBundledProxy(bootstrap);
    const client = connect(await proxy.admin.listenerPort(LISTENER), "127.0.0.1");
    client.pause();
    const count = 12_000;
    client.write(get("/").repeat(count) + get("/", "connection: close\r\n"));
    // Two looks at the same number: everything that was to be read has been.
    let seen = -1;
    const total = await until(20_000, "no more requests are read", async () => {
      const now = (await proxy.admin.stats()).get("http.web.downstream_rq_total") ?? 0;
      if (now > 0 && now === seen) return now;
      seen = now;
      return undefined;
    });
    assert.ok(total < count, `${total} requests answered with nobody to take the answers`);
    let received = 0;
    client.on("data", (bytes: Buffer) => {
      received += bytes.length;
    });
    client.resume();
    await within(30_000, "the last answer", once(client, "close"));
    assert.ok(received > count * body.length, String(received));
  });

  it("drops a client that does not take what there is of an answer that broke off", async () => {
    const bytes = 32 * 1024 * 1024;
    await using upstream = await startRecordingBackend({
      answer({ socket }) {
        socket.once("data", () => {
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 * bytes}\r\n\r\n`);
          socket.end(Buffer.alloc(bytes));
        });
      },
    });
    const bootstrap = httpBootstrap({ echo: upstream.port, dead: 1 }, toUpstream, {
      hcm: { stream_idle_timeout: "0.5s" },
      listener: { per_connection_buffer_limit_bytes: 2 * bytes },
    });
    await using proxy = await startBundledProxy(bootstrap);
    await using client = await connectTo(await proxy.admin.listenerPort(LISTENER));
    client.pause();
    client.write(get("/"));
    await upstream.connection(0);
    await until(10_000, "the connection is closed", async () => {
      const stats = await proxy.admin.stats();
      return stats.get("http.web.downstream_cx_destroy_local") === 1 || undefined;
    });
  });
});
