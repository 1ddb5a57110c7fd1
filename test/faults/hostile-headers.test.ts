import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { dataPlanes } from "../e2e/data-planes.ts";
import type { JsonObject } from "../kit/json.ts";
import { startRecordingBackend } from "../kit/recording-backend.ts";
import { connectTo } from "../kit/scripted-client.ts";
import { pause, until } from "../kit/within.ts";

const timeoutMs = 400;

const type = (name: string) => ({ "@type": `type.googleapis.com/envoy.extensions.filters.${name}` });
const local = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });

/** A listener that demands a PROXY header, and gives it `timeoutMs` to come. */
function bootstrap(upstreamPort: number): JsonObject {
  const proxyProtocol = type("listener.proxy_protocol.v3.ProxyProtocol");
  const tcpProxy = { ...type("network.tcp_proxy.v3.TcpProxy"), stat_prefix: "l", cluster: "c" };
  const endpoint = { endpoint: { address: local(upstreamPort) } };
  return {
    static_resources: {
      listeners: [
        {
          name: "l",
          stat_prefix: "l",
          address: local(0),
          listener_filters_timeout: `${timeoutMs / 1000}s`,
          listener_filters: [{ name: "proxy_protocol", typed_config: proxyProtocol }],
          filter_chains: [{ filters: [{ name: "tcp_proxy", typed_config: tcpProxy }] }],
        },
      ],
      clusters: [
        { name: "c", load_assignment: { cluster_name: "c", endpoints: [{ lb_endpoints: [endpoint] }] } },
      ],
    },
  };
}

const line = "PROXY TCP4 203.0.113.7 198.51.100.7 40000 443\r\n";
const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const v2 = (rest: string) => Buffer.concat([signature, Buffer.from(rest, "hex")]);
const v1Error = "proxy_proto.versions.v1.error";
const v2Error = "proxy_proto.versions.v2.error";
const notFound = "proxy_proto.not_found_disallowed";

/** What comes instead of a header, and the counter that tells it, if any. */
const hostile: readonly (readonly [what: string, bytes: Buffer | string, counter?: string])[] = [
  ["nothing", ""],
  ["half a line", line.slice(0, 20)],
  ["a line without its line feed", line.slice(0, -1)],
  ["half a binary header", v2("2111000c0102")],
  ["a line of 200 characters", `PROXY TCP4 ${"1".repeat(200)}\r\n`, v1Error],
  ["a line with an address of the other family", "PROXY TCP4 ::1 ::1 1 2\r\n", v1Error],
  ["a line with a port that is none", line.replace("443", "65536"), v1Error],
  ["a line with bytes that are no text", `PROXY TCP4 \u0000\u0001\u0002\r\n`, v1Error],
  ["a binary header too short for its addresses", v2("21110004cb007107"), v2Error],
  ["a binary header of version 3", v2("3111000ccb007107c63364079c4001bb"), v2Error],
  ["a command that there is not", v2("2f11000ccb007107c63364079c4001bb"), v2Error],
  ["a TLV longer than the header", v2("21110010cb007107c63364079c4001bb05ffff00"), v2Error],
  ["TLS", Buffer.from("16030100c8010000c40303ffffffffffffffff", "hex"), notFound],
  ["HTTP", "GET / HTTP/1.1\r\nhost: x\r\n\r\n", notFound],
  ["100 kB of noise", Buffer.concat([Buffer.from([0]), randomBytes(100_000)]), notFound],
];

for (const { plane, start, options } of dataPlanes) {
  describe(`${plane} and hostile PROXY headers`, { timeout: 60_000, ...options }, () => {
    it("closes each, lets none through, and serves the others on", async (t) => {
      await using upstream = await startRecordingBackend({ answer: ({ socket }) => socket.pipe(socket) });
      await using proxy = await start(bootstrap(upstream.port));
      const port = await proxy.admin.listenerPort("l");
      await using good = await connectTo(port);
      good.write(`${line}0`);
      await good.receivedThat((bytes) => bytes.toString() === "0");
      const count = async (name: string) => (await proxy.admin.stats()).get(name) ?? 0;
      /** The connection from before is served, and no other came through. */
      const goesOn = async () => {
        const before = good.received.length;
        good.write("1");
        await good.receivedThat((bytes) => bytes.length === before + 1);
        assert.equal(upstream.connections.length, 1);
      };

      for (const [what, bytes, counter] of hostile) {
        await t.test(what, async () => {
          const before = counter === undefined ? 0 : await count(counter);
          await using client = await connectTo(port);
          client.write(bytes);
          // Envoy may see the end before it has read the bytes, and count nothing.
          if (counter === undefined) client.end();
          await client.closed();
          assert.equal(client.received.length, 0);
          if (counter !== undefined) assert.equal(await count(counter), before + 1);
          await goesOn();
        });
      }

      const timeouts = async (more: number, of: number) => {
        await until(5000, "the timeouts are counted", async () => {
          return (await count("listener.l.downstream_pre_cx_timeout")) === of + more || undefined;
        });
      };

      await t.test("a byte now and then, until listener_filters_timeout (PP-51)", async () => {
        const before = await count("listener.l.downstream_pre_cx_timeout");
        const startMs = performance.now();
        await using client = await connectTo(port);
        for (let index = 0; !client.isClosed; index += 1) {
          client.write(line[index] ?? "");
          await pause(20);
        }
        assert.ok(performance.now() - startMs >= timeoutMs * 0.9);
        await timeouts(1, before);
        await goesOn();
      });

      await t.test("two hundred that promise 64 kB and send nothing of it", async () => {
        const before = await count("listener.l.downstream_pre_cx_timeout");
        const clients = await Promise.all(Array.from({ length: 200 }, () => connectTo(port)));
        for (const client of clients) client.write(v2("2111ffff"));
        await Promise.all(clients.map((client) => client.closed()));
        await timeouts(200, before);
        assert.equal(await count("listener.l.downstream_pre_cx_active"), 0);
        for (const client of clients) client.destroy();
        await goesOn();
      });
    });
  });
}
